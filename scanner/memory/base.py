"""What every memory is: read into a buffer, write, list regions."""

from __future__ import annotations

import abc
import errno
from pathlib import Path
from typing import Any

from ..errors import AccessDenied, FarfetchError, TargetGone, TargetNotFound
from ..native import ffi, lib
from ..process import ProcessInfo, process
from ..regions import Region, RegionReader


class Memory(abc.ABC):
    """A way to read and write a target.

    The bytes are moved by one of the core's readers, which the scanning threads call with no
    Python in between.

    Attributes:
        name: of this way: ``"process_vm"``, ``"proc_mem"``, ``"buffer"``.
        reader: the core's reader.
    """

    def __init__(self, name: str, reader: Any) -> None:
        self.name = name
        self.reader = ffi.gc(reader, lib.ff_reader_close)

    @abc.abstractmethod
    def regions(self) -> list[Region]:
        """What is mapped, by ascending address."""

    def error(self, code: int) -> FarfetchError | None:
        """What an errno of the reader means for this memory, if it is about the whole target."""
        del code
        return None

    def read(self, address: int, size: int) -> bytes:
        """The bytes from an address on, up to the first that cannot be read.

        Args:
            address: of the first byte.
            size: bytes wanted.
        """
        raw = bytearray(size)
        return bytes(memoryview(raw)[: self.read_into(address, raw)])

    def read_into(self, address: int, buffer: bytearray | memoryview) -> int:
        """Fill a buffer from an address on. Returns the bytes up to the first unreadable one."""
        if not 0 <= address < 1 << 64 or not buffer:
            return 0
        return self.check(lib.ff_reader_read(self.reader, address, _pointer(buffer), len(buffer)))

    def write(self, address: int, raw: bytes, *, force: bool = False) -> int:
        """Write bytes from an address on. Returns how many, up to the first that cannot be.

        Args:
            address: of the first byte.
            raw: the bytes.
            force: also where a process may not write itself; other memories know no such place.
        """
        del force
        if not 0 <= address < 1 << 64:
            return 0
        return self.check(lib.ff_reader_write(self.reader, address, raw, len(raw)))

    def write_each(self, addresses: Any, count: int, raw: bytes, *, force: bool = False) -> int:
        """Write the same bytes at each of ``count`` addresses (a ``uint64_t *``).

        Returns at how many all of them could be written; ``force`` is that of :meth:`write`.
        """
        del force
        failed = ffi.new("uint64_t *")
        written = lib.ff_reader_write_each(self.reader, addresses, count, raw, len(raw), failed)
        return self.check(written)

    def check(self, code: int) -> int:
        """A reader's result; its negative errno becomes the exception that it means here."""
        if code >= 0:
            return code
        raise self.error(-code) or OSError(-code, "the target cannot be reached")

    def close(self) -> None:
        """Let go of the reader."""
        ffi.release(self.reader)


class ProcessMemory(Memory):
    """Memory of a process.

    Args:
        name: of the way.
        reader: the core's reader.
        process: as it was when it was attached to.
    """

    def __init__(self, name: str, reader: Any, process: ProcessInfo) -> None:
        super().__init__(name, reader)
        self.process = process
        self._regions = RegionReader(process.pid, process.name)

    def regions(self) -> list[Region]:
        """What is mapped, by ascending address; see proc_pid_maps(5)."""
        return self._regions.read()

    def error(self, code: int) -> FarfetchError | None:
        """TargetGone or AccessDenied."""
        return process_error(code, self.process)


def process_error(code: int, info: ProcessInfo) -> FarfetchError | None:
    """What an errno means of a process as a whole; None when it is not about that."""
    if code == errno.ESRCH:
        return gone(info)
    if code in (errno.EPERM, errno.EACCES):
        return AccessDenied(info.pid, info.name, "attach to")
    return None


def gone(info: ProcessInfo) -> TargetGone:
    """What became of a process whose address space is no more."""
    try:
        is_same = process(info.pid).started == info.started
    except TargetNotFound:
        is_same = False
    is_replaced = is_same and _has_program(info.pid)
    return TargetGone(info.pid, info.name, "replaced" if is_replaced else "exited")


def _has_program(pid: int) -> bool:
    """Whether a process runs one: while it exits it is still there, but without."""
    try:
        Path(f"/proc/{pid}/exe").readlink()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _pointer(buffer: bytearray | memoryview) -> Any:
    return ffi.from_buffer("uint8_t[]", buffer, require_writable=True)
