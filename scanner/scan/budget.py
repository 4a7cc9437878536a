"""Budgets: how much memory and disk a scan may take for what it keeps."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from .. import arguments

MOST = 1 << 62  # bytes that a budget may name
_SHARE = 10  # of what is free, all but one part in so many


class Budget(NamedTuple):
    """What a scan's matches and old values may take, over its whole history.

    Attributes:
        memory: bytes; nine tenths of what is available when a scan begins if None.
        disk: bytes; nine tenths of what is free in the directory when a scan begins if None.

    >>> memory = Buffer(bytearray(range(256)) * 4096)
    >>> scan = attach(memory).scan(u8, budget=Budget(memory=1024))
    >>> scan.first("now == 7")
    Traceback (most recent call last):
    farfetch.scanner.BudgetError: matches and old values would take more than the scan's budget of
        memory; look at fewer regions, forget undone steps, allow more; the earlier matches are kept
    """

    memory: int | None = None
    disk: int | None = None

    def of(self, directory: str) -> Limits:
        """The limits on this machine, at present.

        Args:
            directory: of the files of old values.

        >>> Budget(memory=1 << 30, disk=0).of("/var/tmp")
        Limits(memory=1073741824, disk=0)
        """
        memory, disk = self
        for name, amount in zip(self._fields, self, strict=True):
            if amount is not None:
                arguments.whole(name, amount, 0, MOST)
        return Limits(
            _most(available_memory()) if memory is None else memory,
            _most(free_disk(directory)) if disk is None else disk,
        )


class Limits(NamedTuple):
    """A budget in numbers.

    Attributes:
        memory: bytes.
        disk: bytes.
    """

    memory: int
    disk: int


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
