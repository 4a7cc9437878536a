"""What is said of tables without their program."""

from __future__ import annotations

from pathlib import Path

import pytest
from farfetch.scanner import Entry, Script, Table, TableError, check_table

HOOK = """[ENABLE]
aobscanmodule(hook,game.exe,29 D8 ?? 8B)
alloc(newmem,$1000,hook)
label(return)
registersymbol(hook pPlayer)
newmem:
  mov [pPlayer],rbx
  reassemble(hook)
  jmp return
align 10 CC
pPlayer:
  dq 0
hook:
  jmp newmem
return:
[DISABLE]
hook:
  db 29 D8 90 8B 00
unregistersymbol(*)
dealloc(*)
"""


def value(name: str, address: str) -> str:
    return (
        f"<CheatEntry><Description>{name}</Description><VariableType>4 Bytes</VariableType>"
        f"<Address>{address}</Address></CheatEntry>"
    )


def script(name: str, text: str) -> str:
    return (
        f"<CheatEntry><Description>{name}</Description><VariableType>Auto Assembler Script"
        f"</VariableType><AssemblerScript>{text}</AssemblerScript></CheatEntry>"
    )


def table_of(tmp_path: Path, *entries: str) -> Path:
    file = tmp_path / "game.CT"
    inner = "".join(entries)
    symbols = "<SymbolEntry><Name>mine</Name><Address>game.exe+8</Address></SymbolEntry>"
    file.write_text(
        f"<CheatTable><CheatEntries>{inner}</CheatEntries>"
        f"<UserdefinedSymbols>{symbols}</UserdefinedSymbols></CheatTable>"
    )
    return file


def test_each_value_is_known_waits_or_is_refused(tmp_path: Path) -> None:
    lua = "[ENABLE]\n{$lua}\nregisterSymbol('lua',1)\n{$asm}\nregistersymbol(fromLua)\n[DISABLE]"
    user = "[ENABLE]\nalloc(needy,8)\nregistersymbol(needy)\nneedy:\n dq fromLua\n[DISABLE]"
    check = check_table(
        table_of(
            tmp_path,
            value("number", "7f00"),
            value("module", "game.exe+10"),
            value("program", "$process+10"),
            value("quoted", '"my game"+10'),
            value("mine", "mine+4"),
            value("waits", "[pplayer]+10"),
            value("lua", "fromLua"),
            value("needs", "needy"),
            value("nobody", "nobody+4"),
            value("stack", '"THREADSTACK0"-8'),
            value("sum", "x+y"),
            script("hook", HOOK),
            script("lua script", lua),
            script("needs lua", user),
            script("the hook again", HOOK),
        )
    )
    assert check.counts == {
        "values": 11,
        "known": 6,
        "waiting": 1,
        "refused": 4,
        "scripts": 3,
        "runnable": 2,
    }
    said = {entry.name: (entry.status, entry.reason) for entry in check.entries}
    assert said["waits"] == ("waiting", "waits for the symbol pplayer")
    assert said["lua"] == (
        "refused",
        'fromLua is registered by "lua script", which is refused: '
        "line 2: {$lua}: Lua is run only when that is asked for (--lua)",
    )
    assert said["needs"] == ("refused", 'needy is registered by "needs lua", which needs others')
    assert said["nobody"] == ("refused", "no script of the table registers nobody")
    assert said["stack"] == ("known", "waits for THREADSTACK0")
    assert said["hook"] == ("runnable", "waits for game.exe")
    assert said["lua script"] == (
        "refused",
        "line 2: {$lua}: Lua is run only when that is asked for (--lua)",
    )


def test_functions_are_waited_for_and_other_names_are_not(tmp_path: Path) -> None:
    calls = "[ENABLE]\ngame.exe+10:\n call GetAsyncKeyState\n call kernel32.Sleep\n[DISABLE]"
    other = "[ENABLE]\ngame.exe+10:\n call GetAsyncLunch\n[DISABLE]"
    check = check_table(table_of(tmp_path, script("calls", calls), script("other", other)))
    assert [(entry.status, entry.reason) for entry in check.entries] == [
        ("runnable", "waits for game.exe, GetAsyncKeyState, kernel32.Sleep"),
        ("refused", 'line 3: call GetAsyncLunch: column 6: nothing is called "GetAsyncLunch"'),
    ]


def test_own_tables_are_checked_too(tmp_path: Path) -> None:
    table = Table()
    table.put(Entry("hp", "game+0x10 -> 8", "u8", bits="1:2", shown="hex", choices=(("1", "on"),)))
    table.put_script(Script("hook", HOOK, "player", "a note"))
    table.put_script(Script("bad", "[ENABLE]\nloadlibrary(x.dll)\n[DISABLE]"))
    table.save(tmp_path / "game.json")
    again = Table.load(tmp_path / "game.json")
    assert (list(again), again.scripts) == (list(table), table.scripts)
    check = check_table(tmp_path / "game.json")
    assert (check.counts["known"], check.counts["scripts"], check.counts["runnable"]) == (1, 2, 1)
    assert check.entries[-1].reason == (
        "line 2: loadlibrary(): no library is loaded into the target"
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("registersymbol(pPlayer)", ("pplayer",)),
        ("registerSymbol ( a , b )\nregistersymbol(c d)", ("a", "b", "c", "d")),
        ("unregistersymbol(a)\nunregisterSymbol(b)", ()),
        (r"""autoAssemble("globalalloc(e,8)\nregistersymbol(e)")""", ("e",)),
        ("""mono_registerSymbol("AddItems", 4)""", ("additems", "4")),
        ("", ()),
    ],
)
def test_what_a_script_registers(text: str, names: tuple[str, ...]) -> None:
    """Also in what Lua assembles; with too many names a place is told what it waits for."""
    assert Script("a", text).registers == names


def test_a_number_that_a_script_registers_is_no_place(tmp_path: Path) -> None:
    base = "[ENABLE]\nalloc(base,8)\ndefine(XA,1F90)\nregistersymbol(base XA)\n[DISABLE]"
    user = "[ENABLE]\nalloc(m,64)\nm:\n mov r12,[r12+XA]\n mov rax,[base]\n[DISABLE]"
    far = "[ENABLE]\nalloc(m,64)\nm:\n mov r12,[r12+base]\n[DISABLE]"
    check = check_table(
        table_of(
            tmp_path,
            script("base", base),
            script("user", user),
            script("far", far),
            value("hp", "[[base]+XA]+8"),
        )
    )
    assert [(one.status, one.reason) for one in check.entries] == [
        ("runnable", ""),
        ("runnable", "waits for XA, base"),
        (
            "refused",
            "line 4: mov r12,[r12+base]: column 1: 144000100 is too far away to be "
            "reached from here",
        ),
        ("waiting", "waits for the symbol base"),
    ]


def test_hostile_tables_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.cetrainer"
    file.write_bytes(b"<CheatTable>")
    with pytest.raises(TableError, match="is damaged at line 1"):
        check_table(file)
