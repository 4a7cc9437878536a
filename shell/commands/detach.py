"""detach: let go of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import values
from ..answers.result import Json, Result
from ..command import Category, Command, Given
from ..session import patches

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """Let go of the target, its matches and its frozen entries."""
    target = session.attached
    left = patches.left(session.target, session.undone)
    session.detach()
    changed: list[Json] = [*left]
    return Result(
        {"pid": target.pid, "name": target.name, "changed": changed},
        (f"detached from {values.target_label(target)}", *patches.stays(left)),
    )


DETACH = Command(
    name="detach",
    category=Category.TARGET,
    summary="let go of the target",
    details="Drops its matches and thaws its frozen entries; the settings stay. What patches and "
    "scripts have changed stays, too, and is said, unless they were to be undone at exit.",
    examples=("detach",),
    run=run,
    answers="pid name changed",
)
