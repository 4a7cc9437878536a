"""quit: end the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Command
from ..line.words import Words

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, words: Words) -> Result:
    """Ask the shell to end."""
    words.end()
    session.finished = True
    return Result()


QUIT = Command(
    name="quit",
    usage="quit",
    summary="end the session",
    details="Frozen entries are let go. At an empty prompt Ctrl-D does the same.",
    examples=("quit",),
    run=run,
)
