"""The copy limit: process_vm_readv(2) into a buffer, and nothing else."""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

BUFFER: Final = 1 << 20  # bytes a call
PAGE: Final = mmap.PAGESIZE


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
    blocks = range(start, end, BUFFER)

    def read(share: range) -> None:
        buffer = ctypes.create_string_buffer(BUFFER)
        local = _Iovec(ctypes.addressof(buffer), BUFFER)
        for address in share:
            remote = _Iovec(address, min(BUFFER, end - address))
            if _readv(pid, local, 1, remote, 1, 0) != remote.length:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    return (end - start) / _time(read, [blocks[first::threads] for first in range(threads)])


def page_rate(pid: int, addresses: Sequence[int], threads: int) -> float:
    """Pages a second at which so many threads read the pages of some addresses, 256 a call."""
    pages = sorted({address & -PAGE for address in addresses})
    calls = []
    for first in range(0, len(pages), BUFFER // PAGE):
        some = pages[first : first + BUFFER // PAGE]
        calls.append((_Iovec * len(some))(*(_Iovec(page, PAGE) for page in some)))

    def read(share: list[Any]) -> None:
        buffer = ctypes.create_string_buffer(BUFFER)
        local = _Iovec(ctypes.addressof(buffer), BUFFER)
        for remote in share:
            if _readv(pid, local, 1, remote, len(remote), 0) != len(remote) * PAGE:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    return len(pages) / _time(read, [calls[first::threads] for first in range(threads)])


def _time(work: Callable[[Any], None], shares: Sequence[Any]) -> float:
    """Seconds that threads take for a share each."""
    workers = [threading.Thread(target=work, args=(share,)) for share in shares]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin
