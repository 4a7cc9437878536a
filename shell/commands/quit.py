"""quit: end the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Category, Command, Given

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """Ask the shell to end."""
    session.finished = True
    return Result()


QUIT = Command(
    name="quit",
    category=Category.SHELL,
    summary="end the session",
    details="Frozen entries are let go. At an empty prompt Ctrl-D does the same.",
    examples=("quit",),
    run=run,
)
