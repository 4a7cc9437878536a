"""Writes of values to the places that a line has chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import MemoryFault

from .place import Place

if TYPE_CHECKING:
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
        reason: why the first of those could not; "" when there are none.
    """

    written: int
    failed: int
    reason: str


def put(session: Session, write: Write, *, force: bool = False) -> None:
    """Write a value.

    Raises:
        MemoryFault: it cannot be written there.
    """
    place = write.place
    session.attached.write(place.address, place.type, write.value, force=force)


def put_each(session: Session, writes: Sequence[Write], *, force: bool = False) -> Written:
    """Write one value after the other; one that cannot be written keeps no other from it."""
    failed, reason = 0, ""
    for write in writes:
        try:
            put(session, write, force=force)
        except MemoryFault as fault:
            failed += 1
            reason = reason or str(fault)
    return Written(len(writes) - failed, failed, reason)
