"""A table that is in no file is not lost in silence: it is asked for, kept, and taken up again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.prompting import CTRL_C, CTRL_D, CTRL_L, Start, enter
from support.terminal import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ADD = "table add 0x1000->0 hp --type i32"
ASKED = r"^1 entry of the table is not saved: end all the same\? \[y/N\]"
KEPT = "^the table is kept: load --unsaved brings it back"


def shows(terminal: Terminal, pattern: str) -> None:
    terminal.wait_for(re.compile(pattern, re.MULTILINE))


@pytest.mark.parametrize("end", ["quit\r", CTRL_D])
@pytest.mark.parametrize("no", ["\r", "n\r", CTRL_C])
def test_the_end_is_asked_for(start: Start, end: str, no: str) -> None:
    terminal = start()
    enter(terminal, ADD, '^"hp": i32 at')
    terminal.send(CTRL_L)
    terminal.send(end)
    shows(terminal, ASKED)
    terminal.send(no)
    shows(terminal, r"\[y/N\].*\n(?:farfetch: interrupted\n)?farfetch>$")
    enter(terminal, "table", "hp")
    terminal.send(end)
    shows(terminal, ASKED)
    terminal.send("y\r")
    shows(terminal, KEPT)
    assert terminal.wait() == 0

    again = start()
    assert "never saved" not in "\n".join(again.screen())  # that has been said
    enter(again, "load --unsaved", "^1 entry loaded that were never saved$")
    enter(again, "table", "hp .* i32 .* 0x1000 -> 0x0")
    again.send("quit\r")
    shows(again, ASKED)
    again.send(CTRL_D)  # the end of the input ends it, and loses nothing
    shows(again, KEPT)
    assert again.wait() == 0


@pytest.mark.parametrize("is_closed", [True, False])
def test_an_end_in_the_middle_of_a_line_loses_nothing(
    start: Start, tmp_path: Path, is_closed: bool
) -> None:
    script = tmp_path / "add.ff"
    script.write_text(f"{ADD}\nwait forever\n")
    terminal = start()
    terminal.send(f"source {script}\r")
    shows(terminal, '^"hp": i32 at')
    if is_closed:
        assert terminal.hang_up() == -signal.SIGHUP
    else:
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait() == -signal.SIGTERM
    again = start()
    enter(again, "load --unsaved", "^1 entry loaded that were never saved$")


def test_scripts_alone_are_a_table_too(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    scripts = [{"name": name, "text": "nop"} for name in ("one", "two")]
    table = {"format": "farfetch table", "version": 4, "entries": [], "scripts": scripts}
    file.write_text(json.dumps(table))
    terminal = start(size=(40, 250))
    enter(terminal, f"load {file}", "2 scripts")
    enter(terminal, f"load {file} --merge", "0 entries added")  # nothing has changed
    table["scripts"] = [{"name": "three", "text": "nop"}]
    file.write_text(json.dumps(table))
    enter(terminal, f"load {file} --merge", "1 script")
    terminal.send("quit\r")
    shows(terminal, r"^3 scripts of the table are not saved: end all the same\? \[y/N\]")
    terminal.send("y\r")
    shows(terminal, KEPT)
    assert terminal.wait() == 0
    again = start()
    enter(again, "load --unsaved", "3 scripts")
    again.send("quit\ry\r")
    assert again.wait() == 0


def test_code_alone_is_a_table_too(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    nop = {"name": "no damage", "where": "game+0x10", "kind": "nop", "before": "89 55 04"}
    table = {"format": "farfetch table", "version": 4, "entries": [], "code": [nop]}
    file.write_text(json.dumps(table))
    terminal = start()
    enter(terminal, f"load {file} --merge", "0 entries added")
    terminal.send("quit\r")
    shows(terminal, r"^1 piece of code of the table is not saved: end all the same\? \[y/N\]")
    terminal.send("y\r")
    shows(terminal, KEPT)
    assert terminal.wait() == 0
    again = start()
    enter(again, "load --unsaved", "^1 piece of code loaded that were never saved$")
    enter(again, f"save {file}", "saved in")
    again.send("quit\r")
    assert again.wait() == 0


def test_what_is_saved_or_empty_is_not_asked_for(start: Start, tmp_path: Path, state: Path) -> None:
    terminal = start()
    enter(terminal, ADD, '^"hp": i32 at')
    enter(terminal, f"save {tmp_path}/t.json", "^1 entry saved")
    terminal.send("quit\r")
    assert terminal.wait() == 0
    terminal = start()
    enter(terminal, f"load {tmp_path}/t.json", "^1 entry loaded")
    enter(terminal, "table add 0x2000->0 mp", '"mp"')
    assert list((state / "farfetch" / "unsaved").iterdir())
    enter(terminal, "table remove mp", "out of the table")
    terminal.send(CTRL_D)
    assert terminal.wait() == 0
    terminal = start()
    enter(terminal, ADD, '^"hp": i32 at')
    enter(terminal, "table remove hp", "out of the table")
    terminal.send("quit\r")
    assert terminal.wait() == 0
    assert not list((state / "farfetch" / "unsaved").iterdir())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_a_session_that_was_ended_left_a_copy(
    start: Start, number: signal.Signals, state: Path
) -> None:
    terminal = start()
    enter(terminal, ADD, '^"hp": i32 at')
    os.kill(terminal.pid, number)
    terminal.wait()
    folder = state / "farfetch" / "unsaved"
    (copy,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o077, copy.stat().st_mode & 0o022) == (0, 0)
    again = start()
    shows(again, "^a table of 1 entry was never saved: load --unsaved$")
    third = start()
    assert "never saved" not in "\n".join(third.screen())
    enter(third, "load --unsaved", "^1 entry loaded")
    enter(third, "load --unsaved", "^farfetch: there is no table that was not saved")


def test_load_in_its_place_is_asked_for(start: Start, farfetch: Run, tmp_path: Path) -> None:
    farfetch("-c", "table add 0x3000->0 other", "-c", f"save {tmp_path}/other.json")
    terminal = start()
    enter(terminal, ADD, '^"hp": i32 at')
    question = r"^1 entry of the table is not saved: load another in its place\? \[y/N\]"
    terminal.send(f"load {tmp_path}/other.json\r")
    shows(terminal, question)
    terminal.send("\r")
    shows(terminal, "^nothing was loaded\nfarfetch>$")
    enter(terminal, "table", "hp")
    terminal.send(f"load {tmp_path}/other.json\r")
    shows(terminal, question)
    terminal.send("y\r")
    shows(terminal, "^the table before is kept: load --unsaved brings it back$")
    enter(terminal, "table", "other")
    enter(terminal, "load --unsaved", "^1 entry loaded that were never saved")
    enter(terminal, "table", "hp")


def test_save_over_another_table_is_asked_for(start: Start, farfetch: Run, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    farfetch("-c", "table add 0x3000->0 other", "-c", f"save {file}")
    terminal = start(size=(40, 200))
    enter(terminal, ADD, '^"hp": i32 at')
    terminal.send(f"save {file}\r")
    question = r"other.json holds another table, of 1 entry: save over it\? \[y/N\]"
    shows(terminal, question)
    terminal.send("\r")
    shows(terminal, "^nothing was saved\nfarfetch>$")
    assert '"other"' in file.read_text()
    terminal.send(CTRL_L)
    terminal.send(f"save {file}\r")
    shows(terminal, question)
    terminal.send("y\r")
    shows(terminal, "^1 entry saved in .*, over another table, of 1 entry, which is kept: load")
    assert '"hp"' in file.read_text()
    enter(terminal, "table add 0x2000->0 mp", '"mp"')
    enter(terminal, f"save {file}", "^2 entries saved in [^,]*$")  # it is the same table
    enter(terminal, "load --unsaved", "^1 entry loaded")
    enter(terminal, "table", "other")


def test_scripts_and_pipes_are_never_asked(farfetch: Run, tmp_path: Path, state: Path) -> None:
    file = tmp_path / "t.json"
    environment = {"XDG_STATE_HOME": str(state), "PATH": "/usr/bin:/bin"}
    first = ("table add 0x3000->0 other", f"save {file}", "table add 0x4000->0 more")
    lines = (*first, f"load {file}", "table remove other", ADD, f"save {file}", "quit")
    done = farfetch(stdin="\n".join(lines), env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[5] == "2 entries of the table before were not saved"
    assert said.count(f"1 entry saved in {file}") == 2
    again = farfetch("-c", "table add 0x3000->0 other", "-c", f"save {file}", env=environment)
    assert f"\n1 entry saved in {file}, over another table, of 1 entry\n" in again.stdout
    assert farfetch("-c", ADD, "-c", "quit", env=environment).stderr == ""
    assert not state.exists()
    assert json.loads(file.read_text())["entries"][0]["name"] == "other"


def test_no_folder_to_keep_it_in(start: Start) -> None:
    terminal = start(XDG_STATE_HOME="/proc")
    enter(terminal, ADD, '^"hp": i32 at')
    terminal.send("quit\r")
    shows(terminal, ASKED)
    terminal.send("y\r")
    assert terminal.wait() == 0
    assert "kept" not in "\n".join(terminal.screen())
