"""Where the stacks of threads are, of what is known of each.

The first thread's begins where the kernel has put the arguments. That of another is counted from
where its C library keeps a list of mutexes, which lies in what it knows of the thread, right above
the first frame: the distance is the same in every run. A Windows program in Wine has stacks of its
own: each thread's TEB says where ("NT_TIB" in winnt.h). Places in these are counted from the same
place as Cheat Engine counts them from: the return to kernel32.dll that is nearest to the top, in
which the thread began.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from .base import Memory
from .modules import Module
from .regions import Range, Region
from .stacks import Stack

_ABOVE: Final = 4096  # bytes above the top that are its thread's, too: what it calls its own
_DEEPEST: Final = 16 << 20  # bytes of a stack that are looked at
_LOCAL: Final = 1024  # bytes behind the list of mutexes in which a library's own values are
_NEAR_TOP: Final = 4096  # bytes of a Windows stack in which its beginning is looked for
_KERNEL: Final = "kernel32.dll"


class Beginning(NamedTuple):
    """What says where the stack of a thread begins.

    Attributes:
        is_first: whether the process began with it.
        at: where its arguments lie, of the first; where it has its list of mutexes, of another. 0
            where that is not known.
    """

    is_first: bool
    at: int


def has_windows(modules: Iterable[Module]) -> bool:
    """Whether a Windows program has been loaded."""
    return any(one.name.lower() == _KERNEL for one in modules)


def stacks_of(threads: Iterable[Beginning], regions: Sequence[Region]) -> Iterator[Stack]:
    """The stacks of threads, as far as they are known.

    Args:
        threads: in the order in which they were started.
        regions: all that are mapped.
    """
    for number, (is_first, top) in enumerate(threads):
        region = _region(regions, top)
        if region is not None:
            end = top if is_first else min(region.end, top + _ABOVE)
            yield Stack(number, top, Range(max(region.start, top - _DEEPEST), end))


def windows_stacks(
    bases: Iterable[int], memory: Memory, regions: Sequence[Region], modules: Sequence[Module]
) -> Iterator[Stack]:
    """The stacks of the threads of a Windows program, as far as they are known.

    Args:
        bases: where they end, by thread; 0 of one that Windows does not know.
        memory: that they are in.
        regions: all that are mapped.
        modules: all that are loaded.
    """
    kernels = [Range(one.base, one.end) for one in modules if one.name.lower() == _KERNEL]
    word = memory.bits // 8
    number = 0
    for base in bases:
        region = _region(regions, base - 1) if base else None
        if region is None:
            continue  # of the C library alone: Windows has no such thread
        start = max(base - _NEAR_TOP, region.start)
        raw = memory.read(start, base - start)
        for at in range(len(raw) - word, -1, -word):
            value = int.from_bytes(raw[at : at + word], "little")
            if any(kernel.start <= value < kernel.end for kernel in kernels):
                first = max(region.start, base - _DEEPEST)
                yield Stack(number, start + at, Range(first, min(base, region.end)))
                break
        number += 1


def stack_base(memory: Memory, robust: int) -> int:
    """Where the stack of a Windows thread ends, by its TEB; 0 where there is none.

    Args:
        memory: that it is in.
        robust: where its C library has the list of its mutexes; 0 where that is not known.
    """
    raw = memory.read(robust, _LOCAL) if robust else b""
    seen = set()
    for (value,) in struct.iter_unpack("<Q", raw[: len(raw) // 8 * 8]):
        if value % 4096 or not value or value in seen:
            continue
        seen.add(value)
        base = base_of(memory, value, 64) if memory.bits == 64 else 0
        base = base or (base_of(memory, value + 0x2000, 32) if memory.bits == 32 else 0)
        if base:
            return base
    return 0


def base_of(memory: Memory, block: int, bits: int) -> int:
    """What a TEB says of its stack's end, if there is one: it has its own address in it.

    Args:
        memory: that it is in.
        block: where it may be.
        bits: of the width of its pointers.
    """
    form = "<Q" if bits == 64 else "<I"
    size = struct.calcsize(form)
    raw = memory.read(block, 7 * size) if block < (1 << 64) - 7 * size else b""
    if len(raw) < 7 * size:
        return 0
    words = [word for (word,) in struct.iter_unpack(form, raw)]
    base, limit, itself = words[1], words[2], words[6]
    return base if itself == block and limit < base else 0


def _region(regions: Sequence[Region], address: int) -> Region | None:
    """The writable region that an address, or the end of one, is in."""
    return next((one for one in regions if one.writable and one.start < address < one.end), None)
