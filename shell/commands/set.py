"""set: change the values of matches."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import Expr, MemoryFault, member
from farfetch.scanner.members import PATH

from .. import completion, quantities, values
from ..arithmetic import computed, value_or_expression
from ..command import Command, needs_matches, needs_target
from ..completion import Candidate, Choice, Cursor, Moment
from ..result import Result
from ..words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Match

    from ..session import Session

_ALL = "*"


class Arguments(NamedTuple):
    """What to set: a match's index, or None for all; the field of it, or ""; the value's text."""

    which: int | None
    field: str
    value: str


def parse(words: Words) -> Arguments:
    """Read the index with its field and leave the value as it was typed."""
    word = words.take("INDEX")
    index, dot, field = word.text.partition(".")
    if dot and not PATH.fullmatch(field):
        raise words.error(f"behind the dot stands a field's name, not {field!r}")
    which = None if index == _ALL else words.whole(index, "INDEX")
    return Arguments(which, field, words.need_rest("VALUE"))


@needs_target
@needs_matches
def run(session: Session, words: Words) -> Result:
    """Write a value to one match or to all."""
    arguments = parse(words)
    scan = session.matched
    match = None if arguments.which is None else scan[arguments.which]
    if arguments.field:
        matches = list(scan) if match is None else [match]
        return _set_field(session, arguments.field, arguments.value, matches)
    value_type = scan.type if match is None else match.type
    bits = session.attached.bits
    value = value_or_expression(value_type, arguments.value, bits=bits)
    if isinstance(value, Expr):
        return _compute(session, value, list(scan) if match is None else [match])
    if match is None:
        written, failed = scan.write_all(value)
    else:
        session.attached.write(match.address, value_type, value)
        written, failed = 1, 0
    return _answer(written, failed, values.shown(value_type, value))


def _set_field(session: Session, path: str, text: str, matches: list[Match]) -> Result:
    """Write a value to a field of each match; its own values are now, prev and first."""
    target = session.attached
    field = member(session.matched.type, path, bits=target.bits)
    value = value_or_expression(field.type, text, bits=target.bits)
    parts = [
        replace(
            match,
            address=match.address + field.offset,
            type=field.type,
            value=values.field(match.value, path),
            previous=values.field(match.previous, path),
            first=values.field(match.first, path),
        )
        for match in matches
    ]
    if isinstance(value, Expr):
        return _compute(session, value, parts)
    written = 0
    for part in parts:
        with contextlib.suppress(MemoryFault):
            target.write(part.address, field.type, value)
            written += 1
    return _answer(written, len(parts) - written, values.shown(field.type, value))


def _compute(session: Session, expr: Expr, matches: list[Match]) -> Result:
    """Write what each match's own values make of an expression; nothing if one does not fit."""
    target = session.attached
    written = 0
    for match, value in zip(matches, computed(expr, matches, bits=target.bits), strict=True):
        with contextlib.suppress(MemoryFault):
            target.write(match.address, match.type, value)
            written += 1
    return _answer(written, len(matches) - written, str(expr))


def _answer(written: int, failed: int, shown: str) -> Result:
    line = f"{quantities.count(written, 'match', 'matches')} set to {shown}"
    if failed:
        line += f", {failed:,} could not be written"
    return Result({"written": written, "failed": failed}, (line,))


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the match indexes and ``*``."""
    if cursor.words:
        return iter(())
    return completion.match_index(cursor, moment, Choice(_ALL, "all matches"))


SET = Command(
    name="set",
    usage="set INDEX|*[.FIELD] VALUE",
    summary="change the value of a match, or of all",
    details="INDEX is a match's number in list; * stands for all matches. The value is of the "
    "scan's type and is written once: freeze holds it. A number may be computed from each match's "
    "own values now, prev and first; nothing is written unless all fit. A field of a structure is "
    "set as 0.hp; now is then the value of that field.",
    examples=("set 0 9999", "set 0.hp 9999", "set * 1_000", 'set 0 "Ada"', "set * now * 2 + 5"),
    run=run,
    complete=complete,
)
