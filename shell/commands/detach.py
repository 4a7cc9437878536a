"""detach: let go of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Command
from ..line.words import Words

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, words: Words) -> Result:
    """Let go of the target, its matches and its frozen entries."""
    words.end()
    target = session.attached
    session.detach()
    return Result(
        {"pid": target.pid, "name": target.name},
        (f"detached from {target.name} ({target.pid})",),
    )


DETACH = Command(
    name="detach",
    usage="detach",
    summary="let go of the target",
    details="Drops its matches and thaws its frozen entries; the settings stay.",
    examples=("detach",),
    run=run,
)
