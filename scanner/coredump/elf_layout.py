"""What is written around the memory in a core file: its header, notes and program headers.

As the kernel has it in fs/binfmt_elf.c and include/linux/elfcore.h; the headers come last, as they
are known last.
"""

from __future__ import annotations

import os
import platform
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ..memory.base import Memory
from ..memory.owner import ProcessInfo
from ..memory.regions import Range, Region
from ..process.threads import ask, folders, thread_ids
from .image import CoreThread
from .registers import EM_386, EM_AARCH64, EM_X86_64, MACHINES

_MACHINES: Final = {"x86_64": (EM_386, EM_X86_64), "aarch64": (EM_X86_64, EM_AARCH64)}
_PN_XNUM: Final = 0xFFFF
_ALIGN: Final = 4096
_ORDER: Final = "<" if sys.byteorder == "little" else ">"


class Written(NamedTuple):
    """A part of the target's memory, as it is in the file.

    Attributes:
        span: its addresses.
        perms: of its region.
        offset: in the file; None where its bytes are not.
    """

    span: Range
    perms: str
    offset: int | None


class Tail(NamedTuple):
    """What stands behind the memory.

    Attributes:
        raw: its bytes.
        headers: offset in the file of the program headers.
        programs: how many they are.
        section: offset in the file of the one section header, which has the count where that is
            too many; 0 where it is not.
    """

    raw: bytes
    headers: int
    programs: int
    section: int


def header_of(bits: int, tail: Tail) -> bytes:
    """The header that a core file begins with."""
    wide = bits == 64
    identity = b"\x7fELF" + bytes([2 if wide else 1, 1 if _ORDER == "<" else 2, 1])
    address = "Q" if wide else "I"
    return struct.pack(
        f"{_ORDER}16s2HI3{address}I6H",
        identity,
        4,  # ET_CORE
        _machine(bits),
        1,
        0,
        tail.headers,
        tail.section,
        0,
        *(64, 56) if wide else (52, 32),
        min(tail.programs, _PN_XNUM),
        *((64 if wide else 40), 1 if tail.section else 0, 0),
    )


def tail_of(
    memory: Memory, bits: int, regions: Sequence[Region], parts: Sequence[Written], at: int
) -> Tail:
    """What stands behind the memory in a core file.

    Args:
        memory: that was written.
        bits: width of its pointers.
        regions: that it had.
        parts: as they were written.
        at: offset in the file where it begins.
    """
    notes = b"".join(_notes(memory, bits, regions))
    padding = -(at + len(notes)) % 8
    headers = at + len(notes) + padding
    program = [_program(bits, 4, 4, at, 0, len(notes), 0, 4)]
    for part in parts:
        flags = 4 * (part.perms[0] == "r") | 2 * (part.perms[1] == "w") | (part.perms[2] == "x")
        size = 0 if part.offset is None else part.span.size
        where = (part.offset or 0, part.span.start, size, part.span.size)
        program.append(_program(bits, 1, flags, *where, _ALIGN))
    raw = notes + bytes(padding) + b"".join(program)
    section = 0
    if len(program) >= _PN_XNUM:
        section = at + len(raw)
        address = "Q" if bits == 64 else "I"
        info = (0, 0, 0, 0, 0, 0, 0, len(program), 0, 0)
        raw += struct.pack(f"{_ORDER}2I4{address}2I2{address}", *info)
    return Tail(raw, headers, len(program), section)


def _program(
    bits: int, kind: int, flags: int, offset: int, address: int, size: int, memory: int, align: int
) -> bytes:
    if bits == 64:
        fields = (kind, flags, offset, address, 0, size, memory, align)
        return struct.pack(f"{_ORDER}2I6Q", *fields)
    return struct.pack(f"{_ORDER}8I", kind, offset, address, 0, size, memory, flags, align)


def _notes(memory: Memory, bits: int, regions: Sequence[Region]) -> Iterator[bytes]:
    process = memory.process
    if process is not None:
        machine = _machine(bits)
        threads = sorted(thread_ids(process.pid), key=lambda tid: tid != process.pid)
        for tid in threads:
            yield _note(1, _status(machine, bits, _thread(process.pid, tid, machine)))
        yield _note(3, _names(bits, process))
        auxiliary = ask(folders(process.pid), lambda folder: (folder / "auxv").read_bytes())
        if auxiliary:
            yield _note(6, auxiliary)
    yield _note(0x46494C45, _files(bits, regions))


def _note(kind: int, raw: bytes) -> bytes:
    name = b"CORE\0\0\0\0"
    head = struct.pack(f"{_ORDER}3I", 5, len(raw), kind)
    return head + name + raw + bytes(-len(raw) % 4)


def _thread(pid: int, tid: int, machine: int) -> CoreThread:
    """A thread with the registers that the kernel tells of one that sleeps: nothing is stopped."""
    try:
        told = Path(f"/proc/{pid}/task/{tid}/syscall").read_text().split()
        stack, program = (int(word, 16) for word in told[-2:])
    except (OSError, ValueError):  # it runs, or it is not told
        return CoreThread(tid, {})
    names = {EM_X86_64: ("rsp", "rip"), EM_386: ("esp", "eip"), EM_AARCH64: ("sp", "pc")}[machine]
    return CoreThread(tid, dict(zip(names, (stack, program), strict=True)))


def _status(machine: int, bits: int, thread: CoreThread) -> bytes:
    known = MACHINES[machine]
    raw = bytearray(known.size)
    struct.pack_into(f"{_ORDER}i", raw, 32 if bits == 64 else 24, thread.tid)
    number = "Q" if known.width == 8 else "I"
    values = (thread.registers.get(name, 0) & ((1 << 8 * known.width) - 1) for name in known.names)
    struct.pack_into(f"{_ORDER}{len(known.names)}{number}", raw, known.at, *values)
    return bytes(raw)


def _names(bits: int, process: ProcessInfo) -> bytes:
    name = os.fsencode(process.name)[:15]
    arguments = os.fsencode(" ".join(process.cmdline))[:79]
    numbers = (0, process.pid, process.ppid, 0, 0)
    if bits == 64:
        head = struct.pack(f"{_ORDER}16x2I4i", process.uid, *numbers)
    else:
        head = struct.pack(f"{_ORDER}8x2H4i", process.uid & 0xFFFF, *numbers)
    return head + name.ljust(16, b"\0") + arguments.ljust(80, b"\0")


def _files(bits: int, regions: Sequence[Region]) -> bytes:
    mapped = [region for region in regions if region.path.startswith("/")]
    number = "Q" if bits == 64 else "I"
    raw = struct.pack(f"{_ORDER}2{number}", len(mapped), _ALIGN)
    for region in mapped:
        raw += struct.pack(f"{_ORDER}3{number}", region.start, region.end, region.offset // _ALIGN)
    return raw + b"".join(os.fsencode(region.name) + b"\0" for region in mapped)


def _machine(bits: int) -> int:
    narrow, wide = _MACHINES.get(platform.machine(), (EM_386, EM_X86_64))
    return wide if bits == 64 else narrow
