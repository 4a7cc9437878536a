"""Code of this process, to be looked at."""

from __future__ import annotations

import ctypes

from farfetch.scanner import Instruction, Target


def reaching(target: Target) -> Instruction:
    """An instruction of the C library that reaches memory by a register."""
    start = ctypes.cast(ctypes.CDLL(None).qsort, ctypes.c_void_p).value
    assert start
    for instruction in target.disassemble(start, 64):
        for operand in (*instruction.reads, *instruction.writes):
            if operand.base and not operand.segment:
                return instruction
    raise AssertionError("qsort reaches nothing")
