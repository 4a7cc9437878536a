"""Taking back what scripts have changed: code, and data that the target changes, too."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Sequence

from ..errors import FarfetchError, MemoryFault, PatchError, ScriptError
from ..memory.changes import Change
from ..memory.space import Space
from ..values.literals import quote


def still_changed(
    space: Space, made: Sequence[Change], name: str, *, force: bool = False
) -> tuple[list[Change], bool]:
    """Of what a script has changed, what is to be taken back; and whether some is unmapped.

    What is as before is not taken back, nor what is no longer mapped.

    Args:
        space: the target.
        made: the changes.
        name: of the script.
        force: also where other bytes are there now.

    Raises:
        ScriptError: code is no longer as the script left it.
        TargetGone: the target has exited.
    """
    space.check()
    left: list[Change] = []
    is_gone = False
    for change in made:
        there = _there(space, change)
        if there is None:
            is_gone = True
            continue
        if there == change.before:
            continue
        if there == change.after or apart(space, (change,))[1]:
            left.append(change)
        elif force:
            left.append(change._replace(after=there))
        else:
            reason = f"{PatchError(change.address, change.after, there)}"
            raise ScriptError(0, f"{quote(name)} is not undone: {reason}")
    return left, is_gone


def _there(space: Space, change: Change) -> bytes | None:
    """What is where it was made; None where nothing is mapped."""
    try:
        return space.read_bytes(change.address, len(change.after))
    except MemoryFault as error:
        if error.blocked:
            raise
        return None


def was_taken_back(space: Space, made: Sequence[Change], values: Sequence[Change]) -> bool:
    """Take back what was written of a script that is not enabled after all.

    Args:
        space: the target.
        made: changes of code and of data.
        values: what Lua has written.

    Returns:
        Whether some of the changes were there.
    """
    with contextlib.suppress(FarfetchError):
        put_back(space, values)
        read = space.memory.read
        written = [one for one in made if read(one.address, len(one.after)) == one.after]
        code, data = apart(space, written)
        space.memory.change([change.back for change in code])
        put_back(space, data)
        return bool(written)
    return False


def put_back(space: Space, data: Sequence[Change]) -> None:
    """Take changes of data back, the last first, where the target has not written since."""
    for change in reversed(data):
        if space.memory.read(change.address, len(change.after)) == change.after:
            space.write_bytes(change.address, change.before, force=True)


def apart(space: Space, changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Those of code, and those of data, which a target may write and changes itself."""
    regions = [] if space.memory.pid is None else space.regions()
    starts = [region.start for region in regions]
    code: list[Change] = []
    data: list[Change] = []
    for change in changes:
        at = bisect_right(starts, change.address) - 1
        region = regions[at] if at >= 0 and change.address in regions[at] else None
        is_data = region is not None and region.writable and not region.executable
        (data if is_data else code).append(change)
    return code, data
