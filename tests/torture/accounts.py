"""What this process holds: descriptors, threads, files of old values, memory."""

from __future__ import annotations

import ctypes
import gc
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_libc = ctypes.CDLL(None)
_TRIM_THRESHOLD = -1  # M_TRIM_THRESHOLD of mallopt(3)
# What the arena of a thread has free at its end goes back at once, and not from 64 MiB on.
_libc.mallopt(_TRIM_THRESHOLD, 1 << 17)
_PATIENCE = 60.0  # seconds in which what is on its way has gone


class Account(NamedTuple):
    """What is held at a time.

    Attributes:
        descriptors: what they lead to, and how many to each.
        threads: how many, those of the core included.
        children: how many processes were started and not waited for.
        disk: bytes of the folders' disks that are in use, where those are disks of their own.
    """

    descriptors: Counter[str]
    threads: int
    children: int
    disk: int

    def more_than(self, other: Account) -> list[str]:
        """What is held beyond another account, in words."""
        found = [
            f"{count} more descriptors of {name}"
            for name, count in (self.descriptors - other.descriptors).items()
        ]
        for what in ("threads", "children", "disk"):
            now, before = getattr(self, what), getattr(other, what)
            if now > before:
                found.append(f"{what}: {now}, before {before}")
        return found


def account(disks: list[str]) -> Account:
    """What is held now.

    Args:
        disks: folders that are disks of their own.
    """
    descriptors: Counter[str] = Counter()
    for link in Path("/proc/self/fd").iterdir():
        try:
            name = os.readlink(link)  # noqa: PTH115  # /proc/1/mem of one that has gone is no path
        except FileNotFoundError:
            continue  # the listing itself
        kind = "".join(mark for mark in name if not mark.isdigit())
        descriptors[kind] += 1
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208
    status = map(os.statvfs, disks)
    used = sum((disk.f_blocks - disk.f_bfree) * disk.f_frsize for disk in status)
    return Account(descriptors, threads, len(children), used)


def settled(before: Account, disks: list[str]) -> list[str]:
    """What is held that was not before, once all that is on its way has gone."""
    return _once(lambda: account(disks).more_than(before))


def _once(what_is_left: Callable[[], list[str]]) -> list[str]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        gc.collect()
        left = what_is_left()
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.01)


def resident() -> int:
    """Bytes of this process in memory that are its own, but for what malloc keeps to give again."""
    _libc.malloc_trim(0)
    fields = Path("/proc/self/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGESIZE")
