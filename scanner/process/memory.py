"""Memory of a process, and what became of it."""

from __future__ import annotations

import errno
from typing import Any

from ..errors import AccessDenied, FarfetchError, TargetGone, TargetNotFound
from ..memory.base import Memory
from ..memory.regions import Region
from .maps import RegionReader
from .processes import ProcessInfo, process
from .threads import ask, folders


class ProcessMemory(Memory):
    """Memory of a process.

    Args:
        name: of the way.
        reader: the core's reader.
        process: as it was when it was attached to.
    """

    def __init__(self, name: str, reader: Any, process: ProcessInfo) -> None:
        super().__init__(name, reader, process)
        self.process = process
        self._regions = RegionReader(process.pid, process.name)

    def regions(self) -> list[Region]:
        """The regions that are mapped, by ascending address; see proc_pid_maps(5)."""
        self._held.get()  # only to be refused as all else is
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
        return ask(folders(pid), lambda folder: (folder / "exe").readlink()) is not None
    except OSError as error:
        return isinstance(error, PermissionError)
