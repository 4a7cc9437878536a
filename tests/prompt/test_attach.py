"""Whom attach takes: by a part of a name, the newest of several, the next run of a program."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.prompting import Start, enter, toolbar
from support.targets import TargetProcess, target_path

Drive = Callable[..., Any]
NAME = "quaxonimbus"  # nobody else's


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[[], TargetProcess]]:
    """Start a game that is called as no other program is."""
    program = tmp_path / f"{NAME}.bin"
    shutil.copy(target_path("game"), program)
    running: list[TargetProcess] = []

    def begin() -> TargetProcess:
        running.append(TargetProcess("game", prefix=("sh", "-c", 'exec "$0"', str(program))))
        return running[-1]

    yield begin
    for game in running:
        game.close()


def test_a_part_of_a_name_at_the_prompt(start: Start, play: Callable[[], TargetProcess]) -> None:
    game = play()
    terminal = start(size=(40, 250))  # a line for each path, however deep its folder
    for part in ("quaxon", "onimbu", "QUAXO", f"/{NAME}.bi"):
        enter(terminal, f"attach {part}", rf"^attached to {NAME}.bin \({game.pid}\)")
    other = play()
    terminal.send("attach quaxon\r")
    terminal.wait_for(re.compile(rf"^ +{game.pid}  \S+ s old  \S+  \S+{NAME}.bin", re.MULTILINE))
    terminal.wait_for(re.compile(r"2 processes are called quaxon, give a pid", re.MULTILINE))
    toolbar(terminal, rf"\({game.pid}\) alive")
    enter(terminal, "attach quaxon --newest", rf"^attached to {NAME}.bin \({other.pid}\)")
    enter(terminal, f"attach {NAME}.bin --newest", rf"^attached to {NAME}.bin \({other.pid}\)")
    enter(terminal, "attach quaxonimbusses", "^farfetch: no process is called quaxonimbusses")


def test_scripts_take_whole_names(drive: Drive, play: Callable[[], TargetProcess]) -> None:
    game = play()
    shell = drive()
    assert shell.error("attach quaxon")["type"] == "TargetNotFound"
    assert shell.ask(f"attach {NAME}.bin")["pid"] == game.pid
    other = play()
    error = shell.error(f"attach {NAME}.bin")
    assert [candidate["pid"] for candidate in error["candidates"]] == sorted((game.pid, other.pid))
    assert error["candidates"][0]["cmdline"][0].endswith(f"{NAME}.bin")
    assert shell.ask(f"attach {NAME}.bin --newest")["pid"] == other.pid


def test_alone_it_takes_the_next_run(drive: Drive, play: Callable[[], TargetProcess]) -> None:
    shell = drive()
    assert shell.error("attach")["message"].startswith("attach takes PID or NAME")
    game = play()
    shell.ask(f"attach {game.pid}")
    assert "is attached, and runs" in shell.error("attach")["message"]
    game.quit()
    assert shell.error("attach")["type"] == "TargetNotFound"
    shell.send("attach --wait 30")
    again = play()
    assert shell.answer()["pid"] == again.pid
    again.quit()
    third = play()
    assert shell.ask("attach")["pid"] == third.pid
    shell.ask("detach")
    assert shell.error("attach")["type"] == "TargetNotFound"  # no run after that one


def test_an_interpreter_is_the_program_that_it_runs(drive: Drive, tmp_path: Path) -> None:
    running = []
    for name in ("quaxon.py", "other.py", "quaxon.py"):
        script = tmp_path / name
        script.write_text("print('ready', flush=True)\ninput()\n")
        running.append(
            subprocess.Popen(
                [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        )
        assert running[-1].stdout
        running[-1].stdout.readline()
    shell = drive()
    first, _, third = running
    assert shell.ask(f"attach {first.pid}")["ok"]
    first.communicate(b"\n")
    assert shell.ask("attach")["pid"] == third.pid
    for process in running[1:]:
        process.communicate(b"\n")


def test_the_prompt_follows(start: Start, play: Callable[[], TargetProcess]) -> None:
    game = play()
    at = game.command("addresses")
    terminal = start()
    enter(terminal, f"attach {NAME}.bin --follow", rf"^attached to {NAME}.bin \({game.pid}\)")
    enter(terminal, f"table add {at['static_addr']} bonus", rf'^"bonus": i32 at {NAME}.bin\+0x')
    enter(terminal, "read bonus", r"^-?\d+$")
    game.quit()
    terminal.wait_for(re.compile(rf"\({game.pid}\) has exited"))
    again = play()
    terminal.wait_for(re.compile(rf"attached to {NAME}.bin \({again.pid}\), its next run"))
    toolbar(terminal, rf"\({again.pid}\) alive")
    enter(terminal, "read bonus", r"^-?\d+$")
    again.quit()
    third = play()
    terminal.wait_for(re.compile(rf"attached to {NAME}.bin \({third.pid}\), its next run"))


def test_a_part_of_a_name_behind_p(start: Start, play: Callable[[], TargetProcess]) -> None:
    game = play()
    terminal = start("-p", "axonimb", size=(24, 120))
    toolbar(terminal, rf"\({game.pid}\) alive")
    other = play()
    terminal = start("-p", "axonimb", size=(24, 120))
    for one in (game, other):
        terminal.wait_for(re.compile(rf"^ +{one.pid}  .* old ", re.MULTILINE))
    toolbar(terminal, "no target")


def test_what_is_held_is_held_in_the_next_run(
    start: Start, play: Callable[[], TargetProcess]
) -> None:
    game = play()
    unused = game.command("addresses").number("static_addr") | 0xFF0  # at the end of its page
    terminal = start(size=(24, 150))
    enter(terminal, f"attach {NAME}.bin --follow", r"^attached to ")
    enter(terminal, f"table add {unused:#x} bonus --type i32", r"^\"bonus\": i32")
    enter(terminal, f"table add {unused + 4:#x} other --type i32", r"^\"other\": i32")
    enter(terminal, "freeze bonus 4321 --allow increase", r"^frozen ")
    game.quit()
    terminal.wait_for(re.compile(rf"\({game.pid}\) has exited"))
    again = play()
    terminal.wait_for(re.compile(r'^"bonus" is frozen at 4321 again$', re.MULTILINE))
    enter(terminal, "read bonus", r"^4321$")
    enter(terminal, "freeze", r"4321 +increase .* active$")
    enter(terminal, "table", r"bonus +4321 .* 4321$")
    enter(terminal, "unfreeze", r"^1 entry unfrozen")
    again.quit()
    third = play()
    terminal.wait_for(re.compile(rf"\({third.pid}\), its next run"))
    enter(terminal, "freeze", r"^nothing is frozen")
