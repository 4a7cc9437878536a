"""set: change the values of matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import parse_value

from .. import completion, quantities, values
from ..command import Command, needs_matches, needs_target
from ..completion import Candidate, Choice, Cursor, Moment
from ..result import Result
from ..words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session import Session

_ALL = "*"


class Arguments(NamedTuple):
    """What to set: a match's index, or None for all of them; and the value's text."""

    which: int | None
    value: str


def parse(words: Words) -> Arguments:
    """Read the index and leave the value as it was typed."""
    word = words.take("INDEX")
    which = None if word.text == _ALL else words.number(word, "INDEX")
    return Arguments(which, words.need_rest("VALUE"))


@needs_target
@needs_matches
def run(session: Session, words: Words) -> Result:
    """Write a value to one match or to all."""
    arguments = parse(words)
    scan = session.matched
    match = None if arguments.which is None else scan[arguments.which]
    value_type = scan.type if match is None else match.type
    value = parse_value(value_type, arguments.value, bits=session.attached.bits)
    if match is None:
        written, failed = scan.write_all(value)
    else:
        session.attached.write(match.address, value_type, value)
        written, failed = 1, 0
    shown = values.shown(value_type, value)
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
    usage="set INDEX|* VALUE",
    summary="change the value of a match, or of all",
    details="INDEX is a match's number in list; * stands for all matches. The value is of the "
    "scan's type and is written once: freeze holds it.",
    examples=("set 0 9999", "set * 1_000", 'set 0 "Ada"'),
    run=run,
    complete=complete,
)
