"""freeze: hold a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from farfetch.scanner import parse_value
from farfetch.scanner.addresses import format_address

from .. import completion, values
from ..command import Command, needs_target
from ..completion import Candidate, Choice, Cursor, Moment
from ..result import Column, Json, Result, Table
from ..words import Word, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Freeze, Target

    from ..session import Session

Allow = Literal["increase", "decrease"]

_ALLOW = re.compile(r"(?:^|(?<=\s))--allow(?:\s+|=|$)(\S*)\s*$|^--allow(?:\s+|=)(\S*)(?=\s)")
_DIRECTIONS = ("increase", "decrease")

_COLUMNS = (
    Column("ADDRESS", right=True, style="cyan"),
    Column("WHERE"),
    Column("TYPE"),
    Column("VALUE", right=True, style="bold"),
    Column("ALLOW"),
    Column("WRITES", right=True),
    Column("STATE"),
)


class Arguments(NamedTuple):
    """A match's index or an address as typed; the value's text, "" for what is there; the way."""

    which: int | str
    value: str
    allow: Allow | None


def parse(words: Words) -> Arguments | None:
    """Read the place, the value and ``--allow``; None when there is nothing."""
    which = words.optional()
    if which is None:
        return None
    value, allow = words.rest(), None
    found = _ALLOW.search(value)
    if found:
        direction = found[1] or found[2] or ""
        if direction not in _DIRECTIONS:
            raise words.error("--allow takes increase or decrease")
        allow = cast(Allow, direction)
        value = (value[: found.start()] + value[found.end() :]).strip()
    place = words.number(which, "INDEX") if is_index(which) else which.raw
    return Arguments(place, value, allow)


def is_index(word: Word) -> bool:
    """Whether a word is a match's index; addresses begin with 0x or a name."""
    return word.raw.isascii() and word.raw.isdecimal()


@needs_target
def run(session: Session, words: Words) -> Result:
    """Freeze a match or an address, or list what is frozen."""
    arguments = parse(words)
    target = session.attached
    if arguments is None:
        return _listing(target)
    address, value_type, present = _place(session, arguments.which)
    value = present
    if arguments.value:
        value = parse_value(value_type, arguments.value, bits=target.bits)
    entry = session.freeze(address, value_type, value, arguments.allow)
    line = f"frozen {target.locate(entry.address)} at {values.shown(entry.type, entry.value)}"
    if entry.allow:
        line += f", may {entry.allow}"
    if not session.interactive:
        line += "; holds until the run ends (wait keeps it going)"
    return Result(_fields(target, entry), (line,))


def _place(session: Session, which: int | str) -> tuple[int, Any, object]:
    """The address, the type and, for a match, the value there now."""
    if isinstance(which, int):
        match = session.matched[which]
        return match.address, match.type, match.value
    return session.attached.address(which), session.type, None


def _listing(target: Target) -> Result:
    entries = target.frozen
    rows = tuple(
        (
            format_address(one.address),
            str(target.locate(one.address)),
            values.type_label(one.type),
            values.shown(one.type, one.value),
            one.allow or "",
            str(one.writes),
            str(one.error) if one.error else "active" if one.active else "stopped",
        )
        for one in entries
    )
    return Result(
        {"frozen": [_fields(target, one) for one in entries]},
        (Table(_COLUMNS, rows) if rows else "nothing is frozen",),
    )


def _fields(target: Target, entry: Freeze) -> dict[str, Json]:
    return {
        "address": format_address(entry.address),
        "location": str(target.locate(entry.address)),
        "type": values.type_label(entry.type),
        "value": values.as_json(entry.value),
        "allow": entry.allow,
        "active": entry.active,
        "writes": entry.writes,
        "error": str(entry.error) if entry.error else None,
    }


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer match indexes and addresses, then ``--allow`` and its directions."""
    before = cursor.words
    if not before:
        yield from completion.match_index(cursor, moment)
        yield from completion.address(cursor, moment)
    elif before[-1] == "--allow":
        yield from cursor.offer(Choice(direction) for direction in _DIRECTIONS)
    elif "--allow" not in before and cursor.word:
        yield from cursor.offer([Choice("--allow", "let it move one way")])


FREEZE = Command(
    name="freeze",
    usage="freeze [INDEX|ADDR [VALUE] [--allow increase|decrease]]",
    summary="hold a value, or list what is held",
    details="INDEX is a match's number in list, of the scan's type; ADDR is an address such as "
    "0x7f12 or game+0x4010, of the type that type says. Without VALUE it holds what is there "
    "now. --allow lets the value move one way: increase lets it grow and never shrink. Alone it "
    "lists the frozen entries. They hold until unfreeze, detach or the end of the run, so a "
    "script that freezes ends with wait.",
    examples=("freeze 0 100", "freeze game+0x4010 5 --allow increase", "freeze"),
    run=run,
    complete=complete,
)
