"""ELF core files, as the kernel and gdb's gcore write them; see core(5) and elf(5)."""

from __future__ import annotations

import dataclasses
import itertools
import os
import struct
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..images.elf_headers import PT_LOAD, PT_NOTE, Segment, elf_header, elf_notes, elf_segments
from ..memory.regions import DELETED, Range, Region, cut_out
from .image import (
    MOST_PIECES,
    CoreThread,
    Damaged,
    Image,
    Piece,
    Read,
    check_pieces,
    region_at,
    split_by_pieces,
)
from .registers import registers_of

_ET_CORE: Final = 4
_MANY: Final = 0xFFFF  # PN_XNUM: the first section header has the number
_NOTES: Final = 256 << 20  # bytes of notes: a thousand times those of ten thousand threads
_NT_PRSTATUS, _NT_PRPSINFO, _NT_AUXV, _NT_FILE = 1, 3, 6, 0x46494C45
_AT_ENTRY, _AT_RANDOM, _AT_SYSINFO_EHDR = 9, 25, 33
_X, _W, _R = 1, 2, 4
_HEAP_WITHIN: Final = (1 << 30) + (64 << 20)  # bytes: what arch_randomize_brk() draws, and bss


class _Form(NamedTuple):
    """How numbers lie in the file: by its class, and the order of its bytes."""

    bits: int
    order: str
    machine: int

    @property
    def word(self) -> str:
        """Of an address, in struct's words."""
        return f"{self.order}{'Q' if self.bits == 64 else 'I'}"


def parse_elf(read: Read, size: int) -> Image:
    """What an ELF core file says.

    Args:
        read: its bytes.
        size: how many it has.

    Raises:
        Damaged: it is no core file, or is not in order; says what is wrong.
        struct.error: it is cut short.
    """
    form, segments = _headers(read, size)
    loaded = [one for one in segments if one.kind == PT_LOAD and one.memory_size]
    pieces = [
        Piece(one.address, one.address + min(one.file_size, one.memory_size), one.offset)
        for one in loaded
    ]
    image = Image(form.bits, "big" if form.order == ">" else "little")
    image.pieces = check_pieces(pieces, size)
    image.regions = _regions(loaded)
    files: list[tuple[int, int, int, str]] = []
    auxiliary: dict[int, int] = {}
    for segment in segments:
        if segment.kind == PT_NOTE:
            for kind, raw in _notes(read, segment, size, form.order):
                if kind == _NT_PRSTATUS:
                    _add_thread(image, form, raw)
                elif kind == _NT_PRPSINFO:
                    _add_names(image, form, raw)
                elif kind == _NT_AUXV:
                    image.auxiliary, auxiliary = raw, dict(_pairs(raw, form))
                elif kind == _NT_FILE:
                    files = list(_files(raw, form))
    image.random = auxiliary.get(_AT_RANDOM, 0)
    _name_regions(image, files, auxiliary)
    image.regions = split_by_pieces(image.regions, image.pieces)
    return image


def _headers(read: Read, size: int) -> tuple[_Form, list[Segment]]:
    start = read(0, 64)
    header = elf_header(start)
    if header is None:
        if len(start) < 64:
            raise struct.error
        raise Damaged("is damaged: its header is not one of ELF")
    if header.kind != _ET_CORE:
        what = {1: "an object file", 2: "a program", 3: "a program or a library"}.get(header.kind)
        raise Damaged(f"is {what}, no core file" if what else "is no core file")
    if header.segment_count == _MANY:
        where = 44 if header.bits == 64 else 28  # sh_info
        raw = read(header.sections + where, 4)
        header = header._replace(segment_count=struct.unpack(f"{header.order}I", raw)[0])
    there = header.segment_count <= MOST_PIECES and header.segments + header.table <= size
    if not header.is_regular or not there:
        raise Damaged("is cut short or damaged: its program headers are not all there")
    table = read(header.segments, header.table)
    return _Form(header.bits, header.order, header.machine), [*elf_segments(header, table)]


def _regions(loaded: list[Segment]) -> list[Region]:
    regions: list[Region] = []
    for one in sorted(loaded, key=lambda segment: segment.address):
        flags = one.flags
        perms = f"{'r' if flags & _R else '-'}{'w' if flags & _W else '-'}"
        perms += f"{'x' if flags & _X else '-'}p"
        end = one.address + one.memory_size
        if end > 1 << 64 or (regions and regions[-1].end > one.address):
            raise Damaged(f"is damaged: memory at 0x{one.address:x} overlaps other memory")
        regions.append(Region(one.address, end, perms, 0, "00:00", 0, "", False))
    return regions


def _notes(read: Read, segment: Segment, size: int, order: str) -> Iterator[tuple[int, bytes]]:
    length = segment.file_size
    if length > _NOTES or segment.offset + length > size:
        raise Damaged("is cut short or damaged: its notes are not all there")
    raw = read(segment.offset, length)
    try:
        for name, kind, body in elf_notes(raw, order):
            if name == b"CORE":
                yield kind, body
    except ValueError as error:
        raise Damaged(f"is damaged: {error}") from None


def _add_thread(image: Image, form: _Form, raw: bytes) -> None:
    (tid,) = struct.unpack_from(f"{form.order}i", raw, 32 if form.bits == 64 else 24)
    image.threads.append(CoreThread(tid, registers_of(form.machine, form.order, raw)))


def _add_names(image: Image, form: _Form, raw: bytes) -> None:
    pid, name = (24, 40) if form.bits == 64 else (12, 28)
    (image.pid,) = struct.unpack_from(f"{form.order}i", raw, pid)
    image.name = os.fsdecode(raw[name : name + 16].partition(b"\0")[0])


def _pairs(raw: bytes, form: _Form) -> Iterator[tuple[int, int]]:
    numbers = [number for (number,) in struct.iter_unpack(form.word, raw)]
    return zip(numbers[::2], numbers[1::2], strict=False)


def _files(raw: bytes, form: _Form) -> Iterator[tuple[int, int, int, str]]:
    """What files are mapped: start, end, offset in the file, and its name."""
    width = form.bits // 8
    count, page = struct.unpack_from(f"{form.order}2{form.word[1]}", raw)
    table = 2 * width
    if count > len(raw) // (3 * width) or not 0 < page <= 1 << 24:
        raise Damaged("is damaged: its list of mapped files is longer than its note")
    names = raw[table + 3 * width * count :].split(b"\0")
    rows = struct.iter_unpack(
        f"{form.order}3{form.word[1]}", raw[table : table + 3 * width * count]
    )
    for (start, end, offset), name in zip(rows, names, strict=False):
        yield start, end, offset * page, os.fsdecode(name)


def _name_regions(
    image: Image, files: list[tuple[int, int, int, str]], auxiliary: dict[int, int]
) -> None:
    """Say which file each region is of, and which are the heap, the stack and the vdso."""
    files = sorted(files)
    whole = sorted([*image.regions, *_left_out(image.regions, files)], key=lambda one: one.start)
    regions = image.regions = _of_files(whole, files)
    for kind, name in ((_AT_SYSINFO_EHDR, "[vdso]"), (_AT_RANDOM, "[stack]")):
        _name(regions, region_at(regions, auxiliary.get(kind, 0)), name)
    entry = region_at(regions, auxiliary.get(_AT_ENTRY, 0))
    if entry is not None and regions[entry].path.startswith("/"):
        image.program = regions[entry].path
        _name(regions, _heap(regions, image.program), "[heap]")


def _left_out(regions: list[Region], files: list[tuple[int, int, int, str]]) -> Iterator[Region]:
    """Mapped files that have no memory in the core file, as gcore leaves out what nobody changed.

    It does not say what rights they had. What is mapped in several parts is taken for a program or
    a library, whose code is among that.
    """
    parts = Counter(path for _, _, _, path in files)
    covered = [Range(region.start, region.end) for region in regions]
    at, end = 0, 0
    for start, stop, _, path in files:
        while at < len(covered) and covered[at].end <= start:
            at += 1
        behind = bisect_left(covered, stop, key=lambda one: one.start)
        start = max(start, end)
        for span in cut_out(Range(start, stop), covered[at:behind]) if start < stop else ():
            perms = "r-xp" if parts[path] > 1 else "r--p"
            yield Region(span.start, span.end, perms, 0, "00:00", 0, "", False)
        end = max(end, stop)


def _of_files(regions: list[Region], files: list[tuple[int, int, int, str]]) -> list[Region]:
    """The regions with their files; what is of one mapping is one region, as often as it is cut."""
    named: list[Region] = []
    last = -1
    for region in regions:
        found = bisect_right(files, region.start, key=lambda one: one[0]) - 1
        if found < 0 or region.start >= files[found][1]:
            named.append(region)
            last = -1
            continue
        start, _, offset, path = files[found]
        before = named[-1] if found == last else None
        if before is not None and (before.end, before.perms) == (region.start, region.perms):
            named[-1] = dataclasses.replace(before, end=region.end)
            continue
        last = found
        offset += region.start - start
        deleted = path.endswith(DELETED)
        path = path.removesuffix(DELETED)
        named.append(dataclasses.replace(region, offset=offset, path=path, deleted=deleted))
    return named


def _name(regions: list[Region], index: int | None, name: str) -> None:
    if index is not None and not regions[index].path:
        regions[index] = dataclasses.replace(regions[index], path=name)


def _heap(regions: list[Region], program: str) -> int | None:
    """The first region behind the program, and not beside it, before any other file: its heap.

    The kernel puts it there, at a distance that is drawn by lot; the note does not say which it is.
    """
    last = max(i for i, region in enumerate(regions) if region.path == program)
    farthest = regions[last].end + _HEAP_WITHIN
    behind = itertools.pairwise(range(last, len(regions)))
    for before, index in behind:
        region = regions[index]
        if region.path or region.start > farthest:
            return None
        if region.writable and region.start > regions[before].end:
            return index
    return None
