"""Fixtures that run the farfetch command beside real targets."""

from __future__ import annotations

import fcntl
import json
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.prompting import Start
from support.targets import TargetProcess
from support.terminal import Terminal
from support.waiting import wait_for

COMMAND = (sys.executable, "-m", "farfetch.shell")
TIMEOUT = 60.0


@pytest.fixture(autouse=True)
def _no_state_of_the_user(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    """What a session leaves behind is not left to who runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(state))


@pytest.fixture
def game() -> Iterator[TargetProcess]:
    with TargetProcess("game") as running:
        yield running


@pytest.fixture
def command() -> tuple[str, ...]:
    """The farfetch command."""
    return COMMAND


@pytest.fixture
def farfetch() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the farfetch command to its end."""

    def run(
        *arguments: object, stdin: str = "", **options: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            **options,
        )

    return run


@pytest.fixture
def answers(
    farfetch: Callable[..., subprocess.CompletedProcess[str]],
) -> Callable[..., list[dict[str, Any]]]:
    """Run commands on a process and give their JSON answers, all of which must be ok."""

    def run(pid: int, *commands: str) -> list[dict[str, Any]]:
        arguments = [part for one in commands for part in ("-c", one)]
        done = farfetch("--json", "-p", pid, *arguments)
        given = [json.loads(line) for line in done.stdout.splitlines()]
        assert (done.returncode, done.stderr) == (0, ""), done
        assert all(answer["ok"] for answer in given)
        assert len(given) == len(commands)
        return given

    return run


class Driver:
    """A farfetch at the other end of two pipes, as a program drives it."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--json", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def ask(self, line: str) -> dict[str, Any]:
        """Send a line and wait for its answer before anything else is sent."""
        self.send(line)
        return self.answer()

    def send(self, line: str) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")

    def wait_until_it_waits(self) -> None:
        """Wait until it has read the line that was sent, and sleeps over it."""
        assert self.process.stdin is not None
        pipe = self.process.stdin.fileno()
        stat = Path(f"/proc/{self.process.pid}/stat")

        def sleeps() -> bool:
            unread = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]
            return not unread and stat.read_bytes().rpartition(b")")[2].split()[0] == b"S"

        wait_for(sleeps)

    def answer(self) -> dict[str, Any]:
        """Wait for an answer."""
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def error(self, line: str) -> dict[str, Any]:
        """Send a line that fails and give its error."""
        answer = self.ask(line)
        assert not answer["ok"], answer
        error: dict[str, Any] = answer["error"]
        return error

    def end(self) -> int:
        """Close the pipe and give the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(TIMEOUT)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def drive() -> Iterator[Callable[..., Driver]]:
    """Start farfetch behind pipes."""
    running: list[Driver] = []

    def start(*arguments: object) -> Driver:
        running.append(Driver(*arguments))
        return running[-1]

    yield start
    for driver in running:
        driver.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def start(command: tuple[str, ...], state: Path) -> Iterator[Start]:
    """Start farfetch on a terminal and wait for its prompt."""
    running: list[Terminal] = []

    def begin(
        *arguments: object, size: tuple[int, int] = (40, 110), **environment: str
    ) -> Terminal:
        terminal = Terminal(
            [*command, *map(str, arguments)],
            size=size,
            env={"XDG_STATE_HOME": str(state), **environment},
        )
        running.append(terminal)
        terminal.wait_for(re.compile("^farfetch>$", re.MULTILINE))
        return terminal

    yield begin
    for terminal in running:
        terminal.close()
