"""The programs the tests drive: targets, and the C caller, each a line at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing_extensions import Self

PAGE = os.sysconf("SC_PAGESIZE")
TARGETS = Path(os.environ["FARFETCH_TARGETS"]) / "pie"
CALLER = Path(os.environ["FARFETCH_CALLER"])
CALLER_32 = Path(os.environ["FARFETCH_CALLER_32"])
HOP = Path(os.environ["FARFETCH_HOP"])
STALL = Path(os.environ["FARFETCH_STALL"])
MODULE = Path(os.environ["FARFETCH_MODULE"])
WAYS = os.environ["FARFETCH_WAYS"].split()
# The module has procfs decide who may, as it must where the kernel exports nothing.
ASKS_PROCFS = os.environ["FARFETCH_ACCESS"] == "procfs"
DEBUG_KERNEL = os.environ["FARFETCH_DEBUG_KERNEL"] == "1"
# For what takes minutes on a debug kernel: there by the system call only, since Debian's kernels
# show it by the device.
SLOW_WAYS = WAYS[:1] if DEBUG_KERNEL else WAYS
# 5.13 brought it; Debian's kernels from then on and ours have it.
LANDLOCK = tuple(map(int, os.uname().release.split(".")[:2])) >= (5, 13)
PARAMETERS = Path("/sys/module/farfetch/parameters")
# As the module was loaded, before any test.
FORCES = (PARAMETERS / "force").read_text().strip()


def lasting(seconds: float) -> Iterator[None]:
    """Go round and round for a while, four times at least.

    A round counts as a quarter of it at most: where the machine stands still, or is slow,
    that is no time that anything came to pass in. A storm of the caller's lasts as long.
    """
    left = seconds
    before = time.monotonic()
    while left > 0:
        yield
        now = time.monotonic()
        left -= min(now - before, seconds / 4)
        before = now


class Program:
    """A process that answers a line with ``key=value`` lines and an empty one.

    Attributes:
        greeting: what it said when it started.
        pid: its own word for its pid.
    """

    def __init__(
        self, command: Sequence[str | Path], *, prepare: Callable[[], None] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            bufsize=1,
            preexec_fn=prepare,
        )
        self.greeting = self.answer()
        self.pid = int(self.greeting["pid"])

    def answer(self) -> dict[str, str]:
        """Read one answer; EOFError if the process ended instead."""
        assert self.process.stdout is not None
        words: dict[str, str] = {}
        for line in self.process.stdout:
            if line == "\n":
                return words
            key, _, value = line.rstrip("\n").partition("=")
            words[key] = value
        raise EOFError(f"{self.process.args!r} ended with {self.process.wait(60)}")

    def send(self, line: str) -> None:
        """Send a line without waiting for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def ask(self, line: str = "") -> dict[str, str]:
        """Send a line and return its answer."""
        self.send(line)
        return self.answer()

    def address(self, key: str = "addr") -> int:
        """Return an address from the greeting."""
        return int(self.greeting[key], 16)

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Result(NamedTuple):
    """What a call came to.

    Attributes:
        error: the errno's name, or an empty string.
        done: the bytes copied, -1 on an error.
        content: the bytes a read copied; at most the first 64 KiB.
    """

    error: str
    done: int
    content: bytes = b""


def result(words: dict[str, str]) -> Result:
    """Make a Result of the caller's answer."""
    number = int(words["errno"])
    return Result(
        error=errno.errorcode[number] if number else "",
        done=int(words["result"]),
        content=bytes.fromhex(words.get("bytes", "")),
    )


def denied(name: str) -> Result:
    """Return the result of a call that fails."""
    return Result(name, -1)


class Caller(Program):
    """The C program that makes the calls."""

    def __init__(
        self,
        command: Sequence[str | Path] = (CALLER,),
        *,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(command, prepare=prepare)

    def call(
        self,
        way: str,
        operation: str | int,
        pid: int,
        address: int,
        length: int,
        buffer: str = "good",
        content: bytes = b"",
    ) -> Result:
        """Make one call; the words are the C program's."""
        line = f"call {way} {operation} {pid} {address:#x} {length:#x} {buffer}"
        return result(self.ask(f"{line} {content.hex()}" if content else line))

    def must(self, line: str) -> None:
        """Have it change something about itself; it must be able to."""
        words = self.ask(line)
        assert words["errno"] == "0", f"{line}: {os.strerror(int(words['errno']))}"


def set_parameter(name: str, value: str) -> None:
    """Set a parameter of the loaded module."""
    (PARAMETERS / name).write_text(value)


class Route:
    """One way in and one mode.

    Attributes:
        way: ``syscall`` or ``device``.
        mode: ``gup`` or ``walk``.
    """

    def __init__(self, way: str, mode: str, caller: Caller) -> None:
        self.way = way
        self.mode = mode
        self.caller = caller
        # The device is told with each call, the system call by the parameter.
        if way == "syscall":
            set_parameter("mode", mode)
        else:
            set_parameter("mode", "walk" if mode == "gup" else "gup")

    @property
    def word(self) -> str:
        """What the caller calls it."""
        return "syscall" if self.way == "syscall" else self.mode

    @property
    def walks(self) -> bool:
        """Say whether the mode is walk."""
        return self.mode == "walk"

    def read(self, pid: int, address: int, length: int, buffer: str = "good") -> Result:
        """Read from a target."""
        return self.caller.call(self.word, "read", pid, address, length, buffer)

    def write(self, pid: int, address: int, content: bytes) -> Result:
        """Write to a target."""
        return self.caller.call(self.word, "write", pid, address, len(content), content=content)
