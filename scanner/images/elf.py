"""The little that is needed of executables' headers.

ELF is as elf(5) has it, PE as Microsoft's "PE Format" has it.
"""

from __future__ import annotations

import io
import mmap
import struct
from pathlib import Path
from typing import BinaryIO, Final, Literal

_CLASS_BITS: Final[dict[int, Literal[32, 64]]] = {1: 32, 2: 64}
_PT_LOAD: Final = 1


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
    return _pe_size(file, start) if start[:2] == b"MZ" else None


def _elf_size(file: BinaryIO, header: bytes) -> int | None:
    order = ">" if header[5] == 2 else "<"
    if header[4] == 2:
        offset, entry, count = struct.unpack(f"{order}32xQ14x2H", header[:58])
        fields = f"{order}I12xQ16xQ8x"  # p_type, p_vaddr, p_memsz
    else:
        offset, entry, count = struct.unpack(f"{order}28xI10x2H", header[:46])
        fields = f"{order}I4xI8xI8x"
    if entry != struct.calcsize(fields):
        return None
    file.seek(offset)
    table = file.read(entry * count)
    loaded: list[tuple[int, int]] = [
        (address, address + size)
        for at in range(0, len(table), entry)
        for kind, address, size in (struct.unpack_from(fields, table, at),)
        if kind == _PT_LOAD
    ]
    if not loaded:
        return None
    low = min(start for start, _ in loaded)
    high = max(end for _, end in loaded)
    # The first segment is mapped from the start of its page on.
    return high - (low - low % mmap.PAGESIZE)


def _pe_size(file: BinaryIO, header: bytes) -> int | None:
    (offset,) = struct.unpack("<I", header[60:64])
    file.seek(offset)
    signature, size = struct.unpack("<4s76xI", file.read(84))  # SizeOfImage
    return int(size) if signature == b"PE\0\0" else None
