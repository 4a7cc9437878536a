"""Processes of this machine, as /proc lists them; see proc_pid_stat(5) and its neighbours."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from .. import arguments
from ..errors import TargetAmbiguous, TargetNotFound, suggest
from ..images.elf import elf_bits
from ..memory.owner import ProcessInfo
from .threads import any_runs, ask, folders

_PROC: Final = Path("/proc")
MAX_PID: Final = (1 << 31) - 1
PID_OR_NAME: Final = "a pid or a name"
_PF_KTHREAD: Final = 0x00200000  # include/linux/sched.h
_DELETED: Final = " (deleted)"
_Answer = TypeVar("_Answer")

# Programs that run another: what they run is what people call the process.
_INTERPRETERS: Final = re.compile(
    r"(python|pypy|perl|ruby|node|nodejs|java|mono|dotnet|lua|luajit|php|wine|wine64|bash|dash|sh)"
    r"(-sgen|-preloader)?[0-9.]*"
)


class _Stat(NamedTuple):
    name: str
    state: str
    ppid: int
    flags: int
    threads: int
    started: int

    @property
    def first_has_ended(self) -> bool:
        return self.state in "ZXx"

    @property
    def is_kernel_thread(self) -> bool:
        return bool(self.flags & _PF_KTHREAD)


def processes(*, include_kernel_threads: bool = False) -> list[ProcessInfo]:
    """All processes that have not exited, by ascending pid.

    Args:
        include_kernel_threads: list these too; they have no memory of their own to scan.

    >>> import os
    >>> any(process.pid == os.getpid() for process in processes())
    True
    """
    arguments.flag("include_kernel_threads", include_kernel_threads)
    running = []
    for pid in sorted(int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()):
        stat = _read_stat(pid)
        if stat is None or _is_over(pid, stat):
            continue
        if stat.is_kernel_thread and not include_kernel_threads:
            continue
        info = _read_process(pid, stat)
        if info is not None:
            running.append(info)
    return running


def process(pid: int) -> ProcessInfo:
    """The process that has this pid, or a thread of this number.

    A process has exited when all its threads have ended: the first may end before others.

    Raises:
        TargetNotFound: there is none, or it has exited.

    >>> import os
    >>> process(os.getpid()).pid == os.getpid()
    True
    """
    pid = arguments.whole("pid", pid, -MAX_PID, MAX_PID)
    stat = _read_stat(pid)
    if stat is not None and _is_over(pid, stat):
        raise TargetNotFound(pid, reason=f"({stat.name}) has exited")
    info = stat and _read_process(pid, stat)
    if not info:
        raise TargetNotFound(pid)
    return info


def has_exited(pid: int) -> bool:
    """Whether a process is gone, or exited and only waits for its parent to notice (a zombie)."""
    stat = _read_stat(pid)
    return stat is None or _is_over(pid, stat)


def _is_over(pid: int, stat: _Stat) -> bool:
    """Whether all threads of a process have ended."""
    return stat.first_has_ended and (stat.threads < 2 or not any_runs(pid))


def find_process(wanted: int | str) -> ProcessInfo:
    """The process that a person means.

    Args:
        wanted: a pid, as a number or in decimal; a thread's number means its process. Or a name:
            that of the process, of its program's file, of its first argument, or of the script
            that an interpreter runs in it. Kernel threads are never found, nor, by name, the
            calling process.

    Raises:
        TargetNotFound: there is none; it has those with near names.
        TargetAmbiguous: several have that name.

    >>> import os
    >>> find_process(os.getpid()).pid == os.getpid()
    True
    """
    if not isinstance(wanted, str):
        pid = arguments.whole("a process", wanted, -MAX_PID, MAX_PID, PID_OR_NAME)
        _check_proc(pid)
        return _find_pid(pid)
    _check_proc(wanted)
    exact, wanted = wanted, wanted.strip()
    is_pid = re.fullmatch("[0-9]{1,10}", wanted) is not None
    if is_pid and _read_stat(int(wanted)) is not None:
        return _find_pid(int(wanted))
    others = [info for info in processes() if info.pid != os.getpid()]
    called = [info for info in others if exact in _names(info)]  # blanks may be part of it
    if not called and exact != wanted:
        called = [info for info in others if wanted in _names(info)]
    if not called:
        raise TargetNotFound(int(wanted) if is_pid else wanted, _near(wanted, others))
    if len(called) > 1:
        raise TargetAmbiguous(wanted, called)
    return called[0]


def _check_proc(wanted: int | str) -> None:
    """Check that /proc tells of the processes that the kernel's calls mean by their pids.

    Raises:
        TargetNotFound: it does not; nothing could be found, or another process would be meant.
    """
    try:
        if int((_PROC / "self").readlink().name) == os.getpid():
            return
        of = "of another PID namespace than farfetch"
    except OSError:
        of = "not mounted here, or of another PID namespace"
    reason = f"cannot be looked for: /proc is {of}; to mount its own: mount -t proc proc /proc"
    raise TargetNotFound(wanted, reason=reason)


def _find_pid(pid: int) -> ProcessInfo:
    stat = _read_stat(pid)
    if stat is not None and stat.is_kernel_thread:
        reason = f"({stat.name}) is a kernel thread, which has no memory of its own"
        raise TargetNotFound(pid, reason=reason)
    return process(pid)


def _names(info: ProcessInfo) -> set[str]:
    """All that people may call a process."""
    names = {info.name}
    if info.exe:
        names.add(basename(info.exe))
    if info.cmdline:
        names.add(basename(info.cmdline[0]))
    if any(map(_INTERPRETERS.fullmatch, names)):
        names.add(basename(_script(info.cmdline)))
    return names - {""}


def _script(cmdline: Sequence[str]) -> str:
    """What an interpreter runs: its first argument that is no option; "" for code in an option."""
    for word in cmdline[1:]:
        if word in ("-c", "-e"):
            return ""
        if not word.startswith("-"):
            return word
    return ""


def basename(path: str) -> str:
    """The last part of a path of Linux, or of Windows as programs in Wine have them."""
    return re.split(r"[/\\]", path)[-1]


def _near(wanted: str, others: Sequence[ProcessInfo]) -> list[ProcessInfo]:
    """Up to five processes whose names look like the one wanted, the likest first."""
    names = {info.pid: {name.lower() for name in _names(info)} for info in others}
    every = sorted(set().union(*names.values()))
    low = wanted.lower()
    near = [name for name in every if low and (low in name or (len(name) > 2 and name in low))]
    near += suggest.near(low, every, 5)
    ranked = [info for name in near for info in others if name in names[info.pid]]
    return list(dict.fromkeys(ranked))[:5]


def _read_stat(pid: int) -> _Stat | None:
    """A process's stat file; None when there is no such process."""
    try:
        raw = (_PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in parentheses and may hold any of them itself.
    start, end = raw.index(b"("), raw.rindex(b")")
    after = raw[end + 2 :].split()  # from field 3 on
    name = os.fsdecode(raw[start + 1 : end])
    numbers = (int(after[field]) for field in (1, 6, 17, 19))
    return _Stat(name, after[0].decode(), *numbers)


def _read_process(pid: int, stat: _Stat) -> ProcessInfo | None:
    """The rest of what is known about a process; None when it has gone meanwhile."""
    first = _PROC / str(pid)
    try:
        status = (first / "status").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    leader = int(_status(status, b"Tgid")[0])
    if leader != pid:  # it is a thread
        stat_of_leader = _read_stat(leader)
        return stat_of_leader and _read_process(leader, stat_of_leader)
    uid = int(_status(status, b"Uid")[1])  # real, effective, saved, file system

    def look(question: Callable[[Path], _Answer | None]) -> _Answer | None:
        return ask(folders(pid) if stat.first_has_ended else [first], question)

    arguments = os.fsdecode(look(lambda folder: (folder / "cmdline").read_bytes()) or b"")
    cmdline = tuple(arguments.removesuffix("\0").split("\0")) if arguments else ()
    try:
        exe = look(lambda folder: str((folder / "exe").readlink()).removesuffix(_DELETED))
    except OSError:
        exe = None
    return ProcessInfo(
        pid=pid,
        name=stat.name,
        exe=exe,
        cmdline=cmdline,
        uid=uid,
        user=_user(uid),
        ppid=stat.ppid,
        started=stat.started,
        bits=look(lambda folder: elf_bits(folder / "exe")),
    )


def _status(status: bytes, field: bytes) -> list[bytes]:
    """The words of a field of a status file."""
    return status.partition(b"\n" + field + b":")[2].partition(b"\n")[0].split()


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
