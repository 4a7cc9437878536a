"""Widths of pointers: of a process's own program, or of a Windows program that it runs.

Under a 64-bit Wine ("WoW64") a 32-bit program runs in a process of 64 bits. Its file is mapped
there as Windows would, below 4 GiB, and its header says what it is; see Microsoft's "PE Format".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final, Literal

from ..errors import FarfetchError
from ..images.pe_headers import PE32, PE32_PLUS, pe_header
from ..memory.base import Memory
from ..memory.owner import ProcessInfo
from ..memory.regions import Region
from .processes import basename

Bits = Literal[32, 64]

_MANAGED: Final = 14  # the number of a directory
_ONLY_MANAGED, _NEEDS_32 = 1, 2  # flags of ECMA-335, II.25.3.3.1
_BELOW: Final = 1 << 32


def may_be_wine(info: ProcessInfo) -> bool:
    """Whether it is worth looking at what is mapped: Wine has its name, or that of a program."""
    return info.bits == 64 and (
        "wine" in basename(info.exe or "").lower()
        or any(word.lower().endswith(".exe") for word in info.cmdline)
    )


def program_bits(info: ProcessInfo, memory: Memory) -> Bits | None:
    """The width that the Windows program of a process has; None where there is none.

    Args:
        info: the process.
        memory: its.
    """
    if not may_be_wine(info):
        return None
    try:
        start = _program(info, memory.regions())
        return pe_bits(lambda at, size: memory.read(start + at, size)) if start else None
    except (FarfetchError, OSError, struct.error):
        return None


def pe_bits(read: Callable[[int, int], bytes]) -> Bits | None:
    """The width of pointers in a PE file that is mapped; None if it is none, or fits either width.

    Args:
        read: gives so many bytes from an offset in it on.

    Raises:
        struct.error: it is cut short.
    """
    header = pe_header(read)
    if header is None or header.magic not in (PE32, PE32_PLUS):
        return None
    if header.magic == PE32_PLUS:
        return 64
    managed, _ = header.directory(_MANAGED)
    if managed:
        (flags,) = struct.unpack("<I", read(managed + 16, 4))
        if flags & _ONLY_MANAGED and not flags & _NEEDS_32:
            return None
    return 32


def _program(info: ProcessInfo, regions: Sequence[Region]) -> int | None:
    """Where the main program is mapped: the one that its command line names, or else the first."""
    files = [
        region
        for region in regions
        if region.offset == 0 and region.kind == "file" and region.end <= _BELOW
    ]
    named = {basename(word).lower() for word in info.cmdline}
    programs = [region for region in files if region.path.lower().endswith(".exe")]
    chosen = [region for region in programs if basename(region.path).lower() in named] or programs
    return chosen[0].start if chosen else None
