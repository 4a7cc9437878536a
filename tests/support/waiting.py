"""Wait for what another thread or process does."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from support.targets import TargetProcess

_PF_EXITING = 0x4  # include/linux/sched.h


def wait_for(what: Callable[[], object], timeout: float = 60.0) -> None:
    """Ask until it is so, letting others run in between; fail when it never comes."""
    deadline = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        os.sched_yield()


def at_rest(target: TargetProcess) -> TargetProcess:
    """Wait until a target waits for its next command, and return it.

    An answer can be read a moment before the target has wiped what it answered with, so until
    then it holds some of its values twice.
    """
    stat = Path(f"/proc/{target.pid}/task/{target.pid}/stat")
    wait_for(lambda: stat.read_bytes().rpartition(b")")[2].split()[0] == b"S")
    return target


def threads() -> int:
    """How many threads this process has, but for those that are ending.

    A thread can still be listed a moment after another has joined it.
    """
    running = 0
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            flags = int((task / "stat").read_bytes().rpartition(b")")[2].split()[6])
            running += not flags & _PF_EXITING
    return running
