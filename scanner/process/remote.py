"""What a process does for us: allocate memory, and stand still while its code changes.

One thread is stopped by ptrace(2) for about a tenth of a millisecond, or all of them while code
changes; nothing is left behind, and the process notices nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ..engine import ffi, lib
from ..errors import (
    AccessDenied,
    FarfetchError,
    MemoryFault,
    MemoryUnavailable,
    PatchError,
)
from ..memory.base import Memory
from ..memory.changes import Change
from ..memory.owner import ProcessInfo
from ..memory.regions import Region
from .threads import thread_ids

_PAGE: Final = 4096
_STEP: Final = 1 << 16  # Windows programs expect allocations to begin at multiples of it
_NEAR: Final = (1 << 31) - (1 << 20)  # that a jump reaches from anywhere in the allocation
_LOWEST: Final = 1 << 16
_HIGHEST: Final = {32: 0xFFFF0000, 64: 0x7FFFFFFF0000}
_SYSCALL, _INT80 = b"\x0f\x05", b"\xcd\x80"
#: Numbers of mmap (mmap2) and munmap, by whether the process is one of 32 bits.
_MMAP: Final = {False: 9, True: 192}
_MUNMAP: Final = {False: 11, True: 91}
_FLAGS: Final = 0x02 | 0x20 | 0x100000  # private, anonymous, where nothing is
_ACCESS: Final = {"r": 1, "w": 2, "x": 4}
_FIRST: Final = 1 << 20  # bytes of a region that are looked through for an instruction
#: Calls in which threads wait: they are stopped with the least effect.
_WAITING: Final = frozenset(
    (*("0", "7", "23", "35", "45", "202", "230", "232", "270", "271", "281"), "449")
)


def allocate(info: ProcessInfo, memory: Memory, size: int, near: int | None, access: str) -> int:
    """Let a process map memory of its own.

    Args:
        info: the process.
        memory: its.
        size: in bytes.
        near: an address within 2 GiB of all of it; None where it does not matter.
        access: of ``r``, ``w`` and ``x``.

    Returns:
        The address of its first byte, a multiple of 64 KiB.

    Raises:
        MemoryUnavailable: there is no room, or the process may not be asked.
        AccessDenied: the kernel does not let us.
    """
    size += -size % _PAGE
    regions = memory.regions()
    address = _gap(regions, size, near, memory.bits)
    narrow = info.bits == 32
    rights = sum(_ACCESS[right] for right in access)
    words = (address, size, rights, _FLAGS, 0xFFFFFFFF if narrow else (1 << 64) - 1, 0)
    got = _call(info, memory, regions, _MMAP[narrow], words)
    got &= 0xFFFFFFFF if narrow else (1 << 64) - 1
    if got != address:
        raise MemoryUnavailable(memory.name, f"nothing can be allocated at 0x{address:x}")
    return address


def release(info: ProcessInfo, memory: Memory, address: int, size: int) -> None:
    """Let a process unmap memory that :func:`allocate` gave; raises what that does."""
    size += -size % _PAGE
    narrow = info.bits == 32
    _call(info, memory, memory.regions(), _MUNMAP[narrow], (address, size, 0, 0, 0, 0))


def gap(memory: Memory, size: int, near: int | None) -> int:
    """Where :func:`allocate` would allocate now; raises what that does."""
    return _gap(memory.regions(), size + -size % _PAGE, near, memory.bits)


def _gap(regions: Sequence[Region], size: int, near: int | None, bits: int) -> int:
    """A place where nothing is: near what is asked for, the nearest; else the highest but few."""
    low, high = _LOWEST, _HIGHEST[bits]
    if near is not None and bits == 64:
        low, high = max(low, near - _NEAR), min(high, near + _NEAR)
    best: int | None = None
    for start, end in _gaps(regions, low, high):
        first, last = start + -start % _STEP, (end - size) & -_STEP
        if first > last:
            continue
        wanted = high // 2 if near is None else near
        found = min(max(wanted & -_STEP, first), last)
        if best is None or abs(found - wanted) < abs(best - wanted):
            best = found
    if best is None:
        where = "" if near is None else f" within 2 GiB of 0x{near:x}"
        raise MemoryUnavailable("of the process", f"there are no {size} bytes free{where}")
    return best


def _gaps(regions: Sequence[Region], low: int, high: int) -> Iterator[tuple[int, int]]:
    at = low
    for region in regions:
        if region.start > at:
            yield at, min(region.start, high)
        at = max(at, region.end)
        if at >= high:
            return
    if at < high:
        yield at, high


def _call(
    info: ProcessInfo,
    memory: Memory,
    regions: Sequence[Region],
    number: int,
    words: tuple[int, ...],
) -> int:
    """Let a thread make a system call."""
    narrow = info.bits == 32
    call = ffi.new("struct ff_remote_call *")
    call.at = _instruction(memory, regions, _INT80 if narrow else _SYSCALL)
    call.number, call.arguments, call.narrow = number, words, narrow
    result = ffi.new("int64_t *")
    code = -errno.ESRCH
    for thread in _threads(info.pid):
        code = lib.ff_remote_syscall(thread, call, result)
        if code not in (-errno.EAGAIN, -errno.ESRCH, -errno.ETIMEDOUT):
            break
    if code < 0:
        raise _error(info, memory, code)
    if -4096 < result[0] < 0:
        said = os.strerror(-result[0])
        raise MemoryUnavailable(memory.name, f"the process cannot allocate: {said}")
    return int(result[0])


def _instruction(memory: Memory, regions: Sequence[Region], wanted: bytes) -> int:
    """Where the process has an instruction that makes system calls."""
    code = [region for region in regions if region.executable and region.readable]
    code.sort(key=lambda region: region.path != "[vdso]")
    for region in code:
        at = memory.read(region.start, min(region.size, _FIRST)).find(wanted)
        if at >= 0:
            return region.start + at
    raise MemoryUnavailable(memory.name, "the process has no instruction for system calls")


def _threads(pid: int) -> list[int]:
    """Its threads, those first that wait in a call; the first of all last."""
    waiting: list[int] = []
    others: list[int] = []
    for thread in thread_ids(pid):
        folder = Path(f"/proc/{pid}/task/{thread}")
        try:
            status = (folder / "status").read_text()
            doing = (folder / "syscall").read_text().split()
        except OSError:
            continue
        if "\nSeccomp:\t0\n" not in status:
            raise MemoryUnavailable("of the process", "a seccomp filter watches its system calls")
        state = status.partition("\nState:\t")[2][:1]
        if state in ("Z", "X", "D"):
            continue
        is_waiting = bool(doing) and doing[0] in _WAITING and thread != pid
        (waiting if is_waiting else others).append(thread)
    return waiting + others[1:] + others[:1]


def change(info: ProcessInfo, memory: Memory, changes: Sequence[Change]) -> None:
    """Change bytes while no thread of the process runs: all of them, or none.

    Raises:
        PatchError: the old bytes are not there; nothing is changed.
        MemoryFault: some cannot be written; nothing is changed.
        AccessDenied: the kernel does not let us stop its threads.
    """
    kept: list[Any] = []
    pieces = ffi.new("struct ff_remote_piece[]", len(changes))
    for piece, one in zip(pieces, changes, strict=True):
        before = ffi.new("uint8_t[]", one.before)
        after = ffi.new("uint8_t[]", one.after)
        kept += (before, after)
        piece.address, piece.size = one.address, len(one.after)
        piece.before, piece.after = before, after
    with _opened(info, memory) as file:
        code = lib.ff_remote_change(info.pid, file, pieces, len(changes))
    if code == 0:
        return
    for one in changes:
        there = memory.read(one.address, len(one.before))
        if code == -errno.EILSEQ and there != one.before:
            raise PatchError(one.address, one.before, there)
    if code == -errno.EFAULT:
        first = changes[0]
        raise MemoryFault(first.address, len(first.after), 0, True)
    raise _error(info, memory, code)


@contextlib.contextmanager
def _opened(info: ProcessInfo, memory: Memory) -> Iterator[int]:
    try:
        file = os.open(f"/proc/{info.pid}/mem", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise _error(info, memory, -(error.errno or errno.EIO)) from None
    try:
        if not memory.alive:
            raise memory.gone()
        yield file
    finally:
        os.close(file)


def _error(info: ProcessInfo, memory: Memory, code: int) -> FarfetchError:
    """The error of what a process was to do."""
    if not memory.alive:
        return memory.gone()
    if code in (-errno.EPERM, -errno.EACCES):
        return AccessDenied(info.pid, info.name, "stop the threads of")
    why = {
        -errno.ENOSYS: "its threads are stopped on x86-64 only",
        -errno.ETIMEDOUT: "a thread of it does not stop",
        -errno.EBUSY: "a thread does not leave the code that is to change",
        -errno.EAGAIN: "no thread of it runs code of its own width now: try again",
        -errno.EFAULT: "a thread got a signal instead",
        -errno.ESRCH: "no thread of it can be stopped",
    }.get(code, os.strerror(-code))
    return MemoryUnavailable(memory.name, why)
