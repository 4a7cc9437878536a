"""Headers of PE files, as Microsoft's "PE Format" has them."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from .elf_headers import Read

PE32, PE32_PLUS = 0x10B, 0x20B
_LONGEST: Final = 24 + 112 + 8 * 16  # bytes of the headers, with all directories


class PeHeader(NamedTuple):
    """What the headers of a PE file say.

    Attributes:
        start: where they begin: the signature.
        machine: the number of its processor.
        sections: how many there are.
        stamp: when it was linked, or a number of its contents.
        magic: ``PE32`` or ``PE32_PLUS``; 0 where no more is known.
        size: bytes that it takes when it is loaded.
        table: where the headers of sections begin.
        directories: the address and the size of each; fewer where the headers are cut off.
    """

    start: int
    machine: int
    sections: int
    stamp: int
    magic: int
    size: int
    table: int
    directories: tuple[tuple[int, int], ...]

    def directory(self, number: int) -> tuple[int, int]:
        """The address and the size of a directory; zeros where there is none."""
        return self.directories[number] if number < len(self.directories) else (0, 0)


def pe_header(read: Read) -> PeHeader | None:
    """What the headers of a PE file say; None where it is none, or they are cut off.

    Args:
        read: its bytes, of the file or as it is loaded.

    >>> from farfetch.scanner.images.pe_headers import pe_header
    >>> pe_header(lambda at, size: b"MZ"[at : at + size]) is None
    True
    """
    first = read(0, 64)
    if len(first) < 64 or first[:2] != b"MZ":
        return None
    (start,) = struct.unpack_from("<I", first, 60)
    raw = read(start, _LONGEST)
    if len(raw) < 26 or raw[:4] != b"PE\0\0":
        return None
    machine, sections, stamp, optional, magic = struct.unpack_from("<HHI8xH2xH", raw, 4)
    (size,) = struct.unpack_from("<I", raw, 80) if len(raw) >= 84 else (0,)
    known = (start, machine, sections, stamp, magic, size, start + 24 + optional)
    at = 24 + (112 if magic == PE32_PLUS else 96)
    if magic not in (PE32, PE32_PLUS) or len(raw) < at:
        return PeHeader(*known, ())
    (count,) = struct.unpack_from("<I", raw, at - 4)
    there = min(16, count, (len(raw) - at) // 8)
    directories = tuple(struct.unpack_from("<II", raw, at + 8 * i) for i in range(there))
    return PeHeader(*known, directories)
