"""A first scan and a reset throw no hunt away: it stays one undo away, until there is no room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from farfetch.scanner import Budget
from farfetch.shell.session.session import Session

from support.prompting import Start, enter
from support.targets import TargetProcess

Drive = Callable[..., Any]


@pytest.fixture
def shell(drive: Drive, game: TargetProcess) -> Any:
    """A shell that looks at the player's health, and has found it in two steps."""
    at = game.command("addresses").number("health_addr")
    driver = drive("-p", game.pid)
    for line in (f"where {at:#x}..{at + 4:#x}", "100", "= "):
        assert driver.ask(line)["ok"]
    return driver


def stands(answer: dict[str, Any]) -> tuple[int, int]:
    """How many matches and steps an answer says there are."""
    assert answer["ok"], answer
    return answer["matches"], answer["steps"]


def test_undo_of_a_first_scan_is_the_hunt_before(shell: Any) -> None:
    assert stands(shell.ask("first ?")) == (1, 1)
    assert stands(shell.ask("> 5")) == (1, 2)
    assert stands(shell.ask("undo")) == (1, 1)
    assert stands(shell.ask("undo")) == (1, 2)
    assert shell.ask("history")["scan"] == 1
    assert stands(shell.ask("undo")) == (1, 1)
    assert stands(shell.ask("undo")) == (0, 0)
    assert shell.error("undo")["type"] == "ScanOrderError"
    assert stands(shell.ask("redo 4")) == (1, 2)
    assert shell.ask("history")["scan"] == 2
    assert shell.error("redo")["message"] == "cannot redo 1 steps: none was undone"
    assert stands(shell.ask("undo 3")) == (1, 1)
    assert shell.error("undo 9")["message"] == "cannot undo 9 steps: there are 1"


def test_what_was_narrowed_since_is_newer_than_a_scan_that_began_there(shell: Any) -> None:
    shell.ask("first ?")
    shell.ask("undo")
    assert stands(shell.ask("> 5")) == (1, 3)
    shell.ask("undo")
    assert stands(shell.ask("redo")) == (1, 3)
    assert shell.ask("history")["scan"] == 1
    assert stands(shell.ask("history scan 2")) == (1, 1)
    assert shell.error("history scan 7")["message"] == "there is no scan 7; there are: 1, 2"


def test_undo_of_a_reset_is_the_hunt_before(shell: Any) -> None:
    assert shell.ask("reset")["matches"] == 0
    assert "undo comes back to the one before" in shell.error("history")["message"]
    assert stands(shell.ask("undo")) == (1, 2)
    shell.ask("reset")
    assert stands(shell.ask("undo 2")) == (1, 1)
    shell.ask("reset")
    assert stands(shell.ask("first ?")) == (1, 1)
    assert stands(shell.ask("undo")) == (1, 1)
    assert shell.ask("history")["scan"] == 1


def test_first_scans_that_found_nothing_are_not_in_the_way(shell: Any) -> None:
    for value in (7, 8, 9):
        assert stands(shell.ask(f"first {value}")) == (0, 1)
    assert stands(shell.ask("undo")) == (1, 2)
    assert [scan["scan"] for scan in shell.ask("history")["scans"]] == [4]


def test_forget_gives_all_back(shell: Any) -> None:
    shell.ask("first ?")
    assert shell.ask("history forget")["scans"] == 1
    assert stands(shell.ask("undo")) == (0, 0)
    shell.ask("reset")
    assert shell.ask("history forget")["scans"] == 1
    assert shell.error("history forget")["type"] == "ScanOrderError"
    assert shell.error("undo")["message"] == "nothing to undo: there is no scan"


def test_so_many_are_kept(shell: Any) -> None:
    for _ in range(12):
        shell.ask("first ?")
    kept = [scan["scan"] for scan in shell.ask("history")["scans"]]
    assert kept == [5, 6, 7, 8, 9, 10, 11, 12]
    assert stands(shell.ask("undo 8")) == (1, 1)
    assert shell.ask("history")["scan"] == 5
    assert stands(shell.ask("undo")) == (0, 0)


def test_what_takes_too_much_is_not_kept(game: TargetProcess) -> None:
    at = game.command("addresses").number("health_addr")
    session = Session()
    session.attach(str(game.pid))
    session.settings.set_where(f"{at:#x}..{at + 4:#x}")
    session.first(None)
    before = session.scan
    session.first(None)
    assert session.scans.is_kept
    assert [other.scan for other in session.scans.others] == [before]
    scan = session.attached.scan(session.settings.type, where=session.settings.where)
    scan.first()
    session.scans.begin(scan, Budget(memory=1, disk=1))
    assert not session.scans.is_kept
    assert session.scans.others == ()
    session.close()


def test_what_is_kept_makes_room_for_a_scan_that_needs_it(
    drive: Drive, game: TargetProcess
) -> None:
    """Before anything was kept, a reset was enough to have the whole budget again."""
    shell = drive("-p", game.pid)
    for line in ("where heap", "align 1", "type u8", "?"):
        shell.ask(line)
    matches = shell.ask("info")["matches"]
    for _ in range(3):
        shell.ask("reset")
        assert shell.ask("?")["matches"] == matches


def test_another_width_of_pointers_and_another_target_forget(shell: Any) -> None:
    shell.ask("reset")
    assert shell.ask("option pointer 4")["ok"]
    assert shell.error("undo")["message"] == "nothing to undo: there is no scan"
    shell.ask("option pointer auto")
    shell.ask("first ?")
    shell.ask("first ?")
    assert shell.ask("detach")["ok"]
    assert shell.error("undo")["message"] == "nothing to undo: there is no scan"


def test_typed_at_the_prompt(start: Start, game: TargetProcess) -> None:
    at = game.command("addresses").number("health_addr")
    terminal = start("-p", game.pid)
    enter(terminal, f"where {at:#x}..{at + 4:#x}", "^where 0x")
    enter(terminal, "100", r"^1 match \(")
    enter(terminal, "first 5", "^first began a new scan: undo brings 1 match back, which next")
    enter(terminal, "undo", "^1 match, 1 step left")
    enter(terminal, "reset", "first scan, undo brings 1 match back$")
    enter(terminal, "undo", "^1 match, 1 step left")
    enter(terminal, "first ?", r"^1 match \(")
    enter(terminal, "history", r"^ +1 +i32 +1 +1 +now == 100$")
