"""Why breakpoints are not to be had here, and what helps; perf_event_open(2), ptrace(2)."""

from __future__ import annotations

import errno
import os
import platform
import sys
from pathlib import Path
from typing import Final, Literal

from ..engine import GUARDIAN
from ..errors import AccessDenied, FarfetchError, TargetGone, WatchpointError
from ..errors.target import NOBODY_TRACES
from ..memory.base import Memory
from ..process.refusals import traced_by

By = Literal["perf", "ptrace"]

_PARANOID: Final = Path("/proc/sys/kernel/perf_event_paranoid")
_YAMA: Final = Path("/proc/sys/kernel/yama/ptrace_scope")
_STATUS: Final = Path("/proc/self/status")
_SYS_ADMIN: Final = 1 << 21
_FILTERED: Final = "2"  # of Seccomp in proc_pid_status(5)

#: What else there is to be asked of what is no code.
ABOUT_DATA: Final = 'who touches data on="write" and "read" tell (who writes, who reads)'
#: What to do without perf, and what it costs.
_SECOND_WAY: Final = (
    '; or ask for it by="ptrace" (who … --by ptrace), which traces the program and stops it at '
    "each hit, for some 10 to 50 µs"
)
_ABSENT: Final = (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)


def machine_refusal(code: int, by: By = "perf") -> str:
    """Why this machine has no breakpoints for us, by an errno of trying one on ourselves.

    Args:
        code: the errno.
        by: what was to see hits.
    """
    if by == "ptrace":
        return _untraceable(code)
    permitted = code not in (errno.EACCES, errno.EPERM, errno.ENOSYS)
    return _no_perf(code) + ("" if permitted or platform.machine() != "x86_64" else _SECOND_WAY)


def _untraceable(code: int) -> str:
    """Why a process of our own cannot trace even its child."""
    if code == errno.ENOSYS and platform.machine() != "x86_64":
        return "by ptrace values are watched on x86-64 only"
    if code in (errno.ENOENT, errno.EACCES) and not os.access(GUARDIAN, os.X_OK):
        return f"{GUARDIAN}, which traces for us, is not there or cannot be run: install it anew"
    if (
        code in (errno.EACCES, errno.EPERM, errno.ENOSYS)
        and _own_status().get("Seccomp") == _FILTERED
    ):
        return (
            "a seccomp filter refuses ptrace(2), as sandboxes have one: run outside of it, or let "
            "it through (docker run --cap-add SYS_PTRACE)"
        )
    if code in (errno.EACCES, errno.EPERM):
        forbidden = "the kernel refuses ptrace(2): a security module forbids it; look at dmesg"
        return _confined(least=2) or forbidden
    if code == errno.ECHILD:
        return f"{GUARDIAN.name}, which traces for us, was killed while it was tried"
    return _no_perf(code)


def _no_perf(code: int) -> str:
    status = _own_status()
    if code == errno.ENOSYS and status.get("Seccomp") != _FILTERED:
        return "this kernel has no perf_event_open(2)"
    if code in (errno.EACCES, errno.EPERM, errno.ENOSYS):
        return _not_permitted(status)
    if code in (errno.EMFILE, errno.ENFILE):
        return "too many files are open: raise the limit with ulimit -n"
    if code in _ABSENT:
        return (
            "this machine has hardware breakpoints that never fire, or none, as some virtual "
            "machines do: watch it on another one"
        )
    return os.strerror(code)


def _not_permitted(status: dict[str, str]) -> str:
    level = _setting(_PARANOID)
    # such levels are Debian's and Ubuntu's own, and CAP_PERFMON does not do there
    capable = int(status.get("CapEff", "0"), 16) & _SYS_ADMIN
    if level is not None and level > 2 and not capable:
        return (
            f"{_PARANOID} is {level}, which lets root alone watch: run with sudo, or sudo sysctl "
            "kernel.perf_event_paranoid=2"
        )
    if status.get("Seccomp") == _FILTERED:
        return (
            "a seccomp filter refuses perf_event_open(2), as containers and sandboxes have one: "
            "run outside of it, or let it through (docker run --cap-add PERFMON)"
        )
    return (
        "the kernel refuses perf_event_open(2): a security module or its lockdown forbids it; "
        "look at dmesg"
    )


def _setting(file: Path) -> int | None:
    """The number that a file of the kernel's settings says; None where there is none."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _own_status() -> dict[str, str]:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


def _confined(least: int = 1) -> str:
    """Why Yama lets nobody of ours trace, and what helps, by its level; "" where it does."""
    scope = _setting(_YAMA) or 0
    if scope < least:
        return ""
    if scope > 2:
        return f"{_YAMA} is {scope}, which {NOBODY_TRACES}"
    whom = (
        "lets a program be traced by those alone that have started it, and what traces for us has "
        "not"
        if scope == 1
        else "lets those alone trace that have CAP_SYS_PTRACE"
    )
    return (
        f"{_YAMA} is {scope}, which {whom}: sudo sysctl kernel.yama.ptrace_scope=0, or sudo "
        f"setcap cap_sys_ptrace+ep {os.path.realpath(sys.executable)}"
    )


def traced_refusal(code: int, memory: Memory, address: int, size: int) -> FarfetchError:
    """Why a process cannot be watched by ptrace where others can, by the errno.

    Args:
        code: the errno.
        memory: of the process.
        address: of the value.
        size: its bytes.
    """
    assert memory.pid is not None
    if code == errno.EALREADY:
        return WatchpointError(address, size, traced_by(memory.pid))
    if code == errno.ETIMEDOUT:
        return WatchpointError(address, size, "a thread of it does not stop")
    if code == errno.ECHILD:
        reason = f"{GUARDIAN.name}, which traces for us, was killed while it began"
        return WatchpointError(address, size, reason)
    if code == errno.EPERM and memory.alive and (reason := _confined()):
        return WatchpointError(address, size, reason)
    return target_refusal(code, memory, address, size)


def target_refusal(code: int, memory: Memory, address: int, size: int) -> FarfetchError:
    """Why a value of a process cannot be watched where others can, by the errno.

    Args:
        code: the errno.
        memory: of the process.
        address: of the value.
        size: its bytes.
    """
    assert memory.pid is not None
    if code == errno.ESRCH:
        gone = memory.gone()
        return gone if not memory.alive else TargetGone(memory.pid, memory.title, "exited")
    if code in (errno.EACCES, errno.EPERM):
        return AccessDenied(memory.pid, memory.title, "watch")
    reasons = {
        errno.E2BIG: "it takes more than the four debug registers there are: watch fewer bytes, "
        "or such as begin at a multiple of 8",
        errno.ENOSPC: "its debug registers are in use: end the other watchpoints or the debugger "
        "that has them; there are four, of up to 8 bytes each, and those that ptrace has had stay "
        "its own until their thread ends",
        errno.EMFILE: "too many files for its threads: raise the limit with ulimit -Hn",
        errno.ENFILE: "too many files for its threads are open on this machine",
        errno.EINVAL: "the kernel lets nobody watch there",
        errno.ENOMEM: "there is not enough memory",
    }
    return WatchpointError(address, size, reasons.get(code, os.strerror(code)))
