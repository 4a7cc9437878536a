"""The JSON answers that scripts rely on, from real runs on a real game."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.machine import only_x86
from support.targets import TargetProcess

Answers = Callable[..., list[dict[str, Any]]]


def test_a_hunt_from_first_scan_to_set(game: TargetProcess, drive: Callable[..., Any]) -> None:
    shell = drive("-p", game.pid)
    address = game.command("addresses")["health_addr"]
    assert shell.ask("type i32")["type"] == "i32"
    first = shell.ask("100")
    assert first["command"] == "first"
    assert first["matches"] >= 1
    assert first["bytes"] > 0
    assert first["unreadable"] >= 0
    assert first["seconds"] > 0
    game.command("hit 7")
    narrowed = shell.ask("- 7")
    assert narrowed["command"] == "next"
    assert {"matches", "bytes", "unreadable", "seconds"} <= narrowed.keys()
    game.command("hit 6")
    assert shell.ask("next now == 87 and prev == 93 and first == 100")["matches"] == 1
    listed = shell.ask("list")
    assert listed["total"] == 1
    (match,) = listed["matches"]
    assert (match["index"], match["address"]) == (0, address)
    assert (match["value"], match["previous"], match["first"]) == (87, 87, 100)
    assert match["region"] == "[heap]"
    written = shell.ask("set 0 9999")
    assert (written["written"], written["failed"]) == (1, 0)
    assert game.command("status")["health"] == "9999"
    undone = shell.ask("undo")
    assert (undone["matches"], undone["steps"]) == (narrowed["matches"], 2)
    assert shell.ask("undo 2")["matches"] == 0
    assert shell.ask("100")["command"] == "first"
    assert shell.end() == 0


def test_history_and_snapshots(game: TargetProcess, drive: Callable[..., Any]) -> None:
    shell = drive("-p", game.pid)
    health, ammo = (game.command("addresses")[key] for key in ("health_addr", "ammo_addr"))
    shell.ask(f"where {health}..{ammo}")  # health and max_health, and nothing that moves by itself
    first = shell.ask("first 1..1000")["matches"]
    assert shell.ask("snapshot full")["values"] == first
    game.command("hit 7")
    narrowed = shell.ask("now < @full")["matches"]
    assert (first, narrowed) == (2, 1)
    assert shell.ask("undo")["matches"] == first
    assert shell.ask("now >= @full")["matches"] == first - narrowed
    listed = shell.ask("history")
    shape = [
        (one["step"], one["after"], one["matches"], one["undone"]) for one in listed["history"]
    ]
    assert shape == [
        (1, None, first, False),
        (2, 1, narrowed, True),
        (3, 1, first - narrowed, False),
    ]
    assert listed["present"] == 3
    assert listed["history"][1]["predicate"] == "now < @full"
    assert shell.ask("history go 2")["matches"] == narrowed
    assert shell.ask("undo 2")["matches"] == 0
    assert shell.ask("redo")["matches"] == first
    assert shell.ask("redo")["matches"] == first - narrowed
    assert shell.ask("history forget")["forgotten"] == 1
    assert shell.ask("snapshot")["snapshots"] == [{"name": "full", "step": 1, "values": first}]
    assert shell.ask("snapshot drop full")["dropped"] == "full"
    assert shell.ask("snapshot")["snapshots"] == []
    for line, kind in [
        ("redo", "ScanOrderError"),
        ("history go 2", "ScanOrderError"),
        ("snapshot drop full", "ScanOrderError"),
        ("next now < @full", "ScanOrderError"),
        ("history up", "UsageError"),
        ("snapshot 2x", "UsageError"),
    ]:
        assert shell.error(line)["type"] == kind
    shell.ask("snapshot again")
    game.quit()
    assert shell.error("snapshot late")["type"] == "TargetGone"
    assert shell.error("now < @again")["type"] == "TargetGone"
    assert shell.ask("history")["present"] == 3
    assert shell.ask("undo")["matches"] == first
    assert shell.ask("redo")["matches"] == first - narrowed
    assert shell.ask("snapshot")["snapshots"][0]["name"] == "again"
    shell.end()


def test_set_all(game: TargetProcess, answers: Answers) -> None:
    health, ammo = (game.command("addresses")[key] for key in ("health_addr", "ammo_addr"))
    _, _, found, written = answers(
        game.pid, f"where {health}..{ammo}", "type i32", "first 1..1000", "set * 42"
    )
    assert found["matches"] == 2  # health and max_health lie in front of ammo
    assert (written["written"], written["failed"]) == (2, 0)
    status = game.command("status")
    assert (status["health"], status["max_health"]) == ("42", "42")


def test_set_computes_from_what_is_there(game: TargetProcess, drive: Callable[..., Any]) -> None:
    health = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    shell.ask(f"where {health}..{int(health, 16) + 4:#x}")
    assert shell.ask("first 100")["matches"] == 1
    for line, left in [
        ("set 0 now * 2 - 1", 199),
        ("set * now + first", 299),
        ("set 0 (prev - 1) / 2", 49),
        ("set 0 now * 1.0", 49),
    ]:
        assert shell.ask(line)["written"] == 1
        assert game.command("status")["health"] == str(left)
    for line, kind in [
        ("set 0 now / 0", "ExpressionError"),
        ("set 0 now * 0.3", "ValueKindError"),
        ("set * now << 40", "ValueRangeError"),
        ("set 0 now <", "ExpressionError"),
        ("set 0 now < 5", "ExpressionError"),
        ("set 0 now + @lunch", "ExpressionError"),
    ]:
        assert shell.error(line)["type"] == kind
        assert game.command("status")["health"] == "49"
    game.quit()
    assert shell.error("set 0 now + 1")["type"] == "TargetGone"
    shell.end()


def test_info_names_the_target_and_the_engine(game: TargetProcess, answers: Answers) -> None:
    (given,) = answers(game.pid, "info")
    assert given["pid"] == game.pid
    assert given["name"] == "game"
    assert given["memory"] in ("process_vm", "proc_mem")
    assert given["isa"]
    assert given["threads"] == len(os.sched_getaffinity(0))
    assert (given["type"], given["align"], given["where"]) == ("i32", None, "writable")
    assert given["alive"] is True


@pytest.mark.parametrize("memory", ["process_vm", "proc_mem"])
def test_each_memory_finds_the_same(
    game: TargetProcess, farfetch: Callable[..., Any], memory: str
) -> None:
    address = game.command("addresses")["health_addr"]
    done = farfetch(
        *("--json", "--memory", memory, "-p", game.pid),
        *("-c", "info", "-c", "where heap", "-c", "100", "-c", "list 1000"),
    )
    info, _, _, listed = map(json.loads, done.stdout.splitlines())
    assert info["memory"] == memory
    assert address in [match["address"] for match in listed["matches"]]


def test_ps_lists_the_game_and_not_itself(game: TargetProcess, answers: Answers) -> None:
    (given,) = answers(game.pid, "ps game")
    found = {one["pid"]: one for one in given["processes"]}
    assert found[game.pid]["name"] == "game"
    assert found[game.pid]["bits"] == 64
    own = f"farfetch.shell --json -p {game.pid} "  # there may be other people's
    assert not any(own in " ".join(one["cmdline"]) for one in given["processes"])


def test_attach_and_detach(game: TargetProcess, drive: Callable[..., Any]) -> None:
    shell = drive()
    attached = shell.ask(f"attach {game.pid}")
    assert (attached["pid"], attached["name"]) == (game.pid, "game")
    assert shell.ask("100")["matches"] > 0
    assert shell.ask("detach")["pid"] == game.pid
    assert shell.ask("info")["pid"] is None
    assert shell.ask("info")["matches"] == 0
    assert shell.error("detach")["type"] == "NoTarget"


def test_regions(game: TargetProcess, answers: Answers) -> None:
    address = int(game.command("addresses")["player_addr"], 16)
    everything, heap = answers(game.pid, "regions", "regions heap")
    assert everything["total"] == len(everything["regions"]) > heap["total"] == 1
    (region,) = heap["regions"]
    assert (region["name"], region["kind"], region["perms"]) == ("[heap]", "heap", "rw-p")
    assert int(region["start"], 16) <= address < int(region["end"], 16)
    assert region["size"] == int(region["end"], 16) - int(region["start"], 16)


def test_regions_say_what_is_in_memory_and_what_was_written(farfetch: Any) -> None:
    with TargetProcess("big", "16") as big:
        window = f"{big.greeting['start']}..{big.greeting['end']}"
        with Path(f"/proc/{big.pid}/exe").open("rb") as program:
            os.fsync(program.fileno())  # just built, it may be in memory alone
        lines = ["-c", "regions", "-c", f"regions {window}"]
        done = farfetch("--json", "-p", big.pid, *lines)
        everything, chosen = map(json.loads, done.stdout.splitlines())
        (region,) = chosen["regions"]
        assert 16 << 20 <= region["dirty"] == region["resident"] <= region["size"]
        code = [one for one in everything["regions"] if one["perms"] == "r-xp"]
        (program_code,) = (one for one in code if one["name"].endswith("/big"))
        assert program_code["resident"] > program_code["dirty"] == 0
        assert everything["dirty"] <= everything["resident"] <= everything["bytes"]
        shown = farfetch("-p", big.pid, "-c", f"regions {window}").stdout.splitlines()
    assert shown[0].split()[:6] == ["START", "END", "SIZE", "RESIDENT", "DIRTY", "PERMS"]
    assert re.search(r"^1 region, \S+ MiB: \S+ MiB in memory, \S+ MiB dirty$", shown[-1])
    assert re.search(r"(>?[0-9]+%) +(>?[0-9]+%) +rw-p +\(anon\)$", shown[1])


def test_settings(game: TargetProcess, answers: Answers) -> None:
    given = answers(
        game.pid, "type 2 Bytes", "align 1", "where heap", "type", "align", "where", "align auto"
    )
    assert [one.get("type") for one in given] == ["i16", None, None, "i16", None, None, None]
    assert given[1]["align"] == given[4]["align"] == 1
    assert given[2]["where"] == given[5]["where"] == "heap"
    assert given[6]["align"] is None


def test_a_scan_keeps_its_type(game: TargetProcess, answers: Answers) -> None:
    *_, narrowed, listed, _, anew = answers(
        game.pid, "where heap", "100", "type u8", "next 100", "list 1", "reset", "100"
    )
    assert (narrowed["type"], listed["type"], anew["type"]) == ("i32", "i32", "u8")


def test_list_has_as_many_rows_as_asked_for(game: TargetProcess, answers: Answers) -> None:
    _, found, twenty, three, none = answers(
        game.pid, "where heap", "first ?", "list", "list 3", "list 0"
    )
    assert found["matches"] > 20
    assert {one["total"] for one in (twenty, three, none)} == {found["matches"]}
    assert [len(one["matches"]) for one in (twenty, three, none)] == [20, 3, 0]
    assert [match["index"] for match in three["matches"]] == [0, 1, 2]


def test_list_turns_pages(game: TargetProcess, answers: Answers) -> None:
    lines = ["list 10 5", "list +", "list +", "list -", "list -", "list -", "list -"]
    _, found, *pages = answers(game.pid, "where heap", "first ?", *lines)
    total = found["matches"]
    assert [one["start"] for one in pages] == [10, 15, 20, 15, 10, 5, 0]
    for one in pages:
        indexes = [match["index"] for match in one["matches"]]
        assert indexes == list(range(one["start"], one["start"] + 5))
    *_, last, behind, again = answers(
        game.pid, "where heap", "first ?", f"list {total - 3} 20", "list +", "list"
    )
    assert len(last["matches"]) == 3
    assert behind["matches"] == []
    assert len(again["matches"]) == 20


def test_list_without_a_scan_is_empty(game: TargetProcess, answers: Answers) -> None:
    (given,) = answers(game.pid, "list")
    assert (given["total"], given["matches"]) == (0, [])


def test_reading_and_writing_every_kind(game: TargetProcess, answers: Answers) -> None:
    at = game.command("addresses")
    read = answers(
        game.pid,
        f"read {at['health_addr']} i32",
        f"read {at['ammo_addr']} u16",
        f"read {at['stamina_addr']} f32",
        f"read {at['x_addr']} f64",
        f"read {at['gold_addr']} 8 Bytes",
        f"read {at['name_addr']} text[32]",
        f"read {at['wide_name_addr']} utf16[32]",
        f"read {at['name_addr']} bytes[3]",
    )
    assert [one["value"] for one in read] == [
        *(100, 30, 80.0, 12.5, 1500, "Brünhilde", "Brünhilde", "42 72 c3"),
    ]
    assert read[0]["address"] == at["health_addr"]
    answers(
        game.pid,
        f"write {at['health_addr']} i32 0x63",
        f"write {at['ammo_addr']} u16 1_000",
        f"write {at['x_addr']} f64 -1.5e3",
        f"write {at['name_addr']} text[32] it's Ada",
    )
    status = game.command("status")
    assert (status["health"], status["ammo"], status["name"]) == ("99", "1000", "it's Ada")
    assert float(status["x"]) == -1500


def test_floats_that_json_lacks_are_strings(game: TargetProcess, answers: Answers) -> None:
    address = game.command("addresses")["stamina_addr"]
    written, _, read = answers(game.pid, f"write {address} f32 inf", "type f32", f"read {address}")
    assert (written["value"], read["value"]) == ("inf", "inf")


def test_module_addresses(game: TargetProcess, answers: Answers) -> None:
    static = game.command("addresses")["static_addr"]
    (read,) = answers(game.pid, f"read {static} pointer")
    assert read["location"].startswith("game+0x")
    (again,) = answers(game.pid, f"read {read['location']} pointer")
    assert (again["address"], again["value"]) == (read["address"], read["value"])


def test_freeze_holds_until_unfreeze(game: TargetProcess, drive: Callable[..., Any]) -> None:
    address = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    frozen = shell.ask(f"freeze {address} 100")
    assert (frozen["address"], frozen["value"], frozen["active"]) == (address, 100, True)
    game.command("hit 30")
    while shell.ask("freeze")["frozen"][0]["writes"] == 0:
        shell.ask("wait 0.01")
    assert game.command("status")["health"] == "100"
    assert shell.ask(f"unfreeze {address}")["addresses"] == [address]
    assert shell.ask("freeze")["frozen"] == []
    game.command("hit 30")
    assert shell.ask("wait 0.2")["alive"] is True
    assert game.command("status")["health"] == "70"
    assert shell.error(f"unfreeze {address}")["type"] == "NotFrozen"


def test_freeze_one_way_follows(game: TargetProcess, drive: Callable[..., Any]) -> None:
    address = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    assert shell.ask(f"freeze {address} --allow increase")["allow"] == "increase"
    game.command("heal 20")
    while shell.ask("freeze")["frozen"][0]["value"] != 120:
        shell.ask("wait 0.01")
    game.command("hit 50")
    while shell.ask("freeze")["frozen"][0]["writes"] == 0:
        shell.ask("wait 0.01")
    assert game.command("status")["health"] == "120"


def test_freezing_again_replaces(game: TargetProcess, answers: Answers) -> None:
    address = game.command("addresses")["health_addr"]
    *_, listed, thawed = answers(
        game.pid,
        f"where {address}..{int(address, 16) + 4:#x}",
        "100",
        "freeze 0",
        "freeze 0 --allow decrease 55",
        "freeze",
        "unfreeze",
    )
    (entry,) = listed["frozen"]
    assert (entry["address"], entry["value"], entry["allow"]) == (address, 55, "decrease")
    assert thawed["unfrozen"] == 1


def test_a_freeze_looks_as_often_as_told(game: TargetProcess, drive: Callable[..., Any]) -> None:
    address = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    assert shell.ask(f"freeze {address} 100 --every 3600 --allow increase")["every"] == 3600
    game.command("hit 5")
    shell.ask("wait 0.2")
    (entry,) = shell.ask("freeze")["frozen"]
    assert (entry["writes"], entry["every"], entry["allow"]) == (0, 3600, "increase")
    assert game.command("status")["health"] == "95"
    assert shell.ask(f"freeze {address} --every=0.001 100")["every"] == 0.001
    while shell.ask("freeze")["frozen"][0]["writes"] < 1:
        shell.ask("wait 0.01")
    assert game.command("status")["health"] == "100"


def test_watching_says_each_change(game: TargetProcess, drive: Callable[..., Any]) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid)
    shell.ask("type i32")
    for duration in (0.5, 5, 50):  # longer ones where the machine is busy
        shell.send(f"watch {at['health_addr']} {at['gold_addr']} --every 0.01 --for={duration}")
        health = game.command("hit 7").number("health")
        seen = shell.answer()
        assert [one["address"] for one in seen["entries"]] == [at["health_addr"], at["gold_addr"]]
        assert seen["entries"][0]["location"].startswith("[heap]+0x")
        assert seen["alive"] is True
        assert 1 <= len(seen["samples"]) <= 2
        if seen["samples"][-1]["values"] == [health, 1500] and seen["looks"] > 2:
            break
    else:
        pytest.fail(f"{seen} while health became {health}")
    shell.ask("where heap")
    shell.ask(f"first {health}")
    assert len(shell.ask("watch --for 0")["samples"][0]["values"]) >= 1
    for line, kind in [
        ("watch 0 --for soon", "UsageError"),
        ("watch 0 --every 0", "UsageError"),
        ("watch 0 --for", "UsageError"),
        ("watch 999999", "MatchIndexError"),
        ("watch nowhere", "ExpressionError"),
    ]:
        assert shell.error(line)["type"] == kind, line
    assert shell.ask("watch 0x10 --for 0")["samples"][0]["values"] == [None]
    shell.ask("type text")
    assert shell.error(f"watch {at['name_addr']}")["type"] == "TypeNameError"
    game.quit()
    assert shell.error("watch 0 --for 0")["type"] == "TargetGone"


def test_watching_prints_a_line_a_change(game: TargetProcess, command: tuple[str, ...]) -> None:
    address = game.command("addresses")["health_addr"]
    with subprocess.Popen(
        [*command, "-p", str(game.pid), "-c", f"watch {address} --every 0.01"],
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == f"    0.000  {address}=100\n"
        game.command("hit 7")
        assert running.stdout.readline().endswith(f"  {address}=93\n")
        running.send_signal(signal.SIGINT)
        assert re.fullmatch(r"1 change in \d+ looks\n", running.stdout.read())
        assert running.wait() == 0


def test_watching_ends_with_the_target(game: TargetProcess, command: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [*command, "-p", str(game.pid), "-c", "watch [heap] --every 0.01"],
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("    0.000  [heap]=")
        game.quit()
        assert f"game ({game.pid}) has ended; " in running.stdout.read()
        assert running.wait() == 0


def test_hex(game: TargetProcess, drive: Callable[..., Any], farfetch: Callable[..., Any]) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid)
    shell.ask("type u16")
    shown = shell.ask(f"hex {at['name_addr']} 10")
    assert shown["bytes"] == "42 72 c3 bc 6e 68 69 6c 64 65"
    assert (shown["size"], shown["unreadable"], shown["address"]) == (10, 0, at["name_addr"])
    assert shown["values"] == [0x7242, 0xBCC3, 0x686E, 0x6C69, 0x6564]
    assert shell.ask(f"hex {at['name_addr']}")["size"] == 256
    (heap,) = shell.ask("regions heap")["regions"]
    edge = shell.ask(f"hex {int(heap['end'], 16) - 3:#x} 0x6")
    assert (edge["size"], edge["unreadable"]) == (6, 3)
    assert edge["bytes"].endswith("?? ?? ??")
    assert edge["values"][1:] == [None, None]
    for line, kind in [
        ("hex", "UsageError"),
        ("hex [heap] 0", "UsageError"),
        ("hex [heap] 0x100001", "UsageError"),
        ("hex [heap] many", "UsageError"),
        ("hex [heap] 1 2", "UsageError"),
        ("hex 0", "NoMatches"),
        ("hex 0x10 16", "MemoryFault"),
        ("hex 0xffffffffffffffff 16", "MemoryFault"),
        ("hex nowhere", "ExpressionError"),
    ]:
        assert shell.error(line)["type"] == kind, line
    said = farfetch("-p", game.pid, "-c", "type u8", "-c", f"hex {at['name_addr']} 3").stdout
    assert said.splitlines()[1].split() == [
        at["name_addr"],
        *["42", "72", "c3", "Br.", "66", "114", "195"],
    ]
    game.quit()
    assert shell.error(f"hex {at['name_addr']}")["type"] == "TargetGone"


def test_patches_are_kept_and_undone(game: TargetProcess, drive: Callable[..., Any]) -> None:
    address = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    patched = shell.ask(f"patch {address} 07 00")
    assert (patched["patch"], patched["before"], patched["after"]) == (0, "64 00", "07 00")
    assert game.command("status")["health"] == "7"
    shell.ask(f"where {address}..{int(address, 16) + 4:#x}")
    shell.ask("first 7")
    assert shell.ask("patch 0 09")["patch"] == 1
    assert game.command("status")["health"] == "9"
    listed = shell.ask("patch")["patches"]
    assert [(one["patch"], one["address"], one["undo_at_exit"]) for one in listed] == [
        (0, address, False),
        (1, address, False),
    ]
    refused = shell.error("unpatch 0")
    assert refused["type"] == "PatchError"
    assert "expected 07 00, found 09 00" in refused["message"]
    assert shell.ask("unpatch")["addresses"] == [address]
    game.command("hit 5")
    assert shell.error("unpatch all")["type"] == "PatchError"
    assert game.command("status")["health"] == "2"
    assert shell.ask("unpatch all --force")["unpatched"] == 1
    assert game.command("status")["health"] == "100"
    assert shell.ask("patch")["patches"] == []
    assert shell.ask("unpatch all")["unpatched"] == 0
    for line, kind in [
        ("unpatch", "NotPatched"),
        ("unpatch 5", "NotPatched"),
        ("unpatch five", "UsageError"),
        ("unpatch 1 2", "UsageError"),
        (f"patch {address}", "UsageError"),
        (f'patch {address} ""', "UsageError"),
        (f"patch {address} --undo-at-exit", "UsageError"),
        (f"patch {address} xyz", "ValueKindError"),
        ("patch 0x10 90", "MemoryFault"),
        ("patch 7 90", "MatchIndexError"),
    ]:
        assert shell.error(line)["type"] == kind, line
    shell.ask(f"patch {address} 01")
    game.quit()
    for line in ("patch", f"patch {address} 02", "unpatch", "patch --undo-at-exit"):
        assert shell.error(line)["type"] == "TargetGone"
    assert shell.ask("detach")["ok"]


def test_patches_are_undone_at_exit_only_if_asked(game: TargetProcess, answers: Answers) -> None:
    address = game.command("addresses")["health_addr"]
    at_exit = f"patch {address} 05 --undo-at-exit"
    assert answers(game.pid, at_exit)[0]["undo_at_exit"] is True
    assert game.command("status")["health"] == "100"
    assert answers(game.pid, f"patch {address} 05", "detach")[0]["undo_at_exit"] is False
    assert game.command("status")["health"] == "5"
    *_, marked, listed = answers(game.pid, f"patch {address} 06", "patch --undo-at-exit", "patch")
    assert (marked["patches"], listed["patches"][0]["undo_at_exit"]) == (1, True)
    assert game.command("status")["health"] == "5"


@only_x86
def test_the_program_s_own_functions_need_no_module(
    game: TargetProcess, drive: Callable[..., Any]
) -> None:
    shell = drive("-p", game.pid)
    (known,) = shell.ask("disassemble game!main 1")["instructions"]
    (found,) = shell.ask("disassemble main 1")["instructions"]
    assert found == known
    (further,) = shell.ask("disassemble main+0x10 1")["instructions"]
    assert int(further["address"], 16) == int(known["address"], 16) + 16
    assert "no module or region" in shell.error("disassemble nosuch")["message"]
    assert "no function of game" in shell.error("disassemble game!nosuch")["message"]


def test_what_cannot_be_undone_at_exit_is_said(
    game: TargetProcess, farfetch: Callable[..., Any]
) -> None:
    address = game.command("addresses")["health_addr"]
    done = farfetch(
        *("-p", game.pid, "-c", f"patch {address} 05 --undo-at-exit"),
        *("-c", f"write {address} u8 9"),
    )
    assert done.returncode == 0
    assert done.stderr.startswith(f"farfetch: the patch at {address} is no longer there")
    assert done.stderr.count("\n") == 1
    assert game.command("status")["health"] == "9"


def test_a_freeze_ends_with_the_run(game: TargetProcess, answers: Answers) -> None:
    address = game.command("addresses")["health_addr"]
    answers(game.pid, f"freeze {address} 100", "wait 0.1", "quit")
    game.command("hit 10")
    assert game.command("status")["health"] == "90"


def test_wait_ends_with_the_target(game: TargetProcess, drive: Callable[..., Any]) -> None:
    shell = drive("-p", game.pid)
    assert shell.ask("info")["alive"] is True
    shell.send("wait forever")
    shell.wait_until_it_waits()
    game.quit()
    assert shell.answer()["alive"] is False
    assert shell.error("wait forever")["type"] == "TargetGone"
    assert shell.end() == 1


def test_help_knows_every_command(game: TargetProcess, answers: Answers) -> None:
    (overview,) = answers(game.pid, "help")
    names = [one["name"] for one in overview["commands"]]
    expected = (
        "ps attach detach info regions save-memory type struct align where option first "
        "next pattern undo redo history snapshot reset list delete map set unset freeze "
        "unfreeze watch read write hex patch unpatch who accesses disassemble signature nop "
        "assemble hook "
        "pointer pointers table save load export wait expect until let source help quit"
    )
    assert names == expected.split()
    for given in answers(game.pid, *(f"help {name}" for name in names)):
        assert given["usage"].startswith(given["name"])
        assert given["examples"]
        assert given["details"]


def test_matches_and_paths_go_to_files_of_rows(
    game: TargetProcess, answers: Answers, tmp_path: Path
) -> None:
    name, paths = tmp_path / "it.csv", tmp_path / "paths.csv"
    found, written, part, _, scanned, listed = answers(
        game.pid,
        "where heap",
        "100",
        f"list --csv {name}",
        f"list 0 1 --csv {name} --force",
        "write 0 100",
        "pointers scan 0 --depth 3",
        f"pointers list --csv {paths}",
    )[1:]
    assert written["written"] == written["total"] == found["matches"]
    assert part["written"] == 1
    head, *rows = csv.reader(name.read_text().splitlines())
    assert head == ["index", "address", "where", "value", "previous", "first"]
    assert [(row[0], row[4:]) for row in rows] == [("0", ["100", "100"])]
    head, *rows = csv.reader(paths.read_text().splitlines())
    assert head[:4] == ["index", "path", "base", "offset 1"]
    assert len(rows) == listed["written"] == scanned["total"]
    assert [row[1] for row in rows[:10]] == [path["path"] for path in scanned["paths"]]
