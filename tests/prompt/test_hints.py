"""What a command still takes stands behind the cursor."""

from __future__ import annotations

import re

import pytest
from farfetch.shell.commands import COMMANDS
from farfetch.shell.complete.hints import hint

from support.prompting import Start


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("", ""),
        ("se", ""),
        ("set", ""),
        ("set ", "PLACES VALUE [--force]"),
        ("  set 0 ", "VALUE [--force]"),
        ("set 0", ""),
        ("set 0 5 ", "[--force]"),
        ("read ", "ADDR [TYPE]"),
        ("read 0x10 ", "[TYPE]"),
        ("watch 0 ", "[--for SECONDS] [--every SECONDS] [--force]"),
        ("list ", "[N|FROM..TO | START COUNT | + | -] [--csv FILE [--force]]"),
        ("list 5 ", "[--csv FILE [--force]]"),
        ("detach ", ""),
        ("now == ", ""),
    ],
)
def test_what_is_missing(line: str, shown: str) -> None:
    assert hint(line, COMMANDS) == shown


def test_hints_are_drawn_and_not_typed(start: Start) -> None:
    terminal = start()
    terminal.send("read ")
    terminal.wait_for("farfetch> read ADDR [TYPE]")
    terminal.send("0x10 ")
    terminal.wait_for("farfetch> read 0x10 [TYPE]")
    terminal.send("\r")
    terminal.wait_for("farfetch> read 0x10\nfarfetch: no target")


def test_no_hints_where_they_would_look_typed(start: Start) -> None:
    terminal = start(NO_COLOR="1")
    terminal.send("write \r")
    terminal.wait_for("farfetch: no target")
    terminal.send("write ")
    terminal.wait_for(re.compile(r"^farfetch> write$", re.MULTILINE))
    terminal.send("0x10 ")
    terminal.wait_for(re.compile(r"^farfetch> write 0x10$", re.MULTILINE))


def test_lines_typed_before_are_searched(start: Start) -> None:
    terminal = start()
    for line in ("align 64", "align 2", "type u8"):
        terminal.send(f"{line}\r")
        terminal.wait_for(re.compile(rf"^{line}$", re.MULTILINE))
    terminal.send("\x126")
    terminal.wait_for("(reverse-i-search)`6': align 64")
    terminal.send("\r\r")
    terminal.wait_for(re.compile(r"u8 *\nfarfetch> align 64\nalign 64"))
