"""The prompt, on a real terminal, driven key by key."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from support.prompting import CTRL_C, CTRL_D, CTRL_L, LABOUR, UP, Start, enter, toolbar
from support.targets import TargetProcess
from support.waiting import wait_for


def test_a_hunt_by_hand(start: Start, game: TargetProcess, state: Path) -> None:
    address = game.command("addresses")["health_addr"]
    terminal = start()
    toolbar(terminal, "no target")
    enter(terminal, f"attach {game.pid}", rf"^attached to game \({game.pid}\), 64-bit")
    toolbar(terminal, rf"game \({game.pid}\) alive")
    enter(terminal, "type i32", "^type i32")
    enter(terminal, "100", r"^[\d,]+ matches \(")
    toolbar(terminal, r"[\d,]+ matches \| i32 \| align 4 \| writable")
    game.command("hit 7")
    enter(terminal, "- 7", r"^\d+ match(es)? \(")
    game.command("hit 6")
    enter(terminal, "now == 87 and first == 100", r"^1 match \(")
    toolbar(terminal, r"1 match \| i32")
    enter(terminal, "list", rf"^ +0 +{address} +\[heap\]\+0x[0-9a-f]+ +87 +87 +100$")
    enter(terminal, "set 0 250", "^1 match set to 250")
    assert game.command("status")["health"] == "250"
    enter(terminal, "freeze 0 120", r"^frozen \[heap\]\+0x[0-9a-f]+ at 120$")
    toolbar(terminal, "1 frozen")
    game.command("hit 50")
    wait_for(lambda: game.command("status")["health"] == "120")
    enter(terminal, "unfreeze", "^1 entry unfrozen")
    enter(terminal, "undo", r"^\d+ match(es)?, 2 steps left")
    terminal.send("quit\r")
    assert terminal.wait() == 0
    history = (state / "farfetch" / "history").read_text()
    assert "+set 0 250\n" in history


def test_ctrl_c_cancels_the_scan_and_not_the_shell(start: Start) -> None:
    with TargetProcess("big", "256") as big:
        terminal = start("-p", big.pid)
        needle = int(big.greeting["needle"])
        window = f"{big.greeting['start']}..{big.greeting['end']}"
        enter(terminal, f"where {window}", "^where 0x")
        found = enter(terminal, str(needle), r"^[\d,]+ match(es)? \(")[1].split()[0]
        enter(terminal, "align 1", "^align 1")
        terminal.send(CTRL_L)
        terminal.send(f"first {LABOUR}\r")
        terminal.wait_for(re.compile(r"^\[#*\.+\] +\d+%, .* of 256\.0 MiB, .*/s", re.MULTILINE))
        terminal.send(CTRL_C)
        terminal.wait_for(
            re.compile(r"farfetch: the scan was cancelled after .*; the earlier matches are kept")
        )
        assert not any("MiB/s" in line or "^C" in line for line in terminal.screen())
        toolbar(terminal, rf"{found} match(es)? \| i32 \| align 4")
        listed = enter(terminal, "list 1", r"^ +0 +0x[0-9a-f]+ .*$")
        assert str(needle) in listed[0]
        terminal.send(CTRL_D)
        assert terminal.wait() == 0


def test_an_expression_error_points_at_the_column(start: Start) -> None:
    terminal = start()
    enter(
        terminal,
        "now == == 5",
        r'^farfetch: expected a value, found "=="\n  now == == 5\n         \^$',
    )


def test_a_target_that_dies_is_told_once(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid)
    toolbar(terminal, rf"game \({game.pid}\) alive")
    terminal.send("now ==")
    game.quit()
    message = f"farfetch: game ({game.pid}) has exited"
    terminal.wait_for(message)
    toolbar(terminal, rf"game \({game.pid}\) gone")
    terminal.send(" 5\r")
    terminal.wait_for(re.compile(r"farfetch> now == 5 *\nfarfetch: game", re.MULTILINE))
    assert "\n".join(terminal.screen()).count(message) == 2  # the news, and the failed scan
    enter(terminal, "detach", "^detached from game")
    toolbar(terminal, "no target")


def test_tab_completes_and_up_recalls(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid)
    terminal.send("unfr\t")
    terminal.wait_for(re.compile(r"^farfetch> unfreeze", re.MULTILINE))
    terminal.send(" \r")
    terminal.wait_for("0 entries unfrozen\nfarfetch>\n")
    terminal.send(UP)
    terminal.wait_for(re.compile(r"entries unfrozen\nfarfetch> unfreeze", re.MULTILINE))
    terminal.send(CTRL_C)
    terminal.wait_for(re.compile(r"farfetch> unfreeze *\nfarfetch>\n", re.MULTILINE))
    terminal.send(CTRL_D)
    assert terminal.wait() == 0


def test_pasted_lines_run_in_order_until_one_fails(start: Start) -> None:
    terminal = start()
    terminal.send("\x1b[200~type u8\nalign 2\nalign 0\ntype i64\x1b[201~\r")
    terminal.wait_for("farfetch: align takes 1 to 4096, not 0")
    toolbar(terminal, r"u8 \| align 2")


def test_lines_are_kept_for_the_next_time(start: Start, state: Path) -> None:
    terminal = start()
    enter(terminal, "align 64", "^align 64")
    terminal.send(CTRL_D)
    assert terminal.wait() == 0
    again = start()
    again.send(UP)
    again.wait_for("farfetch> align 64")
    assert (state / "farfetch" / "history").stat().st_mode & 0o077 == 0


def test_a_history_that_cannot_be_kept_is_no_error(start: Start) -> None:
    terminal = start(XDG_STATE_HOME=os.devnull)
    enter(terminal, "align 64", "^align 64")
    terminal.send(CTRL_D)
    assert terminal.wait() == 0


def test_a_history_that_is_a_pipe_holds_nobody_up(start: Start, state: Path) -> None:
    (state / "farfetch").mkdir(parents=True)
    os.mkfifo(state / "farfetch" / "history")
    terminal = start()
    enter(terminal, "align 64", "^align 64")


@pytest.mark.parametrize("becomes", ["gone", "unreadable", "full"])
def test_a_history_that_cannot_be_kept_any_more_ends_no_session(
    start: Start, state: Path, becomes: str
) -> None:
    folder = state / "farfetch"
    folder.mkdir(parents=True)
    terminal = start()
    enter(terminal, "align 64", "^align 64")
    if becomes == "gone":
        shutil.rmtree(folder)
    else:
        (folder / "history").unlink()
        if becomes == "full":
            (folder / "history").symlink_to("/dev/full")
        else:
            (folder / "history").mkdir()
    enter(terminal, "align 32", "^align 32")
    enter(terminal, "align 16", "^align 16")
    terminal.send(UP + UP)
    terminal.wait_for("farfetch> align 32")
    terminal.send(CTRL_C)
    terminal.send("quit\r")
    assert terminal.wait() == 0


def test_tables_have_colours_on_a_terminal_only_if_wanted(start: Start) -> None:
    for environment in ({}, {"NO_COLOR": "1"}):
        terminal = start(size=(200, 110), **environment)
        enter(terminal, "help", "^help COMMAND says more")
        bold = any(cell.bold for row in terminal._screen.buffer.values() for cell in row.values())
        assert bold is not ("NO_COLOR" in environment)


@pytest.mark.parametrize("size", [(24, 40), (10, 200)])
def test_it_stays_readable_on_odd_terminals(start: Start, size: tuple[int, int]) -> None:
    terminal = start(size=size)
    terminal.send("help undo\r")
    terminal.wait_for(re.compile(r"^  undo 2\nfarfetch>\n", re.MULTILINE))


def test_a_dumb_terminal(start: Start) -> None:
    terminal = start(TERM="dumb")
    terminal.send("align 64\r")
    terminal.wait_for(re.compile("^align 64", re.MULTILINE))
    terminal.send("quit\r")
    assert terminal.wait() == 0
