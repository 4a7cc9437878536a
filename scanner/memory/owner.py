"""The process that a memory is of, as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A process, as it was when it was looked at.

    Attributes:
        pid: its number.
        name: its main thread's name, cut to 15 bytes by the kernel.
        exe: the path of its program; None when the kernel does not let us see it.
        cmdline: its arguments, the program's own name first.
        uid: of the user it runs as: the effective one.
        user: that user's name, or the uid where it has none.
        ppid: of the process that started it.
        started: when, in clock ticks since boot; with the pid, it tells a process for sure.
        bits: 32 or 64, of its program; None when the kernel does not let us see it.

    >>> import os
    >>> this = process(os.getpid())
    >>> this.pid == os.getpid(), this.ppid == os.getppid(), this.uid == os.geteuid(), this.bits
    (True, True, True, 64)
    """

    pid: int
    name: str
    exe: str | None
    cmdline: tuple[str, ...]
    uid: int
    user: str
    ppid: int
    started: int
    bits: Literal[32, 64] | None
