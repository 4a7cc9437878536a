"""detach: let go of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import values
from ..answers.result import Result
from ..command import Category, Command, Given

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """Let go of the target, its matches and its frozen entries."""
    target = session.attached
    session.detach()
    return Result(
        {"pid": target.pid, "name": target.name},
        (f"detached from {values.target_label(target)}",),
    )


DETACH = Command(
    name="detach",
    category=Category.TARGET,
    summary="let go of the target",
    details="Drops its matches and thaws its frozen entries; the settings stay.",
    examples=("detach",),
    run=run,
    answers="pid name",
)
