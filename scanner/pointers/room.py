"""Rooms: the memory and the disk that a pointer map and its scans may take."""

from __future__ import annotations

import os
from typing import Any

from .. import arguments
from ..engine import cell, check, content, lib
from ..scan.budget import Budget
from ..scan.disk import snapshot_directory


class Room:
    """Memory up to a budget, and unlinked files beyond it.

    Attributes:
        directory: of the files.
        handle: the core's.

    Args:
        directory: as asked for; see :func:`.snapshot_directory` for None.
        budget: what may be taken; None for the greater part of what is free.
    """

    def __init__(self, directory: str | None, budget: Budget | None) -> None:
        budget = Budget() if budget is None else budget
        arguments.instance("budget", budget, Budget, "a Budget, or None")
        self.directory = snapshot_directory(directory)
        self.limits = budget._replace(values=0).of(self.directory)
        out = cell("room")
        check(lib.ff_room_create(os.fsencode(self.directory), *self.limits[:2], out))
        self.handle: Any = content(out)

    @property
    def memory(self) -> int:
        """Bytes of memory that are taken at present."""
        return int(lib.ff_room_memory(self.handle))

    @property
    def disk(self) -> int:
        """Bytes of disk that are taken at present."""
        return int(lib.ff_room_disk(self.handle))

    @property
    def failed_on_disk(self) -> bool:
        """Whether a file could not be made or was refused its bytes."""
        return bool(lib.ff_room_failed_on_disk(self.handle))
