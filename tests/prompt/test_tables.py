"""Tables and pointer paths at the command line, on real targets."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import attach

from support.hooked import Hooked, build
from support.prompting import until
from support.targets import TargetProcess, target_path

Answers = Callable[..., list[dict[str, Any]]]
Drive = Callable[..., Any]
RUN = "import sys; from farfetch.shell.cli import main; sys.exit(main())"


def test_entries_are_added_changed_and_taken_out(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid)
    assert shell.ask("table")["entries"] == []
    shell.ask("type i32")
    added = shell.ask(f"table add {at['health_addr']} health --group player --note='hit points'")
    assert added["where"].startswith("[heap]+0x")
    assert (added["type"], added["group"], added["note"]) == ("i32", "player", "hit points")
    (entry,) = shell.ask("table")["entries"]
    assert (entry["value"], entry["address"], entry["active"]) == (100, at["health_addr"], False)
    assert shell.ask("table set health 77")["value"] == 77
    assert game.command("status")["health"] == "77"
    assert shell.ask("table freeze health 55")["frozen"] == "55"
    assert shell.ask("table")["entries"][0]["active"] is True
    assert shell.ask("table set health 66")["frozen"] == "66"  # what is held moves along
    game.command("hit 3")
    shell.ask("wait 0.3")
    assert game.command("status")["health"] == "66"
    assert shell.ask("table unfreeze health")["frozen"] is None
    game.command("hit 6")
    assert shell.ask("table")["entries"][0]["value"] == 60
    assert shell.ask("table remove health")["name"] == "health"
    assert shell.ask("table")["entries"] == []


def test_matches_become_entries(game: TargetProcess, answers: Answers) -> None:
    *_, added, listed = answers(game.pid, "where heap", "first 1500", "table add 0 gold", "table")
    assert added["where"].startswith("[heap]+0x")
    assert listed["entries"][0]["value"] == 1500


def test_entries_are_renamed_and_replaced(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid)
    shell.ask(f"table add {at['health_addr']} health --type i32 --note points")
    shell.ask(f"table add {at['gold_addr']} gold --type i32")
    shell.ask("table freeze health 55")
    renamed = shell.ask("table rename health 'my hp'")
    assert (renamed["name"], renamed["note"], renamed["frozen"]) == ("my hp", "points", "55")
    listed = shell.ask("table")["entries"]
    assert [(entry["name"], entry["active"]) for entry in listed] == [
        ("my hp", True),
        ("gold", False),
    ]
    assert shell.ask("table rename gold gold-1")["name"] == "gold-1"
    again = f"table add {at['gold_addr']} 'my hp' --type u16"
    assert "--replace puts this in its place" in shell.error(again)["message"]
    assert shell.ask("table")["entries"] == [*listed[:1], {**listed[1], "name": "gold-1"}]
    replaced = shell.ask(f"{again} --replace")
    assert (replaced["type"], replaced["note"], replaced["frozen"]) == ("u16", "", None)
    names = [entry["name"] for entry in shell.ask("table")["entries"]]
    assert names == ["my hp", "gold-1"]
    assert shell.ask("set 'my hp' 7")["written"] == 1
    assert game.command("status")["gold"] == "7"
    assert shell.ask(f"table add {at['gold_addr']} third --replace")["name"] == "third"


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("table sell health", "UsageError", "table takes add, set, "),
        ("table add", "UsageError", "WHERE is missing"),
        ("table add [heap]", "UsageError", "NAME is missing"),
        ("table add [heap] a --colour red", "UsageError", "'--colour' is one argument too many"),
        ("table add [heap] a --type", "UsageError", "--type is missing"),
        ("table add [heap] a --type i33", "TableError", "i33"),
        ("table add 0 a", "NoMatches", "no matches"),
        ("table add nowhere a", "ExpressionError", "no module or region"),
        ("table add [heap]->soon a", "PointerError", "offset 1 is a number, not 'soon'"),
        ("table add '->8' a", "PointerError", "begins with a place"),
        ("table add [heap]->0->0 a", "PointerError", "cannot be read"),
        ("table add [heap] there", "UsageError", "table remove there takes it out"),
        ("table add [heap] there", "UsageError", "--replace puts this in its place"),
        ("table add here 0", "UsageError", "the place comes first: table add 0 here"),
        ("table add here 0x10", "UsageError", "the place comes first: table add 0x10 here"),
        ("table rename there there", "UsageError", "'there' is in the table"),
        ("table rename nobody else", "TableError", 'the table has no entry "nobody"'),
        ("table rename there", "UsageError", "NEW is missing"),
        ("table rename there ''", "TableError", "name"),
        ("table set nobody 1", "TableError", 'the table has no entry "nobody"'),
        ("table set there soon", "ValueKindError", "soon"),
        ("table set there", "UsageError", "VALUE is missing"),
        ("table freeze nobody", "TableError", "no entry"),
        ("table freeze there 1e99", "ValueKindError", "1e99"),
        ("table remove nobody", "TableError", "no entry"),
        ("table unfreeze there now", "UsageError", "one argument too many"),
        ("pointer", "UsageError", "PATH is missing"),
        ("pointer [heap]->0->0", "PointerError", "pointer 2, at 0x"),
        ("pointer [heap] i33", "TypeNameError", "i33"),
        ("save", "UsageError", "FILE is missing"),
        ("save /proc/nothing/here", "TableError", "cannot be written: No such file"),
        ("save /dev/null", "TableError", "is not a regular file"),
        ("load", "UsageError", "FILE is missing"),
        ("load /nothing/here", "TableError", "cannot be read: No such file"),
        ("load /dev/zero", "TableError", "is not a regular file"),
        ("export", "UsageError", "FILE is missing"),
        ("export x.json", "UsageError", "FILE ends in .CT"),
        ("export /nothing/x.CT", "TableError", "cannot be written: No such file"),
        ("load /nothing/x.CT", "TableError", "cannot be read: No such file"),
        ("load x --thaw", "UsageError", "'--thaw' is one argument too many"),
    ],
)  # fmt: skip
def test_what_cannot_be_done(
    game: TargetProcess, drive: Drive, line: str, kind: str, said: str
) -> None:
    shell = drive("-p", game.pid)
    shell.ask("table add [heap]+16 there")
    error = shell.error(line)
    assert error["type"] == kind
    assert said in error["message"]
    assert [one["name"] for one in shell.ask("table")["entries"]] == ["there"]


def test_a_table_fits_the_next_run(game: TargetProcess, drive: Drive, tmp_path: Path) -> None:
    at = game.command("addresses")
    file = tmp_path / "my game.json"
    shell = drive("-p", game.pid)
    shell.ask(f"table add {at['health_addr']} health --type i32")
    shell.ask(f"table add {at['gold_addr']} gold --type i32")
    shell.ask("table freeze health 42")
    assert shell.ask(f"save '{file}'")["entries"] == 2
    saved = json.loads(file.read_text())
    assert (saved["format"], saved["version"]) == ("farfetch table", 1)
    moved = tmp_path / "elsewhere" / "game"
    moved.parent.mkdir()
    shutil.copy(target_path("game"), moved)
    for prefix in ((), ("sh", "-c", 'exec "$0"', str(moved))):
        with TargetProcess("game", prefix=prefix) as again:
            there = again.command("addresses")
            later = drive("-p", again.pid)
            assert later.ask(f"load '{file}'")["frozen"] == 0
            entries = later.ask("table")["entries"]
            assert [one["value"] for one in entries] == [100, 1500]
            assert entries[0]["address"] == there["health_addr"]
            assert later.ask(f"load '{file}' --freeze")["frozen"] == 1
            again.command("hit 9")
            later.ask("wait 0.3")
            assert again.command("status")["health"] == "42"


def test_entries_are_places(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid)
    shell.ask("type u8")
    shell.ask(f"table add {at['health_addr']} 'my health' --type i32")
    assert shell.ask("freeze 'my health' 300")["type"] == "i32"
    assert shell.ask("watch 'my health' --for 0")["samples"][0]["values"] == [300]
    assert shell.ask("hex 'my health' 4")["bytes"] == "2c 01 00 00"
    assert shell.ask("expect value 'my health' == 300")["ok"]
    assert shell.ask("unfreeze 'my health'")["ok"]
    assert shell.ask("write 'my health' i32 7")["ok"]
    assert shell.ask("read 'my health'")["value"] == 7
    assert shell.ask("pointer 'my health' i32")["value"] == 7
    assert shell.error("hex 'my wealth' 4")["type"] == "ExpressionError"


def test_tables_of_cheat_engine(game: TargetProcess, drive: Drive, tmp_path: Path) -> None:
    file = tmp_path / "game.CT"
    shell = drive("-p", game.pid)
    shell.ask("table add game+0 magic --type bytes[4] --group 'about/it'")
    shell.ask("table add [heap]+16 lost")
    done = shell.ask(f"export {file}")
    assert done["entries"] == 1
    assert done["report"][1] == {
        "name": "lost",
        "taken": False,
        "reason": "Cheat Engine does not know the place [heap]+0x10",
    }
    shell.ask("table remove magic")
    loaded = shell.ask(f"load {file}")
    assert loaded["report"] == [{"name": "magic", "taken": True, "reason": ""}]
    (entry,) = shell.ask("table")["entries"]
    assert (entry["value"], entry["group"]) == ("7f 45 4c 46", "about/it")


def test_what_is_not_understood_is_kept(drive: Drive, tmp_path: Path) -> None:
    file = tmp_path / "my.CT"
    script = "<CheatTable><CheatEntries/><LuaScript>print(1)</LuaScript></CheatTable>"
    file.write_text(script)
    keeping = drive()
    keeping.ask(f"load {file}")
    assert keeping.ask(f"export {file}")["entries"] == 0
    assert file.read_text() == script
    shell = drive()
    for line in (f"export {file}", f"save {file}"):
        error = shell.error(line)
        assert error["type"] == "TableError"
        assert "is not written over" in error["message"]
        assert file.read_text() == script
    assert shell.ask(f"export {file} --force")["entries"] == 0
    assert "LuaScript" not in file.read_text()
    assert shell.ask(f"save --force {file}")["entries"] == 0
    assert json.loads(file.read_text())["format"] == "farfetch table"
    assert shell.error(f"save {file} --forced")["type"] == "UsageError"


def test_the_target_has_ended(game: TargetProcess, drive: Drive, tmp_path: Path) -> None:
    shell = drive("-p", game.pid)
    shell.ask("table add [heap]+16 there")
    game.quit()
    for line in (
        "table add [heap] more",
        "table set there 1",
        "table freeze there",
        "table unfreeze there",
        "pointer [heap]->8",
    ):
        assert shell.error(line)["type"] == "TargetGone", line
    (entry,) = shell.ask("table")["entries"]  # it is still there to look at, and to keep
    assert entry["value"] is None
    assert "has exited" in entry["error"]
    assert shell.ask(f"save {tmp_path}/kept.json")["entries"] == 1
    assert shell.error(f"load {tmp_path}/kept.json --freeze")["type"] == "TargetGone"
    assert shell.ask(f"load {tmp_path}/kept.json")["entries"] == 1
    assert shell.ask("table remove there")["name"] == "there"


CHEAT_TABLE = """<CheatTable><CheatEntries><CheatEntry><Description>"flag"</Description>
<VariableType>Binary</VariableType><BitStart>1</BitStart><BitLength>2</BitLength>
<Address>{at}</Address></CheatEntry><CheatEntry><Description>"mode"</Description>
<VariableType>4 Bytes</VariableType><ShowAsHex>1</ShowAsHex><DropDownList>100:fit
5:hurt</DropDownList><Address>{at}</Address></CheatEntry><CheatEntry><Description>"odd"</Description>
<VariableType>Lunch</VariableType><Address>10</Address></CheatEntry><CheatEntry>
<Description>"hook"</Description><VariableType>Auto Assembler Script</VariableType>
<AssemblerScript>[ENABLE]
luacall(x)</AssemblerScript></CheatEntry></CheatEntries></CheatTable>"""


def test_a_cheat_engine_table_is_used(game: TargetProcess, drive: Drive, tmp_path: Path) -> None:
    at = game.command("addresses")["health_addr"]
    file = tmp_path / "game.cetrainer"
    file.write_text(CHEAT_TABLE.format(at=at.removeprefix("0x")))
    shell = drive("-p", game.pid)
    checked = shell.ask(f"table check '{file}' --offline")
    assert checked["counts"] == {
        "values": 3,
        "known": 2,
        "waiting": 0,
        "refused": 1,
        "scripts": 1,
        "runnable": 0,
    }
    assert (
        checked["entries"][3]["reason"]
        == "line 2: luacall(): Lua is run only when that is asked for (--lua)"
    )
    assert "the table has no script" in shell.error(f"table check '{file}'")["message"]
    loaded = shell.ask(f"load '{file}'")
    assert (loaded["entries"], loaded["scripts"]) == (2, 1)
    flag, mode = shell.ask("table")["entries"]
    assert (flag["value"], flag["bits"], mode["value"]) == ((100 >> 1) & 3, "1:2", 100)
    assert shell.ask("table set flag 1")["value"] == 1
    assert game.command("status")["health"] == str(100 & ~6 | 2)
    assert shell.error("table set flag 4")["type"] == "ValueRangeError"
    assert shell.ask("set flag 2")["written"] == 1
    shell.ask("table freeze flag")
    game.command("hit 2")
    until(game, "health", "100")  # the bits alone are held
    game.command("hit 32")
    assert game.command("status")["health"] == "68"
    assert shell.ask("unfreeze")["unfrozen"] == 1
    assert shell.ask("table set mode hurt")["value"] == 5
    assert game.command("status")["health"] == "5"
    out = tmp_path / "out.CT"
    shell.ask(f"export '{out}'")
    assert out.read_bytes() == file.read_bytes()


LUA_SCRIPT = """[ENABLE]
{$lua}
print('found', readSmallInteger('hit') ~= nil)
return string.format('define(place,%X)', getAddress('hit'))
{$asm}
place:
 nop 3
[DISABLE]
place:
 db 29 77 04
{$lua}
createTimer()"""


def test_lua_is_run_where_it_is_asked_for(drive: Drive, tmp_path: Path) -> None:
    only = LUA_SCRIPT.partition("\n{$lua}\ncreate")[0]
    texts = {"timer": LUA_SCRIPT, "lua": only.replace("\nplace:\n db", "\nhit:\n db")}
    scripts = [{"name": name, "text": text} for name, text in texts.items()]
    file = tmp_path / "lua.json"
    content = {"format": "farfetch table", "version": 4, "entries": [], "scripts": scripts}
    file.write_text(json.dumps(content))
    with Hooked(build(tmp_path)) as running:
        shell = drive("-p", running.pid)
        shell.ask(f"load '{file}'")
        assert shell.ask(f"table check '{file}' --offline")["counts"]["runnable"] == 0
        said = "line 2: {$lua}: Lua is run only when that is asked for (--lua)"
        assert [one["reason"] for one in shell.ask("table check")["scripts"]] == [said, said]
        assert shell.error("table on lua")["message"] == said
        timer, lua = shell.ask("table check --lua")["scripts"]
        assert "createTimer is no function that only computes" in timer["reason"]
        assert lua["status"] == "fits"
        on = shell.ask("table on lua --lua")
        assert (on["printed"], len(on["changes"])) == (["found true"], 1)
        assert running.ask("hit 5")[0] == 100
        shell.ask("table off lua")
        assert running.ask("hit 5")[0] == 95


COMMENTED = """<CheatTable><CheatEntries>
<CheatEntry><Description>"cheats"</Description><GroupHeader>1</GroupHeader><CheatEntries>{scripts}
</CheatEntries></CheatEntry>
<CheatEntry><Description>"named"</Description><VariableType>4 Bytes</VariableType>
<Address>mine</Address></CheatEntry></CheatEntries>
<UserdefinedSymbols><SymbolEntry><Name>mine</Name><Address>{at}</Address></SymbolEntry>
<SymbolEntry><Name>later</Name><Address>nothing.dll+10</Address></SymbolEntry>
</UserdefinedSymbols><Comments>by a player
for   1.0</Comments></CheatTable>"""
SCRIPTED = """<CheatEntry><Description>"{name}"</Description><VariableType>Auto Assembler Script
</VariableType><AssemblerScript>{text}</AssemblerScript></CheatEntry>"""


def test_groups_comments_and_symbols_of_a_table(drive: Drive, tmp_path: Path) -> None:
    god = "[ENABLE]\nhit:\n nop 3\nregistersymbol(hit)\n[DISABLE]\nhit:\n db 29 77 04\n"
    uses = "[ENABLE]\nmine:\n dd #7\n[DISABLE]\nmine:\n dd #100\n"
    texts = {"god": god, "uses": uses}
    listed = [SCRIPTED.format(name=name, text=text) for name, text in texts.items()]
    with Hooked(build(tmp_path)) as running:
        at = f"{running.players + 4:x}"
        first, second = tmp_path / "a.CT", tmp_path / "b.CT"
        first.write_text(COMMENTED.format(scripts="".join(listed), at=at))
        broken = SCRIPTED.format(name="bad", text="[ENABLE]\nnobody+4:\n nop\n[DISABLE]")
        changed = SCRIPTED.format(name="god", text=god.replace("nop 3", "db 90 CC"))
        second.write_text(COMMENTED.format(scripts=changed + broken, at="10"))
        shell = drive("-p", running.pid)
        loaded = shell.ask(f"load '{first}'")
        assert (loaded["scripts"], loaded["comments"]) == (2, "by a player\nfor   1.0")
        (named,) = shell.ask("table")["entries"]
        assert named["value"] == 100
        on = shell.ask("table on cheats")
        assert [one["name"] for one in on["scripts"]] == ["god", "uses"]
        assert running.ask("hit 5")[0] == 7
        assert shell.ask("table off cheats")["on"] is False
        assert running.ask("hit 5")[0] == 95
        assert 'no script of "cheats" is on' in shell.error("table off cheats")["message"]

        merged = shell.ask(f"load '{second}' --merge")
        assert (merged["entries"], merged["scripts"]) == (0, 2)
        assert merged["renamed"] == {"god": "god (2)"}
        (named,) = shell.ask("table")["entries"]
        assert named["value"] == 95  # what was known stays
        said = shell.error("table on cheats")["message"]
        assert said.startswith('"cheats" is not on: "god (2)": the script "god" has changed 0x')
        assert running.ask("hit 5")[0] == 95  # none of them is on: [DISABLE] of "uses" says 100
        assert all(not one["on"] for one in shell.ask("table")["scripts"])
        assert "--merge" in shell.error(f"load '{second}' --merge --freeze")["message"]
        shell.ask(f"save '{tmp_path}/both.json'")
        again = json.loads((tmp_path / "both.json").read_text())
        assert again["symbols"] == {"mine": f"0x{at}", "later": '"nothing.dll"+0x10'}
        assert again["comments"] == "by a player\nfor   1.0"
        loaded = shell.ask(f"load '{tmp_path}/both.json'")
        assert (loaded["scripts"], loaded["comments"]) == (4, "by a player\nfor   1.0")


def test_what_many_entries_lack_is_summed_up(
    tmp_path: Path, farfetch: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    odd = "<CheatEntry><VariableType>Lunch</VariableType><Address>10</Address></CheatEntry>"
    file = tmp_path / "many.CT"
    file.write_text(f"<CheatTable><CheatEntries>{odd * 40}</CheatEntries></CheatTable>")
    said = farfetch("-c", f"load '{file}'", "-c", f"table check '{file}' --offline").stdout
    assert "40 left out: its type Lunch has no equal here" in said
    assert "40 values: 0 with a known place" in said
    assert "40 values refused: its type has no equal here" in said


def test_scripts_are_switched_on_and_off(drive: Drive, tmp_path: Path) -> None:
    table = tmp_path / "hooked.json"
    god = "[ENABLE]\nhit:\n nop 3\nregistersymbol(hit)\n[DISABLE]\nhit:\n db 29 77 04\n"
    scripts = [
        {"name": "god", "text": god + "unregistersymbol(hit)", "group": "cheats"},
        {"name": "lua", "text": "[ENABLE]\nluacall(x)", "note": "of others"},
    ]
    content = {"format": "farfetch table", "version": 4, "entries": [], "scripts": scripts}
    table.write_text(json.dumps(content))
    with Hooked(build(tmp_path)) as running:
        shell = drive("-p", running.pid)
        assert shell.ask(f"load '{table}'")["scripts"] == 2
        checked = shell.ask("table check")["scripts"]
        assert [(one["name"], one["status"]) for one in checked] == [
            ("god", "fits"),
            ("lua", "refused"),
        ]
        assert (
            checked[1]["reason"]
            == "line 2: luacall(): Lua is run only when that is asked for (--lua)"
        )
        (change,) = shell.ask("table check god")["changes"]
        assert (change["before"], change["after"]) == ("29 77 04", "90 90 90")
        assert running.ask("hit 5")[0] == 95
        on = shell.ask("table on god")
        assert (on["on"], on["changes"]) == (True, [change])
        assert on["symbols"] == {"hit": hex(running.hit)}
        assert running.ask("hit 5")[0] == 95
        listed = shell.ask("table")["scripts"]
        assert [(one["name"], one["group"], one["on"]) for one in listed] == [
            ("god", "cheats", True),
            ("lua", "", False),
        ]
        assert shell.ask("table on god --undo-at-exit")["undo_at_exit"] is True
        assert shell.ask("table off god")["on"] is False
        assert running.ask("hit 5")[0] == 90
        assert "is not on" in shell.error("table off god")["message"]
        assert shell.error("table on lua")["type"] == "ScriptError"
        assert shell.error("table on nobody")["type"] == "TableError"
        assert shell.error("table check nobody")["type"] == "TableError"
        shell.ask("table on god --undo-at-exit")
        shell.ask("detach")
        assert running.ask("hit 5")[0] == 85
        assert shell.error("table on god")["type"] == "NoTarget"


def test_what_is_on_when_another_table_is_loaded(drive: Drive, tmp_path: Path) -> None:
    """It can be switched off, whatever the table says now, and is said where it stays."""
    god = "[ENABLE]\nhit:\n {}\nregistersymbol(god)\ngod:\n[DISABLE]\nhit:\n db 29 77 04\n"
    files = {}
    for file, name, code in (
        ("one", "god", "nop 3"),
        ("two", "god", "db C3"),
        ("three", "more", ""),
    ):
        script = {"name": name, "text": god.format(code) + "unregistersymbol(god)"}
        entry = {"name": "there", "where": "god+4", "type": "i32"}
        content = {"format": "farfetch table", "version": 4, "entries": [entry]}
        files[file] = tmp_path / f"{file}.json"
        files[file].write_text(json.dumps({**content, "scripts": [script]}))
    with Hooked(build(tmp_path)) as running, attach(running.pid) as target:
        before = target.read_bytes(running.hit, 16)
        shell = drive("-p", running.pid)
        shell.ask(f"load '{files['one']}'")
        shell.ask("table on god")
        shell.ask(f"load '{files['two']}'")
        [listed] = shell.ask("table")["scripts"]
        assert (listed["on"], listed["note"]) == (True, "as it was before this table was loaded")
        assert "table off comes first" in shell.error("table on god")["message"]
        shell.ask("table off god")
        assert target.read_bytes(running.hit, 16) == before
        shell.ask("table on god")
        assert target.read_bytes(running.hit, 1) == b"\xc3"
        shell.ask(f"load '{files['three']}'")
        assert [(one["name"], one["on"], one["note"]) for one in shell.ask("table")["scripts"]] == [
            ("more", False, ""),
            ("god", True, "not of this table"),
        ]
        shell.ask("table off god")
        assert shell.error("table off god")["type"] == "TableError"
        assert target.read_bytes(running.hit, 16) == before
        shell.ask(f"load '{files['two']}'")
        shell.ask("table on god")
        target.write_bytes(running.hit, b"\xcc", force=True)
        assert "found cc" in shell.error("table off god")["message"]
        shell.ask("table off god --force")
        assert target.read_bytes(running.hit, 16) == before
        shell.ask("table on god")
        shell.ask(f"nop {running.hit + 3:#x} --undo-at-exit")
        number = shell.ask(f"nop {running.hit + 4:#x}")["patch"]
        assert shell.ask("detach")["changed"] == ['"god"', f"patch {number}"]
        target.write_bytes(running.hit, before, force=True)


def test_a_place_that_waits_for_a_script_names_it(
    tmp_path: Path, farfetch: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    file = tmp_path / "waits.json"
    script = {
        "name": "immortal one",
        "text": "[ENABLE]\nhit:\nregistersymbol(more god)\n[DISABLE]\n",
    }
    entries = [
        {"name": name, "where": f"{name}+4", "type": "i32"} for name in ("god", "goddess", "od")
    ]
    content = {"format": "farfetch table", "version": 4, "entries": entries, "scripts": [script]}
    file.write_text(json.dumps(content))
    with Hooked(build(tmp_path)) as running:
        asked = ("-p", running.pid, "-c", f"load '{file}'")
        for command in ("table", "table check"):
            said = farfetch(*asked, "-c", command).stdout
            lines = {line.split()[0]: line.rstrip() for line in said.splitlines() if line.strip()}
            assert lines["god"].endswith('waits for table on "immortal one"')
            assert 'called "goddess"' in lines["goddess"]
            assert 'called "od"' in lines["od"]
        for command in ("set god 5", "table set god 5", "table freeze god", "hex god"):
            said = farfetch(*asked, "-c", command).stderr
            assert said.endswith('is called "god"; waits for table on "immortal one"\n')
        said = farfetch(*asked, "-c", "table on Immortal on").stderr
        assert 'the table has no script "Immortal on": did you mean "immortal one"?' in said
        said = farfetch(*asked, "-c", "table on immortal one").stderr  # without quotes
        assert "line 3: registersymbol(): nothing is called more" in said


@pytest.mark.parametrize("line", ["load {}", "table check {} --offline"])
def test_what_a_table_is_made_of_counts_as_old(tmp_path: Path, line: str) -> None:
    """What the shell has loaded is frozen, beside which nothing else can be made old."""
    file = tmp_path / "game.CT"
    file.write_text("<CheatTable><CheatEntries/></CheatTable>")
    said = (
        f"import atexit, gc; atexit.register(lambda: print('frozen:', gc.get_freeze_count()));{RUN}"
    )
    for typed, frozen in (("help load", True), (line.format(file), False)):
        done = subprocess.run(
            [sys.executable, "-c", said, "-c", typed], capture_output=True, text=True, check=True
        )
        assert (not done.stdout.endswith("frozen: 0\n")) == frozen
