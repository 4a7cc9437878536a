"""next: narrow the matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import Predicate, parse_scan

from ..answers.result import Result
from ..command import Command, needs_matches, needs_target
from ..complete import offers
from ..line.words import Words
from ..session import scan as scanning

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..session.session import Session


def parse(words: Words, fields: Collection[str]) -> Predicate:
    """Read the predicate, which may name fields."""
    return parse_scan(words.need_rest("PREDICATE"), fields)


@needs_target
@needs_matches
def run(session: Session, words: Words) -> Result:
    """Keep the matches that satisfy a predicate."""
    return scanning.answer(session, session.next(parse(words, session.matched.fields)))


NEXT = Command(
    name="next",
    usage="next PREDICATE",
    summary="narrow the matches",
    details="Keeps the matches that satisfy PREDICATE. Against the last scan: > increased, "
    "< decreased, = unchanged, != changed, + 5 and - 5 by that much, or prev in the predicate "
    "language; first is the value at the first scan. Ctrl-C stops it and keeps the matches as "
    "they were; undo takes a step back. A line that is only a predicate does the same while "
    "there are matches.",
    examples=("next 95", "next - 5", "next now < prev and now > first - 20"),
    run=run,
    complete=offers.predicate,
)
