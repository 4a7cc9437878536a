"""redo: take an undo back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Category, Command, Given
from ..command.kinds import COUNT

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Go on to steps that were undone."""
    session.scans.redo(given.steps)
    done = len(session.scan.steps) if session.scan else 0
    return Result(
        {"matches": session.matches, "steps": done},
        (
            f"{quantities.count(session.matches, 'match', 'matches')}, "
            f"{quantities.count(done, 'step')}",
        ),
    )


REDO = Command(
    name="redo",
    category=Category.SCANS,
    summary="take the last undo back",
    details="Brings back the step that was undone last, or the last STEPS steps. Where several "
    "steps or scans follow, it takes the newest; history shows them all.",
    examples=("redo", "redo 2"),
    run=run,
    arguments=(Argument("steps", COUNT, "STEPS", optional=True, default=1),),
    answers="matches steps",
)
