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

from ..answers import quantities, values
from ..answers.result import Result
from ..command import Argument, Asked, Category, Command, Given, Kind, Needs
from ..command.kinds import FORCE, VALUE
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..session.places import FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_ALL = "*"
#: So many matches are asked why they could not be written.
_LOOKED_AT = 4096
#: As other languages set something.
_ASSIGNED = re.compile(r"([0-9]+|\*)((?:\.[^=]+)?)=(.*)")
_SOURCE = re.compile(r"\b(?:now|prev|first)\b")


class Chosen(NamedTuple):
    """What is set: a match's index, None for all; and a field of it, or ""."""

    match: int | None
    field: str


def _chosen(session: Session, asked: Asked) -> Chosen:  # noqa: ARG001
    if assigned := _ASSIGNED.fullmatch(asked.text):
        place, value = assigned[1] + assigned[2], assigned[3] or "VALUE"
        raise asked.error(f"a blank stands before the value: set {place} {value}")
    index, dot, field = asked.text.partition(".")
    if dot and not FIELD.fullmatch(field):
        raise asked.error(f"behind the dot stands a field's name, not {field!r}")
    return Chosen(None if index == _ALL else asked.words.whole(index, asked.what), field)


def _matches(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    return offers.match_index(cursor, moment, Choice(_ALL, "all matches"))


CHOSEN = Kind(
    f"INDEX|{_ALL}[.FIELD]",
    _chosen,
    _matches,
    sample="0",
    refuses=(
        ("x", "UsageError"),
        ("0.", "UsageError"),
        ("0=100", "UsageError"),
        ("999999", "MatchIndexError"),
    ),
)


def run(session: Session, given: Given) -> Result:
    """Write a value to one match or to all."""
    scan = session.matched
    chosen = given.chosen
    if chosen.match is None:
        return _set_all(session, given)
    match = scan[chosen.match]
    address, value_type, path = match.address, match.type, chosen.field or None
    if path:
        field = member(scan.type, path, bits=session.attached.bits)
        address, value_type = address + field.offset, field.type
    value = _value(session, value_type, given.value)
    shown = str(value) if isinstance(value, Expr) else values.shown(value_type, value)
    if isinstance(value, Expr):
        (value,) = scan.compute(value, field=path, start=chosen.match, count=1)
    session.attached.write(address, value_type, value, force=given.force)
    return _answer(1, 0, shown)


def _set_all(session: Session, given: Given) -> Result:
    """Write a value to every match, or to a field of each."""
    scan, path, value_type = session.matched, given.chosen.field or None, session.matched.type
    if path:
        value_type = member(scan.type, path, bits=session.attached.bits).type
    value = _value(session, value_type, given.value)
    shown = str(value) if isinstance(value, Expr) else values.shown(value_type, value)
    written, failed = scan.write_all(value, field=path, force=given.force)
    reason = _first_refused(session) if failed and not given.force else ""
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
        if not (value_type is number or layout_of(value_type, bits=bits).is_number):
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


SET = Command(
    name="set",
    category=Category.MATCHES,
    summary="change the value of a match, or of all",
    details="INDEX is a match's number in list; * stands for all matches. The value is of the "
    "scan's type and is written once: freeze holds it, and what is frozen is held at the new "
    "value. A number may be computed from each match's own values now, prev and first; nothing is "
    "written unless all fit. A field of a structure is set as 0.hp; now is then the value of that "
    "field. What the target may not write itself, such as constants, takes --force.",
    examples=("set 0 9999", "set 0.hp 9999", "set * 1_000", 'set 0 "Ada"', "set * now * 2 + 5"),
    run=run,
    arguments=(Argument("chosen", CHOSEN), Argument("value", VALUE)),
    options=(FORCE,),
    needs=Needs.MATCHES,
    answers="written failed",
)
