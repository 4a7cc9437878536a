"""set: change the values of matches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import Expr, MemoryFault, format_address, member
from farfetch.scanner.values.members import PATH

from ..answers import quantities, values
from ..answers.result import Result
from ..arithmetic import computed, value_or_expression
from ..command import Command, needs_matches, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import forcing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from farfetch.scanner import Match

    from ..session.session import Session

_ALL = "*"
#: So many matches are asked why they could not be written.
_LOOKED_AT = 4096


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
    match = None if arguments.which is None else scan[arguments.which]
    if arguments.field:
        matches = list(scan) if match is None else [match]
        return _set_field(session, arguments, matches)
    value_type = scan.type if match is None else match.type
    bits = session.attached.bits
    value = value_or_expression(value_type, arguments.value, bits=bits)
    if isinstance(value, Expr):
        return _compute(session, arguments, value, list(scan) if match is None else [match])
    shown = values.shown(value_type, value)
    if match is None:
        written, failed = scan.write_all(value, force=arguments.force)
        reason = _first_refused(session) if failed and not arguments.force else ""
        return _answer(written, failed, shown, reason)
    session.attached.write(match.address, value_type, value, force=arguments.force)
    return _answer(1, 0, shown)


def _set_field(session: Session, arguments: Arguments, matches: list[Match]) -> Result:
    """Write a value to a field of each match; its own values are now, prev and first."""
    path = arguments.field
    bits = session.attached.bits
    field = member(session.matched.type, path, bits=bits)
    value = value_or_expression(field.type, arguments.value, bits=bits)
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
        return _compute(session, arguments, value, parts)
    return _write(session, arguments, parts, [value] * len(parts), values.shown(field.type, value))


def _compute(session: Session, arguments: Arguments, expr: Expr, matches: list[Match]) -> Result:
    """Write what each match's own values make of an expression; nothing if one does not fit."""
    made = computed(expr, matches, bits=session.attached.bits)
    return _write(session, arguments, matches, made, str(expr))


def _write(
    session: Session,
    arguments: Arguments,
    matches: Sequence[Match],
    wanted: Sequence[object],
    shown: str,
) -> Result:
    """Write its own value to each match; of a single one that refuses, say why."""
    target = session.attached
    refused = []
    for match, value in zip(matches, wanted, strict=True):
        try:
            target.write(match.address, match.type, value, force=arguments.force)
        except MemoryFault as error:
            refused.append(error)
    if refused and arguments.which is not None:
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
