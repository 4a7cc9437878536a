"""Code that is put into programs that run: assembled, allocated, hooked, and taken back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from farfetch.scanner import (
    ArgumentError,
    AssemblyError,
    Buffer,
    CodeError,
    FarfetchError,
    Hook,
    MemoryFault,
    MemoryUnavailable,
    PatchError,
    ScriptError,
    StopError,
    Target,
    TargetClosed,
    TargetGone,
    attach,
    i32,
)
from farfetch.scanner.code.moving import moved

from support.child import Child, Talking, is_traced
from support.hooked import Hooked
from support.hooked import build as build_hooked
from support.hooks import VALUE, Looping, build
from support.machine import only_x86
from support.sequence import Sequence
from support.sequence import build as build_sequence
from support.waiting import wait_for

pytestmark = only_x86

#: On-off rounds of each kind, with four threads in the code.
ROUNDS = int(os.environ.get("FARFETCH_HOOK_ROUNDS", "60"))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("hooks"))


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same behind a seccomp filter, which lets all through."""
    return build(tmp_path_factory.mktemp("filtered"), "-DFILTERED")


@pytest.fixture
def looping(program: Path) -> Iterator[tuple[Looping, Target]]:
    with Looping(program) as running, attach(running.pid) as target:
        yield running, target
    assert running.status == 0


def place(running: Looping, target: Target, name: str) -> int:
    return target.address(f"{running.module}!{name}")


#: The instruction in ``tick`` that lies across the end of a word.
ACROSS = "tick+7"


def test_code_runs_before_after_and_instead(looping: tuple[Looping, Target]) -> None:
    running, target = looping
    at = place(running, target, "work")
    before = target.read_bytes(at, 32)
    seen = target.allocate(8, near=at)
    with target.hook(at, f"mov [{seen:x}],edi\nadd edi,#7") as hook:
        assert running.ask(3)[0] == VALUE + 10
        assert target.read(seen, "u32") == 3
        assert (hook.kind, hook.original, hook.in_cave) == ("hook", "after", False)
        assert target.patches == (hook,)
        assert target.disassemble(at)[0].target == hook.code
    assert target.read_bytes(at, 32) == before
    with target.hook(at, "sub edi,edi\nadd ebx,#20", original="before"):
        assert running.ask(3)[0] == VALUE + 23
    with target.hook(at, "lea eax,[rdi+#40]\nret", original="none"):
        assert running.ask(3)[0] == 43
    with target.hook(at, b"\x83\xc7\x05"):  # add edi, 5
        assert running.ask(3)[0] == VALUE + 8
    skipped = "cmp edi,#50\njl original\nmov edi,1"
    with target.hook(at, skipped):
        assert (running.ask(49)[0], running.ask(50)[0]) == (VALUE + 49, VALUE + 1)
    assert running.ask(3)[0] == VALUE + 3
    assert target.read_bytes(at, 32) == before
    target.free(seen)


def test_what_is_moved_does_the_same(looping: tuple[Looping, Target]) -> None:
    """A short jump, a load relative to the instruction, hooks upon hooks, and another order."""
    running, target = looping
    at = place(running, target, "work")
    code = target.disassemble(at, 8)
    for instruction in code[:5]:
        with target.hook(instruction.address, "nop"):
            assert (running.ask(3)[0], running.ask(-1)[0]) == (VALUE + 3, 0)
    outer = target.hook(at, "inc edi")
    inner = target.hook(at, "add edi,edi")
    assert running.ask(3)[0] == VALUE + 7
    with pytest.raises(PatchError):
        outer.undo()
    inner.undo()
    assert running.ask(3)[0] == VALUE + 4
    outer.undo()
    assert target.disassemble(at, 8) == code


@pytest.mark.parametrize(
    ("name", "offset", "reason"),
    [
        ("jumped", 0, "jumps into the middle"),
        ("called", 0, "returns to here"),
        ("waits", 0, "may wait in this system call"),
        ("loops", 0, "jumps to itself"),
        ("tiny", 0, "the code ends after 1 byte, and a jump takes 5"),
        ("tiny", -2, "begins within"),
    ],
)
def test_places_that_cannot_be_hooked(
    looping: tuple[Looping, Target], name: str, offset: int, reason: str
) -> None:
    running, target = looping
    at = place(running, target, name)
    if offset:  # nothing but one byte may be between the two
        at = place(running, target, "loops") + 3
        reason = "begins within|ends after"
    before = target.read_bytes(at, 32)
    with pytest.raises(CodeError, match=reason):
        target.hook(at, "nop")
    assert target.read_bytes(at, 32) == before


@pytest.fixture
def sequence(tmp_path: Path) -> Iterator[Sequence]:
    with Sequence(build_sequence(tmp_path)) as running:
        if not running.known:
            pytest.skip("the C library knows no restartable sequences, or the kernel none")
        yield running


def test_restartable_sequences_cannot_be_hooked(sequence: Sequence) -> None:
    """Elsewhere its instructions would not be begun anew; what is beside it can be hooked."""
    with attach(sequence.pid) as target:
        code = {found.text: found.address for found in target.disassemble(sequence.code, 32)}
        [begins] = [at for text, at in code.items() if text == "mov ecx, 0x190"]
        [ends] = [at for text, at in code.items() if text.startswith("inc rax")]
        before = target.read_bytes(sequence.code, 128)
        for at in (begins, ends):
            with pytest.raises(CodeError, match=r"in a restartable sequence .* hook another place"):
                target.hook(at, "nop")
        assert target.read_bytes(sequence.code, 128) == before
        with target.hook(target.address("libc!usleep"), "nop"):
            pass
        target.write(sequence.stop, i32, 1)
        own, together = sequence.counted()
    assert own == together > 0


SHARED = """
import ctypes, mmap, sys
with open(sys.argv[1], "r+b") as file:
    code = mmap.mmap(file.fileno(), 4096, mmap.MAP_SHARED, 7)
print(ctypes.addressof(ctypes.c_char.from_buffer(code)), flush=True)
sys.stdin.read()
"""


def test_code_that_others_run_too_cannot_be_hooked(tmp_path: Path) -> None:
    """They would jump to where they have nothing."""
    file = tmp_path / "code"
    file.write_bytes(b"\x90" * 4096)
    command = [sys.executable, "-c", SHARED, str(file)]
    with Talking(command) as running, attach(running.pid) as target:
        at = int(running.hear())
        with pytest.raises(CodeError, match=f"shared .MAP_SHARED. with whoever else maps {file}"):
            target.hook(at, "nop")
        assert file.read_bytes() == b"\x90" * 4096


def test_code_that_is_none_changes_nothing(looping: tuple[Looping, Target]) -> None:
    running, target = looping
    at = place(running, target, "work")
    before, regions = target.read_bytes(at, 32), len(target.regions())
    for code, kind, reason in (
        ("nop\nmvo eax,1", ScriptError, "line 2: mvo eax,1: column 1: no instruction"),
        ("nop\n mov eax,[rbx", ScriptError, r"line 2: mov eax,\[rbx: column 9: the bracket"),
        ("mov eax,[nobody]", ScriptError, 'line 1: .*nothing is called "nobody"'),
        ("alloc(x,100)", ScriptError, "line 1: this is a script's"),
        ("registersymbol(back)", ScriptError, "line 1: this is a script's"),
        ("[ENABLE]\nnop\n[DISABLE]", ScriptError, "script's"),
        (f"nop\n{at:x}:\nnop", ScriptError, "line 3: this would be at"),
        ("db ??", ScriptError, "line 1: "),
        ("original:\nnop", ScriptError, "line 1: original is there already: call this label"),
        ("nop\nBack:", ScriptError, "line 2: Back is there already: call this label"),
        ("", ArgumentError, "instructions"),
        (b"", ArgumentError, "instructions"),
    ):
        with pytest.raises(kind, match=reason):
            target.hook(at, code)
    with pytest.raises(ScriptError, match=r"^line 2: mvo"):
        target.hook(at, "nop\nmvo eax,1", original="before")
    with pytest.raises(ScriptError, match=r"^line 1: original is there already"):
        target.hook(at, "original:", original="before")
    with pytest.raises(ArgumentError, match="'after', 'before' or 'none'"):
        target.hook(at, "nop", original="never")  # type: ignore[arg-type]
    with pytest.raises(MemoryFault):
        target.hook(64, "nop")
    data = target.allocate(64, access="rw")
    with pytest.raises(CodeError, match="nothing runs here: this memory is not executable"):
        target.hook(data, "nop")
    target.free(data)
    assert (target.read_bytes(at, 32), len(target.regions())) == (before, regions)


@pytest.mark.parametrize("original", ["after", "before"])
def test_what_is_behind_the_code_is_none_of_its_affair(
    looping: tuple[Looping, Target], original: Literal["after", "before"]
) -> None:
    """A comment that nobody closes, a width of code, and names of instructions end with it."""
    running, target = looping
    at = place(running, target, "work")
    before = target.read_bytes(at, 32)
    for more in ("{ no end", "/* no end", "[32-bit]", "define(jmp,nop)", "define(back,0)"):
        with target.hook(at, f"add edi,#7\nadd ebx,0\n{more}", original=original):
            assert running.ask(3)[0] == VALUE + (10 if original == "after" else 3)
        assert target.read_bytes(at, 32) == before


def test_lines_are_assembled_for_their_place(looping: tuple[Looping, Target]) -> None:
    running, target = looping
    work = place(running, target, "work")
    raw = target.assemble(work + 0x100, f"call {running.module}!work")
    assert raw[0] == 0xE8
    there = attach(Buffer(raw, base=work + 0x100)).disassemble(work + 0x100)[0]
    assert there.target == work
    target.symbols.register("mine", work + 8)
    assert target.assemble(0x1000, "mov rax,[rbx]").hex() == "488b03"
    assert target.assemble(work, "jmp mine").hex() == "eb06"
    for text, column in (("mvo eax,1", 1), ("mov eax,[rbx", 9), ("mov eax,[nobody]", 10)):
        with pytest.raises(AssemblyError, match=f"column {column}: "):
            target.assemble(work, text)
    assert target.assemble(work, "// nothing") == b""


def test_memory_is_allocated_and_freed(looping: tuple[Looping, Target]) -> None:
    running, target = looping
    work = place(running, target, "work")
    before = len(target.regions())
    near = target.allocate(5000, near=work)
    assert abs(near - work) < 1 << 31
    target.write_bytes(near, bytes(range(256)))
    region = target.locate(near).region
    assert region is not None
    assert (region.perms[:3], region.size) == ("rwx", 8192)
    data = target.allocate(1, access="rw")
    assert not target.locate(data).region.executable  # type: ignore[union-attr]
    for address in (near, data):
        target.free(address)
        with pytest.raises(ArgumentError, match="what allocate"):
            target.free(address)
    assert len(target.regions()) == before
    for size, near_, access in ((0, None, "r"), (1, -1, "r"), (1, None, "rq"), (1, None, "")):
        with pytest.raises(ArgumentError):
            target.allocate(size, near=near_, access=access)
    with pytest.raises(MemoryUnavailable, match="free"):
        target.allocate(1 << 40, near=work)


def test_padding_is_used_where_nothing_can_be_allocated(filtered: Path) -> None:
    with Looping(filtered, 2) as running, attach(running.pid) as target:
        at = place(running, target, "work")
        before = target.read_bytes(at, 16)
        with pytest.raises(MemoryUnavailable, match="seccomp"):
            target.allocate(16)
        module = target.locate(at).module
        assert module is not None
        code = {
            region.start: target.read_bytes(region.start, region.size)
            for region in module.regions
            if region.executable
        }
        for _ in range(30):
            with target.hook(at, "nop\nnop") as hook:
                assert hook.in_cave
                assert running.ask(3)[0] == VALUE + 3
                assert target.locate(hook.code).module == module
            for start, raw in code.items():
                assert target.read_bytes(start, len(raw)) == raw
        calling = f"push rdi\nsub rsp,8\ncall {running.module}!tick\nadd rsp,8\npop rdi"
        first = target.hook(at, calling)
        ticks = running.ask()[1]
        assert running.ask()[1] >= ticks + 2
        first.undo()  # a thread may return to it, so it stays
        again = target.hook(at, calling)
        assert again.code == first.code
        again.undo()
        assert target.read_bytes(at, 16) == before
        with pytest.raises(CodeError, match=r"no room for .* seccomp"):
            target.hook(at, "\n".join(["add rax,12345678"] * 2000))
    assert (running.status, running.calls[1]) == (0, 0)


def test_branches_are_moved_farther_than_they_reach() -> None:
    """With the address that they lead to behind them, where nothing runs into it."""
    far, there = 1 << 46, (0x1010).to_bytes(8, "little").hex()
    for raw, elsewhere in (
        ("e8 0b 00 00 00", "ff1502000000eb08" + there),
        ("eb 0e", "ff2500000000" + there),
        ("7e 0e", "7e02eb0eff2500000000" + there),
        ("8b c3", "8bc3"),
    ):
        assert (
            moved(attach(Buffer(bytes.fromhex(raw), base=0x1000)), 0x1000, far).hex() == elsewhere
        )
    for raw, reason in (("e2 0e", "loop cannot lead"), ("48 8b 05 00 00 00 00", "as far away")):
        with pytest.raises(CodeError, match=reason):
            moved(attach(Buffer(bytes.fromhex(raw), base=1 << 33)), 1 << 33, far)


def test_code_is_far_away_where_nothing_is_free(tmp_path: Path) -> None:
    """The jump takes fourteen bytes then, and what is moved has to work from anywhere."""
    with Looping(build(tmp_path, "-DCROWDED"), 4) as running, attach(running.pid) as target:
        at = place(running, target, "work")
        module = target.locate(at).module
        assert module is not None
        for region in module.regions:  # no padding is left
            if region.executable:
                target.write_bytes(region.end - 1, b"\x90", force=True)
        with pytest.raises(MemoryUnavailable, match="free within 2 GiB"):
            target.allocate(16, near=at)
        before = target.read_bytes(at, 32)
        for _ in range(1 + ROUNDS // 4):
            with target.hook(at, "add edi,#7\nsub edi,#7") as hook:
                pass
        assert len(hook.after) == 14
        assert abs(hook.code - at) > 1 << 31
        with target.hook(at, "inc ecx"):  # another one, and the moved branch in both directions
            assert (running.ask(3)[0], running.ask(-1)[0]) == (VALUE + 3, 0)
        for where, reason in (
            ("tick", "cannot be as far away"),
            ("tiny", "no room for|the code ends after 1 byte, and a jump takes 5"),
            ("next", "no room for .*the code ends after 7 bytes, and a jump takes 14"),
        ):
            with pytest.raises(CodeError, match=reason):
                target.hook(place(running, target, where), "nop")
        assert target.read_bytes(at, 32) == before
    assert (running.status, running.calls[1]) == (0, 0)


HOOKING = """
import sys
from farfetch.scanner import attach
with attach(int(sys.argv[1])) as target:
    print("on", flush=True)
    while True:
        target.hook(int(sys.argv[2]), "nop").undo()
        target.free(target.allocate(4096))
"""


def test_what_is_begun_is_done_though_we_are_killed(program: Path) -> None:
    with Looping(program, 4) as running, attach(running.pid) as target:
        at = place(running, target, "work")
        for pause in (0, 0.005):
            command = [sys.executable, "-c", HOOKING, str(running.pid), str(at)]
            hooking = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/")
            with Child(hooking):
                assert hooking.stdout
                assert hooking.stdout.readline() == "on\n"
                time.sleep(pause)
                hooking.kill()
            wait_for(lambda: not is_traced(running.pid))
            assert running.ask(3)[0] == VALUE + 3
    assert (running.status, running.calls[1]) == (0, 0)


@pytest.mark.parametrize("place_", ["work", "tick", ACROSS])
def test_four_threads_run_through_what_is_hooked(program: Path, place_: str) -> None:
    with Looping(program, 4) as running, attach(running.pid) as target:
        at = place(running, target, place_)
        before, regions = target.read_bytes(at, 32), 0
        for number in range(ROUNDS):
            with target.hook(at, "pushfq\npush rax\ninc rax\npop rax\npopfq"):
                pass
            regions = regions or len(target.regions())
            assert number == 0 or len(target.regions()) == regions
        assert target.read_bytes(at, 32) == before
    assert running.status == 0
    assert running.calls[0] > 0
    assert running.calls[1] == 0


def test_four_threads_run_through_what_does_nothing(program: Path) -> None:
    """An instruction whose first two bytes no single store writes, and a patch of several."""
    with Looping(program, 4) as running, attach(running.pid) as target:
        at = place(running, target, ACROSS)
        assert at % 8 == 7
        work = place(running, target, "work")
        for _ in range(ROUNDS):
            with target.nop(at) as patch:
                assert len(patch.after) > 2
            with target.patch(work, bytes.fromhex("89 fb 53 85 db")):  # mov before push
                pass
    assert (running.status, running.calls[1]) == (0, 0)


def on_and_off(target: Target, at: int) -> None:
    """Hook a place for as long as that can be done."""
    while True:
        target.hook(at, "nop").undo()


def test_one_that_ends_meanwhile_is_one_error(program: Path) -> None:
    for _ in range(5):
        with Looping(program, 4) as running, attach(running.pid) as target:
            at = place(running, target, "work")
            killer = threading.Timer(0.05, running.kill)
            killer.start()
            with pytest.raises(FarfetchError) as raised:
                on_and_off(target, at)
            killer.join()
            assert isinstance(raised.value, TargetGone | StopError), raised.value
            assert "\n" not in str(raised.value)


def test_hooks_and_memory_of_what_was_closed(looping: tuple[Looping, Target]) -> None:
    running, _ = looping
    target = attach(running.pid)
    at = place(running, target, "work")
    hook = target.hook(at, "inc edi")
    other = target.hook(place(running, target, "tick"), "nop")
    other.undo()
    target.close()
    for call in (hook.undo, lambda: target.free(at), lambda: target.hook(at, "nop")):
        with pytest.raises(TargetClosed):
            call()
    assert isinstance(hook, Hook)
    assert running.ask(3)[0] == VALUE + 4  # it stays, as patches do
    with attach(running.pid) as again, again.patch(at, hook.before):
        assert running.ask(3)[0] == VALUE + 3


@pytest.mark.parametrize("bits", [32, 64])
def test_code_of_both_widths(tmp_path: Path, bits: int) -> None:
    with Hooked(build_hooked(tmp_path, bits), 2) as running, attach(running.pid) as target:
        before = target.read_bytes(running.hit, 32)
        seen = target.allocate(4, near=running.hit)
        register = "ecx" if bits == 32 else "esi"
        code = f"lock inc dword ptr [{seen:x}]\nmov {register},2"
        at = target.disassemble(running.hit, 3)[2 if bits == 32 else 0].address
        with target.hook(at, code) as hook:
            assert running.ask("hit 50")[0] == 98
            assert target.disassemble(at)[0].target == hook.code
        assert target.read(seen, "u32") > 0
        assert running.ask("hit 50")[0] == 48
        assert target.read_bytes(running.hit, 32) == before
    assert running.status == 0
