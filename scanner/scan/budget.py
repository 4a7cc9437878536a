"""Budgets: how much memory and disk a scan may take for what it keeps."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path
from typing import NamedTuple

from .. import arguments
from ..engine import lib

MOST = 1 << 62  # bytes that a budget may name
_SHARE = 10  # of what is free, all but one part in so many
_VALUES = 4  # of available memory, the part that is for old values


class Budget(NamedTuple):
    """What a scan's matches and old values may take, over its whole history.

    Attributes:
        memory: bytes, beside old values; nine tenths of what else is available when a scan begins
            if None.
        disk: bytes; nine tenths of what is free in the directory when a scan begins if None.
        values: bytes of memory that old values are kept in before they go to disk, for all scans of
            a target; a quarter of what is available if None. 0: all go to disk.

    >>> memory = Buffer(bytearray(range(256)) * 4096)
    >>> scan = attach(memory).scan(u8, budget=Budget(memory=1024))
    >>> scan.first("now == 7")
    Traceback (most recent call last):
    farfetch.scanner.BudgetError: matches and old values would take more than the scan's budget of
        memory; look at fewer regions, forget undone steps, allow more; the earlier matches are kept
    """

    memory: int | None = None
    disk: int | None = None
    values: int | None = None

    def of(self, directory: str, share: int | None = None) -> Limits:
        """The limits on this machine, at present.

        Args:
            directory: of the files of old values.
            share: for values, where that is not said; a quarter of what is available if None.

        >>> Budget(memory=1 << 30, disk=0, values=0).of("/var/tmp")
        Limits(memory=1073741824, disk=0, values=0)
        """
        memory, disk, values = self
        for name, amount in zip(self._fields, self, strict=True):
            if amount is not None:
                arguments.whole(name, amount, 0, MOST)
        if values is None:
            values = values_share() if share is None else share
        return Limits(
            _most(max(0, available_memory() - values)) if memory is None else memory,
            _most(free_disk(directory)) if disk is None else disk,
            values,
        )


class Limits(NamedTuple):
    """A budget in numbers.

    Attributes:
        memory: bytes.
        disk: bytes.
        values: bytes.
    """

    memory: int
    disk: int
    values: int


def values_share(held: int = 0, root: str = "") -> int:
    """Bytes of memory for old values where nobody says how many.

    A quarter of what is available; and no more than nine tenths of what the limits of this
    process's control groups leave, or half of what its own do.

    Args:
        held: that they have already.
        root: what comes before ``/proc`` and ``/sys``, where the groups are read.
    """
    room = min(int(lib.ff_group_room(os.fsencode(root))), data_headroom() // 2) + held
    return max(0, min((available_memory() + held) // _VALUES, room))


def data_headroom() -> int:
    """Bytes of memory that this process may still map, RLIMIT_DATA of getrlimit(2)."""
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    if limit == resource.RLIM_INFINITY:
        return 1 << 62
    told = Path("/proc/self/status").read_text()
    taken = re.search(r"^VmData:\s*(\d+) kB", told, re.MULTILINE)
    return max(0, limit - (int(taken[1]) * 1024 if taken else 0))


def available_memory() -> int:
    """Bytes of memory a program can take without swapping; ``MemAvailable`` of proc_meminfo(5)."""
    told = Path("/proc/meminfo").read_text()
    available = re.search(r"^MemAvailable:\s*(\d+) kB", told, re.MULTILINE)
    return int(available[1]) * 1024 if available else 1 << 62


def free_disk(directory: str) -> int:
    """Bytes that an ordinary user can still store in a directory; see statvfs(3)."""
    try:
        status = os.statvfs(directory)
    except OSError:
        return 1 << 62  # making a file there says what is wrong
    return status.f_bavail * status.f_frsize


def _most(free: int) -> int:
    return free - free // _SHARE
