"""A line that is repeated until something holds, and waiting for a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from support.prompting import Start, enter
from support.targets import TargetProcess

Drive = Callable[..., Any]


@pytest.fixture
def shell(drive: Drive, game: TargetProcess) -> Any:
    driver = drive("-p", game.pid)
    at = game.command("addresses").number("player_addr")
    for line in ("type u8", f"where {at:#x}..{at + 48:#x}", "first ?"):
        assert driver.ask(line)["ok"]
    return driver


def test_narrowing_until_few_are_left(shell: Any) -> None:
    answer = shell.ask("until matches == 1 do next now == 100")
    assert (answer["done"], answer["seen"]) == (1, "there is 1 match")
    assert shell.ask("info")["matches"] == 1


def test_a_line_is_not_run_when_it_holds_already(shell: Any) -> None:
    before = shell.ask("info")["matches"]
    answer = shell.ask(f"until matches == {before} do now == 100")
    assert (answer["done"], shell.ask("info")["matches"]) == (0, before)


def test_waiting_for_a_value(shell: Any, game: TargetProcess) -> None:
    at = game.command("addresses")["health_addr"]
    shell.ask("type i32")
    shell.ask(f"table add {at} hp")
    shell.send("until --every 0.01 value hp < 80")
    for _ in range(5):
        game.command("hit 7")
    answer = shell.answer()
    assert (answer["condition"], answer["done"]) == ("value hp < 80", 0)
    assert shell.ask("until value hp == 500 do set hp 500")["done"] == 1
    assert game.command("status")["health"] == "500"
    error = shell.error("until --for 0.05 --every 0.01 value hp == 1")
    assert error["type"] == "Unexpected"
    assert error["message"].startswith("waited for value hp == 1, but it is 500 after ")
    assert shell.ask("until alive")["seen"].endswith("runs")


def test_what_ends_it(shell: Any, game: TargetProcess) -> None:
    assert shell.error("until matches == 77 do set 0 many")["type"] == "ValueKindError"
    assert shell.error("until matches == 77 do next now == 77777 - now")["type"] == "NoMatches"
    shell.ask("undo")
    assert shell.error("until matches == 1")["type"] == "UsageError"
    assert shell.error("until alive do")["type"] == "UsageError"
    for line in ("until alive now", 'until alive "x" do info', 'until alive --for "1"'):
        assert shell.error(line)["type"] == "UsageError", line
    assert shell.error("until --for 0 alive --for 1")["type"] == "UsageError"
    at = game.command("addresses")["health_addr"]
    shell.ask("type i32")
    shell.send(f"until value {at} == 1234567")
    game.quit()
    assert shell.answer()["error"]["type"] == "TargetGone"


def test_the_options_of_the_line_are_its_own(shell: Any, game: TargetProcess) -> None:
    shell.ask("first now == 100")
    shell.send("until --every 0.01 value 0 == 7 do watch 0 --for 0")
    shell.send("x")  # is read when that has ended
    game.command("hit 93")
    assert shell.answer()["condition"] == "value 0 == 7"
    assert not shell.answer()["ok"]
    answer = shell.ask("until value 0 == 9 do set 0 9 --force")
    assert answer["done"] == 1


def test_at_the_prompt(start: Start, game: TargetProcess) -> None:
    at = game.command("addresses").number("health_addr")
    terminal = start("-p", game.pid)
    enter(terminal, f"where {at:#x}..{at + 8:#x}", "^where")
    enter(terminal, "first ?", r"^2 matches \(")
    enter(terminal, "until matches == 1 do 100", "^matches == 1: there is 1 match after 1 time$")
    terminal.send("until value 0 == 93\r")
    terminal.wait_for("until value 0 == 93\n")
    game.command("hit 7")
    terminal.wait_for(re.compile("^value 0 == 93: it is 93$", re.MULTILINE))
