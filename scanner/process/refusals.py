"""Why a process does not do for us what only it can, in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from ..engine import GUARDIAN
from ..errors import AccessDenied, FarfetchError, StopError
from ..memory.base import Memory
from ..memory.owner import ProcessInfo
from .threads import thread_ids

_WHY: Final = {
    -errno.ENOSYS: "that is done on x86-64 only",
    -errno.ETIMEDOUT: "a thread of it does not stop",
    -errno.EBUSY: "a thread does not leave the code that is to change",
    -errno.EINPROGRESS: "its threads sleep where nothing wakes them (state D): try again",
    -errno.EAGAIN: "no thread of it runs code of its own width now: try again",
    -errno.EFAULT: "a thread got a signal instead",
    -errno.ECANCELED: "the process of ours that was to do it has been killed",
    -errno.ESRCH: "no thread of it can be stopped",
}


def refusal(info: ProcessInfo, memory: Memory, code: int) -> FarfetchError:
    """The error of what a process was to do, by the core's negative errno."""
    if not memory.alive:
        return memory.gone()
    if code in (-errno.EPERM, -errno.EACCES) and info.pid == os.getpid():
        return StopError(info.pid, info.name, "a process cannot stop itself")
    if code in (-errno.EPERM, -errno.EACCES):
        return AccessDenied(info.pid, info.name, "stop the threads of")
    if code == -errno.EALREADY:
        return StopError(info.pid, info.name, traced_by(info.pid))
    return StopError(info.pid, info.name, _WHY.get(code, os.strerror(-code)))


def traced_by(pid: int) -> str:
    """Who traces one of its threads, and what is to be done about it."""
    name, number = _tracer(pid)
    if name and GUARDIAN.name.startswith(name):
        return (
            f"{GUARDIAN.name} ({number}) traces it, for a watchpoint by ptrace: end that one first"
        )
    who = f"{name} ({number})" if number else "another program"
    return f"{who} traces it: let it detach first"


def _tracer(pid: int) -> tuple[str, str]:
    """Its name, which the kernel cuts to 15 characters, and its number; both "" if unknown."""
    for thread in thread_ids(pid):
        try:
            status = Path(f"/proc/{pid}/task/{thread}/status").read_text()
            tracer = status.partition("\nTracerPid:\t")[2].partition("\n")[0]
            if tracer not in ("", "0"):
                return Path(f"/proc/{tracer}/comm").read_text().rstrip(), tracer
        except (OSError, UnicodeDecodeError):
            continue
    return "", ""
