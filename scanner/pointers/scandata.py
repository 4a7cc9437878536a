r"""Cheat Engine's pointer maps: ``.scandata``.

What is known of the format is what Cheat Engine's pointervaluelist.pas writes and reads, through
zlib. Numbers are little-endian::

    1   0xce
    1   version: 1
    4   number of modules; of each 4 bytes of length, the name, 8 bytes of its base
    1   1 where bases were limited, and then 16 bytes of addresses
    4   15 where pointers have 64 bits, 7 where they have 32
    8   number of pointers

and then, by ascending value, 8 bytes of a value, 4 of the number of pointers that have it, and of
each its address (8 bytes) and 1 where it is static, followed by the number of its module and an
offset in that (4 bytes each); else 0. It does not say how large modules are: here they reach to
their last static pointer.
"""

from __future__ import annotations

import os
import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ..arguments import HIGHEST
from ..declarations.files import opened_regular, put, refusing, replaced
from ..engine import cell, content, lib
from ..errors import PointerMapError
from ..memory.modules import Module
from ..memory.regions import Range, Region
from ..memory.stacks import Stack, stack_number
from ..scan.results import FaultSet
from .columns import check_columns, columns_of
from .moment import Moment
from .room import Room
from .tasks import failure

ENDING: Final = ".scandata"

_MAGIC: Final = 0xCE
_VERSION: Final = 1
_LEVELS: Final = {15: 64, 7: 32}
_MODULES: Final = 1 << 16
_NAME: Final = 1 << 12
_PART: Final = 1 << 18
_STACK: Final = "THREADSTACK"
_MOST: Final = (1 << 32) - 2


class _Stream:
    """The unpacked bytes of a file, one after the other."""

    def __init__(self, name: str, file: Any) -> None:
        self._name = name
        self._file = file
        self._unpacker = zlib.decompressobj()
        self._left = b""

    def take(self, size: int) -> bytes:
        """The next so many bytes."""
        parts = [self._left]
        have = len(self._left)
        while have < size:
            raw = self._unpacker.unconsumed_tail or self._file.read(_PART >> 4)
            if not raw or self._unpacker.eof:
                raise PointerMapError(self._name, "is cut short: not all of its pointers are there")
            part = self._unpacker.decompress(raw, _PART)
            parts.append(part)
            have += len(part)
        whole = b"".join(parts)
        self._left = whole[size:]
        return whole[:size]

    def finish(self) -> None:
        """Read what is left, at whose end a sum of all says whether it is as it was written."""
        while not self._unpacker.eof:
            raw = self._unpacker.unconsumed_tail or self._file.read(_PART >> 4)
            if not raw:
                break
            self._unpacker.decompress(raw, _PART)

    def number(self, form: str) -> int:
        """The next number."""
        form = f"<{form}"
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])


def is_one(raw: bytes) -> bool:
    r"""Whether the first bytes of a file are those of such a one.

    >>> is_one(zlib.compress(b"\xce\1" + bytes(64))), is_one(b"x^2 is a text")
    (True, False)
    """
    try:
        return zlib.decompressobj().decompress(raw, 2) == bytes((_MAGIC, _VERSION))
    except zlib.error:
        return False


def load(name: str, room: Room, threads: int) -> tuple[Any, Moment]:
    """The core's map of such a file, and the moment that it is of.

    Raises:
        PointerMapError: it cannot be read, or is damaged.
    """
    try:
        with opened_regular(name) as file:
            made = os.fstat(file.fileno()).st_mtime
            handle, moment = _load(name, _Stream(name, file), room, made)
    except OSError as error:
        raise PointerMapError(name, f"cannot be read: {error.strerror}") from None
    except zlib.error:
        raise PointerMapError(name, "is damaged: it is not packed as it should be") from None
    check_columns(name, handle, room, threads)
    return handle, moment


def _load(name: str, stream: _Stream, room: Room, made: float) -> tuple[Any, Moment]:
    if stream.number("B") != _MAGIC or stream.number("B") != _VERSION:
        raise PointerMapError(name, "is no pointer map of Cheat Engine's")
    bases = list(_module_list(name, stream))
    if stream.number("B") == 1:
        stream.take(16)
    bits = _LEVELS.get(stream.number("I"))
    count = stream.number("Q")
    if bits is None or count > _MOST:
        raise PointerMapError(name, "is damaged: its pointers are of no width, or too many")
    addresses, values = array("Q"), array("Q")
    starts, ends = [HIGHEST] * len(bases), [0] * len(bases)
    before = -1
    while len(addresses) < count:
        value, many = stream.number("Q"), stream.number("I")
        if value <= before or not 0 < many <= count - len(addresses):
            raise PointerMapError(name, "is damaged: its values do not ascend")
        before = value
        for _ in range(many):
            address, static = struct.unpack("<QB", stream.take(9))
            addresses.append(address)
            values.append(value)
            if static == 1:
                module, _ = struct.unpack("<2I", stream.take(8))
                if module >= len(bases):
                    raise PointerMapError(name, "is damaged: a pointer is in no module")
                starts[module] = min(starts[module], address)
                ends[module] = max(ends[module], min(address, HIGHEST - 8) + bits // 8)
    stream.finish()
    handle = _columns(name, addresses, values, room)
    modules = _modules(bases, ends)
    regions = tuple(region for module in modules for region in module.regions)
    ranges = tuple(Range(region.start, region.end) for region in regions)
    faults = FaultSet((), ())
    word = bits // 8
    known = (made, 0.0, count * word, faults, ranges, regions, modules)
    builds = ("",) * len(modules)
    stacks = _stacks(bases, starts, ends)
    return handle, Moment(
        Path(name).stem, "", bits, "little", word, "Cheat Engine", *known, builds, None, stacks
    )


def _module_list(name: str, stream: _Stream) -> Iterator[tuple[str, int]]:
    count = stream.number("I")
    if count > _MODULES:
        raise PointerMapError(name, f"is damaged: it lists {count:,} modules")
    for _ in range(count):
        length = stream.number("I")
        if length > _NAME:
            raise PointerMapError(name, "is damaged: a module's name is too long")
        label = os.fsdecode(stream.take(length))
        yield label, stream.number("Q")


def _modules(bases: list[tuple[str, int]], ends: list[int]) -> tuple[Module, ...]:
    """The modules that have static pointers, none reaching into the next; no threads' stacks."""
    found = sorted(
        (base, end, label)
        for (label, base), end in zip(bases, ends, strict=True)
        if base < end and label and stack_number(label) is None
    )
    modules: list[Module] = []
    for number, (base, end, label) in enumerate(found):
        if number + 1 < len(found):
            end = min(end, found[number + 1][0])
        if base < end:
            region = Region(base, end, "rw-p", 0, "00:00", 0, label, False)
            modules.append(Module(label, label, base, end, (region,)))
    return tuple(modules)


def _stacks(bases: list[tuple[str, int]], starts: list[int], ends: list[int]) -> tuple[Stack, ...]:
    """The stacks of threads that have static pointers: as far as these reach."""
    found: dict[int, Stack] = {}
    for (label, top), start, end in zip(bases, starts, ends, strict=True):
        number = stack_number(label)
        if number is not None and start < end:
            found.setdefault(number, Stack(number, top, Range(start, end)))
    return tuple(found[number] for number in sorted(found))


def _columns(name: str, addresses: array[int], values: array[int], room: Room) -> Any:
    """The core's map of pointers that ascend by value."""
    count = len(addresses)
    out = cell("pointers")
    code = lib.ff_pointers_take(room.handle, count, out)
    if code:
        raise failure(-code, room)
    handle = content(out, uses=room)
    by_address = sorted(range(count), key=addresses.__getitem__)
    places = array("I", bytes(4 * count))
    sorted_addresses = array("Q", (addresses[index] for index in by_address))
    for place, index in enumerate(by_address):
        places[index] = place
    for at in range(1, count):
        if sorted_addresses[at] == sorted_addresses[at - 1]:
            raise PointerMapError(name, "is damaged: a pointer is there twice")
    start = 0
    while start < count:  # of the same value, by ascending address
        end = start + 1
        while end < count and values[end] == values[start]:
            end += 1
        if end - start > 1:
            places[start:end] = array("I", sorted(places[start:end]))
        start = end
    _fill(handle, sorted_addresses, values, places)
    return handle


def _fill(handle: Any, *columns: array[int]) -> None:
    for out, column in zip(columns_of(handle), columns, strict=True):
        out[:] = memoryview(column).cast("B")


def save(name: str, handle: Any, moment: Moment) -> None:
    """Write a map as Cheat Engine does, all of it or nothing.

    Raises:
        PointerMapError: it cannot be written; what was there is untouched.
    """
    if moment.order != "little":
        raise PointerMapError(name, "cannot have pointers whose highest byte comes first")
    with refusing(name, PointerMapError), replaced(name) as file:
        packer = zlib.compressobj(1)
        for raw in _parts(handle, moment):
            put(file, packer.compress(raw))
        put(file, packer.flush())


def _parts(handle: Any, moment: Moment) -> Iterator[bytes]:
    addresses, values, order = columns_of(handle)
    wheres, holds, places = addresses.cast("Q"), values.cast("Q"), order.cast("I")
    listed: list[tuple[str, int, Sequence[Region | Range]]] = [
        *((module.name, module.base, module.regions) for module in moment.modules),
        *((f"{_STACK}{one.number}", one.top, (one.range,)) for one in moment.stacks),
    ]
    head = struct.pack("<2BI", _MAGIC, _VERSION, len(listed))
    for name, base, _ in listed:
        label = os.fsencode(name)
        head += struct.pack("<I", len(label)) + label + struct.pack("<Q", base)
    level = 15 if moment.bits == 64 else 7
    yield head + struct.pack("<BIQ", 0, level, len(wheres))
    spans = sorted(
        (part.start, part.end, number, base)
        for number, (_, base, parts) in enumerate(listed)
        for part in parts
    )
    start, part = 0, bytearray()
    while start < len(holds):
        end = start + 1
        while end < len(holds) and holds[end] == holds[start]:
            end += 1
        part += struct.pack("<QI", holds[start], end - start)
        for index in range(start, end):
            address = wheres[places[index]]
            part += struct.pack("<Q", address) + _static(spans, address)
        if len(part) >= _PART:
            yield bytes(part)
            part.clear()
        start = end
    yield bytes(part)


def _static(spans: list[tuple[int, int, int, int]], address: int) -> bytes:
    at = bisect_right(spans, (address, HIGHEST + 1, 0, 0)) - 1
    if at < 0 or address >= spans[at][1]:
        return b"\0"
    _, _, number, base = spans[at]
    return struct.pack("<B2I", 1, number, (address - base) & 0xFFFFFFFF)
