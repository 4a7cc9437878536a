"""Scripts as players write them, in programs that run: enabled, seen, disabled, as before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import (
    FarfetchError,
    LiveScript,
    MemoryFault,
    PatchError,
    ScriptError,
    Target,
    TargetGone,
    attach,
)
from farfetch.scanner.memory.changes import Change

from support.child import Talking
from support.hooked import Hooked, build

#: Whatever changes the player's health does so no more; a foe's still does.
GOD = """[ENABLE]
aobscanmodule(god,{module},{code} 90 90 90 90)
alloc(newmem,$1000,god)
label(return mine)
registersymbol(god)
newmem:
  cmp [{player}],1234
  je mine
  {original}
mine:
  jmp return
god:
  jmp newmem
  nop 2
return:
[DISABLE]
god:
  db {code} 90 90 90 90
unregistersymbol(*)
dealloc(*)
"""
#: Who is hit last is known by a symbol.
CATCH = """[ENABLE]
alloc(caught,$100,hit+{at})
alloc(pHit,8,hit+{at})
label(return)
registersymbol(pHit)
pHit:
  dd 0 0
caught:
  mov [pHit],{player}
  readmem(hit+{at},3)
  jmp return
hit+{at}:
  jmp caught
  nop 2
return:
[DISABLE]
hit+{at}:
  db {code} 90 90 90 90
unregistersymbol(pHit)
dealloc(caught)
"""
RATE = """{$strict}
[ENABLE]
assert(rate,00 00 80 3F)
rate:
  dd (float)2.5
[DISABLE]
rate:
  dd (float)1
"""
USES = """[ENABLE]
[pHit]+4:
  dd #7777
[DISABLE]
"""
#: Who is hit last is known as long as the program runs.
KEEPS = """[ENABLE]
globalalloc(pLast,8)
alloc(caught,$100,hit+{at})
alloc(times,8)
registersymbol(times)
caught:
  mov [pLast],{player}
  inc [times]
  readmem(hit+{at},3)
  jmp return
hit+{at}:
  jmp caught
  nop 2
return:
[DISABLE]
hit+{at}:
  db {code} 90 90 90 90
unregistersymbol(times)
dealloc(*)
"""
READS = """[ENABLE]
globalalloc(pLast,4)
[pLast]+4:
  dd #55
[DISABLE]
"""
SHARED = """
import ctypes, mmap, sys
libc = ctypes.CDLL(None)
libc.mmap.restype, libc.mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t] + [
    ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
with open(sys.argv[1], "rb") as file:
    code = libc.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
own = ctypes.create_string_buffer(b"own")
print(ctypes.addressof(own), code, flush=True)
sys.stdin.read()
"""
#: The program itself changes its code.
WRITES_CODE = """[ENABLE]
fullaccess(hit,#64)
alloc(newmem,$100,hit)
label(return)
newmem:
  mov byte ptr [hit+{at}+6],90
  readmem(hit+{at},3)
  jmp return
hit+{at}:
  jmp newmem
  nop 2
return:
[DISABLE]
hit+{at}:
  db {code} 90 90 90 90
"""
FORMS = {
    64: {"code": "29 77 04", "player": "rdi", "original": "sub [rdi+4],esi", "at": "0"},
    32: {"code": "29 4A 04", "player": "edx", "original": "sub [edx+4],ecx", "at": "8"},
}


@pytest.fixture(scope="module", params=[64, 32])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("hooked"), request.param)


@pytest.fixture
def hooked(program: Path) -> Iterator[tuple[Hooked, Target]]:
    with Hooked(program) as running, attach(running.pid) as target:
        yield running, target
    assert running.status == 0


def script(target: Target, text: str, name: str = "") -> LiveScript:
    filled = text
    for key, value in {**FORMS[target.bits], "module": f"ffhooked{target.bits}"}.items():
        filled = filled.replace("{" + key + "}", value)
    return target.script(filled, name=name)


def test_a_hook_spares_the_player_and_is_taken_back(hooked: tuple[Hooked, Target]) -> None:
    running, target = hooked
    before = target.read_bytes(running.hit, 32)
    god = script(target, GOD, "god")
    (change,) = god.dry_run()
    assert target.read_bytes(running.hit, 32) == before
    assert running.ask("hit 5")[0] == 95
    god.enable()
    assert target.scripts == (god,)
    assert (god.changes[0].address, god.changes[0].before) == (change.address, change.before)
    assert god.symbols == {"god": change.address}
    assert running.ask("hit 5")[0] == 95
    assert running.ask("foe 5")[1] == 95
    god.enable()  # it is
    god.disable()
    god.disable()  # it is not
    assert (target.read_bytes(running.hit, 32), god.symbols, god.changes) == (before, {}, ())
    assert running.ask("hit 5")[0] == 90
    with pytest.raises(FarfetchError, match="god"):
        target.address("god")


def test_a_pointer_is_caught_and_another_script_uses_it(hooked: tuple[Hooked, Target]) -> None:
    running, target = hooked
    uses = script(target, USES, "uses")
    with pytest.raises(ScriptError, match='line 2: nothing is called "pHit"'):
        uses.enable()
    with script(target, CATCH):
        running.ask("foe 1")
        assert target.read(target.address("pHit"), "pointer") == running.players + 16
        uses.enable()
        assert running.ask("")[1] == 7777
    with pytest.raises(FarfetchError, match="pHit"):
        target.address("pHit")
    uses.undo()
    assert running.ask("")[1] == 99


def test_what_is_allocated_for_all_scripts_outlives_them(hooked: tuple[Hooked, Target]) -> None:
    running, target = hooked
    keeps, reads = script(target, KEEPS, "keeps"), script(target, READS, "reads")
    wider = script(target, READS.replace(",4)", ",100)"), "wider")
    with keeps:
        at = target.address("pLast")
        assert keeps.symbols == {"pLast": at, "times": target.address("times")}
        running.ask("foe 1")
        assert target.read(at, "pointer") == running.players + 16
        assert target.read(keeps.symbols["times"], "u32") == 1
        with pytest.raises(ScriptError, match=r"line 2: globalalloc\(\): pLast is there already"):
            wider.enable()
    assert dict(target.symbols) == {"pLast": at}
    reads.enable()
    assert (running.ask("")[1], reads.symbols) == (55, {"pLast": at})
    reads.undo()
    assert (running.ask("")[1], dict(target.symbols)) == (99, {"pLast": at})
    target.symbols.unregister("pLast")
    with keeps:  # what was allocated for itself is new, and all zeros
        assert (target.address("pLast"), target.read(keeps.symbols["times"], "u32")) == (at, 0)
        running.ask("foe 1")
        assert target.read(keeps.symbols["times"], "u32") == 1


def test_code_that_may_be_written_while_a_script_is_on(hooked: tuple[Hooked, Target]) -> None:
    running, target = hooked

    def rights() -> str:
        return next(region.perms for region in target.regions() if running.hit in region)

    target.symbols.register("players", running.players)
    first = script(target, WRITES_CODE, "first")
    assert len(first.dry_run()) == 1
    assert rights() == "r-xp"
    other = script(target, "[ENABLE]\nfullaccess(hit+20,4)\nfullaccess(players,4)\n[DISABLE]", "o")
    first.enable()
    assert rights() == "rwxp"
    assert running.ask("hit 5")[0] == 95
    other.enable()
    first.disable()
    assert rights() == "rwxp"  # the other one needs it
    other.undo()
    assert rights() == "r-xp"
    data = next(region.perms for region in target.regions() if running.players in region)
    assert data == "rw-p"
    assert running.ask("hit 5")[0] == 90
    for text, said in (
        ("fullaccess(8,4)", "line 1: fullaccess\\(\\): 0x8 is not mapped"),
        ("fullaccess(nobody,4)", 'line 1: nothing is called "nobody"'),
        ("alloc(mine,8)\nfullaccess(mine,8)\nmine:\n dd 1\nfullaccess(hit,#99999999)", "line 5: "),
    ):
        with pytest.raises(ScriptError, match=said):
            target.script(text).enable()
    assert rights() == "r-xp"


def test_scripts_that_register_the_same_name(hooked: tuple[Hooked, Target]) -> None:
    _, target = hooked
    target.symbols.register("mine", 5)
    texts = [
        f"[ENABLE]\nlabel(mine)\nalloc(m{n},16)\nregistersymbol(m{n} mine)\nm{n}:\nmine:\n dd {n}\n"
        "[DISABLE]\nunregistersymbol(*)\n"
        for n in (1, 2)
    ]
    for last in (True, False):
        one, other = (target.script(text, name=f"s{number}") for number, text in enumerate(texts))
        one.enable()
        other.enable()
        assert target.symbols["mine"] == other.symbols["m2"]
        (other if last else one).disable()
        assert target.symbols["mine"] == (one.symbols["m1"] if last else other.symbols["m2"])
        (one if last else other).disable()
        assert dict(target.symbols) == {"mine": 5}


def test_data_that_the_program_changes_itself(program: Path) -> None:
    """It is written, though four threads do so all the time, and [DISABLE] is done all the same."""
    with Hooked(program, 4) as running, attach(running.pid) as target:
        target.symbols.register("foe", running.players + 16)
        before = target.read_bytes(running.hit, 32)
        text = USES.replace("[pHit]", "foe") + "foe+4:\n dd #1000000"
        for ending in ("disable", "undo"):
            uses = script(target, text)
            uses.enable()
            assert uses.changes[0].after == (7777).to_bytes(4, "little")
            getattr(uses, ending)()
            assert target.scripts == ()
        assert target.read_bytes(running.hit, 32) == before
    assert running.status == 0


def test_data_is_patched(hooked: tuple[Hooked, Target]) -> None:
    running, target = hooked
    target.symbols.register("rate", _rate(target, running.players))
    with script(target, RATE):
        assert running.ask("earn 4")[2] == 20
    assert running.ask("earn 4")[2] == 24
    target.write(target.address("rate"), "f32", 3.0)
    with pytest.raises(ScriptError, match=r"line 3: assert\(\): 0x\w+ is 00 00 40 40, not"):
        script(target, RATE).enable()


def _rate(target: Target, near: int) -> int:
    """Where the one float of 1.0 is in the program's data."""
    region = target.locate(near).region
    assert region is not None
    scan = target.scan("f32", where="data", threads=1)
    scan.first("now == 1.0")
    name = f"ffhooked{target.bits}"
    [found] = [one.address for one in scan if name in str(target.locate(one.address))]
    return found


def test_what_fails_leaves_everything_as_it_was(hooked: tuple[Hooked, Target]) -> None:
    running, target = hooked
    target.symbols.register("players", running.players)
    before = target.read_bytes(running.hit, 32)
    regions = len(target.regions())
    for lines, line, reason in (
        ("alloc(m,100,hit)\nhit:\n jmp m\nm:\n mov eax,[nobody]", 6, "nothing is called"),
        ("alloc(m,100,hit)\nhit:\n jmp m\n10:\n nop", 6, "0x10 cannot be read"),
        ("alloc(m,100,hit)\naobscan(x,12 34 56 78 9A BC DE F0 11 22 33 77)", 3, "its bytes are"),
        ("aobscanmodule(x,nothing.so,90)", 2, 'no module is called "nothing.so"'),
        ("alloc(m,100,hit)\nhit:\n nop\nhit:\n nop", 6, "is written twice"),
        ("alloc(m,100)\nregisterSymbol(nobody)\nm:\n nop", 3, "nothing is called nobody"),
        ("[[players+999999999999]]:\n nop", 2, "cannot read"),
    ):
        with pytest.raises(ScriptError) as raised:
            target.script(f"[ENABLE]\n{lines}\n[DISABLE]").enable()
        assert (raised.value.line, target.scripts) == (line, ())
        assert reason in str(raised.value)
    assert target.read_bytes(running.hit, 32) == before
    assert len(target.regions()) == regions
    assert set(target.symbols) == {"players"}


def test_two_scripts_on_one_place_and_what_others_have_changed(
    hooked: tuple[Hooked, Target],
) -> None:
    _, target = hooked
    god = script(target, GOD, "god")
    other = script(target, CATCH, "other")
    god.enable()
    with pytest.raises(ScriptError, match=r'the script "god" has changed 0x\w+, too: disable'):
        other.enable()
    at = god.changes[0].address
    target.write_bytes(at, b"\xcc", force=True)
    for undo in (god.disable, god.undo):
        with pytest.raises(ScriptError, match='"god" is not undone: the patch at'):
            undo()
    assert god.enabled
    target.write_bytes(at, god.changes[0].after[:1], force=True)
    god.undo()
    other.enable()
    other.disable()
    assert target.scripts == ()


@pytest.mark.parametrize("bits", [64])
def test_a_hundred_rounds_under_four_threads(bits: int, tmp_path: Path) -> None:
    with Hooked(build(tmp_path, bits), 4) as running, attach(running.pid) as target:
        before = target.read_bytes(running.hit, 32)
        god = script(target, GOD)
        for _ in range(100):
            god.enable()
            god.disable()
        assert target.read_bytes(running.hit, 32) == before
        made = [region for region in target.regions() if region.perms == "rwxp"]
        assert len(made) == 1  # the same memory each time
        *_, errors = running.ask("hit 1")
        assert errors == 0  # who waited in epoll_wait(2) heard of nothing
    assert running.status == 0


def test_memory_is_allocated_near_and_given_back(hooked: tuple[Hooked, Target]) -> None:
    running, target = hooked
    memory = target.memory
    before = len(target.regions())
    for _ in range(20):
        address = memory.allocate(5000, near=running.hit)
        assert address % 65536 == 0
        assert abs(address - running.hit) < 1 << 31
        target.write_bytes(address, b"abc")
        assert target.read_bytes(address, 8192)[:3] == b"abc"
        memory.release(address, 5000)
    assert len(target.regions()) == before
    assert running.ask("hit 1") == (99, 100, 10, 0)


def test_changes_are_all_or_none(hooked: tuple[Hooked, Target]) -> None:
    running, target = hooked
    raw = target.read_bytes(running.players, 8)
    changes = [
        Change(running.players, raw[:4], b"abcd"),
        Change(running.players + 4, b"no", b"yes"[:2]),
    ]
    with pytest.raises(PatchError, match=f"0x{running.players + 4:x} .*expected 6e 6f"):
        target.memory.change(changes)
    assert target.read_bytes(running.players, 8) == raw
    unmapped = Change(16, b"no", b"ne")
    for lacking in ([changes[0], unmapped], [changes[0], unmapped, changes[1]]):
        with pytest.raises(MemoryFault, match="cannot write 2 bytes at 0x10: not mapped"):
            target.memory.change(lacking)
        assert target.read_bytes(running.players, 8) == raw


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file that is mapped to be shared, and not to be written, is no more written by force."""
    file = tmp_path / "shared"
    file.write_bytes(b"\x90" * 4096)
    with Talking([sys.executable, "-c", SHARED, file]) as running, attach(running.pid) as target:
        own, shared = (int(word) for word in running.hear().split())
        changes = [Change(own, b"own", b"new"), Change(shared + 8, b"\x90\x90", b"\xeb\xfe")]
        said = f"cannot write 2 bytes at 0x{shared + 8:x}: .*read-only mapping of {file}, which not"
        with pytest.raises(MemoryFault, match=said):
            target.memory.change(changes)
        assert target.read_bytes(own, 3) == b"own"
        text = f"[ENABLE]\n{own:x}:\n db 'new'\n{shared + 8:x}:\n db EB FE\n[DISABLE]"
        script = target.script(text)
        with pytest.raises(MemoryFault, match=said):
            script.enable()
        assert not script.enabled
        assert target.read_bytes(own, 3) == b"own"
    assert file.read_bytes() == b"\x90" * 4096


def test_code_that_goes_while_a_script_is_on(hooked: tuple[Hooked, Target]) -> None:
    """As a library does that is unloaded, and code that is made while the program runs."""
    running, target = hooked
    before = target.read_bytes(running.hit, 32)
    for text in ("[ENABLE]\n{0:x}:\n db 1 2\nhit+3:\n db 91\n[DISABLE]\n{0:x}:\n db 0 0\n", ""):
        code = target.allocate(4096, near=running.hit)
        script = target.script(text.format(code) or f"{code:x}:\n db 1 2\nhit+3:\n db 91")
        script.enable()
        target.free(code)
        script.disable()
        assert not script.enabled
        assert target.read_bytes(running.hit, 32) == before


def test_code_that_is_made_anew_while_a_script_is_on(hooked: tuple[Hooked, Target]) -> None:
    _, target = hooked
    code = target.allocate(4096)
    for new, is_other in ((b"\0\0\0\0", False), (b"new!", True)):
        target.write_bytes(code, bytes(4))
        script = target.script(
            f"[ENABLE]\n{code:x}:\n db 1 2 3 4\n[DISABLE]\n{code:x}:\n db 0 0 0 0"
        )
        script.enable()
        target.write_bytes(code, new)
        for end in (script.disable, script.undo) if is_other else ():
            with pytest.raises(
                ScriptError, match="no longer there: expected 01 02 03 04, found 6e"
            ):
                end()
        assert target.read_bytes(code, 4) == new
        if is_other:
            script.undo(force=True)
        else:
            script.disable()
        assert (script.enabled, target.read_bytes(code, 4)) == (False, bytes(4))


def test_a_target_that_has_ended_is_one_line(program: Path) -> None:
    with Hooked(program) as running, attach(running.pid) as target:
        god = script(target, GOD)
        god.enable()
        running.kill()
        for call in (god.disable, god.undo, script(target, GOD).enable):
            with pytest.raises(TargetGone):
                call()
        running.status = 0
