"""Enabling is all or nothing, wherever it fails; and what scripts say of themselves."""

from __future__ import annotations

import pytest
from farfetch.scanner import Buffer, FarfetchError, ScriptChange, ScriptError, attach
from hypothesis import given
from hypothesis import strategies as st

BASE = 0x1000
TEXT = """[ENABLE]
aobscanregion(at,1000,1040,29 D8 ??)
assert(at+2,90)
label(gold)
at:
  nop 2
1020:
gold:
  dd #1500
1030:
  db ?? 5 ??
registersymbol(gold at)
[DISABLE]
at:
  db 29 D8
1020:
  dd 0
1030:
  db ?? 0 ??
unregistersymbol(*)
"""


class Failing(Buffer):
    """Bytes of which a write fails after some have worked."""

    def __init__(self, raw: bytearray, left: int) -> None:
        super().__init__(raw, base=BASE)
        self.left = left

    def write(self, address: int, raw: bytes, *, force: bool = False) -> int:
        """Write, unless it is the one that fails."""
        self.left -= 1
        return 0 if self.left == -1 else super().write(address, raw, force=force)


def content() -> bytearray:
    raw = bytearray(64)
    raw[8:11] = b"\x29\xd8\x90"
    return raw


def test_it_is_enabled_and_disabled() -> None:
    memory = content()
    target = attach(Buffer(memory, base=BASE))
    script = target.script(TEXT, name="gold")
    planned = script.dry_run()
    assert memory == content()
    with script:
        assert script.changes == planned
        assert planned[0] == ScriptChange(0x1008, b"\x29\xd8", b"\x90\x90")
        assert memory[8:10] == b"\x90\x90"
        assert memory[32:36] == (1500).to_bytes(4, "little")
        assert memory[48:51] == b"\0\x05\0"
        assert script.symbols == {"gold": 0x1020, "at": 0x1008}
        assert target.read(target.address("GOLD"), "u32") == 1500
        assert repr(script) == "<LiveScript 'gold' enabled>"
    assert memory == content()
    assert (len(target.symbols), target.scripts) == (0, ())


@given(st.integers(0, 8), st.booleans())
def test_a_failure_at_any_step_leaves_everything_as_it_was(left: int, second: bool) -> None:
    memory = content()
    failing = Failing(memory, 1 << 30)
    target = attach(failing)
    target.symbols.register("gold", 5)
    script = target.script(TEXT)
    if second:
        script.enable()
    before = bytes(memory), dict(target.symbols), target.scripts
    failing.left = left
    try:
        script.disable() if second else script.enable()
    except FarfetchError:
        assert (bytes(memory), dict(target.symbols), target.scripts) == before
        failing.left = 1 << 30
        script.disable() if second else script.enable()
    assert script.enabled is not second
    failing.left = 1 << 30
    script.undo()
    assert memory == content()
    assert dict(target.symbols) == {"gold": 5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1000:\n db 1\n1000:\n db 2", "line 4: 0x1000 is written twice"),
        ("2000:\n db 1", "line 2: 0x2000 cannot be read"),
        ("alloc(m,16)\nm:\n nop", "line 1: alloc(): memory buffer is not available"),
        ("aobscan(a,FE ED FA CE)", "line 1: a: its bytes are not there"),
        ("reassemble(2000)", "what stands before any address"),
        ("1000:\n reassemble(2000)", "line 2: the code at 0x2000: this is no instruction"),
        ("[2000]:\n nop", "line 1: cannot read 8 bytes at 0x2000"),
        ("assert(1008,29 D9)", "line 1: assert(): 0x1008 is 29 D8, not 29 D9"),
        ("luacall(x)", "line 1: luacall(): Lua is run only when that is asked for (--lua)"),
    ],
)
def test_what_cannot_be_enabled_says_where(text: str, said: str) -> None:
    memory = content()
    target = attach(Buffer(memory, base=BASE))
    for call in (target.script(text).enable, target.script(text).dry_run):
        with pytest.raises(ScriptError) as raised:
            call()
        assert said in str(raised.value)
    assert memory == content()


def test_a_script_without_sections_is_undone() -> None:
    memory = content()
    script = attach(Buffer(memory, base=BASE)).script("1000:\n db 'hi'")
    with script:
        assert memory[:2] == b"hi"
    assert memory == content()


def test_searches_of_one_place_are_one_pass_and_the_first_hit_counts() -> None:
    memory = bytearray(64)
    memory[4:6], memory[20:22], memory[40:42] = b"\x11\x22", b"\x11\x22", b"\x31\x07"
    target = attach(Buffer(memory, base=BASE))
    with target.script(
        "aobscan(a,11 22)\naobscan(b,3? 07)\nregistersymbol(a b)\n1000:\n db 0"
    ) as script:
        assert script.symbols == {"a": 0x1004, "b": 0x1028}
