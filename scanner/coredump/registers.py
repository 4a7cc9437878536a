"""Registers in the notes of threads: ``struct elf_prstatus`` of the kernel's elfcore.h."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

EM_386, EM_X86_64, EM_AARCH64 = 3, 62, 183


class Registers(NamedTuple):
    """Where the registers of a machine lie in such a note.

    Attributes:
        size: bytes of the note.
        at: offset of the first.
        width: bytes of each.
        names: of them, in the order of user_regs_struct, "" for padding.
    """

    size: int
    at: int
    width: int
    names: tuple[str, ...]


MACHINES: Final = {
    EM_X86_64: Registers(
        *(336, 112, 8),
        (
            *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx"),
            *("rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base"),
            *("gs_base", "ds", "es", "fs", "gs"),
        ),
    ),
    EM_386: Registers(
        *(144, 72, 4),
        (
            *("ebx", "ecx", "edx", "esi", "edi", "ebp", "eax", "ds", "es", "fs", "gs"),
            *("orig_eax", "eip", "cs", "eflags", "esp", "ss"),
        ),
    ),
    EM_AARCH64: Registers(
        *(392, 112, 8), (*(f"x{number}" for number in range(31)), "sp", "pc", "pstate")
    ),
}


def registers_of(machine: int, order: str, raw: bytes) -> Mapping[str, int]:
    """The registers in a thread's note, by name; none of a machine that is not known.

    >>> registers_of(EM_AARCH64, "<", bytes(392))["sp"], registers_of(0, "<", b"")
    (0, {})
    """
    known = MACHINES.get(machine)
    if known is None or len(raw) < known.size:
        return {}
    number = {4: "I", 8: "Q"}[known.width]
    found = struct.unpack_from(f"{order}{len(known.names)}{number}", raw, known.at)
    return dict(zip(known.names, found, strict=True))
