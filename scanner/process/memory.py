"""Memory of a process, and what became of it."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from .. import arguments
from ..errors import AccessDenied, FarfetchError, TargetGone, TargetNotFound
from ..memory.base import Memory
from ..memory.changes import Change, checked
from ..memory.owner import ProcessInfo
from ..memory.regions import Footprint, Region
from ..memory.stacks import Stack
from . import changing, remote
from .footprints import read_footprints
from .maps import RegionReader
from .processes import process
from .stacks import read_stacks
from .threads import ask, folders, opened_root
from .widths import may_be_wine, program_bits


class ProcessMemory(Memory):
    """Memory of a process.

    Args:
        name: of the way.
        reader: the core's reader.
        process: as it was when it was attached to.
    """

    def __init__(self, name: str, reader: Any, process: ProcessInfo) -> None:
        super().__init__(name, reader, process)
        self.process: ProcessInfo = process
        self._regions = RegionReader(process.pid, process.name)
        self._bits: int | None = None

    def regions(self) -> list[Region]:
        """The regions that are mapped, by ascending address; see proc_pid_maps(5)."""
        self._held.get()  # only to be refused as all else is
        return self._regions.read()

    @property
    def bits(self) -> int:
        """Width of a pointer: that of its program, under Wine of the Windows program."""
        if self._bits is None:
            bits = program_bits(self.process, self)
            if bits is None and may_be_wine(self.process):  # it may not be mapped yet
                return self.process.bits or 64
            self._bits = bits or self.process.bits or 64
        return self._bits

    def _root(self) -> AbstractContextManager[Path]:
        return opened_root(self.process.pid)

    def stacks(self) -> list[Stack]:
        """The stacks of its threads, as far as they are known, by thread."""
        regions = self.regions()
        return read_stacks(self.process, self, regions, self.modules(regions))

    def footprints(self) -> list[Footprint]:
        """How much of each region is in memory, by ascending address; see proc_pid_smaps(5)."""
        self._held.get()
        return read_footprints(self.process.pid, self.process.name)

    def allocate(self, size: int, *, near: int | None = None, access: str = "rwx") -> int:
        """Let the process map more memory; see :meth:`.Memory.allocate`."""
        self._held.get()
        size, near, access = arguments.allocation(size, near, access)
        return remote.allocate(self.process, self, size, near, access)

    def gap(self, size: int, *, near: int | None = None) -> int:
        """Where it would."""
        size, near, _ = arguments.allocation(size, near, "rwx")
        return remote.gap(self.process, self, size, near)

    def release(self, address: int, size: int) -> None:
        """Let the process unmap what it mapped for us."""
        self._held.get()
        address = arguments.address(address)
        size, _, _ = arguments.allocation(size, None, "r")
        remote.release(self.process, self, address, size)

    def protect(self, address: int, size: int, access: str) -> None:
        """Let the process set the rights of whole pages; see :meth:`.Memory.protect`."""
        self._held.get()
        address = arguments.address(address)
        size, access = arguments.rights(address, size, access)
        remote.protect(self.process, self, address, size, access)

    def change(self, changes: Sequence[Change]) -> None:
        """Change bytes while none of its threads runs."""
        self._held.get()
        changes = checked(changes)
        if changes:
            changing.change(self.process, self, changes)

    def error(self, code: int) -> FarfetchError | None:
        """What an errno of the reader means for the process: TargetGone or AccessDenied."""
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
        return ask(folders(pid), lambda folder: (folder / "exe").readlink()) is not None
    except OSError as error:
        return isinstance(error, PermissionError)
