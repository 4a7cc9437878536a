"""Code is read as binutils reads it, and functions are called as they call them."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    ExpressionError,
    FarfetchError,
    MemoryFault,
    attach,
)
from farfetch.scanner.code.decoder import decode, instructions
from farfetch.scanner.memory.modules import Module

from support.machine import only_x86
from support.targets import Spawn, every_build, target_path

pytestmark = only_x86

_LINE = re.compile(r"^ *([0-9a-f]+):\t([0-9a-f ]+?) *\t(.*)$")


def libc() -> Module:
    with attach(os.getpid()) as target:
        return next(module for module in target.modules() if module.name.startswith("libc."))


def listed(path: str, bits: int) -> Iterator[tuple[int, bytes, str]]:
    """The address, bytes and text of each instruction that objdump finds."""
    machine = "i386" if bits == 32 else "i386:x86-64"
    command = ["objdump", "-d", "-w", "-M", "intel", "-m", machine, "-j", ".text", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if matched := _LINE.match(line):
                yield int(matched[1], 16), bytes.fromhex(matched[2]), matched[3]


@pytest.mark.parametrize("build", ["libc", "m32"])
def test_boundaries_are_those_of_objdump(build: str) -> None:
    """Each instruction that objdump finds is one, as long, wherever a decode has come there."""
    path, bits = (libc().path, 64) if build == "libc" else (str(target_path("game", "m32")), 32)
    known = [row for row in listed(path, bits) if "(bad)" not in row[2]]
    start = known[0][0]
    end = known[-1][0] + len(known[-1][1])
    raw = bytearray(end - start)
    for address, code, _ in known:
        raw[address - start : address - start + len(code)] = code
    ours = {decoded.ip: decoded.len for decoded in decode(bytes(raw), start, bits)}
    # objdump takes a prefix that the next instruction ignores, or fwait, for one by itself
    wrong = [
        (hex(address), code.hex(), text)
        for address, code, text in known
        if ours.get(address) != len(code) and not is_prefix(text)
    ]
    before = {address + len(code): text for address, code, text in known}
    wrong = [row for row in wrong if not is_prefix(before.get(int(row[0], 16), ""))]
    assert len(known) > (200_000 if build == "libc" else 500)
    assert wrong == []


def is_prefix(text: str) -> bool:
    """Whether objdump shows a prefix, or fwait, for itself."""
    prefixes = r"(rex[.WRXB]*|data16|cs|ds|es|ss|fs|gs|lock|repn?z|addr32|fwait) *"
    return re.fullmatch(prefixes, text) is not None


#: What objdump calls otherwise, by what we call it.
OTHERWISE = {
    "movabs": "mov",
    "ret": "ret",
    "xchg": "nop",
    "sal": "shl",
    "cs": "nop",
    "data16": "nop",
    "fwait": "wait",
}


def test_texts_are_those_of_objdump() -> None:
    """Of some thousand instructions all over: the same mnemonics and the same registers."""
    wrong = []
    for address, code, text in list(listed(libc().path, 64))[::53]:
        if "(bad)" in text or is_prefix(text):
            continue
        [ours] = instructions(code, address, 64)
        theirs = re.sub(r"#.*|<.*?>|\b(bnd|notrack|rex\.?\w*) ", "", text).replace("DWORD PTR", "")
        word, mine = theirs.split()[0], ours.text.split()[0]
        if OTHERWISE.get(word, word) != OTHERWISE.get(mine, mine) or (
            registers(theirs) != registers(ours.text) and "nop" not in ours.text
        ):
            wrong.append((text, ours.text))
    assert wrong == []


def registers(text: str) -> list[str]:
    """The general and vector registers in a text."""
    found = re.findall(r"\b(?:[re]?[abcd]x|[re]?[sd]i|[re]?[sb]p|r\d+[dwb]?|[xyz]mm\d+)\b", text)
    return list(dict.fromkeys(found))


def test_a_target_s_own_code() -> None:
    getpid = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
    assert getpid
    with attach(os.getpid()) as target:
        code = target.disassemble(getpid, 4)
        assert any(instruction.text == "syscall" for instruction in code)
        assert [one.end for one in code[:-1]] == [one.address for one in code[1:]]
        assert target.disassemble(getpid, 0) == []
        with pytest.raises(MemoryFault):
            target.disassemble(8, 1)
        with pytest.raises(ArgumentError):
            target.disassemble(getpid, -1)


def test_code_that_ends() -> None:
    code = attach(Buffer(bytes.fromhex("90 06 48 8b"), base=0x1000)).disassemble(0x1000, 9)
    assert [one.text for one in code] == ["nop", "db 0x06"]


#: mov dword ptr fs:[rax+rcx*4+0x11223344], 0x55667788; vaddps zmm0, zmm1, [rax+64]
LONG = (bytes.fromhex("64 c7 84 88 44 33 22 11 88 77 66 55"), bytes.fromhex("62 f1 74 48 58 40 01"))


@pytest.mark.parametrize("code", LONG)
def test_an_instruction_that_memory_cuts_off(code: bytes) -> None:
    """Whatever is asked of it says so: nothing takes it for a list of none, or of another."""
    for size in range(1, len(code)):
        with attach(Buffer(bytearray(code[:size]), base=0x1000)) as target:
            said = f"cannot read {size + 1} bytes at 0x1000: 0x{0x1000 + size:x} is not mapped"
            for asked in (
                lambda: target.disassemble(0x1000),
                lambda: target.disassemble(0x1000, 20),
                lambda: target.nop(0x1000),
                lambda: target.accesses_of(0x1000),
            ):
                with pytest.raises(MemoryFault, match=said):
                    asked()
            for refused in (
                lambda: target.signature(0x1000),
                lambda: target.hook(0x1000, "nop"),
                lambda: target.watchpoint(0x1000),
            ):
                with pytest.raises(FarfetchError):
                    refused()
            assert target.disassemble(0x1000, 0) == []
            assert target.read_bytes(0x1000, size) == code[:size]
    with attach(Buffer(code, base=0x1000)) as target:
        (whole,) = target.disassemble(0x1000, 20)
        assert whole.raw == code


@every_build
def test_symbols_are_those_of_nm(spawn: Spawn, build: str) -> None:
    """Every function of a program, those that are its own alone included."""
    game = spawn("game")
    path = target_path("game", build)
    names = subprocess.run(["nm", "-S", path], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in names.splitlines()]
    known = {row[3]: int(row[0], 16) for row in rows if len(row) == 4 and row[2] in "tT"}
    with attach(game.pid) as target:
        module = next(module for module in target.modules() if module.path == str(path))
        bias = module.base - (0 if build != "static" else 0x400000)
        assert len(known) > 20
        for name in ("main", "obey", "show_status"):
            symbol = target.symbol(bias + known[name] + 1)
            assert symbol is not None
            assert (symbol.name, symbol.start, symbol.offset) == (name, bias + known[name], 1)
            assert symbol.module == "game"


@every_build
def test_functions_that_a_person_names(spawn: Spawn) -> None:
    with attach(spawn("game").pid) as target:
        main = target.address("game!main")
        assert target.address("$process!main") == main
        assert target.address("game!main + 0x10") == main + 16
        libc = "game" if len(target.modules()) == 1 else "libc"  # it is a part of static programs
        assert target.address(f"{libc}!__read") == target.address(f"{libc}!read")  # two names
        for text, said in (
            ("game!nosuch", 'no function of game is called "nosuch"'),
            ("game!\udc80", "no function of game is called"),
            ("gmae!main", 'no module is called "gmae"'),
            ("$process!nosuch", 'no function of $process is called "nosuch"'),
            ("main", 'no module or region is called "main"'),
        ):
            with pytest.raises(ExpressionError, match=re.escape(said)):
                target.address(text)


def test_symbols_that_are_elsewhere(tmp_path: Path) -> None:
    """A program whose symbols were taken out, with them beside it, and then without."""
    source, program = tmp_path / "it.cpp", tmp_path / "it"
    source.write_text(
        "#include <cstdio>\n"
        "namespace game { struct Player {\n"
        "int health; __attribute__((noinline)) void hit(int n); };\n"
        'void Player::hit(int n) { health -= n; std::puts(""); } }\n'
        'int main() { game::Player p{9}; std::printf("%p\\n", (void *)main); std::fflush(stdout);'
        " std::getchar(); p.hit(2); return p.health; }\n"
    )
    subprocess.run(["g++", "-O1", "-g", "-o", program, source], check=True)
    debug = tmp_path / "it.debug"
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    names = subprocess.run(["nm", "-C", program], capture_output=True, text=True, check=True).stdout
    [place] = [int(line.split()[0], 16) for line in names.splitlines() if "Player::hit" in line]
    for linked, name in ((True, "game::Player::hit(int)"), (False, "")):
        stripped = tmp_path / f"it-{linked}"
        link = [f"--add-gnu-debuglink={debug}"] if linked else []
        subprocess.run(["objcopy", "--strip-all", *link, program, stripped], check=True)
        with subprocess.Popen(
            [stripped], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            process.stdout.readline()
            with attach(process.pid) as target:
                module = next(one for one in target.modules() if one.path == str(stripped))
                symbol = target.symbol(module.base + place + 4)
                assert symbol is not None
                assert (symbol.name, symbol.start) == (name, module.base + place)
            process.kill()
