"""set: change the values of matches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import (
    Expr,
    ExpressionError,
    FarfetchError,
    format_address,
    layout_of,
    member,
    number,
    parse_expression,
    parse_value,
)
from farfetch.scanner.values.members import PATH

from ..answers import quantities, values
from ..answers.result import Result
from ..command import Command, needs_matches, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import forcing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_ALL = "*"
#: So many matches are asked why they could not be written.
_LOOKED_AT = 4096
_SOURCE = re.compile(r"\b(?:now|prev|first)\b")


class Arguments(NamedTuple):
    """What to set.

    Attributes:
        which: a match's index, or None for all.
        field: of it, or "".
        value: its text.
        force: even where the target may not write itself.
    """

    which: int | None
    field: str
    value: str
    force: bool


def parse(words: Words) -> Arguments:
    """Read the index with its field and leave the value as it was typed."""
    word = words.take("INDEX")
    index, dot, field = word.text.partition(".")
    if dot and not PATH.fullmatch(field):
        raise words.error(f"behind the dot stands a field's name, not {field!r}")
    which = None if index == _ALL else words.whole(index, "INDEX")
    value, force = forcing.taken_off(words.need_rest("VALUE"))
    if not value:
        raise words.error("VALUE is missing")
    return Arguments(which, field, value, force)


@needs_target
@needs_matches
def run(session: Session, words: Words) -> Result:
    """Write a value to one match or to all."""
    arguments = parse(words)
    scan = session.matched
    if arguments.which is None:
        return _set_all(session, arguments)
    match = scan[arguments.which]
    address, value_type = match.address, match.type
    if arguments.field:
        field = member(scan.type, arguments.field, bits=session.attached.bits)
        address, value_type = address + field.offset, field.type
    value = _value(session, value_type, arguments.value)
    shown = str(value) if isinstance(value, Expr) else values.shown(value_type, value)
    if isinstance(value, Expr):
        path = arguments.field or None
        (value,) = scan.compute(value, field=path, start=arguments.which, count=1)
    session.attached.write(address, value_type, value, force=arguments.force)
    return _answer(1, 0, shown)


def _set_all(session: Session, arguments: Arguments) -> Result:
    """Write a value to every match, or to a field of each."""
    scan, path, value_type = session.matched, arguments.field or None, session.matched.type
    if path:
        value_type = member(scan.type, path, bits=session.attached.bits).type
    value = _value(session, value_type, arguments.value)
    shown = str(value) if isinstance(value, Expr) else values.shown(value_type, value)
    written, failed = scan.write_all(value, field=path, force=arguments.force)
    reason = _first_refused(session) if failed and not arguments.force else ""
    return _answer(written, failed, shown, reason)


def _value(session: Session, value_type: Any, text: str) -> object:
    """A value as it is written, or an expression over the values of matches.

    Raises:
        FarfetchError: it is neither.
    """
    bits = session.attached.bits
    try:
        return parse_value(value_type, text, bits=bits)
    except FarfetchError:
        if not _SOURCE.search(text):
            raise
        is_number = value_type is number or layout_of(value_type, bits=bits).is_number
        if not is_number:
            raise
    expr = parse_expression(text)
    if "@" in text:
        raise ExpressionError(text, text.index("@"), "set knows now, prev and first")
    return expr


def _first_refused(session: Session) -> str:
    """Where the first match lies that the target may not write itself; "" where none is soon."""
    regions = iter(session.attached.regions())
    region = next(regions, None)
    for address in session.matched.matches.addresses(count=_LOOKED_AT):
        while region is not None and region.end <= address:
            region = next(regions, None)
        if region is not None and address in region and not region.writable:
            name = region.name or f"{format_address(region.start)}..{format_address(region.end)}"
            return f"{format_address(address)} lies in a read-only mapping of {name}: force it"
    return ""


def _answer(written: int, failed: int, shown: str, reason: str = "") -> Result:
    line = f"{quantities.count(written, 'match', 'matches')} set to {shown}"
    if failed:
        line += f", {failed:,} could not be written"
    if reason:
        line += f": {reason}"
    return Result({"written": written, "failed": failed}, (line,))


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the match indexes and ``*``, then the option."""
    if not cursor.words:
        yield from offers.match_index(cursor, moment, Choice(_ALL, "all matches"))
    elif len(cursor.words) > 1 and cursor.word:
        yield from cursor.offer([Choice(forcing.FORCE, forcing.NOTE)])


SET = Command(
    name="set",
    usage="set INDEX|*[.FIELD] VALUE [--force]",
    summary="change the value of a match, or of all",
    details="INDEX is a match's number in list; * stands for all matches. The value is of the "
    "scan's type and is written once: freeze holds it, and what is frozen is held at the new "
    "value. A number may be computed from each match's own values now, prev and first; nothing is "
    "written unless all fit. A field of a structure is set as 0.hp; now is then the value of that "
    "field. What the target may not write itself, such as constants, takes --force.",
    examples=("set 0 9999", "set 0.hp 9999", "set * 1_000", 'set 0 "Ada"', "set * now * 2 + 5"),
    run=run,
    complete=complete,
)
