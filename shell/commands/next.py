"""next: narrow the matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import predicate
from ..session import scan as scanning

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Keep the matches that satisfy a predicate."""
    return scanning.answer(session, session.next(given.predicate))


NEXT = Command(
    name="next",
    category=Category.SCANS,
    summary="narrow the matches",
    details="Keeps the matches that satisfy PREDICATE. Against the last scan: > increased, "
    "< decreased, = unchanged, != changed, + 5 and - 5 by that much, which floats round "
    "to, + 5..7 by something between, or prev in the predicate language; first is the value at "
    "the first scan. Ctrl-C stops it and keeps the matches as they were; undo takes a step back. "
    "A line that is only a predicate does the same while there are matches.",
    examples=("next 95", "next - 5", "next now < prev and now > first - 20"),
    run=run,
    arguments=(Argument("predicate", predicate(lambda session: session.matched.fields)),),
    needs=Needs.MATCHES,
    answers="matches bytes unreadable blocked seconds steps type",
)
