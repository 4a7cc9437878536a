"""Which encodings a mnemonic has, and what operands each of them takes; iced's tables, indexed."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple

from iced_x86 import Code, EncodingKind, MemorySizeExt, OpCodeInfo, OpCodeOperandKind, OpKind

from .operands import REGISTERS

_R8: Final = frozenset(
    REGISTERS[name]
    for name in ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh", "spl", "bpl", "sil", "dil"]
    + [f"r{number}l" for number in range(8, 16)]
)


def _numbered(prefix: str, count: int, suffix: str = "") -> frozenset[int]:
    return frozenset(REGISTERS[f"{prefix}{number}{suffix}"] for number in range(count))


def _general(prefix: str, suffix: str) -> frozenset[int]:
    legacy = (f"{prefix}{letters}" for letters in ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"])
    numbered = (f"r{number}{suffix}" for number in range(8, 16))
    return frozenset(REGISTERS[name] for name in (*legacy, *numbered))


#: Sets of registers by the first part of the name of an operand's kind.
CLASSES: Final = {
    "R8": _R8,
    "R16": _general("", "w"),
    "R32": _general("e", "d"),
    "R64": _general("r", ""),
    "MM": _numbered("mm", 8),
    "XMM": _numbered("xmm", 16),
    "YMM": _numbered("ymm", 16),
    "SEG": frozenset(REGISTERS[name] for name in ["es", "cs", "ss", "ds", "fs", "gs"]),
    "STI": _numbered("st", 8),
    "CR": _numbered("cr", 16),
    "DR": _numbered("dr", 8),
}
#: Bytes of the general registers.
WIDTHS: Final = {
    register: size
    for name, size in (("R8", 1), ("R16", 2), ("R32", 4), ("R64", 8))
    for register in CLASSES[name]
}
_FIXED: Final = {
    name.upper(): frozenset((REGISTERS[name],))
    for name in ["es", "cs", "ss", "ds", "fs", "gs", "al", "cl", "ax", "dx", "eax", "rax", "st0"]
}


class Immediates(NamedTuple):
    """Numbers that an encoding takes.

    Attributes:
        kind: what iced calls such an operand.
        bits: of what is stored.
        width: of what it is widened to, with its sign.
    """

    kind: int
    bits: int
    width: int


_IMMEDIATES: Final = {
    "IMM8": Immediates(OpKind.IMMEDIATE8, 8, 8),
    "IMM8_CONST_1": Immediates(OpKind.IMMEDIATE8, 1, 8),
    "IMM8SEX16": Immediates(OpKind.IMMEDIATE8TO16, 8, 16),
    "IMM8SEX32": Immediates(OpKind.IMMEDIATE8TO32, 8, 32),
    "IMM8SEX64": Immediates(OpKind.IMMEDIATE8TO64, 8, 64),
    "IMM16": Immediates(OpKind.IMMEDIATE16, 16, 16),
    "IMM32": Immediates(OpKind.IMMEDIATE32, 32, 32),
    "IMM32SEX64": Immediates(OpKind.IMMEDIATE32TO64, 32, 64),
    "IMM64": Immediates(OpKind.IMMEDIATE64, 64, 64),
}


class Slot(NamedTuple):
    """What an encoding takes as one operand.

    Attributes:
        registers: that it takes.
        memory: whether it takes memory.
        immediates: the numbers it takes; None when none.
        offset: whether the memory is an address without registers.
    """

    registers: frozenset[int] = frozenset()
    memory: bool = False
    immediates: Immediates | None = None
    offset: bool = False


class Encoding(NamedTuple):
    """One way to encode a mnemonic.

    Attributes:
        code: iced's number of it.
        slots: what it takes, an operand each.
        memory: bytes of the memory it takes; 0 where they do not matter.
        operand_size: bits of a general operand; 0 where there is none.
        modes: the widths of code, 32 and 64, that have it.
    """

    code: int
    slots: tuple[Slot, ...]
    memory: int
    operand_size: int
    modes: tuple[int, ...]


_KINDS: Final = {
    value: name for name, value in vars(OpCodeOperandKind).items() if isinstance(value, int)
}


def _slot(kind: int) -> Slot | None:
    name = _KINDS[kind]
    if name in _IMMEDIATES:
        return Slot(immediates=_IMMEDIATES[name])
    if name in _FIXED:
        return Slot(_FIXED[name])
    if name == "MEM_OFFS":
        return Slot(memory=True, offset=True)
    if name == "MEM":
        return Slot(memory=True)
    parts = re.fullmatch(r"(R8|R16|R32|R64|MM|XMM|YMM|SEG|STI|CR|DR)_(\w+)", name)
    if parts is None:
        return None
    return Slot(CLASSES[parts[1]], memory=parts[2] == "OR_MEM")


#: Jumps and calls through a segment and an offset in memory, which nobody means.
_FAR: Final = re.compile(r"(JMP|CALL)_M\d")
_ENCODINGS: Final = (EncodingKind.LEGACY, EncodingKind.VEX)


@cache
def catalogue() -> dict[str, tuple[Encoding, ...]]:
    """All encodings that are known by their operands, by mnemonic.

    Left out are branches, string instructions, and what AVX-512 and later brought: the first two
    are encoded elsewhere.

    >>> sorted(encoding.memory for encoding in catalogue()["fild"])
    [2, 4, 8]
    """
    found: dict[str, list[Encoding]] = {}
    codes: dict[str, Any] = {
        name: code for name, code in vars(Code).items() if isinstance(code, int)
    }
    for name, code in codes.items():
        info = OpCodeInfo(code)
        if not info.is_instruction or info.encoding not in _ENCODINGS or _FAR.match(name):
            continue
        slots = [_slot(kind) for kind in info.op_kinds()]
        modes = tuple(width for width, on in ((32, info.mode32), (64, info.mode64)) if on)
        if None in slots or not modes or info.fwait:
            continue
        encoding = Encoding(
            code,
            tuple(slot for slot in slots if slot is not None),
            MemorySizeExt.size(info.memory_size),
            info.operand_size,
            modes,
        )
        found.setdefault(info.instruction_string.split()[0].lower(), []).append(encoding)
    return {mnemonic: tuple(encodings) for mnemonic, encodings in found.items()}
