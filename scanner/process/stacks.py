"""Where the stacks of a process's threads are, without stopping any.

The first thread's begins where the kernel has put the arguments, as proc_pid_stat(5) says. Of the
others the kernel knows where their C library keeps a list of mutexes (get_robust_list(2)), which
lies in what it knows of the thread, right above the first frame: the distance is the same in every
run. A Windows program in Wine has stacks of its own: each thread's TEB says where ("NT_TIB" in
winnt.h). Places in these are counted from the same place as Cheat Engine counts them from: the
return to kernel32.dll that is nearest to the top, in which the thread began.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ..engine import ffi, lib
from ..memory.base import Memory
from ..memory.modules import Module
from ..memory.owner import ProcessInfo
from ..memory.regions import Range, Region
from ..memory.stacks import Stack
from .threads import thread_ids
from .widths import may_be_wine

_STARTED, _START_STACK = 19, 25  # fields of stat, counted from that behind the name
_ABOVE: Final = 4096  # bytes above the top that are its thread's, too: what it calls its own
_DEEPEST: Final = 16 << 20  # bytes of a stack that are looked at
_LOCAL: Final = 1024  # bytes behind the list of mutexes in which a library's own values are
_NEAR_TOP: Final = 4096  # bytes of a Windows stack in which its beginning is looked for
_KERNEL: Final = "kernel32.dll"


class _Thread(NamedTuple):
    """A thread: when it was started, its number, and where it keeps its list of mutexes."""

    started: int
    number: int
    robust: int


def read_stacks(
    process: ProcessInfo, memory: Memory, regions: Sequence[Region], modules: Sequence[Module]
) -> list[Stack]:
    """The stacks of a process's threads, as far as they are known, by thread.

    Args:
        process: whose they are.
        memory: its.
        regions: all that are mapped.
        modules: all that are loaded.
    """
    threads, first = _threads(process.pid)
    if may_be_wine(process):
        windows = list(_windows(threads, memory, regions, modules))
        if windows:
            return windows
    stacks = []
    for number, thread in enumerate(threads):
        is_first = thread.number == process.pid
        top = first if is_first else thread.robust
        region = _region(regions, top)
        if region is not None:
            end = top if is_first else min(region.end, top + _ABOVE)
            stacks.append(Stack(number, top, Range(max(region.start, top - _DEEPEST), end)))
    return stacks


def _threads(pid: int) -> tuple[list[_Thread], int]:
    """The threads in the order in which they were started, and the top of the first one's stack."""
    found, first = [], 0
    out = ffi.new("uint64_t *")
    for number in thread_ids(pid):
        try:
            raw = Path(f"/proc/{pid}/task/{number}/stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = raw[raw.rfind(b")") + 2 :].split()
        first = int(fields[_START_STACK]) or first
        robust = 0 if lib.ff_robust_list(number, out) else out[0]
        found.append(_Thread(int(fields[_STARTED]), number, robust))
    return sorted(found), first


def _region(regions: Sequence[Region], address: int) -> Region | None:
    """The writable region that an address, or the end of one, is in."""
    return next((one for one in regions if one.writable and one.start < address < one.end), None)


def _windows(
    threads: Sequence[_Thread],
    memory: Memory,
    regions: Sequence[Region],
    modules: Sequence[Module],
) -> Iterator[Stack]:
    kernels = [Range(one.base, one.end) for one in modules if one.name.lower() == _KERNEL]
    word = memory.bits // 8
    number = 0
    for thread in threads:
        base = _stack_base(memory, thread.robust)
        region = _region(regions, base - 1) if base else None
        if region is None:
            continue  # of the C library alone: Windows has no such thread
        raw = memory.read(base - _NEAR_TOP, _NEAR_TOP)
        for at in range(len(raw) - word, -1, -word):
            value = int.from_bytes(raw[at : at + word], "little")
            if any(kernel.start <= value < kernel.end for kernel in kernels):
                start = max(region.start, base - _DEEPEST)
                yield Stack(number, base - _NEAR_TOP + at, Range(start, min(base, region.end)))
                break
        number += 1


def _stack_base(memory: Memory, robust: int) -> int:
    """Where the stack of a Windows thread ends, by its TEB; 0 where there is none."""
    raw = memory.read(robust, _LOCAL) if robust else b""
    seen = set()
    for (value,) in struct.iter_unpack("<Q", raw[: len(raw) // 8 * 8]):
        if value % 4096 or not value or value in seen:
            continue
        seen.add(value)
        base = _base_in(memory, value, "<Q") if memory.bits == 64 else 0
        base = base or (_base_in(memory, value + 0x2000, "<I") if memory.bits == 32 else 0)
        if base:
            return base
    return 0


def _base_in(memory: Memory, block: int, form: str) -> int:
    """What a TEB says of its stack's end, if there is one: it has its own address in it."""
    size = struct.calcsize(form)
    raw = memory.read(block, 7 * size)
    if len(raw) < 7 * size:
        return 0
    words = [word for (word,) in struct.iter_unpack(form, raw)]
    base, limit, itself = words[1], words[2], words[6]
    return base if itself == block and limit < base else 0
