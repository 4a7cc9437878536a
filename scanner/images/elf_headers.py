"""Headers of ELF files, as elf(5) has them: what kind they are, their segments and notes."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, NamedTuple

#: Gives so many bytes from a place in a file or a memory on, or as many as there are.
Read = Callable[[int, int], bytes]

PT_LOAD: Final = 1
PT_NOTE: Final = 4
_BITS: Final[dict[int, Literal[32, 64]]] = {1: 32, 2: 64}
_ORDERS: Final = {1: "<", 2: ">"}
_NT_GNU_BUILD_ID: Final = 3
_LONGEST: Final = 4096  # bytes of notes in which a build-id is looked for


class ElfHeader(NamedTuple):
    """What the first bytes of a file say.

    Attributes:
        bits: 32 or 64.
        order: of bytes, in struct's words: ``"<"`` or ``">"``.
        kind: of the file: 2 a program, 3 a library, 4 a core file.
        machine: the number of its processor.
        segments: where the headers of segments begin.
        sections: where the headers of sections begin.
        entry: bytes of the header of a segment.
        segment_count: how many segments there are.
    """

    bits: Literal[32, 64]
    order: str
    kind: int
    machine: int
    segments: int
    sections: int
    entry: int
    segment_count: int

    @property
    def is_regular(self) -> bool:
        """Whether the headers of segments are as long as they should be."""
        return self.entry == (56 if self.bits == 64 else 32)

    @property
    def table(self) -> int:
        """Bytes of all headers of segments."""
        return self.entry * self.segment_count


class Segment(NamedTuple):
    """A segment: what its header says of it."""

    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int


def elf_header(start: bytes | mmap.mmap) -> ElfHeader | None:
    """What the first 64 bytes of a file say; None where they are not those of an ELF file.

    >>> from farfetch.scanner.images.elf_headers import elf_header
    >>> with open("/proc/self/exe", "rb") as file:
    ...     header = elf_header(file.read(64))
    >>> header.kind in (2, 3), header.is_regular, elf_header(b"MZ") is None
    (True, True, True)
    """
    if len(start) < 52 or start[:4] != b"\x7fELF":
        return None
    bits, order = _BITS.get(start[4]), _ORDERS.get(start[5])
    if bits is None or order is None or len(start) < (64 if bits == 64 else 52):
        return None
    if bits == 64:
        kind, machine, segments, sections, entry, count = struct.unpack_from(
            f"{order}2H12x2Q6x2H", start, 16
        )
    else:
        kind, machine, segments, sections, entry, count = struct.unpack_from(
            f"{order}2H8x2I6x2H", start, 16
        )
    return ElfHeader(bits, order, kind, machine, segments, sections, entry, count)


def elf_segments(header: ElfHeader, table: bytes | mmap.mmap) -> Iterator[Segment]:
    """The segments of a file.

    Args:
        header: of the file.
        table: the headers of its segments; what is not a whole one at its end is left out.
    """
    size = 56 if header.bits == 64 else 32
    step = max(size, header.entry)
    fields = f"{header.order}{'2I6Q' if header.bits == 64 else '8I'}"
    for at in range(0, len(table) - size + 1, step):
        if header.bits == 64:
            kind, flags, offset, address, _, in_file, in_memory, _ = struct.unpack_from(
                fields, table, at
            )
        else:
            kind, offset, address, _, in_file, in_memory, flags, _ = struct.unpack_from(
                fields, table, at
            )
        yield Segment(kind, flags, offset, address, in_file, in_memory)


def lowest(segments: Iterable[Segment]) -> int:
    """The lowest address that a file is loaded to: the first segment's, from its page on."""
    low = min((one.address for one in segments if one.kind == PT_LOAD), default=0)
    return low - low % mmap.PAGESIZE


def elf_notes(raw: bytes, order: str) -> Iterator[tuple[bytes, int, bytes]]:
    """The name, the kind and the contents of each note.

    Args:
        raw: the notes.
        order: of bytes, in struct's words.

    Raises:
        ValueError: one goes on behind the end of all.
    """
    at = 0
    while at + 12 <= len(raw):
        name, length, kind = struct.unpack_from(f"{order}3I", raw, at)
        body = at + 12 + name + -name % 4
        if body + length > len(raw):
            raise ValueError("a note goes on behind the end of all notes")
        yield raw[at + 12 : at + 12 + name].rstrip(b"\0"), kind, raw[body : body + length]
        at = body + length + -length % 4


def build_id(raw: bytes, order: str) -> str:
    """The number that the linker gave a file, in hex; "" where no note says it.

    Args:
        raw: some of its notes.
        order: of bytes, in struct's words.
    """
    try:
        for name, kind, body in elf_notes(raw[:_LONGEST], order):
            if (name, kind) == (b"GNU", _NT_GNU_BUILD_ID):
                return body.hex()
    except ValueError:
        pass
    return ""
