"""reset: drop the matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Command
from ..line.words import Words

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, words: Words) -> Result:
    """Drop the scan."""
    words.end()
    session.reset()
    return Result({"matches": 0}, ("no matches; the next predicate begins a first scan",))


RESET = Command(
    name="reset",
    usage="reset",
    summary="drop the matches and their history",
    details="The target, the settings and the frozen entries stay.",
    examples=("reset",),
    run=run,
)
