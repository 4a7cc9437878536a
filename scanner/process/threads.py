"""The threads of a process, any of which shows its memory in /proc.

What /proc/PID says of a process's memory, its program and its arguments it says of the first
thread, and nothing once that has ended, though others may run on; see proc_pid_task(5).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

Answer = TypeVar("Answer")

_PROC: Final = Path("/proc")
_ENDED: Final = b"ZXx"
_LISTINGS: Final = 64  # that are the same, at most


def folders(pid: int) -> Iterator[Path]:
    """Folders in which to look for what all threads of a process share: any may have ended.

    The process's own comes first, then each thread's, until no other appears.
    """
    yield _PROC / str(pid)
    before: list[int] | None = None
    # a thread may start another and end while they are listed, and neither be in the list
    same = 0
    while same < _LISTINGS:
        listed = thread_ids(pid)
        if listed == before:
            if not _others_run(pid):
                return
            same += 1
        before = listed
        yield from (_PROC / str(pid) / "task" / str(thread) for thread in listed)


def thread_ids(pid: int) -> list[int]:
    """The threads of a process, ascending; none when it is gone."""
    try:
        return sorted(int(thread.name) for thread in (_PROC / str(pid) / "task").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return []


def ask(where: Iterable[Path], question: Callable[[Path], Answer | None]) -> Answer | None:
    """The first answer that is one, of the folders where a thread is still there; else None.

    Raises:
        OSError: what the question does, but for threads that are gone.
    """
    for folder in where:
        try:
            answer = question(folder)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if answer:
            return answer
    return None


def read_file(pid: int, name: str) -> bytes:
    """A file about a process's memory; empty when it has none, or is gone.

    Raises:
        PermissionError: the kernel does not let us.
    """
    return ask(folders(pid), lambda folder: (folder / name).read_bytes()) or b""


@contextlib.contextmanager
def opened_root(pid: int) -> Iterator[Path]:
    """The folder that a process sees as ``/``, for as long as the context lasts."""
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        # beside what os.open() returns, 0 is a descriptor too
        opened = ask(folders(pid), lambda folder: (os.open(folder / "root", flags),))
    except OSError:
        opened = None
    if opened is None:
        yield _PROC / str(pid) / "root"
        return
    try:
        yield _PROC / "self" / "fd" / str(opened[0])
    finally:
        os.close(opened[0])


def has_ended(stat: bytes) -> bool:
    """Whether a thread has, by its stat file; see proc_pid_stat(5)."""
    return stat.rpartition(b")")[2].split()[0] in _ENDED


def _others_run(pid: int) -> bool:
    """Whether the first thread of a process has ended and others have not."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return False
    threads = int(stat.rpartition(b")")[2].split()[17])
    return has_ended(stat) and threads > 1


def any_runs(pid: int) -> bool:
    """Whether any thread of a process has not ended."""
    return bool(ask(folders(pid), lambda folder: not has_ended((folder / "stat").read_bytes())))


def has_memory(folder: Path) -> bool:
    """Whether a thread still has its process's memory."""
    return not (folder / "statm").read_bytes().startswith(b"0 ")
