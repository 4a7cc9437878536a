"""What a process does for us: allocate memory, and say who may do what in its own.

Each is a system call that one of its threads makes.

The thread is stopped by ptrace(2) for about a tenth of a millisecond; nothing is left behind, and
the process notices nothing.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..engine import ffi, lib
from ..errors import MemoryUnavailable, StopError
from ..memory.base import Memory
from ..memory.owner import ProcessInfo
from ..memory.regions import Region
from .refusals import refusal
from .room import PAGE, room
from .threads import thread_ids

_SYSCALL, _INT80 = b"\x0f\x05", b"\xcd\x80"
#: Numbers of mmap (mmap2), munmap and mprotect, by whether the process is one of 32 bits.
_MMAP: Final = {False: 9, True: 192}
_MUNMAP: Final = {False: 11, True: 91}
_MPROTECT: Final = {False: 10, True: 125}
_FLAGS: Final = 0x02 | 0x20 | 0x100000  # private, anonymous, where nothing is
_ACCESS: Final = {"r": 1, "w": 2, "x": 4}
_FIRST: Final = 1 << 20  # bytes of a region that are looked through for an instruction
_RACES: Final = 4  # that the process may win by taking the same place first
_SLOW: Final = 2  # threads that are waited for in vain
#: Calls in which threads wait, and with which the kernel itself goes on for the rest of their
#: time: read, poll, select, pause, nanosleep, wait, futex, clock_nanosleep, pselect, ppoll and
#: what is newer of them, by whether the process is one of 32 bits.
_PATIENT: Final = {
    False: frozenset((0, 7, 23, 34, 35, 61, 202, 230, 247, 270, 271, 449)),
    True: frozenset((3, 7, 29, 142, 162, 168, 240, 267, 284, 308, 309, 407, 413, 414, 422, 449)),
}
#: Codes upon which another thread is asked.
_OTHER: Final = frozenset(
    -code
    for code in (
        errno.EAGAIN,
        errno.ESRCH,
        errno.EINPROGRESS,
        errno.EBUSY,
        errno.EALREADY,
        errno.ETIMEDOUT,
    )
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
        MemoryUnavailable: there is no room, or a seccomp filter might kill the process for it.
        StopError: none of its threads can be stopped.
        AccessDenied: the kernel does not let us.
    """
    size += -size % PAGE
    narrow = info.bits == 32
    rights = sum(_ACCESS[right] for right in access)
    mask = 0xFFFFFFFF if narrow else (1 << 64) - 1
    got = -errno.EEXIST
    for _ in range(_RACES):
        regions = memory.regions()
        address = room(_whose(info), regions, size, near, memory.bits)
        words = (address, size, rights, _FLAGS, mask, 0)
        got = _call(info, memory, regions, _MMAP[narrow], words)
        if got & mask == address:
            return address
        if got != -errno.EEXIST:
            break
    raise MemoryUnavailable(_whose(info), f"it cannot allocate: {os.strerror(-got)}")


def release(info: ProcessInfo, memory: Memory, address: int, size: int) -> None:
    """Let a process unmap memory that :func:`allocate` gave; raises what that does."""
    size += -size % PAGE
    narrow = info.bits == 32
    _call(info, memory, memory.regions(), _MUNMAP[narrow], (address, size, 0, 0, 0, 0))


def protect(info: ProcessInfo, memory: Memory, address: int, size: int, access: str) -> None:
    """Let a process set the rights of whole pages, all those that hold some bytes.

    Args:
        info: the process.
        memory: its.
        address: of the first byte.
        size: in bytes.
        access: of ``r``, ``w`` and ``x``; none if empty.

    Raises:
        MemoryUnavailable: something there is not mapped, or may not have these rights.
        StopError, AccessDenied: as :func:`allocate` does.
    """
    start, end = address & -PAGE, address + size + -(address + size) % PAGE
    rights = sum(_ACCESS[right] for right in access)
    words = (start, end - start, rights, 0, 0, 0)
    got = _call(info, memory, memory.regions(), _MPROTECT[info.bits == 32], words)
    if got:
        reason = f"the rights at 0x{start:x} cannot be set: {os.strerror(-got)}"
        raise MemoryUnavailable(_whose(info), reason)


def gap(info: ProcessInfo, memory: Memory, size: int, near: int | None) -> int:
    """Where :func:`allocate` would allocate now; raises what that does."""
    return room(_whose(info), memory.regions(), size + -size % PAGE, near, memory.bits)


def _whose(info: ProcessInfo) -> str:
    return f"of {info.name} ({info.pid})"


def _call(
    info: ProcessInfo,
    memory: Memory,
    regions: Sequence[Region],
    number: int,
    words: tuple[int, ...],
) -> int:
    """Let a thread make a system call, and return its result."""
    narrow = info.bits == 32
    call = ffi.new("struct ff_remote_call *")
    call.at = _instruction(info, memory, regions, _INT80 if narrow else _SYSCALL)
    call.number, call.arguments, call.narrow = number, words, narrow
    result = ffi.new("int64_t *")
    code, slow = -errno.ESRCH, 0
    for thread in _threads(info, memory, narrow):
        code = lib.ff_remote_syscall(thread, call, result)
        slow += code == -errno.ETIMEDOUT
        if code not in _OTHER or slow == _SLOW:
            break
    if code < 0:
        raise refusal(info, memory, code)
    return int(result[0])


def _instruction(
    info: ProcessInfo, memory: Memory, regions: Sequence[Region], wanted: bytes
) -> int:
    """Where the process has an instruction that makes system calls."""
    code = [region for region in regions if region.executable and region.readable]
    code.sort(key=lambda region: region.path != "[vdso]")
    for region in code:
        at = memory.read(region.start, min(region.size, _FIRST)).find(wanted)
        if at >= 0:
            return region.start + at
    if not memory.alive:
        raise memory.gone()
    raise StopError(info.pid, info.name, "it has no instruction for system calls")


def _threads(info: ProcessInfo, memory: Memory, narrow: bool) -> list[int]:
    """Its threads that can be asked: those first that notice it least, the first of all last.

    A thread that a seccomp filter watches is not asked: the filter may kill the process.
    """
    ranked: list[tuple[int, bool, int]] = []
    watched = asleep = False
    for thread in thread_ids(info.pid):
        folder = Path(f"/proc/{info.pid}/task/{thread}")
        try:
            status = (folder / "status").read_bytes()
            doing = (folder / "syscall").read_bytes().split()
        except OSError:
            continue
        state = status.partition(b"\nState:\t")[2][:1]
        if state in (b"Z", b"X"):
            continue
        if b"\nSeccomp:\t" in status and b"\nSeccomp:\t0\n" not in status:
            watched = True
        elif state == b"D":
            asleep = True
        else:
            ranked.append((_rank(doing, narrow), thread == info.pid, thread))
    if not ranked and watched:
        why = "it cannot be asked to allocate: a seccomp filter watches its system calls"
        raise MemoryUnavailable(_whose(info), why)
    if not ranked and asleep:
        raise refusal(info, memory, -errno.EINPROGRESS)
    return [thread for _, _, thread in sorted(ranked)]


def _rank(doing: list[bytes], narrow: bool) -> int:
    """How much a thread would notice, by its syscall file; proc_pid_syscall(5)."""
    if not doing or doing[0] == b"running":
        return 2
    return 0 if int(doing[0]) in _PATIENT[narrow] else 1
