"""undo: take scan steps back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import ScanOrderError

from ..answers import quantities
from ..answers.result import Result
from ..command import Command
from ..line.words import Words

if TYPE_CHECKING:
    from ..session.session import Session


def parse(words: Words) -> int:
    """Read how many steps, 1 when nothing is said."""
    word = words.optional()
    words.end()
    return 1 if word is None else words.number(word, "STEPS")


def run(session: Session, words: Words) -> Result:
    """Take steps back."""
    steps = parse(words)
    if session.scan is None:
        raise ScanOrderError("nothing to undo: there is no scan")
    session.scan.undo(steps)
    left = len(session.scan.steps)
    return Result(
        {"matches": session.matches, "steps": left},
        (
            f"{quantities.count(session.matches, 'match', 'matches')}, "
            f"{quantities.count(left, 'step')} left",
        ),
    )


UNDO = Command(
    name="undo",
    usage="undo [STEPS]",
    summary="take the last scan steps back",
    details="Brings back the matches, and the values to compare with, from before the last step "
    "or the last STEPS steps.",
    examples=("undo", "undo 2"),
    run=run,
)
