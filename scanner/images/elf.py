"""What is asked of a program's file: its word size, and how much of it is loaded."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, Literal

from .elf_headers import PT_LOAD, Read, elf_header, elf_segments, lowest
from .image_file import ImageFile
from .pe_headers import pe_header

_CLASS_BITS: Final[dict[int, Literal[32, 64]]] = {1: 32, 2: 64}


def elf_bits(path: Path) -> Literal[32, 64] | None:
    """The word size of an ELF file; None for other files and those that cannot be read."""
    try:
        with ImageFile(path) as file:
            start = file[:5]
    except OSError:
        return None
    return _CLASS_BITS.get(start[4]) if start[:4] == b"\x7fELF" and len(start) == 5 else None


def image_size(path: Path, inode: int) -> int | None:
    """Bytes that an ELF or PE file takes when loaded, with those that are zeroed, not in the file.

    Args:
        path: of the file.
        inode: that it must have, so that another file of that name is not taken for it.

    Returns:
        None for other files and those that cannot be read.
    """
    try:
        with ImageFile(path, inode) as file:
            return _size(lambda at, size: file[at : at + size])
    except (OSError, ValueError, struct.error):  # ValueError: a name that no file can have
        return None


def headers_size(raw: bytes) -> int | None:
    """The same as :func:`image_size` says, by the first bytes of a file that is loaded.

    >>> headers_size(b"no headers") is None
    True
    """
    try:
        return _size(lambda at, size: raw[at : at + size])
    except struct.error:
        return None


def _size(read: Read) -> int | None:
    start = read(0, 64)
    if len(start) == 64 and start[:4] == b"\x7fELF":
        return _elf_size(read, start)
    found = pe_header(read) if start[:2] == b"MZ" else None
    return found.size if found else None


def _elf_size(read: Read, start: bytes) -> int | None:
    header = elf_header(start)
    if header is None or not header.is_regular:
        return None
    segments = list(elf_segments(header, read(header.segments, header.table)))
    ends = [one.address + one.memory_size for one in segments if one.kind == PT_LOAD]
    return max(ends) - lowest(segments) if ends else None
