"""set: change the values of matches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import Expr, MemoryFault, format_address, member

from ..answers import quantities, values
from ..answers.result import Result
from ..arithmetic import computed, value_or_expression
from ..command import Argument, Asked, Category, Command, Given, Kind, Needs
from ..command.kinds import FORCE, VALUE
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..session.places import FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from farfetch.scanner import Match

    from ..session.session import Session

_ALL = "*"
#: So many matches are asked why they could not be written.
_LOOKED_AT = 4096


class Chosen(NamedTuple):
    """What is set: a match's index, None for all; and a field of it, or ""."""

    match: int | None
    field: str


def _chosen(session: Session, asked: Asked) -> Chosen:  # noqa: ARG001
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
    refuses=(("x", "UsageError"), ("0.", "UsageError"), ("999999", "MatchIndexError")),
)


def run(session: Session, given: Given) -> Result:
    """Write a value to one match or to all."""
    scan = session.matched
    match = None if given.chosen.match is None else scan[given.chosen.match]
    if given.chosen.field:
        matches = list(scan) if match is None else [match]
        return _set_field(session, given, matches)
    value_type = scan.type if match is None else match.type
    bits = session.attached.bits
    value = value_or_expression(value_type, given.value, bits=bits)
    if isinstance(value, Expr):
        return _compute(session, given, value, list(scan) if match is None else [match])
    shown = values.shown(value_type, value)
    if match is None:
        written, failed = scan.write_all(value, force=given.force)
        reason = _first_refused(session) if failed and not given.force else ""
        return _answer(written, failed, shown, reason)
    session.attached.write(match.address, value_type, value, force=given.force)
    return _answer(1, 0, shown)


def _set_field(session: Session, given: Given, matches: list[Match]) -> Result:
    """Write a value to a field of each match; its own values are now, prev and first."""
    path = given.chosen.field
    bits = session.attached.bits
    field = member(session.matched.type, path, bits=bits)
    value = value_or_expression(field.type, given.value, bits=bits)
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
        return _compute(session, given, value, parts)
    return _write(session, given, parts, [value] * len(parts), values.shown(field.type, value))


def _compute(session: Session, given: Given, expr: Expr, matches: list[Match]) -> Result:
    """Write what each match's own values make of an expression; nothing if one does not fit."""
    made = computed(expr, matches, bits=session.attached.bits)
    return _write(session, given, matches, made, str(expr))


def _write(
    session: Session,
    given: Given,
    matches: Sequence[Match],
    wanted: Sequence[object],
    shown: str,
) -> Result:
    """Write its own value to each match; of a single one that refuses, say why."""
    target = session.attached
    refused = []
    for match, value in zip(matches, wanted, strict=True):
        try:
            target.write(match.address, match.type, value, force=given.force)
        except MemoryFault as error:
            refused.append(error)
    if refused and given.chosen.match is not None:
        raise refused[0]
    reason = str(refused[0]) if refused else ""
    return _answer(len(matches) - len(refused), len(refused), shown, reason)


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
