"""Patches and scripts that are undone when their target is let go."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, Patch, Target, quote

from ..answers import report

if TYPE_CHECKING:
    from farfetch.scanner import LiveScript

_SHOWN = 8


def left(target: Target | None, undone: Collection[Patch | LiveScript]) -> tuple[str, ...]:
    """What stays changed in a target when it is let go: scripts, and patches by number.

    Args:
        target: None where there is none.
        undone: what is to be undone then.
    """
    if target is None or not target.alive:
        return ()
    scripts = (quote(one.name) for one in target.scripts if one not in undone)
    made = (f"patch {one.number}" for one in target.patches if one not in undone)
    return (*scripts, *made)


def stays(changed: Collection[str]) -> tuple[str, ...]:
    """A line about what :func:`left` gave; none of nothing."""
    if not changed:
        return ()
    shown = ", ".join([*changed][:_SHOWN]) + (", …" if len(changed) > _SHOWN else "")
    return (f"it stays changed by {shown} (--undo-at-exit would undo that)",)


def undo(target: Target, patches: Collection[Patch | LiveScript]) -> None:
    """Put the old bytes of some patches and scripts back, the last one first.

    What cannot be put back is said, and keeps nothing else from happening.

    Args:
        target: that is let go.
        patches: of it and of others.
    """
    made: list[Patch | LiveScript] = []
    if target.alive:
        made += [*target.patches, *target.scripts]
    undone = [patch for patch in reversed(made) if patch in patches]
    while undone:
        left: dict[Patch | LiveScript, Exception] = {}
        for patch in undone:
            try:
                patch.undo()
            except (FarfetchError, OSError) as error:
                left[patch] = error
        if len(left) == len(undone):
            for why in left.values():
                with suppress(OSError):  # nobody may be there to read it
                    report.complain(why)
            return
        undone = [*left]  # what was undone lay over some of it, maybe
