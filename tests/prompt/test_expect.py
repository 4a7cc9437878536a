"""Scripts that check what they do."""

from __future__ import annotations

import re
import shutil
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.targets import TargetProcess, target_path

SCRIPT = Path(__file__).parent.parent.parent / "demo" / "health.ff"
Drive = Callable[..., Any]
Run = Callable[..., Any]


def test_what_holds_and_what_does_not(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    shell.ask("where heap")
    shell.ask("first 1500")
    shell.ask(f"table add {at} 'my health'")
    for line in (
        "expect matches >= 1",
        "expect matches in 1..99",
        "expect value 0 == 1500",
        f"expect value {at} == 100",
        f"expect value {at} in 99..101",
        f"expect value {at} != 5 --for 0",
        "expect value 'my health' > 99",
        "expect alive",
    ):
        assert shell.ask(line)["ok"], line
    for line, said in [
        ("expect matches == 0", "expected matches == 0, but there "),
        ("expect value 0 < 0x10", "expected value 0 < 0x10, but it is 1500"),
        (f"expect value {at} in 1..99 --for 0.1", "but it is 100 after 0.100 s"),
        ("expect value 'my health' == 7", "expected value my health == 7, but it is 100"),
    ]:
        error = shell.error(line)
        assert error["type"] == "Unexpected", line
        assert said in error["message"]


def test_anything_that_a_scan_takes_can_be_expected(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    shell.ask(f"where {at}..{int(at, 16) + 4:#x}")
    shell.ask("first 100")
    game.command("hit 7")
    shell.ask("next decreased")
    game.command("hit 3")
    for line in (
        f"expect value {at} 90",
        f"expect value {at} > 50 and now % 9 == 0",
        f"expect value {at} not (now in 1..5 or now == 7)",
        "expect value 0 now == prev - 3 and first == 100",
        "expect value 0 decreased",
        "expect value 0 < prev",
        "expect matches == 2 - 1",
        "expect matches > 0 and now < 2",
    ):
        assert shell.ask(line)["ok"], line
    assert "but it is 90" in shell.error(f"expect value {at} now * 2 == 181")["message"]
    unknown = shell.error(f"expect value {at} increased")
    assert unknown["type"] == "ScanOrderError"
    assert "nobody knows prev" in unknown["message"]


def test_fields_and_text_are_expected_as_they_are_written(
    game: TargetProcess, drive: Drive
) -> None:
    at = game.command("addresses")["player_addr"]
    shell = drive("-p", game.pid)
    shell.ask("struct pair { int one; int other; };")
    shell.ask("type pair")
    shell.ask(f"write {at} i32 5")
    shell.ask(f"write {int(at, 16) + 4:#x} i32 6")
    assert shell.ask(f"expect value {at} one < other and other == 6")["ok"]
    assert shell.ask(f"expect value {at}.other == 6")["ok"]
    shell.ask(f"write {at} text[8] it's me")
    shell.ask("type text[8]")
    for test in ("== it's me", "!= it", "in a..z", "> is", '"IT\'S ME"i', "now != 'it'"):
        assert shell.ask(f"expect value {at} {test}")["ok"], test


def test_waiting_for_what_is_expected(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    shell.send(f"expect value {at} == 93 --for 20")
    game.command("hit 7")
    assert shell.answer()["seen"] == "it is 93"


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("expect", "UsageError", "CONDITION is missing"),
        ("expect lunch", "UsageError", "begins with matches, value or alive, not 'lunch'"),
        ("expect matches", "UsageError", "a comparison is =="),
        ("expect matches == many", "UsageError", "COUNT is a number, not 'many'"),
        ("expect matches in 1", "UsageError", "a comparison is =="),
        ("expect matches lunch", "UsageError", "a comparison is == .*: column 1: "),
        ("expect value [heap] now <", "UsageError", "a comparison is == .*: column 6: "),
        ("expect alive still", "UsageError", "'still' is one argument too many"),
        ("expect value", "UsageError", "WHERE is missing"),
        ("expect value 0 == 1", "NoMatches", "no matches"),
        ("expect value nowhere == 1", "ExpressionError", "no module or region"),
        ("expect value [heap] == soon", "ValueKindError", "soon"),
        ("expect value [heap] == 1 --for ever", "UsageError", "--for takes seconds"),
        ("expect value 0x10 == 1", "MemoryFault", "0x10"),
    ],
)
def test_what_cannot_be_expected(
    game: TargetProcess, drive: Drive, line: str, kind: str, said: str
) -> None:
    error = drive("-p", game.pid).error(line)
    assert error["type"] == kind
    assert re.search(said, error["message"])


def test_a_target_that_has_ended(game: TargetProcess, drive: Drive) -> None:
    shell = drive("-p", game.pid)
    shell.ask("info")
    game.quit()
    assert "has ended" in shell.error("expect alive")["message"]
    assert shell.error("expect value [heap] == 1")["type"] == "TargetGone"
    assert shell.ask("expect matches == 0")["seen"] == "there are 0 matches"


@pytest.fixture
def own_game(tmp_path: Path) -> Path:
    """A copy of the game under a name that no process has."""
    return Path(shutil.copy(target_path("game"), tmp_path / f"game-{uuid.uuid4().hex[:8]}"))


@pytest.fixture
def script(own_game: Path, tmp_path: Path) -> Path:
    """The script of the demo, for that game."""
    path = tmp_path / "health.ff"
    text = SCRIPT.read_text()
    assert text.count("attach game ") == 1
    path.write_text(text.replace("attach game ", f"attach {own_game.name} "))
    return path


def test_a_script_waits_finds_checks_and_freezes(
    farfetch: Run, own_game: Path, script: Path
) -> None:
    running: list[TargetProcess] = []
    starting = threading.Timer(0.5, lambda: running.append(TargetProcess("game", program=own_game)))
    starting.start()
    try:
        done = farfetch(str(script))
        assert done.returncode == 0, done.stderr
        assert '"health": i32 at [heap]+0x' in done.stdout
        assert done.stdout.endswith("value health == 100: it is 100\n")
    finally:
        starting.join()
        for one in running:
            one.close()


def test_the_script_says_what_is_not_there(farfetch: Run, own_game: Path, script: Path) -> None:
    with TargetProcess("game", program=own_game) as game:
        game.command("hit 7")
        done = farfetch(str(script))
    assert done.returncode == 1
    assert f"{script}:7: expected matches == 1, but there are 0 matches" in done.stderr


def test_nobody_appears(farfetch: Run) -> None:
    done = farfetch("-c", "attach no-such-game --wait 0.2")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no process is called no-such-game" in done.stderr
    done = farfetch("-c", "attach game --wait soon")
    assert done.returncode == 2
    assert "--wait takes seconds from 0 on, not 'soon'" in done.stderr
