"""redo: take an undo back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import ScanOrderError

from ..answers import quantities
from ..answers.result import Result
from ..command import Command
from .undo import parse

if TYPE_CHECKING:
    from ..line.words import Words
    from ..session.session import Session


def run(session: Session, words: Words) -> Result:
    """Go on to steps that were undone."""
    steps = parse(words)
    if session.scan is None:
        raise ScanOrderError("nothing to redo: there is no scan")
    session.scan.redo(steps)
    done = len(session.scan.steps)
    return Result(
        {"matches": session.matches, "steps": done},
        (
            f"{quantities.count(session.matches, 'match', 'matches')}, "
            f"{quantities.count(done, 'step')}",
        ),
    )


REDO = Command(
    name="redo",
    usage="redo [STEPS]",
    summary="take the last undo back",
    details="Brings back the step that was undone last, or the last STEPS steps. Where several "
    "steps follow, it takes the newest; history shows them all.",
    examples=("redo", "redo 2"),
    run=run,
)
