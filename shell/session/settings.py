"""What a change of settings means for a scan that has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .session import Session


def keeps(session: Session, setting: str) -> tuple[str, ...]:
    """Say that the present matches keep their setting, when there are any."""
    if not session.matches:
        return ()
    return (f"the present matches keep their {setting}; first or reset begins anew",)
