"""Lua in scripts: what it can do, what it cannot, and how it ends."""

from __future__ import annotations

import signal
import sys
import threading

import pytest
from farfetch.scanner import Buffer, LiveScript, ScriptError, attach
from farfetch.scanner.script import lua as module
from farfetch.scanner.script.aob import ByteArray
from farfetch.scanner.script.lua import LuaSandbox
from farfetch.scanner.script.offline import check_script
from farfetch.scanner.script.search import Within
from farfetch.scanner.script.source import has_lua

MEMORY = bytes(range(1, 9)) + b"\x00\x00\xc0\x3f" + b"name\0" + "wide\0".encode("utf-16-le")


class World:
    """A program of a few bytes at 0x1000."""

    program = "game.exe"
    pid = 77

    def __init__(self, bits: int = 64) -> None:
        self.bits = bits

    def symbol(self, name: str) -> int | None:
        return {"game.exe": 0x1000, "high": (1 << 64) - 16}.get(name.lower())

    def pointer(self, address: int) -> int:
        raise AssertionError(address)

    def copy(self, address: int, size: int) -> bytes:
        return self.bytes_at(address, size)

    def moved(self, address: int, to: int) -> bytes:
        raise AssertionError((address, to))

    def mapped(self) -> list[tuple[str, str, int, int]]:
        return [("game.exe", "/games/game.exe", 0x1000, len(MEMORY))]

    def bytes_at(self, address: int, size: int) -> bytes:
        return MEMORY[address - 0x1000 :][:size] if address >= 0x1000 else b""

    def places(self, array: ByteArray, within: Within, most: int) -> list[int]:
        size = len(array.raw)
        module = within if isinstance(within, str) else ""
        begin, end = (0, 1 << 64) if isinstance(within, str) else within
        every = range(most if array.raw == b"\xee" else len(MEMORY))
        found = [0x1000 + at for at in every if array.matches(MEMORY[at : at + size])]
        if array.raw == b"\xee":
            return [0x1000] * most
        return [at for at in found if begin <= at < end] if module != "no.dll" else []


def sandbox(bits: int = 64, *, checking: bool = False) -> LuaSandbox:
    made = LuaSandbox(World(bits), checking=checking)
    made.begin()
    return made


SCANNED = """
local scan = createMemScan()
scan.setOnlyOneResult(true)
scan:firstScan(soExactValue, vtByteArray, nil, '03 ?? 05', nil, 0x1000, 0x1010,
               '+X-C-W', fsmNotAligned, '1', true, true, false, false)
scan.waitTillDone()
local found = createFoundList(scan)
found.initialize()
local result = scan.Result and string.format('%X', scan.Result)
return tostring(result) .. ' ' .. found.Count .. ' ' .. tostring(found[0]) .. ' '
  .. tostring(found.getAddress(0))
"""


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("return 'nop'", "nop"),
        ("return 5", "5"),
        ("return", ""),
        ("return {}", ""),
        ("return true", ""),
        ("return syntaxcheck, memrec", ""),
        ("return string.format('define(a,%X)', getAddress('game.exe+10'))", "define(a,1010)"),
        ("return tostring(getAddressSafe('nobody'))", "nil"),
        ("return tostring(getAddressSafe('x x'))", "nil"),
        ("return tostring(getAddressSafe(nil))", "nil"),
        ("return getAddress(0x1000)", "4096"),
        ("return getAddress('high+F')", "-1"),
        ("return readByte('game.exe') + readSmallInteger(0x1000)", str(1 + 0x201)),
        ("return readInteger('game.exe')", str(0x04030201)),
        ("return readQword(0x1000)", str(0x0807060504030201)),
        ("return readFloat('game.exe+8')", "1.5"),
        ("return tostring(readInteger(0x1))", "nil"),
        ("return tostring(readPointer('nobody'))", "nil"),
        ("return table.concat(readBytes(0x1000, 3, true), ',')", "1,2,3"),
        ("local a, b = readBytes(0x1000, 2) return a + b", "3"),
        ("return readString('game.exe+C')", "name"),
        ("return readString('game.exe+C', 2)", "na"),
        ("return readString('game.exe+11', 9, true)", "wide"),
        ("return AOBScan('02 03')[0]", "1001"),
        ("local l = AOBScan('02 0?') local c = l.Count l.destroy() return c", "1"),
        ("return tostring(AOBScan('77 77'))", "nil"),
        ("return AOBScanUnique('02 ?? 04')", str(0x1001)),
        ("return tostring(AOBScanModuleUnique('no.dll', '02'))", "nil"),
        ("return AOBScanModule('game.exe', '02').getString(0)", "1001"),
        ("return process .. getOpenedProcessID() .. tostring(targetIs64Bit())", "game.exe77true"),
        ("return bAnd(6, 3) + bOr(8, 1) + bXor(1, 1) + bShl(1, 4) + bShr(8, 3) + bNot(-1)", "28"),
        ("return byteTableToDword(dwordToByteTable(77))", "77"),
        ("return byteTableToString(stringToByteTable('ab'))", "ab"),
        ("return byteTableToFloat(floatToByteTable(1.5))", "1.5"),
        (
            "local t = {1, 3} table.insert(t, 2, 2) table.insert(t, 4) return table.concat(t)",
            "1234",
        ),
        ("local t = {1, 2, 3} return table.remove(t, 1) .. table.remove(t) .. #t", "131"),
        ("return ('a1b2'):gsub('%d', '') .. ('x'):rep(3, '-')", "abx-x-x"),
        ("for w in ('a b'):gmatch('%a') do x = (x or '') .. w end return x", "ab"),
        ("return select('#', pcall(error, 'x')) .. #utf8.char(233) .. math.floor(1.5)", "221"),
        (
            "getLuaEngine().Close() getLuaEngine().x = 1 closeLuaEngine() return getCEVersion()",
            "7.5",
        ),
        (SCANNED, "1002 1 1002 1002"),
        (SCANNED.replace("0x1000", "0x1003"), "nil 0 nil nil"),
        ("return pcall(createMemScan().firstScan, 0, 4, nil, '5')", ""),
        ("local m = enumModules()[1] return m.Name .. m.Address .. m.Size", "game.exe409627"),
        ("return getModuleSize('GAME.exe') .. tostring(getModuleSize('x'))", "27nil"),
        ("return #enumModules(1) .. #enumModules(77)", "01"),
        ("return tostring(openProcess('Game.EXE')) .. tostring(openProcess('x'))", "truefalse"),
        ("return getProcessIDFromProcessName('game.exe')", "77"),
        ("return synchronize(function(a, b) return a + b end, 1, 2)", "3"),
        ("sleep(1) return getTickCount() > 0 and messageDialog('?') == 0 and 'fine'", "fine"),
        ("memrec.Color = 5 return tostring(memrec.Color)", "nil"),
        ("return tostring(getFileVersion('x')) .. tostring(getmetatable(memrec))", "nilnil"),
        ("return os == nil and io == nil and require == nil and load == nil and 'none'", "none"),
        ("return debug == nil and python == nil and coroutine == nil and 'none'", "none"),
    ],
)
def test_what_it_computes(text: str, answer: str) -> None:
    assert sandbox().run(text, 1) == answer


def test_what_it_writes_it_reads_and_nothing_is_written() -> None:
    lua = sandbox()
    text = """writeInteger('game.exe+2', -2) writeBytes(0x1000, 9, 8) writeBytes(0x1001, {7})
    writeFloat(0x1008, 2.5) writeString('game.exe+C', 'bye') writeSmallInteger(0x1006, 70000)
    return readInteger('game.exe') .. ' ' .. readFloat(0x1008) .. readString(0x100C, 3)"""
    assert lua.run(text, 1) == f"{0xFFFE0709} 2.5bye"
    assert lua.writes[:3] == [
        (0x1002, b"\xfe\xff\xff\xff"),
        (0x1000, b"\x09\x08"),
        (0x1001, b"\x07"),
    ]
    assert lua.run("return tostring(writeInteger(0x10, 1))", 1) == "false"
    assert lua.run("writeString('game.exe+11', 'ab', true)", 1) == ""
    assert lua.writes[-1] == (0x1011, b"a\0b\0")
    lua.begin()
    assert lua.writes == []


def test_names_that_it_makes_known() -> None:
    lua = sandbox(32)
    text = "registerSymbol('hp', 'game.exe+4') return getAddress('hp+1')"
    assert lua.run(text, 1) == str(0x1005)
    assert (
        lua.run("return getAddress('[hp]') .. readPointer('hp')", 1) == f"{0x08070605}{0x08070605}"
    )
    assert lua.registered == {"hp": 0x1004}
    lua.run("unregisterSymbol('hp') unregisterSymbol('other')", 1)
    assert (lua.registered, lua.unregistered) == ({}, ["hp", "other"])
    lua.run("print('a', 1, nil) showMessage('b')", 1)
    assert lua.said == ["a 1 nil", "b"]


def test_what_it_assembles() -> None:
    lua = sandbox()
    text = """return tostring(autoAssemble([[
    aobscanmodule(five,game.exe,05 ??)
    define(other,game.exe+1)
    registersymbol(five)
    game.exe:
      db 90 ?? 91
    other+4:
      nop
    ]])) .. string.format(' %X %X', getAddress('five'), readInteger('game.exe'))"""
    assert lua.run(text, 1) == "true 1004 4910290"
    assert lua.writes == [(0x1000, b"\x90\x02\x91"), (0x1005, b"\x90")]
    assert lua.run("return tostring(autoAssemble('aobscan(a,77 78)'))", 1) == "false"
    assert lua.run("return tostring(autoAssemble('assert(game.exe,77)'))", 1) == "false"
    lua.run("autoAssemble('assert(1000,01)\\nunregistersymbol(five)')", 1)
    assert (lua.registered, lua.unregistered) == ({}, ["five"])
    lua.run("autoAssemble('aobscanregion(in4,1004,1008,0?)\\nregistersymbol(in4)')", 1)
    assert lua.registered == {"in4": 0x1004}


def test_lua_that_is_called_is_a_piece_of_it() -> None:
    text = "{$lua}\nfunction jump() writeByte(0x1000, 7) end\n{$asm}\n[ENABLE]\nLuaCall(jump())\n"
    text += "[DISABLE]\nluacall(writeByte(0x1000, 8))"
    memory, script = scripted(text)
    script.enable()
    assert memory[0] == 7
    script.disable()
    assert memory[0] == 8
    check = check_script(text, lua=True)
    assert check.error is None
    refused = check_script(text.replace("jump())", "lunch())"), lua=True).error
    assert str(refused) == "line 5: {$lua}: lunch is no function that only computes"


def test_names_that_it_will_make_known_are_told() -> None:
    text = """[ENABLE]
    {$lua}
    if syntaxcheck then return end
    autoAssemble([[
    aobscan(base,90)
    registersymbol(base)
    ]])
    for _, one in pairs({{symbol='world_base'}}) do registerSymbol(one.symbol, 1) end
    """
    assert check_script(text, lua=True).registers == ("base", "world_base")


def test_what_is_kept_from_piece_to_piece() -> None:
    lua = sandbox()
    lua.run("count = 5 function twice(x) return 2 * x end", 1)
    assert lua.run("return twice(count)", 1) == "10"
    assert sandbox().run("return tostring(count)", 1) == "nil"
    assert sandbox(checking=True).run("if syntaxcheck then return 'checked' end", 1) == "checked"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("\n\nx x", "line 3: {$lua}: syntax error near 'x'"),
        ("\nerror('bad')", "line 2: {$lua}: bad"),
        ("\nerror({})", "line 1: {$lua}: it fails"),
        ("local t\nreturn t.x", "line 2: {$lua}: attempt to index a nil value (local 't')"),
        ("\nos.execute('x')", "line 2: {$lua}: os is no function that only computes"),
        ("memrec.active = false", "line 1: {$lua}: it switches itself off or on"),
        ("sleep(60000)", "line 1: {$lua}: it takes too long"),
        ("autoAssemble('nop', true)", "line 1: {$lua}: Cheat Engine is not here to be changed"),
        ("\nautoAssemble('alloc(a,8)')", "line 2: {$lua}: line 1: alloc(): autoAssemble allocates"),
        ("autoAssemble('createthread(a)')", "line 1: {$lua}: line 1: createthread(): threads are"),
        ("autoAssemble('9000:\\nnop')", "line 1: {$lua}: 0x9000 cannot be written"),
        (
            "for i = 1, 99 do autoAssemble('aobscan(a,02)') end",
            "it looks for bytes more than 64 times",
        ),
        ("autoAssemble('include(/etc/shadow)')", "line 1: {$lua}: line 1: files are only read"),
        ("sleep(0/0) sleep('x')", "line 1: {$lua}: could not convert string to float"),
        ("createMemScan().firstScan(1, 2)", "line 1: {$lua}: only arrays of bytes are looked"),
        ("createTimer()", "line 1: {$lua}: createTimer is no function that only computes"),
        ("_G.os.exit()", "line 1: {$lua}: attempt to index a nil value (field 'os')"),
        ("_G.load('x')", "line 1: {$lua}: attempt to call a nil value (field 'load')"),
        ("string.dump(print)", "line 1: {$lua}: attempt to call a nil value (field 'dump')"),
        ("getmetatable('').__index = 1", "line 1: {$lua}: attempt to index a nil value"),
        ("setmetatable({}, {__gc = print})", "line 1: {$lua}: __gc is not run"),
        ("\n\nreadString('game.exe', 2^40)", "line 3: {$lua}: 1099511627776 bytes are not read"),
        ("getAddress('nobody')", "line 1: {$lua}: nothing is at nobody"),
        ("writeInteger('nobody', 1)", "line 1: {$lua}: nothing is at nobody"),
        ("AOBScan('x:z')", "line 1: {$lua}: 'x:z' is no byte"),
        ("AOBScan('ee')", "line 1: {$lua}: its bytes are at more than 256 places"),
        ("for i = 1, 99 do AOBScan('02') end", "it looks for bytes more than 64 times"),
        ("registerSymbol('a b', 1)", "line 1: {$lua}: a b is no name for a symbol"),
        ("readBytes(0x1000, 1e300)", "line 1: {$lua}: "),
        ("readBytes(0x1000, 1/0)", "line 1: {$lua}: cannot convert float infinity to integer"),
        ("readBytes(0x1000, 2^40)", "line 1: {$lua}: 1099511627776 bytes are not read at a time"),
        ("readInteger(0/0)", "line 1: {$lua}: cannot convert float NaN to integer"),
        (
            "writeString(0x1000, ('x'):rep(1e6) .. ('x'):rep(1e5))",
            "line 1: {$lua}: it writes too much",
        ),
        ("for i = 1, 1e5 do writeByte(0x1000, 1) end", "line 1: {$lua}: it writes too much"),
        ("for i = 1, 1e9 do print(('x'):rep(1e5)) end", "line 1: {$lua}: it prints too much"),
        ("while true do end", "line 1: {$lua}: it takes too long"),
        (
            "while true do pcall(function() while true do end end) end",
            "line 1: {$lua}: it takes too",
        ),
        ("local function f() pcall(f) f() end f()", "line 1: {$lua}: it takes too"),
        (
            "return getAddress(('q'):rep(1e5))",
            "line 1: {$lua}: nothing is at qqqqqqqqqqqqqqqq",
        ),
        ("local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end", "not enough memory"),
        ("local s = 'x' while true do s = s .. s end", "not enough memory"),
        ("local function f() return f() + 1 end f()", "line 1: {$lua}: "),
        ("return ('x'):rep(1e18)", "line 1: {$lua}: the string would be too long"),
        ("local s = ('a'):rep(3000) s:find(('a*'):rep(5) .. 'b')", "would take too long"),
        ("local s = ('('):rep(1000000) s:find('%b()')", "would take too long"),
        ("local s = ('a'):rep(1000000) s:find('(.)%1b')", "would take too long"),
        ("local s = ('a'):rep(1000000) s:find('[' .. ('b'):rep(1000000) .. ']')", "too long"),
        ("table.insert(setmetatable({}, {__len = bNot}), 5, 1)", "out of bounds"),
        ("return ('x'):format(print, ('%99999d'):format(1))", "line 1: {$lua}: "),
        (("(" * 5000), "line 1: {$lua}: "),
        ("local half = '\ud800'", "line 1: {$lua}: half a surrogate pair is no text"),
    ],
)
def test_what_it_may_not(text: str, error: str) -> None:
    lua = sandbox()
    with pytest.raises(ScriptError) as refused:
        lua.run(text, 1)
    said = str(refused.value)
    assert error in said if not error.startswith("line") else said.startswith(error)
    assert "\n" not in said
    assert len(said) < 400
    lua.begin()
    assert lua.run("return 'goes on'", 1) == "goes on"


def test_repeating_nothing_ends() -> None:
    assert sandbox().run("return ('').rep('', 1e18)", 1) == ""


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", 0.05)
    monkeypatch.setattr(module, "MAX_INSTRUCTIONS", 1 << 62)
    with pytest.raises(ScriptError, match="it takes too long"):
        sandbox().run("while true do local t = setmetatable({}, {}) end", 1)


class Clock:
    """The time that a test says it is."""

    now = 5.0

    def monotonic(self) -> float:
        return self.now


def test_looking_for_bytes_is_not_luas_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)

    def slow(*_: object) -> list[int]:
        clock.now += module.MAX_SECONDS + 1
        return [0x1234]

    monkeypatch.setattr(World, "places", slow)
    assert sandbox().run("return AOBScanUnique('90') .. ('x'):rep(2)", 1) == f"{0x1234}xx"


def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", 600)
    monkeypatch.setattr(module, "MAX_INSTRUCTIONS", 1 << 62)
    lua = sandbox()
    main = threading.main_thread().ident
    assert main is not None
    press = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))

    def run() -> None:
        press.start()
        lua.run("while true do pcall(function() while true do end end) end", 1)

    with pytest.raises(KeyboardInterrupt):  # and not that the time is over
        run()


def test_without_lupa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lupa", None)
    module._known_names.cache_clear()
    with pytest.raises(ScriptError, match=r"pip install farfetch\[lua\]"):
        sandbox().run("return 1", 1)


SCRIPT = """{$lua}
x = 7
[ENABLE]
print('on', readByte(0x1000), syntaxcheck)
registerSymbol('hp', 0x1010)
writeInteger(0x1020, x)
writeByte(0x1021, 1)
return 'define(place,1000)'
{$asm}
place:
 nop 2
hp+4:
 dd #9
[DISABLE]
writeInteger('hp+10', x + 1)
print('off')
unregisterSymbol('hp')
{$asm}
1000:
 db 29 D8
"""
BEFORE = b"\x29\xd8" + bytes(62)
ON = b"\x90\x90" + bytes(18) + b"\x09" + bytes(11) + b"\x07\x01" + bytes(30)
OFF = BEFORE[:20] + b"\x09" + bytes(11) + b"\x08" + bytes(31)


def scripted(text: str = SCRIPT) -> tuple[bytearray, LiveScript]:
    memory = bytearray(BEFORE)
    return memory, attach(Buffer(memory, base=0x1000)).script(text, lua=True)


def test_a_script_with_lua_is_one_change() -> None:
    memory, script = scripted()
    assert has_lua(SCRIPT)
    assert [(change.address, change.after) for change in script.dry_run()] == [
        (0x1020, b"\x07\0\0\0"),
        (0x1021, b"\x01"),
        (0x1000, b"\x90\x90"),
        (0x1014, b"\x09\0\0\0"),
    ]
    assert (bytes(memory), script.symbols) == (BEFORE, {})
    script.enable()
    assert (bytes(memory), script.symbols) == (ON, {"hp": 0x1010})
    assert script.said == ("on 41 false",)
    script.undo()
    assert (bytes(memory), script.symbols) == (BEFORE, {})
    with script:
        memory[0x22] = 5  # the program goes on
    assert bytes(memory) == OFF
    assert script.said == ("off",)


@pytest.mark.parametrize(
    "broken",
    [
        SCRIPT.replace("nop 2", "nop 2\n mov eax"),
        SCRIPT.replace("return 'define", "error('x') return 'define"),
        SCRIPT.replace("place,1000", "place,9000000"),
        SCRIPT.replace("hp+4:", "1020:"),  # what Lua has written, as well
        SCRIPT.replace("return 'define(place,1000)'", "return '{$lua}'"),
        SCRIPT.replace("unregisterSymbol", "createTimer"),  # of the other section
    ],
)
def test_failing_leaves_nothing(broken: str) -> None:
    memory, script = scripted(broken)
    for _ in range(2):
        with pytest.raises(ScriptError):
            script.enable()
        assert (bytes(memory), script.symbols, script.enabled) == (BEFORE, {}, False)


def test_names_that_are_taken_away_come_back_when_it_is_undone() -> None:
    memory = bytearray(64)
    target = attach(Buffer(memory, base=0x1000))
    target.symbols.register("old", 0x1008)
    script = target.script("{$lua}\nunregisterSymbol('old')", lua=True)
    script.enable()
    assert "old" not in target.symbols
    script.undo()
    assert target.symbols["old"] == 0x1008


def test_lua_is_asked_for() -> None:
    memory, _ = scripted()
    script = attach(Buffer(memory, base=0x1000)).script(SCRIPT)
    with pytest.raises(ScriptError, match=r"line 1: \{\$lua\}: Lua is run only when that is asked"):
        script.enable()
    check = check_script(
        "[ENABLE]\n{$lua}\nif not syntaxcheck then registerSymbol('a', 1) end", lua=True
    )
    assert (check.error, check.registers) == (None, ("a",))
    check = check_script("[ENABLE]\n{$lua}\nregisterSymbol('b', AOBScanUnique('90'))", lua=True)
    assert (check.error, check.registers) == (None, ("b",))
