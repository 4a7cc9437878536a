"""pattern: find bytes with wildcards, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import bytes_, now, pattern

from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Kind, Needs, Option
from ..command.kinds import FILTER
from ..session import scan as scanning

if TYPE_CHECKING:
    from ..session.session import Session

EVERYWHERE = "all"

PAIRS = Kind(
    "BYTES",
    lambda _, asked: pattern(asked.text),
    takes="rest",
    sample="7F ??",
    refuses=(("7G", "ExpressionError"),),
)


def run(session: Session, given: Given) -> Result:
    """Begin a scan for bytes; the settings of other scans stay as they are."""
    where = EVERYWHERE if given.where is None else str(given.where)
    result = session.first(now == given.pattern, value_type=bytes_, align=1, where=where)
    return scanning.answer(session, result)


PATTERN = Command(
    name="pattern",
    category=Category.SCANS,
    summary="find bytes with wildcards, in code too",
    details="Begins a scan for BYTES, which are pairs of hex digits: ? is any digit, and ?? or ? "
    "alone any byte. It looks at every address of all memory that can be read, code and constants "
    "too, or at what FILTER says, as where does; type, align and where stay as they are for other "
    "scans. list shows what was found, and patch changes it.",
    examples=("pattern 48 8B ?? ?F", "pattern 7f454c46 --where module:game"),
    run=run,
    arguments=(Argument("pattern", PAIRS),),
    options=(Option("--where", "the regions to look in", FILTER),),
    needs=Needs.TARGET,
    answers="matches bytes unreadable blocked seconds steps type",
)
