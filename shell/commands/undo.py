"""undo: take scan steps back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Category, Command, Given
from ..command.kinds import COUNT

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Take steps back."""
    session.scans.undo(given.steps)
    left = len(session.scan.steps) if session.scan else 0
    return Result(
        {"matches": session.matches, "steps": left},
        (
            f"{quantities.count(session.matches, 'match', 'matches')}, "
            f"{quantities.count(left, 'step')} left",
        ),
    )


UNDO = Command(
    name="undo",
    category=Category.SCANS,
    summary="take the last scan steps back",
    details="Brings back the matches, and the values to compare with, from before the last step "
    "or the last STEPS steps. Over a first scan, and over a reset, it goes back to where the scan "
    "before was left.",
    examples=("undo", "undo 2"),
    run=run,
    arguments=(Argument("steps", COUNT, "STEPS", optional=True, default=1),),
    answers="matches steps",
)
