"""Start the programs of ``targets/`` and talk to them.

How they talk is in ``targets/README.md``: a command is a line, an answer is ``key=value`` lines
and an empty one. Nothing here sleeps: each wait is for output, or for the end of a process.
"""

from __future__ import annotations

import fcntl
import functools
import os
import platform
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from support.child import Child

ROOT = Path(__file__).resolve().parents[2]

#: The builds this machine has; only x86-64 makes 32-bit programs of its own kind.
BUILDS = ("pie", "static", "m32") if platform.machine() == "x86_64" else ("pie", "static")

#: Run a test once for every build: it sets what the ``build`` fixture gives to ``spawn``.
every_build = pytest.mark.parametrize("build", BUILDS)


class TargetError(Exception):
    """A target did not answer as it should.

    Attributes:
        output: what it wrote of the answer, as it came.
    """

    def __init__(self, message: str, output: str) -> None:
        super().__init__(f"{message}; so far it wrote: {output!r}")
        self.output = output


class TargetTimeoutError(TargetError):
    """The answer, or the end, did not come in time."""


class TargetEndedError(TargetError):
    """The target closed its output before the answer was whole."""


class TargetRefusedError(TargetError):
    """The target answered ``error=…``."""


class Answer(dict[str, str]):
    """What a target answered, by key."""

    def number(self, key: str) -> int:
        """Return a decimal number or a ``0x…`` address as an int."""
        return int(self[key], 0)


def targets_folder() -> Path:
    """Return the folder that holds ``BUILD/NAME``; ``FARFETCH_TARGETS`` names another one."""
    return Path(os.environ.get("FARFETCH_TARGETS", ROOT / "build" / "targets")).resolve()


@functools.cache
def build_targets(build: str) -> Path:
    """Make every target of one build, once a session, and return its folder."""
    return make_targets(f"BUILDS={build}") / build


def make_targets(*words: str) -> Path:
    """Call make for targets, one session after the other, and return the folder of builds."""
    folder = targets_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:  # test sessions may share the folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            ["make", "-C", ROOT / "targets", f"OUT={folder}", *words],
            capture_output=True,
            text=True,
            check=False,
        )
    if made.returncode != 0:
        raise RuntimeError(f"make -C targets {' '.join(words)} failed:\n{made.stderr}")
    return folder


def target_path(name: str, build: str = "pie") -> Path:
    """Return the program file of a target, made if need be."""
    path = build_targets(build) / name
    if not path.exists():
        raise FileNotFoundError(f"no target is called {name}: {path}")
    return path


class TargetProcess(Child):
    """A running target; a context manager that kills it, and only it, on exit.

    Args:
        name: the target's name.
        arguments: its command line after the name.
        build: one of ``BUILDS``.
        timeout: seconds that an answer may take, unless a call says otherwise.
        prefix: a command that execs the rest of its line, such as ``("setarch", "-R")``.
        env: its environment, if not ours.
        program: a copy of it to run, whose name nobody else's process has.

    Attributes:
        greeting: what it said when it started.
    """

    def __init__(
        self,
        name: str,
        *arguments: str,
        build: str = "pie",
        timeout: float = 60.0,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        program: Path | None = None,
    ) -> None:
        self.name = name
        self.timeout = timeout
        self._received = b""
        super().__init__(
            subprocess.Popen(
                [*prefix, program or target_path(name, build), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env=env,
            )
        )
        try:
            self.greeting = self.answer()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<{self.name} {self.pid}>"

    def send(self, line: str = "") -> None:
        """Send a command and do not wait for what it answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def answer(self, timeout: float | None = None) -> Answer:
        """Wait for the next answer.

        Raises:
            TargetTimeoutError: it did not come within ``timeout`` seconds.
            TargetEndedError: the output ended first.
            TargetRefusedError: it is an error.
        """
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while not (end := self._answer_end()):
            self._receive(deadline)
        whole, self._received = self._received[:end], self._received[end:]
        text = _decode(whole)
        answer = Answer(line.partition("=")[::2] for line in text.splitlines() if line)
        if "error" in answer:
            raise TargetRefusedError(f"{self!r} refused: {answer['error']}", text)
        return answer

    def command(self, line: str = "", timeout: float | None = None) -> Answer:
        """Send a command and wait for its answer; raises as :meth:`answer` does."""
        self.send(line)
        return self.answer(timeout)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the target has ended by itself and return its exit code."""
        if self._process.returncode is None:
            ended = os.pidfd_open(self.pid)
            try:
                seconds = self.timeout if timeout is None else timeout
                if not _readable(ended, time.monotonic() + seconds):
                    raise TargetTimeoutError(f"{self!r} goes on", _decode(self._received))
            finally:
                os.close(ended)
        return self._process.wait()

    def quit(self, timeout: float | None = None) -> int:
        """Ask the target to end and return its exit code."""
        self.send("quit")
        return self.wait(timeout)

    def _answer_end(self) -> int:
        """Return the length of the first whole answer received; 0 if there is none."""
        if self._received.startswith(b"\n"):
            return 1
        return self._received.find(b"\n\n") + 2 if b"\n\n" in self._received else 0

    def _receive(self, deadline: float) -> None:
        assert self._process.stdout is not None
        if not _readable(self._process.stdout.fileno(), deadline):
            raise TargetTimeoutError(f"{self!r} does not answer", _decode(self._received))
        received = os.read(self._process.stdout.fileno(), 65536)
        if not received:
            raise TargetEndedError(f"{self!r} ended its output", _decode(self._received))
        self._received += received


class Spawn(Protocol):
    """The type of the ``spawn`` fixture: :class:`TargetProcess`, with ``build`` set by the test."""

    def __call__(
        self,
        name: str,
        *arguments: str,
        build: str | None = None,
        timeout: float = 60.0,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> TargetProcess: ...


def _decode(output: bytes) -> str:
    """Targets answer in UTF-8, but a test may have written anything into their texts."""
    return output.decode(errors="backslashreplace")


def _readable(fd: int, deadline: float) -> bool:
    """Wait until ``fd`` has something to read; false when the deadline passes first."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
