"""Writes of values to the places that a line has chosen."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import (
    FarfetchError,
    Member,
    MemoryFault,
    WriteResult,
    encode,
    scan_layout,
    value_type,
)

from ..answers.result import Json
from .overwritten import AllBefore, Before, Room, fits
from .place import Place

if TYPE_CHECKING:
    from farfetch.scanner import Scan, Target

    from .session import Session


class Write(NamedTuple):
    """A value, and the place where it is to be."""

    place: Place
    value: object


class Written(NamedTuple):
    """What has become of several writes.

    Attributes:
        written: how many were done.
        failed: how many could not be.
        refused: which of those could not, by their indexes, and why; of all matches, none is known.
        is_kept: whether unset can undo it.
    """

    written: int
    failed: int
    refused: Sequence[tuple[int, str]] = ()
    is_kept: bool = True


def put(session: Session, write: Write, *, force: bool = False) -> None:
    """Write a value, which unset can undo.

    Raises:
        MemoryFault: it cannot be written there.
    """
    target, place = session.attached, write.place
    kept = Before(target, _rooms(target, [write]))
    with session.whole():  # what is written is kept
        try:
            target.write(place.address, place.type, write.value, force=force)
        except MemoryFault as fault:
            if fault.done:  # so much was written all the same
                kept.failed(fault)
                _keep(session, kept, force=force)
            raise
        _keep(session, kept, force=force)


def put_each(session: Session, writes: Sequence[Write], *, force: bool = False) -> Written:
    """Write one value after the other; one that cannot be written keeps no other from it.

    Raises:
        KeyboardInterrupt: says how many were written.
    """
    target, begin = session.attached, time.monotonic()
    done, refused = 0, list[tuple[int, str]]()
    kept = Before(target, _rooms(target, writes))
    try:
        with session.whole():
            try:
                for index, (place, value) in enumerate(writes):
                    if session.interrupted():
                        break
                    try:
                        target.write(place.address, place.type, value, force=force)
                        done += 1
                    except MemoryFault as fault:
                        refused.append((index, str(fault)))
                        kept.failed(fault)
                    seconds = time.monotonic() - begin
                    session.meter.count(index + 1, len(writes), seconds, "values written")
            finally:
                session.meter.clear()
                _keep(session, kept, force=force)
    except KeyboardInterrupt:
        said = f"{done:,} of {len(writes):,} values were written, unset puts them back"
        raise KeyboardInterrupt(said) from None
    return Written(done, len(refused), refused)


def put_all(
    session: Session, value: object, field: Member | None, *, force: bool = False
) -> Written:
    """Write a value to all matches, or what is computed for each.

    Args:
        session: with the matches.
        value: that they get, or an expression.
        field: of each; None for the whole value.
        force: even where the target may not write itself.

    Raises:
        KeyboardInterrupt: says how many were written.
        FarfetchError: :meth:`.Scan.write_all` says which.
    """
    scan, begin, total = session.matched, time.monotonic(), session.matches
    room = _room(scan, value, field)
    kept = AllBefore(scan, room) if fits(total, room.size) else None
    sofar = WriteResult(0, 0)

    def step(result: WriteResult) -> None:
        nonlocal sofar
        sofar = result
        session.meter.count(_looked_at(result), total, time.monotonic() - begin, "matches written")
        if session.interrupted():
            raise KeyboardInterrupt

    try:
        with session.whole():
            try:
                path = field and field.name
                result = scan.write_all(value, field=path, force=force, progress=step)
            finally:
                session.meter.clear()
                if kept is not None and _looked_at(sofar):
                    kept.written(_looked_at(sofar))
                    session.writes.add(kept, force=force)
    except KeyboardInterrupt:
        if not sofar.written:
            raise
        said = f"{sofar.written:,} of {total:,} matches were written"
        raise KeyboardInterrupt(said + (", unset puts them back" if kept else "")) from None
    return Written(*result, is_kept=kept is not None)


def as_json(refused: Sequence[tuple[str, str]]) -> list[Json]:
    """What could not be written, in an answer: what it is called, and why."""
    return [{"entry": text, "reason": reason} for text, reason in refused]


def _looked_at(result: WriteResult) -> int:
    return result.written + result.failed


def _room(scan: Scan, value: object, field: Member | None) -> Room:
    """Where in a match the value is written, as if the match were at the address 0."""
    if field is not None:
        return Room(field.offset, field.size, _mask(field.type, scan.bits))
    size = scan.matches.column("previous", 0, 1).nbytes
    with suppress(FarfetchError):  # it is computed, or of several types
        size = len(encode(scan.type, value, bits=scan.bits))
    return Room(0, size, scan.layout.mask)


def _rooms(target: Target, writes: Iterable[Write]) -> Iterator[Room]:
    """Where values go."""
    for place, value in writes:
        with suppress(FarfetchError):  # it is not written, which says why
            size = len(encode(place.type, value, bits=target.bits))
            yield Room(place.address, size, _mask(place.type, target.bits))


def _mask(kind: Any, bits: int) -> bytes:
    """The bits of its bytes that a value of a type has; b"" for all."""
    try:
        return scan_layout(value_type(kind), bits=bits).mask
    except FarfetchError:  # it has no size of its own
        return b""


def _keep(session: Session, kept: Before, *, force: bool) -> None:
    kept.written()
    session.writes.add(kept, force=force)
