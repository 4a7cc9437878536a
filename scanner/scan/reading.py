"""Reading matches: which bytes are the value of each, and what they say."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from ..engine import ffi, lib
from ..errors import ScanOrderError, ValueKindError
from ..memory.addresses import format_address
from ..memory.values import Values
from ..values.any_number import PARTS
from ..values.convert import decode
from .history import Present
from .plan import Ground
from .state import ScanState


class Reading(NamedTuple):
    """How the bytes of a match are read.

    Attributes:
        type: the construct of its value.
        names: of all types that it matches as.
        size: bytes of its value.
        least: as many as have to be there.
        decode: from as many bytes or more to the value.
    """

    type: Any
    names: tuple[str, ...]
    size: int
    least: int
    decode: Callable[[bytes], Any]


def reading_of(scan: ScanState, address: int, present: Present) -> Reading:
    """How the bytes of a match are read; :meth:`.Scan.reading` says what is raised."""
    ground, layout = present.ground, scan.layout
    if ground is None or not present.total:
        raise ScanOrderError(f"no match is at {format_address(address)}: there are none")
    if not layout.parts:
        size = ground.size_at(address)
        names, least = (layout.name,), ground.least
        return Reading(scan.type, names, size, least, lambda raw: decoded(scan, ground, raw[:size]))
    bits = lib.ff_matchset_types(present.matches, address) if 0 <= address < 1 << 64 else 0
    reading = _of_types(scan, bits)
    if reading is None:
        raise ScanOrderError(f"no match is at {format_address(address)}")
    return reading


def _of_types(scan: ScanState, bits: int) -> Reading | None:
    """How a number of unknown type is read that matches as some types, a bit for each."""
    parts = scan.layout.parts
    chosen = [index for index in range(len(parts)) if bits >> index & 1]
    if not chosen:
        return None
    part, kind = parts[chosen[0]], PARTS[scan.layout.name][chosen[0]]
    size = part.size or 0
    every = tuple(parts[index].name for index in chosen)
    return Reading(kind, every, size, size, lambda raw: part.unpack(raw[:size]))


class Readings:
    """How the bytes of some matches are read, all at once.

    Attributes:
        each: the reading of each; all have one where values have one type and size.
        values: to be read to, at the matches' addresses.

    Args:
        scan: whose matches they are.
        addresses: of the matches.
        present: where the scan's history is.
    """

    def __init__(self, scan: ScanState, addresses: list[int], present: Present) -> None:
        ground, layout = present.ground, scan.layout
        assert ground is not None
        self._count = len(addresses)
        self._width = ground.layout.size or 0
        self.each: list[Reading]
        sizes, code = None, ""
        if layout.parts:
            types, matches = lib.ff_matchset_types, present.matches
            found = [types(matches, address) for address in addresses]
            known: dict[int, Any] = {bits: _of_types(scan, bits) for bits in set(found)}
            self.each = [known[bits] for bits in found]
        elif ground.regex:
            readings = [reading_of(scan, address, present) for address in addresses]
            self.each, sizes = readings, [reading.size for reading in readings]
        else:
            self.each = [reading_of(scan, addresses[0], present)] * self._count
            code = ground.layout.format
        self._packed = f"{code[0]}{self._count}{code[1]}" if code else ""
        self.values = Values(addresses, self._width, sizes=sizes)

    def now(self, whole: bool) -> Sequence[Any]:
        """The values that were read; None where one did not come.

        Args:
            whole: whether all of them came.
        """
        values = self.values
        if whole and values.sizes is None:
            return self.then(values.raw)
        raw, at, column = ffi.buffer(values.raw), 0, []
        sizes = values.sizes or repeat(self._width, self._count)
        for reading, size, done in zip(self.each, sizes, values.done, strict=True):
            is_there = done >= reading.least
            column.append(reading.decode(raw[at : at + done]) if is_there else None)
            at += size
        return column

    def then(self, raw: Any) -> Sequence[Any]:
        """The values of bytes that lie side by side, as many of each as any may have."""
        buffer, width = ffi.buffer(raw), self._width
        if self._packed:
            return struct.unpack(self._packed, buffer)
        rows = (buffer[at : at + width] for at in range(0, self._count * width, width))
        return [reading.decode(row) for reading, row in zip(self.each, rows, strict=True)]


def decoded(scan: ScanState, ground: Ground | None, raw: bytes) -> Any:
    """The value of some bytes; None when they are no such structure."""
    if ground and ground.regex:
        return ground.regex.found(raw) or raw
    if scan.layout.kind != "struct":
        return (ground.layout if ground else scan.layout).unpack(raw)
    try:
        return decode(scan.type, raw, bits=scan.bits)
    except ValueKindError:
        return None
