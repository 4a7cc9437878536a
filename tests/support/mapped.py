"""Memory that a process of its own maps, and touches little of.

Its functions are for :class:`support.apart.Apart`. They import nothing that takes long: in a guest
under an emulator that would be most of what their tests take.
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Final

from support.apart import told
from support.child import tell

PAGE: Final = mmap.PAGESIZE
#: Bytes that a reservation maps.
RESERVED: Final = 4 << 30
#: Where its few values are: at both ends, beside page ends, and around an edge of chunks.
WRITTEN: Final = (0, 4092, 8191, (1 << 30) - 4, 1 << 30, (2 << 30) + 4095, RESERVED - 4)
_NO_RESERVE: Final = 0x4000  # MAP_NORESERVE, which Python has no name for before 3.12


def address_of(memory: mmap.mmap) -> int:
    """Where it is mapped."""
    view = ctypes.c_char.from_buffer(memory)
    address = ctypes.addressof(view)
    del view
    return address


def mostly_untouched(size: int) -> None:
    """Map a lot, and write an i32 to a few pages of it."""
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for offset in range(0, size, size // 16):
        memory[offset + 40 : offset + 44] = b"\x07\x00\x00\x00"
    tell(address_of(memory))
    told()


def reservation() -> None:
    """Map far more than there is, as ASan, Go and Java do, and write an i32 to a few places."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
    memory = mmap.mmap(-1, RESERVED, flags)
    for offset in WRITTEN:
        memory[offset : offset + 4] = b"\x07\x00\x00\x00"
    tell(address_of(memory))
    told()
    memory[3 << 30] = 7
    memory[0] = 0
    tell("done")
    told()


def gives_back(size: int) -> None:
    """Fill memory, and when told give a page back and look at it: the zero page is there then."""
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.write(b"\x07" * size)
    tell(address_of(memory))
    told()
    memory.madvise(mmap.MADV_DONTNEED, 4 * PAGE, PAGE)
    tell(memory[4 * PAGE])
    told()
