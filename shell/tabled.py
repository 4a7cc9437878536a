"""Entries of the table, in the target that is attached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import FarfetchError, format_value, parse_value
from farfetch.scanner.literals import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from farfetch.scanner import Entry, Freeze
    from farfetch.scanner.cheat_engine import Taken

    from .result import Json
    from .session import Session


class Live(NamedTuple):
    """What an entry is at present.

    Attributes:
        address: None where it cannot be told.
        value: None where it cannot be read.
        reason: why not.
        frozen: whether it is held.
    """

    address: int | None
    value: Any
    reason: str
    frozen: bool


def live(session: Session, entry: Entry) -> Live:
    """Look at an entry; without a target that lives there is nothing to see."""
    target = session.target
    if target is None:
        return Live(None, None, "no target", False)
    address = None
    try:
        address = entry.path.resolve(target)
        value = target.read(address, entry.value_type)
    except FarfetchError as error:
        return Live(address, None, str(error), False)
    frozen = any(one.active for one in session.frozen_at(address))
    return Live(address, value, "", frozen)


def write(session: Session, entry: Entry, text: str) -> Any:
    """Write a value to an entry, and into what is frozen there. Returns the value."""
    target, value_type = session.attached, entry.value_type
    address = entry.path.resolve(target)
    value = parse_value(value_type, text, bits=target.bits)
    held = [one for one in session.frozen_at(address) if one.active]
    if held:  # else it would be put back at once
        session.freeze(address, value_type, value, held[0].allow, held[0].interval)
    else:
        target.write(address, value_type, value)
    return value


def freeze(session: Session, entry: Entry) -> Freeze:
    """Hold an entry at its frozen value, or at what is there."""
    target, value_type = session.attached, entry.value_type
    address = entry.path.resolve(target)
    value = None
    if entry.frozen is not None:
        value = parse_value(value_type, entry.frozen, bits=target.bits)
    return session.freeze(address, value_type, value, entry.allow)


def text_of(frozen: Freeze) -> str:
    """A frozen value as a table keeps it."""
    return str(format_value(frozen.type, frozen.value))


def reported(report: Iterable[Taken]) -> list[str]:
    """Say what was not taken over, a line an entry."""
    return [
        f"{quote(one.name)}: {one.reason if one.taken else f'left out: {one.reason}'}"
        for one in report
        if one.reason
    ]


def report_fields(report: Iterable[Taken]) -> list[Json]:
    """The same for programs, all entries."""
    return [{"name": one.name, "taken": one.taken, "reason": one.reason} for one in report]
