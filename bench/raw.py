"""The copy limit: process_vm_readv(2) into a buffer, and nothing else."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from typing import Final

BUFFER: Final = 1 << 20  # bytes a call


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

    workers = [
        threading.Thread(target=read, args=(blocks[one::threads],)) for one in range(threads)
    ]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (end - start) / (time.perf_counter() - begin)
