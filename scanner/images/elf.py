"""What is asked of a program's file: its word size, and how much of it is loaded."""

from __future__ import annotations

import io
import struct
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, Literal

from .elf_headers import PT_LOAD, elf_header, elf_segments, lowest
from .pe_headers import pe_header

_CLASS_BITS: Final[dict[int, Literal[32, 64]]] = {1: 32, 2: 64}


def elf_bits(path: Path) -> Literal[32, 64] | None:
    """The word size of an ELF file; None for other files and those that cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(5)
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
        with path.open("rb") as file:
            if path.stat().st_ino != inode:
                return None
            return _size(file)
    except (OSError, ValueError, struct.error):  # ValueError: an offset beyond all files
        return None


def headers_size(raw: bytes) -> int | None:
    """The same as :func:`image_size` says, by the first bytes of a file that is loaded.

    >>> headers_size(b"no headers") is None
    True
    """
    try:
        return _size(io.BytesIO(raw))
    except (ValueError, struct.error):
        return None


def _size(file: BinaryIO) -> int | None:
    start = file.read(64)
    if len(start) == 64 and start[:4] == b"\x7fELF":
        return _elf_size(file, start)
    found = pe_header(partial(_read, file)) if start[:2] == b"MZ" else None
    return found.size if found else None


def _elf_size(file: BinaryIO, start: bytes) -> int | None:
    header = elf_header(start)
    if header is None or not header.is_regular:
        return None
    file.seek(header.segments)
    segments = list(elf_segments(header, file.read(header.table)))
    ends = [one.address + one.memory_size for one in segments if one.kind == PT_LOAD]
    return max(ends) - lowest(segments) if ends else None


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)
