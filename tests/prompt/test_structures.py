"""Structures at the command line: declared, scanned for, shown and changed by field."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.targets import BUILDS, TargetProcess

Drive = Callable[..., Any]

PLAYER = """
// as the game has it
struct player
{
    uint32_t id;
    int32_t health, max_health;
    uint16_t ammo, magazine;    /* a { in a comment */
    float stamina;
    uint32_t masked_score;
    double x, y;
    long long gold;
    char name[32];
    char16_t wide_name[32];
};
""".strip()
ON_A_PIPE = PLAYER.replace("player\n{", "player {")
FINDING = (ON_A_PIPE, "type player", "where heap", "health == 100 and id == 1")


@pytest.fixture(params=BUILDS)
def game(request: pytest.FixtureRequest) -> Iterator[TargetProcess]:
    """The game in every build: in 32 bits doubles are aligned otherwise."""
    with TargetProcess("game", build=request.param) as running:
        yield running


@pytest.fixture
def shell(game: TargetProcess, drive: Drive) -> Any:
    """A shell that has found the player."""
    shell = drive("-p", game.pid)
    assert shell.ask(ON_A_PIPE)["structures"][0]["size"] == 144
    assert shell.ask("type player")["type"] == "player"
    found = shell.ask('health < max_health and ammo == 30 and name == "Brünhilde"')
    assert (found["matches"], found["type"]) == (1, "player")
    return shell


def test_the_player_is_found_listed_and_changed(game: TargetProcess, shell: Any) -> None:
    at = game.command("addresses")
    (match,) = shell.ask("list")["matches"]
    assert match["address"] == at["player_addr"]
    assert match["value"]["name"] == match["value"]["wide_name"] == "Brünhilde"
    assert (match["value"]["x"], match["value"]["gold"]) == (12.5, 1500)
    game.command("hit 7")
    assert shell.ask("health == prev.health - 7")["matches"] == 1
    (match,) = shell.ask("list")["matches"]
    assert (match["value"]["health"], match["previous"]["health"]) == (93, 93)
    assert match["first"]["health"] == 100
    assert shell.ask("set 0.health 9999") == {
        "command": "set",
        "ok": True,
        "written": 1,
        "failed": 0,
        "refused": [],
    }
    assert game.command("status")["health"] == "9999"
    assert shell.ask("set *.health now - first")["written"] == 1
    assert game.command("status")["health"] == str(9999 - 100)
    assert shell.ask("next now.health > 5 and health in 1..max_health * 100")["matches"] == 1


def test_fields_are_places_everywhere(game: TargetProcess, shell: Any) -> None:
    at = game.command("addresses")
    player = at["player_addr"]
    assert shell.ask("read 0.ammo")["value"] == 30
    assert shell.ask(f"read {player}.ammo")["address"] == at["ammo_addr"]
    assert shell.ask(f"read {player}.x")["type"] == "f64"
    assert shell.ask(f"read {player}")["value"]["magazine"] == 12
    assert shell.ask(f"read {player}.wide_name")["value"] == "Brünhilde"
    assert shell.ask(f"read {at['static_addr']} pointer")["type"] == "pointer"
    assert shell.ask("write 0.gold 77")["address"] == at["gold_addr"]
    assert shell.ask(f"write {player}.y 0.5")["value"] == 0.5
    assert shell.ask(f"write {player}.name two words")["value"] == "two words"
    status = game.command("status")
    assert (status["gold"], status["y"], status["name"]) == ("77", "0.5", "two words")
    assert shell.ask("freeze 0.health 44")["address"] == at["health_addr"]
    game.command("hit 5")
    shell.ask("wait 0.3")
    assert game.command("status")["health"] == "44"
    assert shell.ask("unfreeze 0.health")["unfrozen"] == 1
    assert shell.ask("expect value 0.ammo == 30")["ok"]
    assert shell.ask("let where address 0.ammo")["variables"]["where"] == at["ammo_addr"]
    assert shell.ask("let many value 0.ammo")["variables"]["many"] == "30"
    assert shell.ask("patch 0.ammo 1f")["address"] == at["ammo_addr"]
    watched = shell.ask("watch 0 --for 0")
    assert [one["entry"] for one in watched["entries"]][:3] == ["0.id", "0.health", "0.max_health"]
    assert watched["samples"][0]["values"][:4] == [1, 44, 150, 31]
    watched = shell.ask("watch 0.ammo --for 0")
    assert watched["samples"][0]["values"] == [31]
    shown = shell.ask("hex 0 0x120")
    assert (shown["type"], len(shown["values"])) == ("player", 2)
    assert shown["values"][0]["ammo"] == 31
    shown = shell.ask("hex 0.ammo 2")
    assert (shown["bytes"], shown["type"], shown["values"]) == ("1f 00", "u16", [31])


def test_tables_keep_structures_and_fields(
    game: TargetProcess, shell: Any, drive: Drive, tmp_path: Path
) -> None:
    at = game.command("addresses")
    assert shell.ask("table add 0.health health")["type"] == "i32"
    assert shell.ask("table add 0 me --group player")["type"] == "player"
    path = f"{at['static_addr']}->{at['level_offset']}->{at['player_offset']}->0"
    added = shell.ask(f"table add {path}.ammo ammo")
    assert (added["type"], added["where"].split(" -> ")[-1]) == ("u16", "0xc")
    assert shell.ask(f"pointer {path}.ammo")["value"] == 30
    assert shell.ask(f"table add {path} them --type player")["type"] == "player"
    health, me, ammo, _ = shell.ask("table")["entries"]
    assert (health["value"], me["value"]["health"], ammo["value"]) == (100, 100, 30)
    assert shell.ask("read me.ammo")["address"] == at["ammo_addr"]
    assert shell.ask("write them.gold 5")["address"] == at["gold_addr"]
    assert shell.ask("pointer me")["value"]["ammo"] == 30
    assert shell.ask("table set ammo 7")["value"] == 7
    assert shell.error("table set me 5")["type"] == "TypeNameError"
    assert shell.error("struct drop player")["message"] == (
        "the table has entries of struct player: me, them; remove them first"
    )
    exported = shell.ask(f"export {tmp_path}/game.CT")["report"]
    assert exported[1]["reason"] == "Cheat Engine has no type like player"
    file = tmp_path / "game.json"
    assert shell.ask(f"save {file}")["entries"] == 4
    assert json.loads(file.read_text())["version"] == 2
    other = drive("-p", game.pid)
    other.ask("struct player { int other; };")
    assert other.ask(f"load {file}")["entries"] == 4
    assert other.ask("table")["entries"][1]["value"]["ammo"] == 7
    assert other.ask("struct player")["size"] == 144
    assert other.ask("read me.ammo")["value"] == 7
    assert other.ask("type player")["ok"]
    damaged = file.read_text().replace("uint32_t id", "uint32_t id : 3")
    (tmp_path / "bad.json").write_text(damaged)
    error = other.error(f"load {tmp_path}/bad.json")
    assert error["type"] == "TableError"
    assert "bit fields are not taken" in error["message"]
    assert len(other.ask("table")["entries"]) == 4
    assert other.ask("struct player")["size"] == 144


def test_a_structure_is_declared_anew(shell: Any) -> None:
    shell.ask("table add 0 me")
    anew = shell.ask("struct player { uint32_t id; int hp; };")
    assert [one["name"] for one in anew["structures"][0]["fields"]] == ["id", "hp"]
    assert shell.ask("table")["entries"][0]["value"] == {"id": 1, "hp": 100}
    assert "health" in shell.ask("list")["matches"][0]["value"]  # the scan keeps its own
    shell.ask("reset")
    assert shell.ask("first hp == 100 and id == 1")["matches"] >= 1


def test_construct_declares_them_too(game: TargetProcess, drive: Drive) -> None:
    shell = drive("-p", game.pid)
    shell.ask(
        'struct player = Struct(\n  "id" / Int32ul,\n  "health" / i32,  # points {\n  "most" / i32)'
    )
    shell.ask("type player")
    shell.ask("where heap")
    assert shell.ask("health == 100 and most == 150 and id == 1")["matches"] == 1
    assert shell.ask("set 0.most 200")["written"] == 1
    assert game.command("status")["max_health"] == "200"
    (declared,) = shell.ask("struct")["structures"]
    assert (declared["language"], declared["align"], declared["size"]) == ("construct", 4, 12)


def test_earlier_declarations_are_used(game: TargetProcess, drive: Drive) -> None:
    shell = drive("-p", game.pid)
    assert shell.ask("#define UNITS 32")["structures"] == []
    assert shell.ask("typedef struct {\n    double x, y;\n} vec;")["structures"][0]["size"] == 16
    assert shell.ask("#pragma pack(push, 1)")["structures"] == []
    shell.ask("struct tail { vec pos; long long gold; char name[UNITS]; };")
    assert shell.ask("#pragma pack(pop)")["structures"] == []
    assert shell.ask("struct tail")["align"] == 1
    shell.ask("type tail")
    shell.ask("where heap")
    shell.ask("first gold == 1500 and pos.x == 12.5")
    assert shell.ask("read 0.pos.y")["value"] == -3.25
    assert shell.ask("struct drop vec")["dropped"] == "vec"
    assert [one["name"] for one in shell.ask("struct")["structures"]] == ["tail"]


def test_headers_are_loaded(game: TargetProcess, drive: Drive, tmp_path: Path) -> None:
    shell = drive("-p", game.pid)
    header = tmp_path / "the game.h"
    guarded = (
        f"#ifndef GAME_H\n#define GAME_H\n#include <stdint.h>\n{PLAYER}\nint f(int);\n#endif\n"
    )
    header.write_text(guarded)
    loaded = shell.ask(f"struct load '{header}'")
    assert [one["name"] for one in loaded["structures"]] == ["player"]
    header.write_text("struct a {\n  int x;\n  union { int y; } u;\n};\n")
    error = shell.error(f"struct load '{header}'")
    assert (error["type"], error["line"]) == ("DeclarationError", 3)
    assert shell.error("struct load /dev/zero")["message"] == "/dev/zero is not a regular file"
    assert shell.error("struct load")["type"] == "UsageError"


def test_a_script_declares_over_several_lines(
    game: TargetProcess, farfetch: Callable[..., Any], tmp_path: Path
) -> None:
    script = tmp_path / "hunt.ff"
    script.write_text(f"where heap\n{PLAYER}\ntype player\nhealth == 100 and id == 1\nlist\n")
    done = farfetch("-p", game.pid, script)
    assert done.returncode == 0, done.stderr
    head, row, _ = done.stdout[done.stdout.index("INDEX") :].split("\n")
    assert head.split()[3:6] == ["id", "health", "max_health"]
    assert row.split()[3:6] == ["1", "100", "150"]
    done = farfetch("-p", game.pid, "-c", PLAYER, "-c", "type player", "-c", "type")
    assert done.stdout.splitlines()[-1] == "type player"


def test_fields_before_stand_below_those_of_now(game: TargetProcess, farfetch: Any) -> None:
    lines = [ON_A_PIPE, "type player", "health == 100 and id == 1", "set 0.health 7", "list"]
    done = farfetch("-p", game.pid, stdin="\n".join(lines))
    assert done.returncode == 0, done.stderr
    listed = done.stdout[done.stdout.index("INDEX") :].splitlines()
    assert listed[1].split()[4] == "7"
    assert [line.split() for line in listed[2:4]] == [["previous", "100"], ["first", "100"]]


@pytest.mark.parametrize(
    ("script", "place", "said"),
    [
        (
            "type i32\nstruct a {\n  int x;\n  int y : 3;\n};",
            4,
            "line 3 of the declaration, column 7",
        ),
        ("type i32\n\nstruct a {\n  int x;\n", 3, "this { is not closed"),
        ("struct a {\n  int x;\n};\ntype b", 4, 'no value type is called "b"'),
        ("/* a comment\n that does not end", 1, "this comment does not end"),
        ("struct a = Struct(\n  'x' / i32,\n  'y' / Foo)", 3, "no type is called Foo"),
        ("struct a = Struct(\n  'x' / i32,", 1, "a bracket is not closed"),
        ("typedef int", 1, "line 1 of the declaration"),
    ],
)
def test_errors_have_the_line_of_the_script(
    farfetch: Callable[..., Any], tmp_path: Path, script: str, place: int, said: str
) -> None:
    file = tmp_path / "a.ff"
    file.write_text(script)
    done = farfetch(file)
    assert done.returncode == 1
    assert done.stderr.startswith(f"farfetch: {file}:{place}: "), done.stderr
    assert said in done.stderr
    done = farfetch(stdin=script)
    assert f"farfetch: stdin:{place}: " in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


REFUSED = [
    ("struct mob", "TypeNameError", "mob: no structure is called so; struct lists them"),
    ("struct player now", "UsageError", "'now' is one argument too many"),
    ("struct drop", "UsageError", "NAME is missing"),
    ("struct drop mob", "TypeNameError", "mob: no structure is called so"),
    ("struct drop player now", "UsageError", "'now' is one argument too many"),
    ("struct load /nothing", "CommandError", "/nothing cannot be read: No such file"),
    ("struct i32 { int x; };", "DeclarationError", "i32 is a value type"),
    ("struct 9 = Struct()", "DeclarationError", "letters, digits and _"),
    ("struct a = exec('1')", "DeclarationError", "column 12: exec is not one of Struct"),
    ("struct a { Foo x; };", "DeclarationError", "no type Foo is declared"),
    ("union a { int x; };", "DeclarationError", "unions are not taken"),
    ("type playr", "TypeNameError", "did you mean player?"),
    ("helth == 5", "ExpressionError", 'unknown name "helth": did you mean health?'),
    ("health == 5 and", "ExpressionError", "expected a value"),
    ("now == 5", "ExpressionError", "player is compared by its fields: now.hp == 5"),
    ("set 0.helth 5", "TypeNameError", "player: has no field helth: did you mean health?"),
    ("set 0. 5", "UsageError", "behind the dot stands a field's name, not ''"),
    ("set 0 5", "TypeNameError", "use one of its fields"),
    ("set 0.health soon", "ValueKindError", "'soon' is not a whole number"),
    ("set 1.health 5", "MatchIndexError", "no match 1"),
    ("read 0.helth", "TypeNameError", "did you mean health?"),
    ("read 7.health", "MatchIndexError", "no match 7"),
    ("read nowhere.health", "ExpressionError", "no module or region is called"),
    ("read 0.name[3]", "TypeNameError", "name[3] is not there: it has no elements"),
    ("read 0.health.x", "TypeNameError", "it is no structure"),
    ("write 0.ammo 70000", "ValueRangeError", "70000 does not fit u16"),
    ("write 0.ammo", "UsageError", "VALUE is missing"),
    ("write 0x10.ammo 5", "MemoryFault", "cannot write 2 bytes at 0x1c"),
    ("freeze 0", "TypeNameError", "use one of its fields"),
    ("freeze 0.helth", "TypeNameError", "did you mean health?"),
    ("expect value 0 == 5", "TypeNameError", "use one of its fields"),
    ("expect value 0.ammo == 31", "Unexpected", "but it is 30"),
    ("let a value 0", "CommandError", "only numbers, text and bytes"),
    ("table add 0.helth a", "TypeNameError", "did you mean health?"),
    ("table add 0 a --type mob", "TableError", 'no value type is called "mob"'),
    ("table add [heap]->0.helth a", "TypeNameError", "did you mean health?"),
    ("watch 0.helth", "TypeNameError", "did you mean health?"),
    ("hex 0.helth", "TypeNameError", "did you mean health?"),
]


def test_what_cannot_be_done(drive: Drive) -> None:
    with TargetProcess("game") as game:
        shell = drive("-p", game.pid)
        for one in FINDING:
            assert shell.ask(one)["ok"]
        for line, kind, said in REFUSED:
            error = shell.error(line)
            assert error["type"] == kind, (line, error)
            assert said in error["message"], line
            assert [one["name"] for one in shell.ask("struct")["structures"]] == ["player"]
            assert shell.ask("list")["matches"][0]["value"]["health"] == 100
            assert shell.ask("table")["entries"] == []


def test_the_target_has_ended(drive: Drive) -> None:
    with TargetProcess("game") as game:
        shell = drive("-p", game.pid)
        for one in FINDING:
            shell.ask(one)
        game.quit()
        for line in (
            "list",
            "set 0.health 5",
            "read 0.health",
            "write 0.health 5",
            "freeze 0.health",
            "watch 0",
            "hex 0",
            "health == 5",
            "table add 0.health a",
        ):
            assert shell.error(line)["type"] == "TargetGone", line
        assert shell.ask("struct player")["size"] == 144
        assert shell.ask("struct mob { int hp; };")["structures"][0]["size"] == 4
        assert shell.ask("struct drop mob")["dropped"] == "mob"


def test_nothing_is_attached(drive: Drive) -> None:
    shell = drive()
    assert shell.ask("struct")["structures"] == []
    assert shell.ask("struct a { long x; };")["structures"][0]["size"] == 8
    assert shell.ask("type a")["type"] == "a"
    assert shell.error("x == 5")["type"] == "NoTarget"
    assert shell.error("read 0x10.x")["type"] == "NoTarget"


def test_what_reads_c_is_loaded_when_it_is_needed() -> None:
    program = "import sys, farfetch.shell.run as run; sys.exit('pycparser' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_hostile_declaration_is_one_line(farfetch: Callable[..., Any]) -> None:
    for text in (
        "struct a {\n" + "int x;\n" * 100_000,
        "struct a { int x[" + "(" * 100_000,
        "struct a = " + "Struct('a' / " * 100_000,
        "/*" * 100_000,
    ):
        done = farfetch(stdin=text + "\ntype i32\n")
        assert done.returncode == 1
        assert done.stderr.startswith("farfetch: stdin:1: line 1 of the declaration"), done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""  # what was inside of it is not run
