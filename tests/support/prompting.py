"""Keys for the prompt, and what it shows of them."""

from __future__ import annotations

import re
from collections.abc import Callable

from support.targets import TargetProcess
from support.terminal import Terminal
from support.waiting import wait_for

CTRL_C, CTRL_D, CTRL_L, CTRL_R = "\x03", "\x04", "\x0c", "\x12"
CTRL_U, CTRL_Z = "\x15", "\x1a"
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
PAGE_UP, PAGE_DOWN = "\x1b[5~", "\x1b[6~"

#: So much work for each value that a scan of every address takes a person's time.
LABOUR = " or ".join(f"now * now % {prime} / 3 == 99999{prime}" for prime in (7, 11, 13, 17, 19))

Start = Callable[..., Terminal]


def enter(terminal: Terminal, line: str, shows: str) -> re.Match[str]:
    """Type a line on a cleared screen and wait for a pattern below it and the next prompt."""
    terminal.send(CTRL_L)
    terminal.wait_for(re.compile(r"\Afarfetch>\n"))
    terminal.send(f"{line}\r")
    return terminal.wait_for(
        re.compile(rf"\Afarfetch> [^\n]*\n(?s:.*)({shows})(?s:.*)\nfarfetch>\n", re.MULTILINE)
    )


def toolbar(terminal: Terminal, shows: str) -> None:
    """Wait until the last line of the screen shows a pattern."""
    terminal.wait_for(re.compile(rf"\n[^\n]*{shows}[^\n]*\Z"))


def styled(terminal: Terminal, text: str) -> set[bool]:
    """Whether the cells of the only place that shows a text are shown reversed."""
    lines = terminal.screen()
    (row,) = [number for number, line in enumerate(lines) if text in line]
    begin = lines[row].index(text)
    cells = terminal._screen.buffer[row]
    return {cells[column].reverse for column in range(begin, begin + len(text))}


def until(game: TargetProcess, key: str, value: str) -> None:
    """Wait until the game says so of itself."""
    wait_for(lambda: game.command("status")[key] == value)
