"""reset: drop the matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Category, Command, Given

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """Drop the scan."""
    session.reset()
    return Result({"matches": 0}, ("no matches; the next predicate begins a first scan",))


RESET = Command(
    name="reset",
    category=Category.SCANS,
    summary="drop the matches and their history",
    details="The target, the settings and the frozen entries stay.",
    examples=("reset",),
    run=run,
    answers="matches",
)
