"""Reading matches: which bytes are the value of each, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..engine import lib
from ..errors import ScanOrderError, ValueKindError
from ..memory.addresses import format_address
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
    chosen = [index for index in range(len(layout.parts)) if bits >> index & 1]
    if not chosen:
        raise ScanOrderError(f"no match is at {format_address(address)}")
    part, kind = layout.parts[chosen[0]], PARTS[layout.name][chosen[0]]
    size = part.size or 0
    every = tuple(layout.parts[index].name for index in chosen)
    return Reading(kind, every, size, size, lambda raw: part.unpack(raw[:size]))


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
