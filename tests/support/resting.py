"""A program that waits in one system call, and says what came of it when it is over."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from farfetch.scanner import Target, TargetNotFound, attach

from support.child import Child, end
from support.compiled import compiled
from support.waiting import wait_for

_SOURCE: Final = Path(__file__).with_suffix(".c")
#: Calls with a time limit, with the rest of which the kernel goes on after a stop, and how they
#: end then; clock_nanosleep and condition answer by what they return.
EXACT: Final = {
    "poll": "0 0",
    "ppoll": "0 0",
    "select": "0 0",
    "nanosleep": "0 0",
    "clock_nanosleep": "0 0",
    "condition": "-110 0",
    "futex": "-1 ETIMEDOUT",
}
#: Calls with a time limit, which are begun again with the whole of it.
ANEW: Final = {
    "epoll": "0 0",
    "epoll_pwait": "0 0",
    "sigtimedwait": "-1 EAGAIN",
    "semaphore": "-1 EAGAIN",
    "recv": "-1 EAGAIN",
}
#: Calls that a line on standard input ends, and how.
ENDLESS: Final = {"read": "1 0", "wait": "1 0", "queued": "42 0"}


def build(folder: Path, bits: int = 64) -> Path:
    """Compile it."""
    return compiled(_SOURCE, folder, bits)


class TooSoonError(Exception):
    """Its call was over before what was to be done meanwhile."""


def patiently(work: Callable[[int], None]) -> None:
    """Do something during a call of so many milliseconds, or of more where these were too few."""
    for milliseconds in (300, 3_000):
        with suppress(TooSoonError):
            work(milliseconds)
            return
    work(30_000)


class Resting(Child):
    """The program, running, and in its call.

    Args:
        program: that :func:`build` made.
        kind: of its call.
        milliseconds: its limit.
        leaderless: whether its first thread ends, and another one waits.

    Attributes:
        code: the address of a function of it that never runs, but for the kind ``handler``.
    """

    def __init__(
        self, program: Path, kind: str, milliseconds: int = 3000, *, leaderless: bool = False
    ) -> None:
        command = [str(program), kind, str(milliseconds), *(["leaderless"] if leaderless else [])]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        super().__init__(process)
        self.process = process
        self._name = program.name
        assert process.stdout
        self.code = int(process.stdout.readline(), 16)
        try:
            assert process.stdout.readline() == "calls\n"
            wait_for(lambda: self._rests(kind, 1 + (leaderless or "beside" in kind)))
            wait_for(lambda: not leaderless or self.over() or self.state(0) == "Z")
        except BaseException:
            self.close()
            raise

    def _rests(self, kind: str, count: int) -> bool:
        if self.over():
            raise TooSoonError
        states = "R" if kind == "loop" else "D" if "vfork" in kind else "S"
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ends meanwhile
            thread = self.threads[-1]
            if kind == "handler":
                reads = {64: "0 0x0 ", 32: "3 0x0 "}[64 if "64" in self._name else 32]
                return self._file(thread, "syscall").startswith(reads)
            if "filtered" in kind and "\nSeccomp:\t2\n" not in self._file(thread, "status"):
                return False
            return len(self.threads) >= count and self.state(-1) in states
        return False

    def attach(self) -> Target:
        """Attach to it."""
        try:
            return attach(self.pid)
        except TargetNotFound as error:
            raise TooSoonError from error

    @property
    def threads(self) -> list[int]:
        """Its threads' ids."""
        return sorted(int(one.name) for one in Path(f"/proc/{self.pid}/task").iterdir())

    def state(self, thread: int) -> str:
        """What one of its threads does, by its place among them, as in proc_pid_stat(5)."""
        stat = Path(f"/proc/{self.pid}/task/{self.threads[thread]}/stat").read_text()
        return stat.rpartition(")")[2].split()[0]

    def _file(self, thread: int, name: str) -> str:
        return Path(f"/proc/{self.pid}/task/{thread}/{name}").read_text()

    def over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def result(self, said: str = "") -> str:
        """What its call returned, its error, and the signals that were handled; it is over then."""
        out, _ = self.process.communicate(said or None, timeout=60)
        assert self.process.returncode == 0
        return str(out).strip()

    def close(self) -> None:
        """End it."""
        end(self.process)
