"""Instructions that do nothing, and patterns by which code is found again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from farfetch.scanner import Buffer, CodeError, MemoryFault, Pattern, attach
from farfetch.scanner.code.decoder import decode_one
from farfetch.scanner.code.nops import nothing

from support.child import Child
from support.machine import only_x86
from support.targets import Spawn, every_build, target_path

pytestmark = only_x86


@pytest.mark.parametrize("bits", [32, 64])
def test_what_does_nothing_is_code(bits: int) -> None:
    """All sizes at all places: nops, or a jump to where the instruction ended."""
    for offset in range(8):
        for size in range(1, 16):
            address = 0x1000 + offset
            raw = nothing(address, size)
            assert len(raw) <= size
            at = 0
            while at < len(raw):
                decoded = decode_one(raw[at:], address + at, bits)
                assert decoded is not None
                if str(decoded).startswith("jmp"):
                    assert decoded.near_branch_target == address + size
                    assert len(raw) == 2
                else:
                    assert str(decoded).startswith(("nop", "xchg"))
                at += decoded.len
            assert offset % 8 + len(raw) <= 8 or offset == 7


@every_build
def test_health_that_does_not_go_down(spawn: Spawn) -> None:
    game = spawn("game")
    at = game.command("addresses").number("health_addr")
    with attach(game.pid) as target:
        with target.watchpoint(at, 4) as hits:
            game.command("hit 3")
        [hit] = hits
        before = target.read_bytes(hit.address, 15)
        with target.nop(hit.address) as patch:
            assert game.command("hit 50").number("health") == 97
            assert target.patches == (patch,)
        assert target.read_bytes(hit.address, 15) == before
        assert game.command("hit 50").number("health") == 47


def test_data_is_no_instruction(spawn: Spawn) -> None:
    """Nothing runs there, whatever it looks like: it is a value's place that was typed."""
    game = spawn("game")
    at = game.command("addresses").number("health_addr")
    with attach(game.pid) as target:
        for _ in range(2):
            with pytest.raises(CodeError, match="not executable; patch changes data"):
                target.nop(at)
            target.write_bytes(at, b"\xc3")  # an instruction, if it were code
    assert game.command("").number("health") == 0xC3


def test_threads_that_run_through_it(spawn: Spawn) -> None:
    """Ten threads write all the time, while the instruction is taken out and put back."""
    touch = spawn("touch")
    site = touch.greeting.number("write_site")
    with attach(touch.pid) as target:
        touch.send("threads 20000 1000")
        for _ in range(300):
            target.nop(site).undo()
        assert touch.answer().number("count") == 200000


def test_what_is_no_instruction() -> None:
    target = attach(Buffer(bytearray(b"\x06\x90"), base=16))
    with pytest.raises(CodeError, match="this is no instruction"):
        target.nop(16)
    with pytest.raises(MemoryFault):
        target.nop(64)
    with pytest.raises(CodeError, match="no module's code"):
        target.signature(16)


@every_build
def test_a_signature_is_there_once(spawn: Spawn, build: str) -> None:
    game = spawn("game")
    path = str(target_path("game", build))
    with attach(game.pid) as target:
        module = next(one for one in target.modules() if one.path == path)
        at = game.command("addresses").number("health_addr")
        with target.watchpoint(at, 4) as hits:
            game.command("hit 3")
        for hit in hits:
            pattern = target.signature(hit.address)
            places = [
                region.start + offset
                for region in module.regions
                if region.executable
                for offset in matching(target.read_bytes(region.start, region.size), pattern)
            ]
            assert places == [hit.address]


def matching(raw: bytes, pattern: Pattern) -> list[int]:
    """Where a pattern fits, looked for byte by byte."""
    size = len(pattern)
    return [at for at in range(len(raw) - size + 1) if pattern.fits(raw[at : at + size])]


def test_a_signature_holds_in_the_next_build(tmp_path: Path) -> None:
    """The same function in a program with other data, and another function before it."""
    body = (
        "extern int total; int total; __attribute__((noinline)) void hit(int *health, int n)"
        "{ total += n; *health -= n * 3; if (*health < 0) *health = 0; }\n"
    )
    rest = (
        '#include <stdio.h>\nint main(void) { int h = 9; printf("%p\\n", (void *)hit);'
        " fflush(stdout); hit(&h, getchar()); return h; }\n"
    )
    more = (
        "int table[3000] = {1}; __attribute__((noinline)) int other(int n) { return table[n]; }\n"
    )
    places: list[list[int]] = []
    patterns: list[Pattern] = []
    for number, source in enumerate((body + rest, more + body + rest)):
        file, program = tmp_path / f"{number}.c", tmp_path / f"it{number}"
        file.write_text(source)
        subprocess.run(["gcc", "-O2", "-o", program, file], check=True)
        pipe = subprocess.PIPE
        process = subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True)
        with Child(process) as child, attach(child.pid) as target:
            assert process.stdout
            address = int(process.stdout.readline(), 16)
            if not patterns:
                patterns.append(target.signature(address))
            module = next(one for one in target.modules() if one.path == str(program))
            places.append(
                [
                    region.start + offset - address
                    for region in module.regions
                    if region.executable
                    for offset in matching(
                        target.read_bytes(region.start, region.size), patterns[0]
                    )
                ]
            )
    assert places == [[0], [0]]
