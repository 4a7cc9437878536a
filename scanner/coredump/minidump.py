"""Windows minidumps; see MINIDUMP_HEADER and its like in Microsoft's minidumpapiset.h."""

from __future__ import annotations

import ntpath
import struct
from collections.abc import Iterator
from typing import Final

from ..memory.modules import Module
from ..memory.regions import Region
from .image import (
    MOST_PIECES,
    CoreThread,
    Damaged,
    Image,
    Piece,
    Read,
    check_pieces,
    split_by_pieces,
)

SIGNATURE: Final = b"MDMP"
_THREADS, _MODULES, _MEMORY, _SYSTEM, _MEMORY64, _MISC, _PROTECTION = 3, 4, 5, 7, 9, 15, 16
_STREAMS: Final = 4096
_PE_NAME: Final = 1 << 16  # bytes of a name
#: Widths by PROCESSOR_ARCHITECTURE_…: x86, ARM, AMD64, ARM64.
_BITS: Final = {0: 32, 5: 32, 9: 64, 12: 64}
#: PAGE_… flags that let a page be written, or executed.
_WRITABLE, _EXECUTABLE, _NO_ACCESS = 0xCC, 0xF0, 0x101
#: Offsets in CONTEXT of the registers that are told: AMD64, x86.
_CONTEXT64: Final = {
    "rax": 0x78,
    "rcx": 0x80,
    "rdx": 0x88,
    "rbx": 0x90,
    "rsp": 0x98,
    "rbp": 0xA0,
    "rsi": 0xA8,
    "rdi": 0xB0,
    "r8": 0xB8,
    "r9": 0xC0,
    "r10": 0xC8,
    "r11": 0xD0,
    "r12": 0xD8,
    "r13": 0xE0,
    "r14": 0xE8,
    "r15": 0xF0,
    "rip": 0xF8,
}
_CONTEXT32: Final = {
    "edi": 0x9C,
    "esi": 0xA0,
    "ebx": 0xA4,
    "edx": 0xA8,
    "ecx": 0xAC,
    "eax": 0xB0,
    "ebp": 0xB4,
    "eip": 0xB8,
    "esp": 0xC4,
}


def parse_minidump(read: Read, size: int) -> Image:
    """What a minidump says.

    Args:
        read: its bytes.
        size: how many it has.

    Raises:
        Damaged: it is not in order; says what is wrong.
        struct.error: it is cut short.
    """
    _, count, at = struct.unpack("<4s4x2I", read(0, 16))
    if count > _STREAMS:
        raise Damaged(f"is damaged: it lists {count:,} streams")
    streams = {
        kind: (offset, length)
        for kind, length, offset in struct.iter_unpack("<3I", _all(read, at, 12 * count))
    }
    image = Image(64, "little")
    if _SYSTEM in streams:
        (machine,) = struct.unpack("<H", _all(read, streams[_SYSTEM][0], 2))
        image.bits = _BITS.get(machine, 64)
    pieces = [*_pieces64(read, streams, size), *_pieces(read, streams, size)]
    image.pieces = check_pieces(_distinct(pieces), size)
    modules = list(_modules(read, streams, size))
    mapped = _regions(image.pieces, list(_protections(read, streams, size)), modules)
    image.regions = split_by_pieces(mapped, image.pieces)
    image.modules = [
        Module(ntpath.basename(path), path, base, end, _within(image.regions, base, end))
        for base, end, path in modules
    ]
    for thread, base in _threads(read, streams, size, image.bits):
        image.threads.append(thread)
        image.stack_bases.append(base)
    if _MISC in streams:
        flags, pid = struct.unpack("<4x2I", _all(read, streams[_MISC][0], 12))
        image.pid = pid if flags & 1 else None
    if modules:
        program = next((one for one in modules if one[2].lower().endswith(".exe")), modules[0])
        image.program = program[2]
        image.name = ntpath.basename(program[2])
    return image


def _all(read: Read, at: int, length: int) -> bytes:
    raw = read(at, length)
    if len(raw) < length:
        raise Damaged(f"is cut short: {length:,} bytes at {at:,} are not all there")
    return raw


def _listed(
    read: Read, streams: dict[int, tuple[int, int]], kind: int, entry: int, size: int
) -> bytes:
    """The entries of a list that has its length in front of it."""
    if kind not in streams:
        return b""
    at, length = streams[kind]
    (count,) = struct.unpack("<I", _all(read, at, 4))
    if count > MOST_PIECES or count * entry > size:
        raise Damaged(f"is damaged: it lists {count:,} parts")
    padding = 4 if length == 4 + 4 + count * entry else 0  # some writers align the entries
    return _all(read, at + 4 + padding, count * entry)


def _pieces(read: Read, streams: dict[int, tuple[int, int]], size: int) -> Iterator[Piece]:
    for start, length, at in struct.iter_unpack("<QII", _listed(read, streams, _MEMORY, 16, size)):
        yield Piece(start, start + length, at)


def _pieces64(read: Read, streams: dict[int, tuple[int, int]], size: int) -> Iterator[Piece]:
    if _MEMORY64 not in streams:
        return
    at, _ = streams[_MEMORY64]
    count, offset = struct.unpack("<2Q", _all(read, at, 16))
    if count > MOST_PIECES or 16 * count > size:
        raise Damaged(f"is damaged: it lists {count:,} parts of memory")
    for start, length in struct.iter_unpack("<2Q", _all(read, at + 16, 16 * count)):
        yield Piece(start, start + length, offset)
        offset += length


def _distinct(pieces: list[Piece]) -> list[Piece]:
    """The pieces without what an earlier one has, too: stacks may be listed twice."""
    kept: list[Piece] = []
    end = 0
    for piece in sorted(pieces, key=lambda one: (one.start, -one.end)):
        start = max(piece.start, end)
        if start < piece.end:
            kept.append(Piece(start, piece.end, piece.offset + start - piece.start))
            end = piece.end
    return kept


def _modules(
    read: Read, streams: dict[int, tuple[int, int]], size: int
) -> Iterator[tuple[int, int, str]]:
    found = []
    for base, length, name in struct.iter_unpack(
        "<QI8xI84x", _listed(read, streams, _MODULES, 108, size)
    ):
        (width,) = struct.unpack("<I", _all(read, name, 4))
        if width > _PE_NAME or base + length >= 1 << 64:
            raise Damaged("is damaged: a module's name or size is none")
        found.append(
            (base, base + length, _all(read, name + 4, width).decode("utf-16-le", "replace"))
        )
    end = 0
    for one in sorted(found):
        if one[0] >= end and one[1] > one[0]:
            yield one
            end = one[1]


def _protections(
    read: Read, streams: dict[int, tuple[int, int]], size: int
) -> Iterator[tuple[int, int, str]]:
    """Regions as they were mapped, with their rights; nothing where the file does not say."""
    if _PROTECTION not in streams:
        return
    at, _ = streams[_PROTECTION]
    header, entry, count = struct.unpack("<2IQ", _all(read, at, 16))
    if entry != 48 or header < 16 or count > MOST_PIECES or count * entry > size:
        raise Damaged(f"is damaged: it lists {count:,} regions")
    for base, length, state, protect in struct.iter_unpack(
        "<Q16xQ2I8x", _all(read, at + header, entry * count)
    ):
        if state == 0x1000 and length and base + length < 1 << 64:  # MEM_COMMIT
            write = "w" if protect & _WRITABLE else "-"
            execute = "x" if protect & _EXECUTABLE else "-"
            perms = "---p" if protect & _NO_ACCESS else f"r{write}{execute}p"
            yield base, base + length, perms


def _regions(
    pieces: list[Piece],
    protections: list[tuple[int, int, str]],
    modules: list[tuple[int, int, str]],
) -> list[Region]:
    """What was mapped; without a list of that, what is in the file, as though it was writable."""
    spans = protections or [(one.start, one.end, "rw-p") for one in pieces]
    regions: list[Region] = []
    end = 0
    for start, stop, perms in sorted(spans):
        if start < end:
            raise Damaged(f"is damaged: memory at 0x{start:x} overlaps other memory")
        end = stop
        path = next((path for base, last, path in modules if base <= start < last), "")
        offset = next((start - base for base, last, _ in modules if base <= start < last), 0)
        regions.append(Region(start, stop, perms, offset, "00:00", 0, path, False))
    return regions


def _within(regions: list[Region], base: int, end: int) -> tuple[Region, ...]:
    return tuple(region for region in regions if base <= region.start and region.end <= end)


def _threads(
    read: Read, streams: dict[int, tuple[int, int]], size: int, bits: int
) -> Iterator[tuple[CoreThread, int]]:
    """Threads, and where the stack of each ends."""
    known = _CONTEXT64 if bits == 64 else _CONTEXT32
    number = "<Q" if bits == 64 else "<I"
    for tid, start, stack, length, at in struct.iter_unpack(
        "<I20xQI4x2I", _listed(read, streams, _THREADS, 48, size)
    ):
        context = read(at, min(length, 1 << 16))
        registers = {
            name: struct.unpack_from(number, context, offset)[0]
            for name, offset in known.items()
            if offset + 8 <= len(context)
        }
        yield CoreThread(tid, registers), start + stack if start else 0
