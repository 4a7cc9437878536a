"""Typing at the prompt while a command runs, and how the terminal is left behind."""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections.abc import Iterator

import pytest

from support.prompting import CTRL_C, CTRL_D, CTRL_L, CTRL_Z, LABOUR, Start, enter
from support.targets import TargetProcess
from support.terminal import Terminal
from support.waiting import wait_for

BAR = re.compile(r"^\[#*\.+\] +\d+%, .* of 16\.0 MiB, .*/s", re.MULTILINE)


@pytest.fixture
def big() -> Iterator[TargetProcess]:
    with TargetProcess("big", "16") as one:
        yield one


def scan_slowly(terminal: Terminal, big: TargetProcess) -> None:
    """Begin a scan that takes a person's time, and wait for its bar."""
    enter(terminal, f"where {big.greeting['start']}..{big.greeting['end']}", "^where 0x")
    enter(terminal, "align 1", "^align 1")
    terminal.send(CTRL_L)
    terminal.wait_for(re.compile(r"\Afarfetch>\n"))
    terminal.send(f"first {LABOUR}\r")
    terminal.wait_for(BAR)


def test_what_is_typed_meanwhile_comes_to_the_next_prompts(
    start: Start, big: TargetProcess
) -> None:
    terminal = start("-p", big.pid, size=(20, 200))
    scan_slowly(terminal, big)
    assert not terminal.echoes()
    terminal.send("align 64\rtyr\x7fpe u8\rwhere he")
    terminal.wait_for(
        re.compile(
            r"\Afarfetch> first [^\n]*\n0 matches \([^\n]*\n(?:[^\n]*\? [^\n]*\n)?"
            r"farfetch> align 64\nalign 64\nfarfetch> type u8\ntype u8\nfarfetch> where he"
        )
    )


def test_ctrl_c_throws_away_what_was_typed_meanwhile(start: Start, big: TargetProcess) -> None:
    terminal = start("-p", big.pid, size=(20, 200))
    scan_slowly(terminal, big)
    terminal.send("align 64\r")
    terminal.send(CTRL_C)
    terminal.wait_for(re.compile(r"^farfetch: the scan was cancelled.*\nfarfetch>\n", re.MULTILINE))
    enter(terminal, "align", "^align 1")


def test_the_terminal_is_lent_while_stopped(
    command: tuple[str, ...], state: os.PathLike[str], big: TargetProcess
) -> None:
    farfetch = shlex.join([*command, "-p", str(big.pid)])
    shell = ["bash", "--noprofile", "--norc", "--noediting", "-i"]
    environment = {"XDG_STATE_HOME": str(state), "PS1": "bash> "}
    with Terminal(shell, size=(20, 200), env=environment) as terminal:
        terminal.wait_for("bash>")
        assert terminal.echoes()
        terminal.send(f"{farfetch}\r")
        terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
        scan_slowly(terminal, big)
        terminal.send(CTRL_Z)
        terminal.wait_for(re.compile(r"^bash>$", re.MULTILINE))
        assert terminal.echoes()
        terminal.send("fg\r")
        wait_for(lambda: not terminal.echoes())
        terminal.send("align 64\r")
        terminal.wait_for(re.compile(r"^0 matches \((?s:.*)\nalign 64\nfarfetch>\n", re.MULTILINE))
        terminal.send(CTRL_D)
        terminal.wait_for(re.compile(r"^bash>$", re.MULTILINE))
        assert terminal.echoes()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_given_back_when_a_signal_ends_a_scan(
    start: Start, big: TargetProcess, how: signal.Signals
) -> None:
    terminal = start("-p", big.pid, size=(20, 200))
    scan_slowly(terminal, big)
    assert not terminal.echoes()
    os.kill(terminal.pid, how)
    assert terminal.wait() == -how
    assert terminal.echoes()
