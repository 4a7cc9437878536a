"""reset: drop the matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities
from ..answers.result import Result
from ..command import Category, Command, Given

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """Have no matches."""
    had = session.matches
    session.reset()
    line = "no matches; the next predicate begins a first scan"
    if had:
        line += f", undo brings {quantities.count(had, 'match', 'matches')} back"
    return Result({"matches": 0}, (line,))


RESET = Command(
    name="reset",
    category=Category.SCANS,
    summary="begin anew, without matches",
    details="The target, the settings and the frozen entries stay. The matches and their history "
    "stay one undo away; history forget gives back what they take.",
    examples=("reset",),
    run=run,
    answers="matches",
)
