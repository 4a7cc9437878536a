"""Which instruction ended at an address, of bytes that could be several."""

from __future__ import annotations

import ctypes
import os
import random

import pytest
from farfetch.scanner import attach
from farfetch.scanner.code.decoder import decode_one, iced, instructions
from farfetch.scanner.code.ending import Touched, ended_at, reaches
from farfetch.scanner.code.instruction import MemoryOperand
from farfetch.scanner.errors import CodeError

from support.machine import only_x86

pytestmark = only_x86

#: push rbp; mov rbp, rsp; sub rsp, 16; mov [rbp-4], edi; then mov [rbx], rax; nop; ret
CODE = bytes.fromhex("55 48 89 e5 48 83 ec 10 89 7d fc 48 89 03 90 c3")
BASE = 0x401000


def found(
    code: bytes, ip: int, registers: dict[str, int], function: int | None = None
) -> int | None:
    """What is found at an address, of code that stands alone."""

    def read(address: int, size: int) -> bytes:
        if not BASE <= address < BASE + len(code):
            return b""
        return code[address - BASE : address - BASE + size]

    touched = Touched(ip, 0x2000, 8, True, registers, 64)
    return ended_at(touched, read, function)


def test_the_longest_is_not_always_the_one() -> None:
    ip = BASE + 14
    # mov [rbx], rax: and behind its prefix, mov [rbx], eax
    assert found(CODE, ip, {"rbx": 0x2000}) == BASE + 11
    assert found(CODE, ip, {"rbx": 0x2000}, BASE) == BASE + 11
    assert found(CODE, ip, {}) == BASE + 11


def test_what_has_reached_something_else_is_none() -> None:
    assert found(CODE, BASE + 14, {"rbx": 0x9000}) is None


def test_there_may_be_nothing_before() -> None:
    assert found(CODE, BASE, {"rbx": 0x2000}) is None
    assert found(b"", BASE + 64, {"rbx": 0x2000}) is None
    assert found(CODE, 0, {}) is None


def test_any_bytes() -> None:
    draw = random.Random(3)
    for _ in range(300):
        code = draw.randbytes(120)
        ip = BASE + draw.randrange(130)
        registers = {
            name: draw.choice((0x2000, 0x1FF8, 0)) for name in ("rax", "rbx", "rsp", "rdi")
        }
        place = found(code, ip, registers)
        if place is not None and place != ip:
            decoded = decode_one(code[place - BASE :], place, 64)
            assert decoded is not None


def test_registers_that_are_gone_tell_nothing() -> None:
    touched = Touched(0, 0x2000, 8, False, {"rax": 7, "rsp": 0x3000}, 64)
    gone, pushed = (decode_one(bytes.fromhex(raw), 0, 64) for raw in ("48 8b 00", "50"))
    assert reaches(gone, touched) is None
    assert reaches(pushed, touched) is False


def test_operands() -> None:
    [add, load] = instructions(bytes.fromhex("83 44 8b 10 05 64 48 8b 04 25 28 00 00 00"), 0, 64)
    assert add.reads == add.writes == (MemoryOperand("", "rbx", "rcx", 4, 16, 4, 64),)
    assert add.reads[0].address({"rbx": 2**64 - 16, "rcx": 1}) == 4
    assert add.reads[0].address({"rbx": 1}) is None
    assert load.writes == ()
    assert load.reads[0].segment == "fs"
    assert load.reads[0].address({}) is None


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    iced.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "iced_x86", None)
    with pytest.raises(CodeError, match="x86-64 only"):
        iced()
    # as on arm64: one line, before anything is watched
    with attach(os.getpid()) as target:
        for refused in (target.watchpoint, target.accesses_of, target.disassemble):
            with pytest.raises(CodeError, match="x86-64 only"):
                refused(ctypes.addressof(ctypes.c_int(5)))
    monkeypatch.undo()
    iced.cache_clear()
