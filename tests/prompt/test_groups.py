"""What Cheat Engine's groups do, places that are calculated, and tables for another build."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from support.child import Talking
from support.hooked import Hooked, build

Drive = Callable[..., Any]


def script(name: str, text: str, more: str = "") -> str:
    return (
        f"<CheatEntry><Description>{name}</Description>"
        "<VariableType>Auto Assembler Script</VariableType>"
        f"<AssemblerScript>{escape(text)}</AssemblerScript>{more}</CheatEntry>"
    )


def value(name: str, address: str, more: str = "", kind: str = "4 Bytes") -> str:
    return (
        f"<CheatEntry><Description>{name}</Description><VariableType>{kind}</VariableType>"
        f"<Address>{address}</Address>{more}</CheatEntry>"
    )


def below(*entries: str, **options: str) -> str:
    said = "".join(f' {name}="1"' for name in options)
    return f"<Options{said}/><CheatEntries>{''.join(entries)}</CheatEntries>"


def table_of(file: Path, *entries: str) -> Path:
    listed = "".join(entries)
    file.write_text(f"<CheatTable><CheatEntries>{listed}</CheatEntries></CheatTable>")
    return file


def test_what_is_grouped_goes_along_and_is_hidden(drive: Drive, tmp_path: Path) -> None:
    with Hooked(build(tmp_path)) as running:
        me = running.players
        foe = f"{me + 20:x}"
        inner = script("inner", f"[ENABLE]\n{foe}:\n dd #7\n[DISABLE]\n{foe}:\n dd 9")
        grouped = value("shown", f"{me + 4:x}") + inner
        on = {"moActivateChildrenAsWell": "1", "moDeactivateChildrenAsWell": "1"}
        god = script(
            "god",
            "[ENABLE]\nhit:\n nop 3\nregistersymbol(hit)\n[DISABLE]\nhit:\n db 29 77 04\n",
            below(grouped, moHideChildren="1", **on),
        )
        word = value("word", f"{me + 8:x}", kind="Float")
        all_ = value(
            "all", f"{me + 4:x}", below(word, value("lvl", f"{me + 12:x}"), moRecursiveSetValue="1")
        )
        header = "<CheatEntry><Description>quiet</Description><GroupHeader>1</GroupHeader>"
        header += below(value("never", f"{me:x}"), moAlwaysHideChildren="1") + "</CheatEntry>"
        file = table_of(tmp_path / "a.CT", god, all_, header)
        shell = drive("-p", running.pid)
        shell.ask(f"load '{file}'")

        def hidden() -> set[str]:
            return {one["name"] for one in shell.ask("table")["entries"] if one["hidden"]}

        assert hidden() == {"shown", "never"}
        done = shell.ask("table on god")
        assert [one["name"] for one in done["scripts"]] == ["god", "inner"]
        assert hidden() == {"never"}
        assert running.ask("hit 5")[:2] == (100, 7)
        off = shell.ask("table off god")
        assert [one["name"] for one in off["scripts"]] == ["inner", "god"]
        assert running.ask("hit 5")[:2] == (95, 9)
        done = shell.ask("table set all 50")
        assert (done["value"], done["along"]) == (50, 2)
        assert running.ask("hit 0")[0] == 50
        values = {one["name"]: one["value"] for one in shell.ask("table all")["entries"]}
        assert (values["word"], values["lvl"], values["never"]) == (50.0, 50, 0x1234)
        # by way of a file of ours
        shell.ask(f"save '{tmp_path}/a.json'")
        shell.ask(f"load '{tmp_path}/a.json'")
        assert hidden() == {"shown", "never"}
        assert len(shell.ask("table on god")["scripts"]) == 2
        assert shell.ask("table off god")["on"] is False
        shell.ask(f"export '{tmp_path}/b.CT'")
        assert (tmp_path / "b.CT").read_bytes() == file.read_bytes()


def test_groups_in_themselves_do_no_harm(drive: Drive, tmp_path: Path) -> None:
    with Hooked(build(tmp_path)) as running:
        at = running.players
        place = {"where": hex(at), "type": "u32", "group": "v"}
        text = f"[ENABLE]\n{at:x}:\n dd #7\n[DISABLE]\n{at:x}:\n dd #8"
        whole = {
            "format": "farfetch table",
            "version": 5,
            "entries": [{"name": "one", **place}, {"name": "two", **place}],
            "scripts": [{"name": "s", "text": text, "group": "s"}],
            "groups": [
                {
                    "path": "s",
                    "options": ["switch-on", "switch-off", "hide-while-off"],
                    "head": "s",
                },
                {"path": "v", "options": ["write"], "head": "one"},
                {"path": "v/w", "options": ["write"], "head": "two"},
            ],
        }
        (tmp_path / "a.json").write_text(json.dumps(whole))
        shell = drive("-p", running.pid)
        shell.ask(f"load '{tmp_path}/a.json'")
        assert shell.ask("table on s")["on"] is True
        assert shell.ask("table off s")["on"] is False
        assert shell.ask("table set one 5")["along"] == 1


def test_people_are_told_what_is_hidden(
    tmp_path: Path, farfetch: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    header = "<CheatEntry><Description>quiet</Description><GroupHeader>1</GroupHeader>"
    header += below(value("secret", "10"), script("s", ""), moAlwaysHideChildren="1")
    file = table_of(tmp_path / "a.CT", header + "</CheatEntry>", value("plain", "10"))
    said = farfetch("-c", f"load '{file}'", "-c", "table", "-c", "table all").stdout
    short, _, whole = said.partition("2 entries and scripts are hidden by a group: table all")
    assert "plain" in short
    assert "secret" not in short
    assert "secret" in whole
    assert "hidden" not in whole


def test_a_place_is_calculated_where_the_program_runs(drive: Drive, tmp_path: Path) -> None:
    """The pad of the second player says which one is meant; its symbol, what the players are."""
    with Hooked(build(tmp_path)) as running:
        names = (
            ("players", f"{running.players:x}"),
            ("which", f"{running.players + 16:x}"),
            ("twice", "[which]*2"),
        )
        symbols = "".join(
            f"<SymbolEntry><Name>{name}</Name><Address>{address}</Address></SymbolEntry>"
            for name, address in names
        )
        sized = "<Offsets><Offset>(dword)[which]*10+4-[which]*0</Offset></Offsets>"
        file = tmp_path / "a.CT"
        file.write_text(
            "<CheatTable><CheatEntries>"
            + value("meant", "players+(DWORD)[which]*10+4")
            + value(
                "child",
                "players+(DWORD)[which]*10",
                below(value("below", "+4"), value("odd", "+[nowhere]")),
            )
            + value("led", "players+28", sized)
            + "</CheatEntries><UserdefinedSymbols>"
            + symbols
            + "</UserdefinedSymbols></CheatTable>"
        )
        shell = drive("-p", running.pid)
        shell.ask(f"load '{file}'")
        listed = {one["name"]: one for one in shell.ask("table")["entries"]}
        assert listed["meant"]["where"] == '="players"+(dword)["which"]*0x10+0x4'
        assert listed["meant"]["address"] == hex(running.players + 4)
        assert listed["meant"]["value"] == listed["below"]["value"] == 100
        assert "nowhere" in listed["odd"]["error"]
        shell.ask("table set meant 55")
        assert running.ask("hit 0")[0] == 55
        shell.ask(f"write {hex(running.players + 16)} u32 1")
        shell.ask("table set below 44")
        assert running.ask("hit 0")[:2] == (55, 44)
        assert shell.ask("table freeze meant 33")["frozen"] == "33"
        shell.ask("wait 0.3")
        assert running.ask("hit 0")[1] == 33
        shell.ask("table unfreeze meant")
        added = shell.ask('table add "=[which]-1+players" mine --type u32')
        assert added["where"].startswith("=")
        checked = shell.ask("table check")["places"]
        assert {one["name"]: one["status"] for one in checked}["odd"] == "waits"
        shell.ask("table remove mine")
        shell.ask(f"export '{tmp_path}/b.CT'")
        assert (tmp_path / "b.CT").read_bytes() == file.read_bytes()


_GAME = """
#include <stdio.h>
#ifdef NEWER
int version = 2, spare[64] = {1};
#endif
struct player { int pad, hp; } first = { 1, 100 }, *current = &first;
void hit(int by);
void heal(int by);
__asm__(".text\\n.globl hit\\nhit:\\n"
#ifdef NEWER
    " nop\\n"
#endif
    " mov current(%rip), %rax\\n sub %edi, 4(%rax)\\n ret\\n"
    ".globl heal\\nheal:\\n mov current(%rip), %rax\\n"
#ifdef NEWER
    " lea (%rdi,%rdi), %edi\\n"
#endif
    " add %edi, 4(%rax)\\n ret\\n");
int main(void)
{
    char line[16];
#ifdef NEWER
    current = (struct player *)8;   /* it has none before a game begins */
#endif
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin))
        line[0] == 'h' ? hit(1) : heal(1);
    return 0;
}
"""


def test_a_table_for_another_build_says_what_still_fits(drive: Drive, tmp_path: Path) -> None:
    programs = []
    for number, more in enumerate(([], ["-DNEWER"])):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "game.c").write_text(_GAME)
        command = ["gcc", "-O1", "-o", "ffrebuilt", *more, "game.c"]
        subprocess.run(command, cwd=folder, check=True, timeout=60)
        programs.append(folder / "ffrebuilt")
    symbols = subprocess.run(
        ["nm", programs[0]], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split("\n")
    at = {line.split()[2]: int(line.split()[0], 16) for line in symbols if line[:1] == "0"}
    file = table_of(
        tmp_path / "a.CT",
        script("no hits", "[ENABLE]\naobscanmodule(a,$process,29 78 04 C3)\na:\n nop 3\n[DISABLE]"),
        script(
            "full",
            "[ENABLE]\naobscanmodule(heals,$process,01 78 04 C3)\naobscanmodule(c,$process,"
            "C3 48 8B 05 ?? ?? ?? ?? 01 78 04)\nheals:\n nop 3\nregistersymbol(heals)\n[DISABLE]",
        ),
        value("hp", f"[ffrebuilt+{at['current']:x}]+4"),
        value("module", "ffrebuilt"),
        value("far", "ffrebuilt+7fffffff"),
        value("code", "heals"),
    )
    told = []
    for program in programs:
        with Talking([program]) as running:
            assert running.hear() == "ready\n"
            shell = drive("-p", running.pid)
            shell.ask(f"load '{file}'")
            said = shell.ask("table check")
            told.append({one["name"]: one["status"] for one in said["scripts"] + said["places"]})
            shell.ask("detach")
    same = {"no hits": "fits", "module": "fits", "far": "refused", "code": "waits"}
    assert told[0] == {**same, "full": "fits", "hp": "fits"}
    assert told[1] == {**same, "full": "refused", "hp": "refused"}
