"""Why breakpoints are not to be had here, and what helps; see perf_event_open(2)."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Final

from ..errors import AccessDenied, FarfetchError, TargetGone, WatchpointError
from ..memory.base import Memory

_PARANOID: Final = Path("/proc/sys/kernel/perf_event_paranoid")
_STATUS: Final = Path("/proc/self/status")
_SYS_ADMIN, _PERFMON = 1 << 21, 1 << 38
_FILTERED: Final = "2"  # of Seccomp in proc_pid_status(5)

_ABSENT: Final = (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)


def machine_refusal(code: int) -> str:
    """Why this machine has no breakpoints for us, by an errno of trying one on ourselves.

    Args:
        code: the errno.
    """
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
    level = paranoid_level()
    capable = int(status.get("CapEff", "0"), 16) & (_SYS_ADMIN | _PERFMON)
    if level is not None and level > 2 and not capable:
        python = os.path.realpath(sys.executable)
        return (
            f"{_PARANOID} is {level}, which lets root alone watch: run with sudo, or sudo sysctl "
            f"kernel.perf_event_paranoid=2, or sudo setcap cap_perfmon+ep {python}"
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


def paranoid_level() -> int | None:
    """What /proc/sys/kernel/perf_event_paranoid says; None where there is none."""
    try:
        return int(_PARANOID.read_text())
    except (OSError, ValueError):
        return None


def _own_status() -> dict[str, str]:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


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
        "that has them; there are four, of up to 8 bytes each",
        errno.EMFILE: "too many files for its threads: raise the limit with ulimit -Hn",
        errno.ENFILE: "too many files for its threads are open on this machine",
        errno.EINVAL: "the kernel lets nobody watch there",
        errno.ENOMEM: "there is not enough memory",
    }
    return WatchpointError(address, size, reasons.get(code, os.strerror(code)))
