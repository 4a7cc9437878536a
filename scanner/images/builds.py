"""Builds: what tells one build of a program or a library from another."""

from __future__ import annotations

import struct
from typing import Final

from .elf_headers import PT_NOTE, Read, build_id, elf_header, elf_segments, lowest
from .pe_headers import pe_header

_HEADERS: Final = 4096  # bytes in which an ELF module's headers are
_NOTES: Final = 4096  # bytes of its notes


def build_of(read: Read, base: int) -> str:
    """What a module's headers in memory say of its build: "" where they say nothing.

    For ELF that is its build-id, in hex; for PE the time stamp and the size, by which Microsoft's
    symbol servers know a file, too.

    Args:
        read: up to so many bytes from an address on.
        base: of the module.
    """
    try:
        raw = read(base, _HEADERS)
        if raw[:2] == b"MZ":
            found = pe_header(lambda at, size: read(base + at, size))
            return f"pe-{found.stamp:08x}-{found.size:x}" if found else ""
        header = elf_header(raw)
        if header is None:
            return ""
        segments = list(elf_segments(header, raw[header.segments :][: header.table]))
        low = lowest(segments)
        for one in segments:
            if one.kind == PT_NOTE:
                notes = read(base + one.address - low, min(one.memory_size, _NOTES))
                found_id = build_id(notes, header.order)
                if found_id:
                    return found_id
    except (struct.error, IndexError, ValueError, OverflowError):
        pass  # headers that lie
    return ""
