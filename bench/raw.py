"""The limits: process_vm_readv(2) into a buffer, writes past the page cache; nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

BUFFER: Final = 1 << 20  # bytes a call
PAGE: Final = mmap.PAGESIZE
_PARTS: Final = 256  # of memory, a call
_BLOCK: Final = 16 << 20  # bytes a write


class _Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


_libc = ctypes.CDLL(None, use_errno=True)
_readv = _libc.process_vm_readv
_readv.argtypes = (
    ctypes.c_int,
    ctypes.POINTER(_Iovec),
    ctypes.c_ulong,
    ctypes.POINTER(_Iovec),
    ctypes.c_ulong,
    ctypes.c_ulong,
)
_readv.restype = ctypes.c_ssize_t


def raw_rate(pid: int, start: int, end: int, threads: int) -> float:
    """Bytes a second at which so many threads read a range of a process, each its share."""
    return (end - start) / raw_seconds(pid, [(start, end)], threads)


def raw_seconds(pid: int, ranges: Sequence[tuple[int, int]], threads: int) -> float:
    """Seconds that so many threads take to read ranges of a process, a buffer of them a call."""
    calls: list[list[_Iovec]] = []
    left = 0
    for start, end in ranges:
        while start < end:
            if not left or len(calls[-1]) == _PARTS:
                calls.append([])
                left = BUFFER
            size = min(left, end - start)
            calls[-1].append(_Iovec(start, size))
            start, left = start + size, left - size
    return _read(pid, calls, threads)


def settle(pid: int, ranges: Sequence[tuple[int, int]], threads: int) -> None:
    """Read ranges of a process that has just begun as often as it takes until reads cost the same.

    The kernel marks a page as referenced when it is read first, and moves it among its active ones
    at the second read, which takes half as long again as any later one.
    """
    for _ in range(2):
        raw_seconds(pid, ranges, threads)


def page_rate(pid: int, addresses: Sequence[int], threads: int) -> float:
    """Pages a second at which so many threads read the pages of some addresses, 256 a call."""
    pages = sorted({address & -PAGE for address in addresses})
    some = BUFFER // PAGE
    calls = [
        [_Iovec(page, PAGE) for page in pages[first : first + some]]
        for first in range(0, len(pages), some)
    ]
    return len(pages) / _read(pid, calls, threads)


def _read(pid: int, calls: Sequence[Sequence[_Iovec]], threads: int) -> float:
    """Seconds for calls of some parts each, no more than a buffer in all."""
    wanted = [
        ((_Iovec * len(parts))(*parts), len(parts), sum(part.length for part in parts))
        for parts in calls
    ]

    def read(share: list[Any]) -> None:
        buffer = ctypes.create_string_buffer(BUFFER)
        local = _Iovec(ctypes.addressof(buffer), BUFFER)
        for remote, parts, size in share:
            if _readv(pid, local, 1, remote, parts, 0) != size:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    return together(read, [wanted[first::threads] for first in range(threads)])


def disk_rate(folder: str, size: int, threads: int) -> float:
    """Bytes a second at which so many threads write past the page cache, 16 MiB at a time."""
    each = size // threads

    def write(share: tuple[int, mmap.mmap]) -> None:
        file, room = share
        for at in range(0, each, _BLOCK):
            os.pwrite(file, room, at)

    with contextlib.ExitStack() as stack:
        shares = []
        for _ in range(threads):
            file = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_DIRECT, 0o600)
            stack.callback(os.close, file)
            os.posix_fallocate(file, 0, each)
            room = stack.enter_context(mmap.mmap(-1, _BLOCK))
            room.write(os.urandom(BUFFER) * (_BLOCK // BUFFER))
            shares.append((file, room))
        return each * threads / together(write, shares)


def together(work: Callable[[Any], None], shares: Sequence[Any]) -> float:
    """Seconds that threads take for a share each."""
    workers = [threading.Thread(target=work, args=(share,)) for share in shares]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin
