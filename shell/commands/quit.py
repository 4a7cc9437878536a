"""quit: end the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Category, Command, Given
from ..session import leaving

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """Ask the shell to end."""
    session.finished = leaving.may_end(session)
    return Result()


QUIT = Command(
    name="quit",
    category=Category.SHELL,
    summary="end the session",
    details="Frozen entries are let go. At an empty prompt Ctrl-D does the same. When the table is "
    "in no file, a person is asked first, and it is kept for load --unsaved.",
    examples=("quit",),
    run=run,
)
