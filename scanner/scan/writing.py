"""Values of matches: how each is read, and all are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..engine import ffi, lib
from ..memory import writing
from ..values.convert import encode
from .history import addresses_of

if TYPE_CHECKING:
    from .scan import Scan

_BATCH: Final = 4096  # addresses written to in one call


class WriteResult(NamedTuple):
    """What became of a write to many addresses.

    Attributes:
        written: at how many the value is now.
        failed: at how many it could not be written.

    >>> scan = attach(Buffer(bytes(8))).scan(u8, where="all")  # bytes that cannot be written
    >>> scan.first().matches
    8
    >>> scan.write_all(1)
    WriteResult(written=0, failed=8)
    """

    written: int
    failed: int


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


def write_matches(scan: Scan, value: Any, *, force: bool = False) -> WriteResult:
    """Write a value at every match of a scan; :meth:`.Scan.write_all` says what is raised."""
    if scan.layout.parts:
        return _write_numbers(scan, value, force)
    raw = encode(scan.type, value, bits=scan.bits)
    present, target = scan.history.present, scan.target
    total, written = present.total, 0
    buffer = ffi.new("uint64_t[]", _BATCH)
    for start in range(0, total, _BATCH):
        target.check()
        count = lib.ff_matchset_addresses(present.matches, start, _BATCH, buffer)
        written += writing.write_each(
            target.memory, target._holder, buffer, count, raw, force=force
        )
    return WriteResult(written, total - written)


def _write_numbers(scan: Scan, value: Any, force: bool) -> WriteResult:
    present, target = scan.history.present, scan.target
    places = [(address, scan.reading(address, present).type) for address in addresses_of(present)]
    raw = {kind: encode(kind, value) for kind in {kind for _, kind in places}}
    written = sum(
        writing.write(target.memory, target._holder, address, raw[kind], force=force)
        == len(raw[kind])
        for address, kind in places
    )
    return WriteResult(written, len(places) - written)
