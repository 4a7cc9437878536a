"""What hands expect of a prompt: each is typed on a real terminal, and the screen is read."""

from __future__ import annotations

import os
import re
import shlex
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.prompting import CTRL_C, CTRL_L, Start, enter, toolbar
from support.puppet import PAGE, Puppet
from support.targets import TargetProcess
from support.terminal import Terminal
from support.waiting import wait_for

CTRL_Z = "\x1a"
ESCAPE = "\x1b"
TAB = "\t"
PROMPT = re.compile(r"^farfetch>$", re.MULTILINE)
PAGES = 2
COUNT = PAGES * PAGE // 4


class Field:
    """Pages of a process of our own, with the numbers from 0 on in them."""

    def __init__(self, puppet: Puppet) -> None:
        self.puppet, self.at = puppet, puppet.reserve(PAGES)
        puppet.map(self.at, PAGES)
        puppet.write(self.at, struct.pack(f"<{COUNT}i", *range(COUNT)))

    @property
    def where(self) -> str:
        return f"where {self.at:#x}..{self.at + PAGES * PAGE:#x}"


@pytest.fixture
def field() -> Iterator[Field]:
    with Puppet() as puppet:
        yield Field(puppet)


# ---- Ctrl-Z and Escape ----


@pytest.fixture
def bash(command: tuple[str, ...], state: os.PathLike[str], field: Field) -> Iterator[Terminal]:
    """A shell with job control, in which the prompt has begun."""
    shell = ["bash", "--noprofile", "--norc", "--noediting", "-i"]
    environment = {"XDG_STATE_HOME": str(state), "PS1": "bash> "}
    with Terminal(shell, size=(20, 150), env=environment) as terminal:
        terminal.wait_for("bash>")
        terminal.send(shlex.join([*command, "-p", str(field.puppet.pid)]) + "\r")
        terminal.wait_for(PROMPT)
        yield terminal


def test_ctrl_z_suspends_the_prompt(bash: Terminal) -> None:
    bash.send(CTRL_Z)
    bash.wait_for(re.compile(r"^bash>$", re.MULTILINE))
    assert bash.echoes()
    bash.send("fg\r")
    bash.wait_for(PROMPT)
    bash.send("align 64\r")
    bash.wait_for(re.compile(r"^align 64\nfarfetch>$", re.MULTILINE))


def test_ctrl_z_suspends_a_screen(bash: Terminal, field: Field) -> None:
    bash.send(f"hex {field.at:#x}\r")
    bash.wait_for(re.compile(rf"^{field.at:#x}  00 00 00 00 01", re.MULTILINE))
    bash.send(CTRL_Z)
    bash.wait_for(re.compile(r"^bash>$", re.MULTILINE))
    assert bash.echoes()
    bash.send("fg\r")
    bash.wait_for(re.compile(rf"^{field.at:#x}  00 00 00 00 01", re.MULTILINE))
    bash.send("q")
    bash.wait_for(PROMPT)


@pytest.mark.parametrize("keys", [ESCAPE, ESCAPE + ESCAPE, "q" + ESCAPE])
def test_escape_in_a_screen_is_nothing_to_the_prompt(start: Start, field: Field, keys: str) -> None:
    terminal = start("-p", field.puppet.pid)
    terminal.send(f"hex {field.at:#x}\r")
    terminal.wait_for(re.compile(rf"^{field.at:#x}  00 00", re.MULTILINE))
    terminal.send(keys)
    terminal.wait_for(PROMPT)
    terminal.send("l")  # behind an Escape it would be Alt-L, which writes words small
    terminal.wait_for(re.compile(r"^farfetch> l", re.MULTILINE))
    terminal.send("\b")
    enter(terminal, "align 64", "^align 64")


def test_escape_ends_a_search_and_not_the_screen(start: Start) -> None:
    with Puppet() as puppet:
        at = puppet.reserve(1 << 20)
        puppet.map(at, 1 << 20)  # of four GiB nobody touched a page
        terminal = start("-p", puppet.pid, size=(24, 150))
        terminal.send(f"hex {at:#x}\r")
        terminal.wait_for(re.compile(rf"^{at:#x}  00 00", re.MULTILINE))
        terminal.send("/no such text anywhere\r")
        terminal.wait_for(re.compile(r"^searching: .* looked through; Esc ends it", re.MULTILINE))
        terminal.send("\x1b[B")  # keys go on working
        terminal.wait_for(re.compile(r"^searching: [1-9].* looked through", re.MULTILINE))
        terminal.send(ESCAPE)
        terminal.wait_for(re.compile(r"^ended", re.MULTILINE))
        terminal.send("?")
        terminal.wait_for("p goes where the pointer under the cursor leads")
        terminal.send("q")
        terminal.wait_for(PROMPT)


# ---- help ----


def test_long_help_is_shown_a_page_at_a_time(start: Start) -> None:
    terminal = start(size=(20, 90))
    terminal.send("help\r")
    terminal.wait_for("-- more: Enter goes on, q ends --")
    assert "COMMAND" in "".join(terminal.screen()[:3])
    terminal.send(" ")
    terminal.wait_for(re.compile(r"^ *(set|freeze|hex) (?s:.*)-- more", re.MULTILINE))
    terminal.send("q")
    terminal.wait_for(re.compile(r"\nfarfetch>\n", re.MULTILINE))
    assert not any("-- more" in line for line in terminal.screen())
    terminal.send(f"{CTRL_L}help\rtype\r")  # who types on has read enough
    terminal.wait_for(re.compile(r"^type i32\nfarfetch>$", re.MULTILINE))


@pytest.mark.parametrize(
    ("topic", "shows"),
    [
        ("number", r"^type number looks at each address for an i32, an i64, an f32 and an f64"),
        ("predicates", r"^  now ~= 3\.1 truncated +its further digits cut off"),
        ("places", r"^  game\+0x10->0x18 +where a pointer leads"),
    ],
)
def test_help_has_topics(start: Start, topic: str, shows: str) -> None:
    terminal = start(size=(60, 100))
    enter(terminal, f"help {topic}", shows)
    terminal.send(f"{CTRL_L}help {topic[:-1]}{TAB}")
    terminal.wait_for(re.compile(rf"^farfetch> help {topic}", re.MULTILINE))


# ---- what is said ----


def test_watch_says_what_it_leaves_out(start: Start, field: Field) -> None:
    terminal = start("-p", field.puppet.pid, size=(30, 150))
    enter(terminal, field.where, "^where")
    enter(terminal, "< 100", r"^100 matches")
    terminal.send("watch\r")
    terminal.wait_for(re.compile(r"^20 of 100 matches: watch 20\.\.39 has the next \|", re.M))
    terminal.send("q")
    terminal.wait_for(PROMPT)
    enter(terminal, "watch --for 0", r"^20 of 100 matches: watch 20\.\.39 has the next")
    enter(terminal, "reset", "^")
    enter(terminal, f"table add {field.at:#x} here", "here")
    field.puppet.write(field.at, struct.pack("<Q", field.at))
    enter(terminal, f"table add {field.at:#x}->0->8 lost", "lost")
    field.puppet.write(field.at, bytes(8))
    enter(terminal, "watch --for 0", "^1 of 2 entries: lost leads nowhere at present")


def test_a_stopped_target_is_stopped(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid, size=(24, 120))
    toolbar(terminal, r"alive")
    os.kill(game.pid, signal.SIGSTOP)
    try:
        toolbar(terminal, r"stopped")
        enter(terminal, "info", r"^target +game .*, stopped$")
    finally:
        os.kill(game.pid, signal.SIGCONT)
    toolbar(terminal, r"alive")


HINTS = [
    ("1,000", r"thousands stand without commas: 1000$"),
    ("! 7", r"or != 7 for another value$"),
    ("set 0=100", r"set 0 100"),
    ("expect matches == 2", r"there is 1 match$"),
    ("type playr", r"did you mean player\?$"),
]


@pytest.mark.parametrize(("line", "shows"), HINTS, ids=[line for line, _ in HINTS])
def test_what_was_meant_is_said(start: Start, field: Field, line: str, shows: str) -> None:
    terminal = start("-p", field.puppet.pid, size=(24, 150))
    enter(terminal, "struct player { int hp; };", "player")
    enter(terminal, field.where, "^where")
    enter(terminal, "7", r"^1 match\b")
    enter(terminal, line, shows)


def test_an_empty_variable_behind_p_is_said(start: Start) -> None:
    terminal = start("-p", "")
    terminal.wait_for(re.compile(r"-p is given an empty PID or NAME", re.MULTILINE))


def test_ctrl_c_says_where_until_stood(start: Start, field: Field) -> None:
    terminal = start("-p", field.puppet.pid, size=(24, 150))
    enter(terminal, field.where, "^where")
    enter(terminal, "< 5", r"^5 matches")
    terminal.send("until --every 0.001 matches == 1 do unchanged\r")
    terminal.wait_for("do unchanged")
    field.puppet.write(field.at, struct.pack("<i", 9))
    terminal.wait_for(re.compile(r"^ +[\d.]+  4 matches$", re.MULTILINE))
    terminal.send(CTRL_C)
    # it may come while the line runs, or in between
    stood = r"matches == 1: there are 4 matches after \d+ times?"
    terminal.wait_for(re.compile(rf"farfetch: .*(\n.*)?{stood}", re.MULTILINE))


# ---- lists and completion ----


def test_source_offers_scripts_first(start: Start, tmp_path: Path) -> None:
    for name in ("a.txt", "b.json", "hunt.ff"):
        (tmp_path / name).touch()
    terminal = start(size=(24, 150))
    terminal.send(f"source {tmp_path}/")
    terminal.wait_for(re.compile(r"hunt\.ff.*\n(?s:.*)a\.txt", re.MULTILINE))
    terminal.send(TAB + TAB)
    terminal.wait_for(re.compile(r"^farfetch> source \S*hunt\.ff", re.MULTILINE))


def test_map_shortens_paths(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid, size=(24, 100))
    enter(terminal, "where module:game", "^where")
    enter(terminal, "first ?", "matches")
    enter(terminal, "map", r"\u2026/game$")
    assert not any(str(Path(__file__).parents[2]) in line for line in terminal.screen())


def test_tab_chooses_no_type_by_itself(start: Start) -> None:
    terminal = start(size=(24, 100))
    terminal.send("type ")
    terminal.wait_for("i8")
    terminal.send(TAB)
    terminal.send("f3")
    terminal.wait_for(re.compile(r"^farfetch> type f3", re.MULTILINE))
    terminal.send("\b\b")
    terminal.send(TAB + TAB)
    terminal.wait_for(re.compile(r"^farfetch> type i8", re.MULTILINE))


def test_the_table_does_not_look_frozen_after_unfreeze(start: Start, field: Field) -> None:
    terminal = start("-p", field.puppet.pid, size=(24, 150))
    enter(terminal, f"table add {field.at + 40:#x} gold", "gold")
    enter(terminal, "table freeze gold 77", "77")
    enter(terminal, "table", r"gold +77 .* 77$")
    enter(terminal, "unfreeze *", "^1 entry unfrozen")
    terminal.send(f"{CTRL_L}table\r")
    terminal.wait_for(re.compile(r"gold (?s:.*)\nfarfetch>$", re.MULTILINE))
    assert not [line for line in terminal.screen() if re.search(r"gold +77 .* 77", line)]


def test_matches_of_several_types_are_frozen_by_what_fits(start: Start, field: Field) -> None:
    field.puppet.write(field.at, struct.pack("<if", 7, 7.0) + bytes(PAGE - 8))
    field.puppet.write(field.at + PAGE, bytes(PAGE))
    terminal = start("-p", field.puppet.pid, size=(24, 150))
    enter(terminal, field.where, "^where")
    enter(terminal, "type number", "^type number")
    enter(terminal, "7", "^2 matches")
    enter(terminal, "freeze * 8", "^2 values frozen")
    wait_for(lambda: field.puppet.read(field.at, 8) == struct.pack("<if", 8, 8.0))
    enter(terminal, "unfreeze *", "unfrozen")
    field.puppet.write(field.at, bytes(PAGE))
    enter(terminal, "reset", "^")
    enter(terminal, "0", r"matches")
    enter(terminal, "freeze 0 2.5", "2.5")  # an i32, an i64, an f32 and an f64 may be zero
    assert struct.pack("<f", 2.5) == field.puppet.read(field.at, 4)


@pytest.mark.parametrize("name", ["number", "any"])
def test_numbers_of_unknown_type_beside_bytes(start: Start, field: Field, name: str) -> None:
    field.puppet.write(field.at, struct.pack("<ifif", -7, 2.5, 1 << 20, -79.9))
    terminal = start("-p", field.puppet.pid, size=(24, 240))
    enter(terminal, f"type {name}", f"^type {name}")
    enter(terminal, f"hex {field.at:#x} 16", r"  -7  2\.5  1048576  -79\.9$")
    terminal.send(f"hex {field.at:#x}\r")
    terminal.wait_for(re.compile(r"  -7  2\.5  1048576  -79\.9 *$", re.MULTILINE))
    terminal.send("\x1b[C" * 4)
    terminal.wait_for(re.compile(rf" {name}: .*i32 1075838976  .*f32 2\.5  f64 ", re.MULTILINE))
    terminal.send("q")
    terminal.wait_for(PROMPT)
