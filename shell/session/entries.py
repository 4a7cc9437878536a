"""Entries of the table, in the target that is attached."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from farfetch.scanner import (
    Entry,
    FarfetchError,
    PathGroup,
    decode,
    encode,
    format_value,
    parse_value,
    quote,
    size_of,
)

from ..answers import values
from . import codes, holding, writes
from .place import Place
from .writes import Write

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from farfetch.scanner import Freeze, Taken, Target

    from ..answers.result import Json
    from .session import Session


_MOST: Final = 12  # lines about what was not taken over


class Live(NamedTuple):
    """What an entry is at present.

    Attributes:
        address: None where it cannot be told.
        value: None where it cannot be read.
        reason: why not; or which of its paths lead nowhere, while others do.
        held: what freezes it; None when nothing does.
    """

    address: int | None
    value: Any
    reason: str
    held: Freeze | None


def live(session: Session, entry: Entry) -> Live:
    """Look at an entry; without a target that lives there is nothing to see."""
    target = session.target
    if target is None:
        return Live(None, None, "no target", None)
    address, path, said = None, entry.path, ""
    try:
        if isinstance(path, PathGroup):
            found = path.each(target)
            address = path.agreed(found)
            if lost := found.count(None):
                said = (
                    f"{lost} of its {len(found)} paths {'leads' if lost == 1 else 'lead'} nowhere"
                )
        else:
            address = path.resolve(target)
        value = target.read(address, entry.value_type)
    except FarfetchError as error:
        return Live(address, None, str(error), _held(target, entry, address))
    return Live(address, value, said, _held(target, entry, address))


def frozen(session: Session, entry: Entry) -> tuple[Freeze, ...]:
    """What freezes an entry, also while its pointers lead nowhere."""
    target = session.attached
    return holding.of(target, entry.path) or holding.of(target, entry.path.resolve(target))


def _held(target: Target, entry: Entry, address: int | None) -> Freeze | None:
    held = holding.of(target, entry.path)
    if not held and address is not None:
        held = holding.of(target, address)
    return next((freezing for freezing in held if freezing.active), None)


def take_up(session: Session, address: int, value_type: Any) -> str:
    """Put a place into the table, called what it is, and say so."""
    where = str(session.attached.locate(address))
    if where in session.table or codes.named(session, where):
        return f"{quote(where)} is in the table already"
    entry = Entry(where, where, values.type_label(value_type))
    session.table.put(entry)
    return f"{quote(where)} is in the table, as {entry.type}"


class Held(NamedTuple):
    """How an entry of the table is held, so that it can be in another run.

    Attributes:
        name: of the entry.
        type: of the value.
        value: that is held.
        allow: the way it may move.
        interval: seconds between looks.
        force: whether that is forced.
    """

    name: str
    type: Any
    value: Any
    allow: Literal["increase", "decrease"] | None
    interval: float
    force: bool


def held(session: Session) -> list[Held]:
    """How the entries of the table are held that are, whatever has frozen them."""
    found = []
    for entry in session.table if session.attached.frozen else ():
        freeze = live(session, entry).held
        if freeze is not None:
            terms = (freeze.allow, freeze.interval, freeze.force)
            found.append(Held(entry.name, freeze.type, freeze.value, *terms))
    return found


def hold_again(session: Session, one: Held) -> str | None:
    """Hold an entry as it was held in another run.

    Returns:
        What to say of it; None where it cannot be reached yet.
    """
    if one.name not in session.table:
        return "is no longer in the table, and not frozen"
    entry = session.table[one.name]
    terms = (one.allow, one.interval)
    try:
        holding.freeze(session.attached, entry.path, one.type, one.value, *terms, force=one.force)
    except FarfetchError:
        return None
    return f"is frozen at {values.shown(one.type, one.value)} again"


def settle(session: Session) -> None:
    """Bring the table's frozen values up to what is held, whatever has held it."""
    target = session.target
    for entry in session.table if target and target.frozen else ():
        held = live(session, entry).held
        if held is None:
            continue
        frozen = text_of(session, held, entry)
        if frozen is not None and (entry.frozen, entry.allow) != (frozen, held.allow):
            session.table.change(entry.name, frozen=frozen, allow=held.allow)


def thaw(session: Session, held: Collection[Freeze]) -> None:
    """Let values go, and have the table say so of its entries.

    Args:
        session: with the table.
        held: the values, which were frozen in whatever way.
    """
    for entry in session.table if held else ():
        if entry.frozen is not None and live(session, entry).held in held:
            session.table.change(entry.name, frozen=None)
    for one in held:
        one.stop()


def write(session: Session, entry: Entry, text: str, *, force: bool = False) -> Any:
    """Write a value to an entry. Returns the value."""
    target, value_type = session.attached, entry.value_type
    value = parse_value(value_type, _chosen(entry, text), bits=target.bits)
    place = Place(entry.path.resolve(target), value_type)
    writes.put(session, Write(place, value), force=force)
    return value


def _chosen(entry: Entry, text: str) -> str:
    """The value of a choice's name; another text as it is."""
    return next((value for value, name in entry.choices if name == text), text)


def shown(entry: Entry, value: Any) -> str:
    """A value as an entry shows it: in hexadecimal, and by the name that it has there."""
    text = values.shown(entry.value_type, value)
    if value is None:
        return text
    name = entry.name_of(text)
    if entry.shown == "hex" and isinstance(value, int):
        width = entry.value_type.sizeof() * 8
        text = f"0x{value % (1 << width):x}"
    name = name if name is not None else entry.name_of(text.removeprefix("0x"))
    return text if name is None else f"{text} ({name})"


def freeze(session: Session, entry: Entry, *, force: bool = False) -> Freeze:
    """Hold an entry at its frozen value, or at what is there, wherever its pointers lead."""
    target, value_type = session.attached, entry.value_type
    value = None
    if entry.frozen is not None:
        value = parse_value(value_type, entry.frozen, bits=target.bits)
    return holding.freeze(target, entry.path, value_type, value, entry.allow, force=force)


def text_of(session: Session, held: Freeze, entry: Entry) -> str | None:
    """A frozen value as an entry of a table keeps it; None when it is none of the entry's type."""
    value, value_type, bits = held.value, entry.value_type, session.bits
    if values.type_label(held.type) != values.type_label(value_type):
        try:
            raw = encode(held.type, value, bits=bits)[: size_of(value_type, bits=bits)]
            value = decode(value_type, raw, bits=bits)
        except FarfetchError:
            return None
    return str(format_value(value_type, value))


def reported(report: Iterable[Taken]) -> list[str]:
    """Say what was not taken over: a line an entry, or a line a reason where there are many."""
    said = [entry for entry in report if entry.reason]
    if len(said) <= _MOST:
        return [
            f"{quote(entry.name)}: {entry.reason if entry.taken else f'left out: {entry.reason}'}"
            for entry in said
        ]
    reasons = Counter((entry.taken, entry.reason) for entry in said)
    lines = [
        f"{count} {'taken' if taken else 'left out'}: {reason}"
        for (taken, reason), count in reasons.most_common(_MOST)
    ]
    if len(reasons) > _MOST:
        others = len(reasons) - _MOST
        lines.append(f"and for {others} more reasons; table check FILE --offline --list says which")
    return lines


def report_fields(report: Iterable[Taken]) -> list[Json]:
    """The same for programs, all entries."""
    return [{"name": entry.name, "taken": entry.taken, "reason": entry.reason} for entry in report]
