"""Every way a run can end, but for SIGKILL: patches are undone and frozen values let go."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.child import end
from support.prompting import CTRL_C, CTRL_D, Start, enter
from support.puppet import PAGE, Puppet
from support.terminal import Terminal
from support.waiting import wait_for

COMMAND = (sys.executable, "-m", "farfetch.shell")
OLD, NEW = b"\x11\x22\x33\x44", b"\xde\xad\xbe\xef"
TIMEOUT = 60.0

ENDING = (
    *(signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGALRM, signal.SIGVTALRM),
    *(signal.SIGPROF, signal.SIGXCPU, signal.SIGUSR1, signal.SIGUSR2, signal.SIGIO, signal.SIGPWR),
    *(signal.SIGRTMIN, signal.SIGRTMAX),
)
every_signal = pytest.mark.parametrize("number", ENDING, ids=str)

Farfetch = Callable[..., "subprocess.Popen[str]"]


class Page:
    """A page of a process of our own, with bytes in it that a run patches and freezes."""

    def __init__(self, puppet: Puppet) -> None:
        self.puppet = puppet
        self.at = puppet.reserve(1)
        puppet.map(self.at, 1)
        puppet.write(self.at, OLD)

    @property
    def patch(self) -> str:
        return f"patch {self.at:#x} {NEW.hex(' ')} --undo-at-exit"

    @property
    def freeze(self) -> str:
        return f"freeze {self.at + 64:#x} 5 --every 0.001"

    def is_patched(self) -> bool:
        """Wait until it is patched and something is frozen, which the run does last."""
        wait_for(lambda: self.puppet.read(self.at + 64, 1) == b"\5")
        return self.puppet.read(self.at, 4) == NEW

    def is_let_go(self) -> bool:
        """Whether the old bytes are back, and nothing puts anything else there."""
        self.puppet.write(self.at + 64, b"\0")
        return self.puppet.read(self.at, 4) == OLD and self.puppet.read(self.at + 64, 1) == b"\0"


@pytest.fixture
def page() -> Iterator[Page]:
    with Puppet() as puppet:
        yield Page(puppet)


@pytest.fixture
def farfetch(page: Page, tmp_path: Path) -> Iterator[Farfetch]:
    """Start farfetch on the page's process, with pipes, and without core dumps."""
    running: list[subprocess.Popen[str]] = []

    def begin(
        *arguments: str, prefix: tuple[str, ...] = (), stdout: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen(
                ["prlimit", "--core=0", *prefix, *COMMAND, "-p", str(page.puppet.pid), *arguments],
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
                bufsize=1,
                cwd=tmp_path,
            )
        )
        return running[-1]

    yield begin
    for one in running:
        end(one)
        assert one.stderr is not None
        one.stderr.close()


def tell(process: subprocess.Popen[str], *lines: str) -> None:
    assert process.stdin is not None
    for line in lines:
        process.stdin.write(line + "\n")


def commands(*lines: str) -> tuple[str, ...]:
    return tuple(part for line in lines for part in ("-c", line))


def said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.read()


# Without a prompt


@every_signal
def test_commands(number: signal.Signals, page: Page, farfetch: Farfetch) -> None:
    run = farfetch(*commands(page.patch, page.freeze, "wait forever"))
    assert page.is_patched()
    run.send_signal(number)
    assert run.wait(TIMEOUT) == -number
    assert page.is_let_go()
    assert said(run) == ""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=str)
def test_scripts(number: signal.Signals, page: Page, farfetch: Farfetch, tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner.ff", tmp_path / "outer.ff"
    inner.write_text(f"{page.patch}\n{page.freeze}\nwait forever\n")
    outer.write_text(f"source {inner}\n")
    run = farfetch(str(outer))
    assert page.is_patched()
    run.send_signal(number)
    assert run.wait(TIMEOUT) == -number
    assert page.is_let_go()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=str)
def test_a_pipe_that_is_waited_for(number: signal.Signals, page: Page, farfetch: Farfetch) -> None:
    run = farfetch("--json")
    tell(run, page.patch, page.freeze)
    assert page.is_patched()
    run.send_signal(number)
    assert run.wait(TIMEOUT) == -number
    assert page.is_let_go()


def test_a_scan(page: Page, farfetch: Farfetch) -> None:
    labour = " or ".join(f"now * now % {prime} / 3 == 99999" for prime in (7, 11, 13, 17))
    run = farfetch("--json")
    tell(run, "align 1", page.patch, page.freeze, f"first {labour}")
    assert page.is_patched()
    run.send_signal(signal.SIGTERM)
    assert run.wait(TIMEOUT) == -signal.SIGTERM
    assert page.is_let_go()


def test_ctrl_c_before_anything_else_is_asked(page: Page, farfetch: Farfetch) -> None:
    run = farfetch("--json")
    tell(run, page.patch, page.freeze)
    assert run.stdout is not None
    assert all(json.loads(run.stdout.readline())["ok"] for _ in range(2))
    assert page.is_patched()
    run.send_signal(signal.SIGINT)
    assert run.wait(TIMEOUT) == 1
    assert page.is_let_go()
    assert said(run) == ""


def test_the_end_of_a_pipe(page: Page, farfetch: Farfetch) -> None:
    run = farfetch("--json")
    tell(run, page.patch, page.freeze)
    assert page.is_patched()
    assert run.stdin is not None
    run.stdin.close()
    assert run.wait(TIMEOUT) == 0
    assert page.is_let_go()


@pytest.mark.parametrize("last", ["quit", "expect value PAGE == 1", "detach"])
def test_commands_that_end(last: str, page: Page, farfetch: Farfetch) -> None:
    last = last.replace("PAGE", f"{page.at:#x}")
    run = farfetch(*commands(page.patch, page.freeze, last))
    assert run.wait(TIMEOUT) == (1 if "expect" in last else 0)
    assert page.is_let_go()


def test_nobody_reads_the_answers(page: Page, farfetch: Farfetch) -> None:
    run = farfetch("--json")
    tell(run, page.patch, page.freeze)
    assert page.is_patched()
    assert run.stdout is not None
    assert run.stdout.readline()
    assert run.stdout.readline()
    run.stdout.close()
    tell(run, "info")
    assert run.wait(TIMEOUT) == 1
    assert page.is_let_go()


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_nobody_reads_what_does_not_change(
    page: Page, farfetch: Farfetch, options: tuple[str, ...]
) -> None:
    """It is not watched for ever, and what reads no more is no error to speak of."""
    run = farfetch(*options, *commands("info", f"watch {page.at:#x}"))
    assert run.stdout is not None
    assert run.stdout.readline()
    run.stdout.close()
    assert run.wait(TIMEOUT) == 1
    assert said(run) == ""


def test_answers_that_cannot_be_written(page: Page) -> None:
    line = shlex.join([*COMMAND, "-p", str(page.puppet.pid), *commands(page.freeze, page.patch)])
    done = subprocess.run(
        ["sh", "-c", f"{line} > /dev/full"], stderr=subprocess.PIPE, check=False, timeout=TIMEOUT
    )
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert page.is_let_go()


def test_signals_that_are_ignored_from_the_start_end_nothing(
    page: Page, farfetch: Farfetch
) -> None:
    run = farfetch("--json", prefix=("sh", "-c", 'trap "" HUP; exec "$@"', "sh"))
    tell(run, page.patch, page.freeze)
    assert page.is_patched()
    run.send_signal(signal.SIGHUP)
    tell(run, "info")
    assert run.stdout is not None
    assert [json.loads(run.stdout.readline())["ok"] for _ in range(3)] == [True] * 3
    assert page.puppet.read(page.at, 4) == NEW


# While it is patched, and while that is undone


def patches(page: Page, count: int) -> list[str]:
    return [f"patch {page.at + 256 + at:#x} ff --undo-at-exit" for at in range(count)]


@pytest.mark.parametrize("reached", [1, 20, 150])
def test_a_signal_while_it_patches(
    reached: int, page: Page, farfetch: Farfetch, tmp_path: Path
) -> None:
    script = tmp_path / "patches.ff"
    script.write_text("\n".join([*patches(page, 300), "wait forever\n"]))
    run = farfetch(str(script), stdout=subprocess.DEVNULL)
    last = page.at + 256 + reached
    wait_for(lambda: page.puppet.read(last, 1) == b"\xff")
    run.send_signal(signal.SIGTERM)
    assert run.wait(TIMEOUT) == -signal.SIGTERM
    assert page.puppet.read(page.at + 256, PAGE - 256) == bytes(PAGE - 256)


@pytest.mark.parametrize("more", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=str)
def test_signals_without_end(
    more: signal.Signals, page: Page, farfetch: Farfetch, tmp_path: Path
) -> None:
    script = tmp_path / "patches.ff"
    script.write_text("\n".join([*patches(page, 200), page.freeze, "wait forever\n"]))
    run = farfetch(str(script), stdout=subprocess.DEVNULL)
    wait_for(lambda: page.puppet.read(page.at + 64, 1) == b"\5")
    run.send_signal(signal.SIGTERM)
    while run.poll() is None:
        run.send_signal(more)
    assert run.wait(TIMEOUT) in (-signal.SIGTERM, -more)  # whichever was handled first
    assert page.puppet.read(page.at + 256, 200) == bytes(200)
    assert page.is_let_go()


def test_interrupts_without_end(page: Page, farfetch: Farfetch, tmp_path: Path) -> None:
    script = tmp_path / "patches.ff"
    script.write_text("\n".join([*patches(page, 200), page.freeze, "wait forever\n"]))
    run = farfetch(str(script), stdout=subprocess.DEVNULL)
    wait_for(lambda: page.puppet.read(page.at + 64, 1) == b"\5")
    while run.poll() is None:
        run.send_signal(signal.SIGINT)
    assert run.wait(TIMEOUT) in (0, 1, -signal.SIGINT)  # it may come behind the end, too
    assert page.puppet.read(page.at + 256, 200) == bytes(200)
    assert page.is_let_go()


def test_what_cannot_be_undone_keeps_nothing_else_from_it(page: Page, farfetch: Farfetch) -> None:
    run = farfetch(
        *commands(
            *(page.patch, f"patch {page.at + 32:#x} 01 --undo-at-exit"),
            *(f"patch {page.at + 128:#x} 02 --undo-at-exit", page.freeze, "wait forever"),
        )
    )
    assert page.is_patched()
    page.puppet.write(page.at + 32, b"\x77")
    run.send_signal(signal.SIGTERM)
    assert run.wait(TIMEOUT) == -signal.SIGTERM
    assert "is no longer there" in said(run)
    assert page.is_let_go()
    assert page.puppet.read(page.at + 32, 1) == b"\x77"
    assert page.puppet.read(page.at + 128, 1) == b"\0"


# On a terminal


def prompt(page: Page, start: Start) -> Terminal:
    terminal = start("-p", page.puppet.pid, size=(24, 200))
    enter(terminal, page.patch, "kept")
    enter(terminal, page.freeze, "frozen")
    assert page.is_patched()
    return terminal


@every_signal
def test_the_prompt(number: signal.Signals, page: Page, start: Start) -> None:
    terminal = prompt(page, start)
    os.kill(terminal.pid, number)
    assert terminal.wait() == -number
    assert page.is_let_go()
    assert terminal.echoes()


@pytest.mark.parametrize(
    "line", ["wait forever", "watch WHERE", "hex WHERE", "watch WHERE --for 1000"]
)
def test_what_the_prompt_is_doing(line: str, page: Page, start: Start) -> None:
    terminal = prompt(page, start)
    terminal.send(line.replace("WHERE", f"{page.at:#x}") + "\r")
    terminal.wait_for({"wai": "forever\n", "hex": "q quit"}.get(line[:3], f"{page.at:#x}"))
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait() == -signal.SIGTERM
    assert page.is_let_go()
    assert terminal.echoes()


@pytest.mark.parametrize("typed", ["watch", "watch WHERE --for 1000", "freeze WHERE 5 --al"])
def test_while_something_is_typed(typed: str, page: Page, start: Start) -> None:
    terminal = prompt(page, start)
    for _ in range(4):
        terminal.send(typed.replace("WHERE", f"{page.at:#x}"))
        terminal.wait_for(typed.rpartition(" ")[2])
        terminal.send("\x15")
    terminal.send(typed.replace("WHERE", f"{page.at:#x}") + "\r")
    os.kill(terminal.pid, signal.SIGTERM)  # also while completion runs, which keeps exceptions
    assert terminal.wait() == -signal.SIGTERM
    assert page.is_let_go()
    assert terminal.echoes()


def test_ctrl_d(page: Page, start: Start) -> None:
    terminal = prompt(page, start)
    terminal.send(CTRL_D)
    assert terminal.wait() == 0
    assert page.is_let_go()


def test_ctrl_c_ends_nothing(page: Page, start: Start) -> None:
    terminal = prompt(page, start)
    terminal.send("some words" + CTRL_C)
    enter(terminal, "info", "target")
    assert page.puppet.read(page.at, 4) == NEW


@pytest.mark.parametrize("line", ["", "wait forever", "watch WHERE", "hex WHERE"])
def test_the_terminal_is_closed(line: str, page: Page, start: Start) -> None:
    terminal = prompt(page, start)
    if line:
        terminal.send(line.replace("WHERE", f"{page.at:#x}") + "\r")
        terminal.wait_for({"wai": "forever\n"}.get(line[:3], "q quit"))
    assert terminal.hang_up() == -signal.SIGHUP
    assert page.is_let_go()


def test_the_terminal_of_commands_is_closed(page: Page, command: tuple[str, ...]) -> None:
    lines = commands(page.patch, page.freeze, "wait forever")
    with Terminal([*command, "-p", str(page.puppet.pid), *lines]) as terminal:
        assert page.is_patched()
        assert terminal.hang_up() == -signal.SIGHUP
    assert page.is_let_go()


def test_the_terminal_is_closed_and_nohup_ignores_it(
    page: Page, command: tuple[str, ...], state: Path
) -> None:
    ignoring = ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")
    with Terminal(
        [*ignoring, *command, "-p", str(page.puppet.pid)],
        env={"XDG_STATE_HOME": str(state)},
        size=(24, 200),
    ) as terminal:
        terminal.wait_for("farfetch>")
        enter(terminal, page.patch, "kept")
        enter(terminal, page.freeze, "frozen")
        terminal.hang_up()
    assert page.is_let_go()
