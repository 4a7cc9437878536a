"""Patches that are undone when their target is let go."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from farfetch.scanner import FarfetchError, Patch, Target

from ..answers import report


def undo(target: Target, patches: Collection[Patch]) -> None:
    """Put the old bytes of some patches back, the last one first.

    What cannot be put back is said, and keeps nothing else from happening.

    Args:
        target: that is let go.
        patches: of it and of others.
    """
    for patch in reversed(target.patches if target.alive else ()):
        if patch in patches:
            try:
                patch.undo()
            except (FarfetchError, OSError) as error:
                with suppress(OSError):  # nobody may be there to read it
                    report.complain(error)
