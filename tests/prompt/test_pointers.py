"""The pointer hunt at the command line: two runs, a path that lasts, and a table that keeps it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from farfetch.shell.session.hunt import Hunt

from support.prompting import CTRL_C, Start, enter
from support.targets import TargetProcess, every_build

Answers = Callable[..., list[dict[str, Any]]]
Drive = Callable[..., Any]


def test_two_runs_leave_few_paths_and_the_best_lasts(answers: Answers, tmp_path: Path) -> None:
    """What a newcomer types, with nothing but what is there by itself."""
    hunted(answers, tmp_path, "pie")


@every_build
def test_in_every_build_ten_starts_later(build: str, answers: Answers, tmp_path: Path) -> None:
    hunted(answers, tmp_path, build, starts=10)


def hunted(answers: Answers, folder: Path, build: str, starts: int = 1) -> None:
    file, table = folder / "first.ffmap", folder / "game.json"
    with TargetProcess("game", build=build) as game:
        game.command("respawn")
        *_, made = answers(game.pid, "type i64", "first 1500", f"pointers map {file} 0")
        assert made["map"]["goal"] == game.command("addresses")["gold_addr"]
    with TargetProcess("game", build=build) as game:
        lines = ("type i64", "first 1500", f"pointers scan 0 --compare {file}")
        *_, found, added, _ = answers(game.pid, *lines, "table add path:0 gold", f"save {table}")
        assert 0 < found["total"] <= 50  # it looks no farther then
        assert found["exact"] is True
        assert found["changed"] == []
        best = found["paths"][0]
        assert best["path"].startswith("game+0x")
        assert (best["address"], best["value"]) == (game.command("addresses")["gold_addr"], 1500)
        assert added["where"] == best["path"]
    for start in range(starts):
        with TargetProcess("game", build=build) as game:
            for _ in range(start % 3):
                game.command("respawn")
            game.command("earn 25")
            *_, wrote = answers(game.pid, f"load {table}", "read gold", "set gold 7777")
            assert wrote["written"] == 1
            assert game.command("status")["gold"] == "7777"


#: A program whose value hangs on an object of CPython.
PLAYER = """
import ctypes, sys
class Player:
    def __init__(self): self.raw = ctypes.c_int(20260415)
player = Player()
print(ctypes.addressof(player.raw), flush=True)
sys.stdin.read()
"""


@contextmanager
def python() -> Iterator[tuple[int, int]]:
    """The pid of such a program, and where its value is."""
    command = [sys.executable, "-c", PLAYER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        yield child.pid, int(child.stdout.readline())
        child.stdin.close()


def test_a_python_process_ten_starts_later(answers: Answers, tmp_path: Path) -> None:
    file, table = tmp_path / "first.ffmap", tmp_path / "game.json"
    with python() as (pid, address):
        answers(pid, f"pointers map {file} {address:#x}")
    with python() as (pid, address):
        lines = (f"pointers scan {address:#x} --compare {file}", "table add path:0 raw")
        found, *_ = answers(pid, *lines, f"save {table}")
        assert 0 < found["total"] <= 50  # it looks no farther then
    for _ in range(10):
        with python() as (pid, address):
            _, read = answers(pid, f"load {table}", "read raw")
            assert (read["address"], read["value"]) == (hex(address), 20260415)


def test_it_looks_as_far_as_leaves_few(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid)
    near = shell.ask(f"pointers scan {at['gold_addr']}")
    assert 0 < near["total"] <= 50
    assert near["depth"] >= 3
    every = shell.ask(f"pointers scan {at['gold_addr']} --depth 8 --max-offset 4096 --kept")
    assert every["total"] > 1000
    behind = int(at["gold_addr"], 16) + 0x600
    far = shell.ask(f"pointers scan {behind:#x} --depth 3 --kept")
    assert (far["depth"], far["max_offset"]) >= (3, 2048)
    assert far["total"] > 0
    wide = shell.ask(f"pointers scan {at['gold_addr']} --max-offset 2048 --kept")
    assert 0 < wide["total"] <= 50
    assert wide["max_offset"] == 2048
    said = shell.ask(f"pointers scan {at['gold_addr']} --depth 2 --max-offset 64")
    assert (said["total"], said["depth"], said["max_offset"], said["paths"]) == (0, 2, 64, [])


def test_pages_and_what_is_asked_of_paths(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid)
    found = shell.ask(f"pointers scan {at['gold_addr']} --depth 5 --max-offset 2048")
    total = found["total"]
    assert total > 30
    assert [path["index"] for path in found["paths"]] == list(range(10))
    assert [path["index"] for path in shell.ask("pointers list +")["paths"]] == list(range(10, 20))
    assert [path["index"] for path in shell.ask("pointers list -")["paths"]] == list(range(10))
    assert [path["index"] for path in shell.ask("pointers list 3 2")["paths"]] == [3, 4]
    assert shell.ask(f"pointers list {total} 5")["paths"] == []
    ours = shell.ask("pointers scan --kept --depth 5 --max-offset 2048 --bases game")
    assert set(ours["modules"]) == {"game"}
    assert 0 < ours["total"] < total
    ending = shell.ask("pointers scan --kept --depth 5 --max-offset 2048 --ends-with 8,0x28")
    assert all(path["offsets"][-2:] == [8, 40] for path in ending["paths"])
    kept = shell.ask("pointers scan --kept --depth 5 --max-offset 2048 --not-through module:game")
    assert "game" not in kept["modules"]


def test_more_than_anybody_looks_through(game: TargetProcess, drive: Drive) -> None:
    gold = game.command("addresses")["gold_addr"]
    shell = drive("-p", game.pid)
    found = shell.ask(f"pointers scan {gold} --depth 64 --max-offset 4096")
    assert found["total"] > 1 << 60
    assert len(found["paths"]) == 10
    for line in ("pointers list 99999999999", "pointers list 5000000 1", "read path:99999999999"):
        assert "paths are listed up to the 1,000,000th" in shell.error(line)["message"]
    assert shell.error("read path:5..2")["message"] == "path:5..2 ends before it begins"
    assert len(shell.ask("pointers list 20")["paths"]) == 20


def test_a_map_of_another_program_is_named(
    game: TargetProcess, drive: Drive, tmp_path: Path
) -> None:
    saved, own = tmp_path / "purses.ffmap", tmp_path / "game.ffmap"
    shell = drive()
    with TargetProcess("purses") as purses:
        shell.ask(f"attach {purses.pid}")
        shell.ask(f"pointers map {saved} {purses.greeting['coins1']}")
    shell.ask(f"attach {game.pid}")
    gold = game.command("addresses")["gold_addr"]
    shell.ask(f"pointers map {own} {gold}")
    question = f"pointers scan {gold} --depth 3 --max-offset 512 --compare"
    assert shell.ask(f"{question} {saved}")["strangers"] == ["purses"]
    assert shell.ask(f"{question} {own}")["strangers"] == []


def test_a_check_leaves_what_still_leads_there(drive: Drive) -> None:
    shell = drive()
    with TargetProcess("game") as game:
        game.command("respawn")
        shell.ask(f"attach {game.pid}")
        shell.ask("type i64")
        shell.ask("first 1500")
        before = shell.ask("pointers scan 0 --depth 5 --max-offset 2048")["total"]
    with TargetProcess("game") as game:
        game.command("respawn")
        game.command("respawn")
        shell.ask(f"attach {game.pid}")
        checked = shell.ask("pointers check --value 1500")
        assert before >= checked["checked"] > checked["total"] > 0
        assert {path["value"] for path in checked["paths"]} == {1500}
        gold = game.command("addresses")["gold_addr"]
        assert shell.ask(f"pointers check {gold}")["total"] == checked["total"]
        assert shell.ask("pointers check --count 1")["total"] == 1
        assert shell.ask("pointers check 0x10")["total"] == 0
        assert "there are no paths" in shell.error("pointers check")["message"]


def test_a_path_is_a_place(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid)
    shell.ask("type i64")
    shell.ask(f"pointers scan {at['gold_addr']} --max-offset 64")
    assert shell.ask("read path:0")["value"] == 1500
    assert shell.ask("pointer path:0")["address"] == at["gold_addr"]
    assert shell.ask("set path:0 5")["written"] == 1
    frozen = shell.ask("freeze path:0 77")
    assert frozen["path"].startswith("game+0x")
    game.command("respawn")
    shell.ask("wait 0.3")
    assert game.command("status")["gold"] == "77"
    assert shell.error("read path:99999")["type"] == "MatchIndexError"
    assert shell.error("read path:x")["type"] == "ExpressionError"


def test_an_entry_of_several_paths_holds_while_they_agree(
    game: TargetProcess, drive: Drive, tmp_path: Path
) -> None:
    at = game.command("addresses")
    static = at["static_addr"]
    ways = f"{static} -> 8 -> 8 -> 40 | {static} -> 8 -> 8 -> 0x28 | nowhere+0x10 -> 8"
    shell = drive("-p", game.pid)
    shell.ask(f'table add "{ways}" gold --type i64')
    (entry,) = shell.ask("table")["entries"]
    assert (entry["value"], entry["address"]) == (1500, at["gold_addr"])
    assert entry["error"] == "1 of its 3 paths leads nowhere"
    assert shell.ask("table freeze gold")["frozen"] == "1500"
    game.command("respawn")
    shell.ask("wait 0.3")
    game.command("earn 25")
    shell.ask("wait 0.3")
    assert game.command("status")["gold"] == "1500"
    file = tmp_path / "game.json"
    shell.ask(f"save {file}")
    assert json.loads(file.read_text())["version"] == 3
    assert shell.ask(f"load {file}")["entries"] == 1
    assert shell.ask("read gold")["value"] == 1500
    health = game.command("addresses")["health_addr"]
    shell.ask(f'table add "{static} -> 8 -> 8 -> 4 | {health}" two --type i32')
    assert shell.ask("read two")["value"] == 100
    refused = shell.error(f'table add "{static} -> 8 -> 8 -> 8 | {health}" three --type i32')
    assert "its paths do not agree: " in refused["message"]
    game.command("respawn")
    _, two = shell.ask("table")["entries"]
    assert two["address"] is None
    assert "its paths do not agree: " in two["error"]
    exported = shell.ask(f"export {tmp_path / 'game.CT'}")
    assert exported["report"][0]["reason"] == "only the first of its 3 paths"


def test_the_best_few_of_a_scan_are_one_entry(game: TargetProcess, drive: Drive) -> None:
    shell = drive("-p", game.pid)
    shell.ask("type i64")
    shell.ask("first 1500")
    shell.ask("pointers scan 0 --depth 5 --max-offset 2048")
    added = shell.ask("table add path:0..3 gold")
    assert added["where"].count(" | ") == 3
    assert added["type"] == "i64"
    assert shell.ask("read gold")["value"] == 1500


def test_people_see_it_too(game: TargetProcess, farfetch: Callable[..., Any]) -> None:
    lines = ("type i64", "first 1500", "pointers", "pointers scan 0", "pointers list 1 2")
    done = farfetch("-p", game.pid, *(part for line in lines for part in ("-c", line)))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(
        r"INDEX +PATH +ADDRESS +VALUE\n +0 +game\+0x\w+ -> 0x8 -> 0x8 -> 0x28 ", done.stdout
    )
    assert re.search(r"^\d+ paths of up to \d pointers, offsets up to \d+ \(", done.stdout, re.M)
    assert re.search(r"^1 to 2 of \d+ paths$", done.stdout, re.M)


def test_maps_are_scanned_without_a_target(
    game: TargetProcess, drive: Drive, tmp_path: Path
) -> None:
    file = tmp_path / "one.ffmap"
    shell = drive("-p", game.pid)
    at = game.command("addresses")
    shell.ask(f"pointers map {file} {at['gold_addr']}")
    shell.ask("detach")
    alone = shell.ask(f"pointers scan --map {file} --compare {file}={at['gold_addr']}")
    assert alone["total"] > 0
    assert alone["paths"][0]["value"] is None
    assert shell.ask(f"pointers scan {at['health_addr']} --map {file}")["total"] > 0
    assert shell.error("pointers scan 0")["type"] == "NoMatches"
    shell.ask(f"attach {game.pid}")
    shell.ask(f"pointers map {file} --where heap")
    said = shell.error(f"pointers scan {at['gold_addr']} --compare {file}")["message"]
    assert said == f"{file} does not say where the value was: say it, as in FILE=0x7f12"


def test_ctrl_c_keeps_the_map_and_what_was_listed(start: Start) -> None:
    with TargetProcess("web", "128", timeout=60) as web:
        terminal = start("-p", web.greeting.number("pid"), size=(30, 150))
        goal = web.greeting["goal"]
        near = "--depth 6 --max-offset 2048"
        enter(
            terminal,
            f"pointers scan {goal} --where anon,data {near}",
            r"\b[1-9]\d* paths of up to 6",
        )
        terminal.send("pointers scan --kept --depth 64 --max-offset 65536\r")
        terminal.wait_for(re.compile(r"%, \d+ of \d+ steps; paths of up to 64 pointers"))
        terminal.send(CTRL_C)
        terminal.wait_for("the pointer scan was cancelled; the map and the paths listed so far")
        enter(terminal, "pointers list 1", r"0 +web\+0x\w+ -> ")
        enter(terminal, f"pointers scan --kept {near}", r"\b[1-9]\d* paths of up to 6")


def test_paths_go_to_cheat_engine_and_back(
    game: TargetProcess, drive: Drive, tmp_path: Path
) -> None:
    file = tmp_path / "game.PTR"
    shell = drive("-p", game.pid)
    shell.ask("type i64")
    assert "there are no paths" in shell.error(f"pointers export {file}")["message"]
    found = shell.ask(f"pointers scan {game.command('addresses')['gold_addr']}")
    written = shell.ask(f"pointers export {file}")["written"]
    assert written == len(shell.ask("pointers list 999")["paths"])
    assert shell.error(f"pointers export {file}")["type"] == "PointerMapError"
    assert shell.ask(f"pointers export {file} --count 1 --force")["written"] == 1
    taken = shell.ask(f"pointers import {file}")
    assert (taken["total"], taken["paths"][0]) == (1, found["paths"][0])
    assert shell.ask("read path:0")["value"] == 1500


@pytest.mark.parametrize(
    ("text", "is_so"), [("path:0", True), ("path:0..3", True), ("path:", False), ("path:-1", False)]
)
def test_what_names_paths(text: str, is_so: bool) -> None:
    assert Hunt().names_paths(text) is is_so
