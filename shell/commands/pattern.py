"""pattern: find bytes with wildcards, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import Where, bytes_, now, pattern

from ..answers.result import Result
from ..command import Command, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import scan as scanning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Pattern

    from ..session.session import Session

WHERE = "--where"
EVERYWHERE = "all"


class Arguments(NamedTuple):
    """What to look for, and the regions to look in."""

    pattern: Pattern
    where: str


def parse(words: Words) -> Arguments:
    """Read the digits, and the filter behind them."""
    text, option, where = words.need_rest("BYTES").partition(WHERE)
    if not text.strip():
        raise words.error("BYTES is missing")
    if option:
        where = where.removeprefix("=").strip()
        if not where:
            raise words.error("FILTER is missing")
        Where.parse(where)
    return Arguments(pattern(text.rstrip()), where or EVERYWHERE)


@needs_target
def run(session: Session, words: Words) -> Result:
    """Begin a scan for bytes; the settings of other scans stay as they are."""
    wanted, where = parse(words)
    result = session.first(now == wanted, value_type=bytes_, align=1, where=where)
    return scanning.answer(session, result)


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the filter behind the first byte, then its words."""
    if WHERE in cursor.words:
        begin = cursor.line.index(WHERE, cursor.begin) + len(WHERE) + 1
        return offers.where_words(Cursor(cursor.line, begin), moment)
    return cursor.offer([Choice(WHERE, "the regions to look in")] if cursor.words else [])


PATTERN = Command(
    name="pattern",
    usage=f"pattern BYTES [{WHERE} FILTER]",
    summary="find bytes with wildcards, in code too",
    details="Begins a scan for BYTES, which are pairs of hex digits: ? is any digit, and ?? or ? "
    "alone any byte. It looks at every address of all memory that can be read, code and constants "
    "too, or at what FILTER says, as where does; type, align and where stay as they are for other "
    "scans. list shows what was found, and patch changes it.",
    examples=("pattern 48 8B ?? ?F", f"pattern 7f454c46 {WHERE} module:game"),
    run=run,
    complete=complete,
)
