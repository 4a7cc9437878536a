"""Real processes to look at."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start programs that answer a line with a line; they are gone at the end of the test.

    Each has answered its first, so it runs and has all its names and regions.
    """
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str | Path, executable: str | None = None) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [str(argument) for argument in arguments],
            executable=executable,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(child)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Make programs of any name; they answer each line with the same line."""

    def program(name: str) -> Path:
        cat = shutil.which("cat")
        assert cat is not None
        return Path(shutil.copy(cat, tmp_path / name))

    return program


@pytest.fixture
def unheard_of() -> str:
    """A name of 15 bytes, as many as the kernel keeps, that no process has."""
    return f"ff{uuid.uuid4().hex[:13]}"


@pytest.fixture
def zombie() -> Iterator[int]:
    """The pid of a process that has exited and was not waited for."""
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    yield child.pid
    child.wait()


@pytest.fixture
def gone() -> int:
    """A pid that no process has any more."""
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


@pytest.fixture
def as_nobody() -> Callable[[Callable[[], str]], str]:
    """Run a function as a user without rights, in a child of this process.

    Where the tests are run without root's rights, it is run as it is.
    """

    def as_nobody(function: Callable[[], str]) -> str:
        if os.geteuid() != 0:
            return function()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            answer = "failed"
            try:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                answer = function()
            finally:
                os.write(writer, answer.encode())
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        return answer

    return as_nobody
