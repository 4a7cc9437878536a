"""Terminals that change their size, are narrow, have no colours, know ASCII only, or are none."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable

import pytest

from support.prompting import CTRL_L, Start, enter, toolbar
from support.targets import TargetProcess

Run = Callable[..., subprocess.CompletedProcess[str]]

#: Python then takes the locale at its word.
ASCII_ONLY = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_the_prompt_takes_another_size(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid, size=(24, 100))
    enter(terminal, "where heap", "^where heap")
    enter(terminal, "100", r"matches? \(")
    terminal.send("list")
    terminal.wait_for(re.compile(r"^farfetch> list", re.MULTILINE))
    terminal.resize(20, 40)
    toolbar(terminal, rf"game \({game.pid}\) alive \| \d+ match(es)? \| i32")
    terminal.send(" 1\r")
    terminal.wait_for(
        re.compile(r"^- INDEX +0\n  ADDRESS +0x\w+\n(?s:.*)\nfarfetch>\n", re.MULTILINE)
    )
    terminal.resize(24, 100)
    toolbar(terminal, r"\| align 4 \| heap \|")
    enter(terminal, "list 1", r"^INDEX +ADDRESS +WHERE +VALUE +PREVIOUS +FIRST$")


def test_watch_takes_another_size(start: Start, game: TargetProcess) -> None:
    health = game.command("addresses")["health_addr"]
    terminal = start("-p", game.pid, size=(24, 100))
    terminal.send(f"watch {health} --every 60\r")
    wide = rf"\A   ENTRY .* WHERE\n>  {health} .* \[heap\]\+0x\w+\n{{22}}Up Down.*\({game.pid}\)\Z"
    terminal.wait_for(re.compile(wide))
    terminal.resize(6, 40)  # cut, the place would look like another one
    narrow = rf"\A   ENTRY +VALUE +CHANGES +TYPE\n>  {health} +100 +0 +i32\n{{4}}Up Down.*\Z"
    terminal.wait_for(re.compile(narrow))
    terminal.resize(24, 100)
    terminal.wait_for(re.compile(wide))
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))


def test_hex_takes_another_size(start: Start, game: TargetProcess) -> None:
    name = game.command("addresses")["name_addr"]
    terminal = start("-p", game.pid, size=(24, 110))
    terminal.send(f"hex {name}\r")
    wide = rf"\A{name}  42 72 c3 bc 6e (.. ){{11}} Br\.\.nhilde\.+  -1128\d+  "
    wide += r"\d+.*\n(.*\n){22}.* \? keys\Z"
    terminal.wait_for(re.compile(wide))
    terminal.resize(6, 40)  # so much of a value would be another one
    terminal.wait_for(
        re.compile(rf"\A{name}  42 72 c3 bc  Br\.\.\n(.*\n){{4}}.* i32 \| q quit.*\Z")
    )
    terminal.resize(24, 110)
    terminal.wait_for(re.compile(wide))
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))


@pytest.mark.parametrize("line", ["help", "help undo", "list 3", "regions heap", "info", "map"])
def test_no_word_is_broken_on_a_narrow_terminal(
    start: Start, farfetch: Run, game: TargetProcess, line: str
) -> None:
    health = game.command("addresses").number("health_addr")
    settings = (f"where {health:#x}..{health + 4:#x}", "100")
    terminal = start("-p", game.pid, size=(250, 40))
    for setting in settings:
        enter(terminal, setting, "^(where|1 match) ")
    terminal.send(f"{CTRL_L}{line}\r")
    terminal.wait_for(re.compile(rf"\Afarfetch> {line}\n(?s:.+)\nfarfetch>\n"))
    lines = terminal.screen()
    shown = {word for one in lines[1 : lines.index("farfetch>")] for word in one.split()}
    arguments = [part for one in (*settings, line) for part in ("-c", one)]
    plain = farfetch("-p", game.pid, *arguments).stdout.split("\n", 2)[2]
    words = {word for word in re.findall(r"\S*[A-Za-z]{3}\S*", plain) if len(word) < 18}
    assert len(words) > 4
    assert words - shown == set()


def test_no_colours(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid, NO_COLOR="1")
    enter(terminal, "where heap", "^where heap")
    enter(terminal, "100", r"matches? \(")
    terminal.send("list 1\r")
    terminal.wait_for(re.compile(r"^ +0 +0x", re.MULTILINE))
    terminal.send('now == == "a"')
    terminal.wait_for('now == == "a"')
    cells = [cell for row in terminal._screen.buffer.values() for cell in row.values()]
    assert {(cell.fg, cell.bg) for cell in cells} == {("default", "default")}


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_dumb_terminal_gets_nothing_but_text(
    start: Start, game: TargetProcess, term: str
) -> None:
    terminal = start("-p", game.pid, size=(40, 40), TERM=term)
    for line, shows in (
        ("where heap", "^where heap"),
        ("100", r"^\d+ match"),
        ("list 1", r"^- INDEX +0\n  ADDRESS +0x\w+$"),
        ("help undo", "^  undo 2$"),
        (f"watch {game.command('addresses')['health_addr']} --every 60", "=100$"),
    ):
        terminal.send(f"{line}\r")
        terminal.wait_for(re.compile(shows, re.MULTILINE))
    assert b"\x1b" not in terminal.received
    assert b" alive |" not in terminal.received  # nor a line at the bottom


@pytest.mark.parametrize("environment", [ASCII_ONLY, {"PYTHONIOENCODING": "ascii"}])
def test_a_terminal_without_unicode(
    start: Start, game: TargetProcess, environment: dict[str, str]
) -> None:
    name = game.command("addresses")["name_addr"]
    terminal = start("-p", game.pid, **environment)
    enter(terminal, "where heap", "^where heap")
    enter(terminal, "100", r"^\d+ matches? \(")
    enter(terminal, "map", r"^0x\w+ .* [.:@=+*#%-]{32} +\[heap\]$")
    enter(terminal, "history", r"^-{20,}$")
    enter(terminal, f"read {name} text[10]", r'^"Br.*nhilde"$')
    enter(terminal, f"table add {name} hero --type text[10]", "hero")
    terminal.send("watch hero\r")
    terminal.wait_for(re.compile(r"^>.*Br.*nhilde", re.MULTILINE))
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
    terminal.send(f"hex {name}\r")
    terminal.wait_for("Br..nhilde")
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
    assert terminal.received.isascii()


def test_no_terminal_at_all(farfetch: Run, game: TargetProcess) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "TERM"}
    address = game.command("addresses")["health_addr"]
    lines = [
        "where heap",
        "100",
        "list 1",
        "map",
        f"watch {address} --for 0.1",
        f"hex {address} 16",
    ]
    done = farfetch(
        *("-p", game.pid),
        stdin="\n".join([*lines, "help undo"]),
        env=environment,
        start_new_session=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    for shown in (
        r"^INDEX +ADDRESS",
        r"^ +START +SIZE",
        rf"{address}=100$",
        r"64 00 00 00",
        "undo 2$",
    ):
        assert re.search(shown, done.stdout, re.MULTILINE), shown
