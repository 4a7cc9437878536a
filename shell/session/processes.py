"""Which process a person means who says a part of a name, or nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from farfetch.scanner import processes

from ..answers import quantities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from farfetch.scanner import ProcessInfo

_INTERPRETERS: Final = re.compile(
    r"(?:python|pypy|perl|ruby|node|java|mono|dotnet|lua|luajit|php|wine|bash|dash|sh)[-.\w]*"
)
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def like(wanted: str) -> list[ProcessInfo]:
    """The processes that a part of a name means.

    Their names begin so; or if none does, hold it; or if none does, the command line does, as ps
    shows it.

    >>> like("no such process")
    []
    """
    low = wanted.strip().lower()
    others = [info for info in processes() if info.pid != os.getpid()]
    ours = set(_ancestors(others))
    ways: tuple[Callable[[ProcessInfo], bool], ...] = (
        lambda info: any(name.startswith(low) for name in _names(info)),
        lambda info: any(low in name for name in _names(info)),
        lambda info: info.pid not in ours and low in " ".join(info.cmdline).lower(),
    )
    for means in ways if low else ():
        found = [info for info in others if means(info)]
        if found:
            return found
    return []


def next_run(last: ProcessInfo) -> ProcessInfo | None:
    """The newest process that runs the same program as one that has ended; None if none does."""
    found = [info for info in processes() if _is_younger(info, last) and _is_same(info, last)]
    return newest(found) if found else None


def newest(found: Sequence[ProcessInfo]) -> ProcessInfo:
    """The one that was started last."""
    return max(found, key=lambda info: (info.started, info.pid))


def age(info: ProcessInfo) -> float:
    """Seconds since a process was started."""
    up = float(Path("/proc/uptime").read_text().split()[0])
    return max(0.0, up - info.started / _TICKS)


def is_stopped(info: ProcessInfo | None) -> bool:
    """Whether a process was stopped, by Ctrl-Z, a signal or a debugger; see proc_pid_stat(5)."""
    if info is None:
        return False
    try:
        stat = Path(f"/proc/{info.pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[:1] in ([b"T"], [b"t"])


def described(found: Sequence[ProcessInfo]) -> Iterator[str]:
    """A line for each process among which there is a choice: pid, age, user, command."""
    width = max(len(str(info.pid)) for info in found)
    for info in found:
        command = " ".join(info.cmdline) or info.name
        since = quantities.seconds(round(age(info)))
        yield f"  {info.pid:>{width}}  {since} old  {info.user}  {command}"


def _names(info: ProcessInfo) -> set[str]:
    names = {info.name.lower()}
    for path in (info.exe or "", *info.cmdline[:1], _script(info)):
        names.add(re.split(r"[/\\]", path)[-1].lower())
    return names - {""}


def _script(info: ProcessInfo) -> str:
    """What an interpreter runs; "" of another program."""
    if not info.cmdline or not _INTERPRETERS.fullmatch(os.path.basename(info.cmdline[0])):  # noqa: PTH119
        return ""
    return next((word for word in info.cmdline[1:] if not word.startswith("-")), "")


def _is_same(info: ProcessInfo, last: ProcessInfo) -> bool:
    same = info.exe == last.exe if info.exe and last.exe else info.name == last.name
    return same and _script(info) == _script(last)


def _is_younger(info: ProcessInfo, last: ProcessInfo) -> bool:
    return (info.started, info.pid) > (last.started, last.pid)


def _ancestors(known: Sequence[ProcessInfo]) -> Iterator[int]:
    """The processes that this one was started by, which have its command line in theirs."""
    parents = {info.pid: info.ppid for info in known}
    pid = os.getppid()
    while pid in parents:
        yield pid
        pid = parents.pop(pid)
