"""The address space of a process: whether it still is what was attached to."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final

from ..engine import check, lib
from ..errors import AccessDenied, TargetGone
from ..lifetime.bound import Bound
from ..lifetime.life import Descriptor
from ..memory.owner import ProcessInfo
from .memory import gone
from .threads import folders

_READ: Final = os.O_RDONLY | os.O_CLOEXEC


class AddressSpace(Bound):
    """The address space a process had when it was attached to.

    An open /proc/pid/mem or pagemap belongs to that address space, not to the pid: once the
    process has exited or executed another program, reads give 0 bytes; see proc_pid_mem(5).

    Args:
        info: the process.
    """

    def __init__(self, info: ProcessInfo) -> None:
        self._info = info
        self._file: Descriptor | None = None
        for folder in folders(info.pid):
            try:
                self._file = Descriptor(os.open(folder / "mem", _READ))
            except PermissionError:
                raise AccessDenied(info.pid, info.name, "attach to") from None
            except (FileNotFoundError, ProcessLookupError):
                continue
            with contextlib.suppress(OSError):
                # belongs to it in the same way, and tells without taking the target's lock
                self._file = Descriptor(os.open(folder / "pagemap", _READ))
            if self.alive:
                return
            self.close()
        raise TargetGone(info.pid, info.name, "exited")

    @property
    def alive(self) -> bool:
        """Whether the process still runs in it."""
        file = self._file  # kept while it is used, whoever closes
        if file is None:
            return False
        try:
            # nothing is to be had there: an error while there is an address space, no bytes after
            return bool(os.pread(file.number, 1, 1))
        except OSError:
            return True

    def own(self, reader: Any) -> None:
        """Let one of the core's readers read and write nothing once this has gone.

        Raises:
            OSError: there are too many open files.
        """
        file = self._file
        if file is not None:
            check(lib.ff_reader_belong(reader, file.number))

    def gone(self) -> TargetGone:
        """What became of it."""
        return gone(self._info)

    def close(self) -> None:
        """Let go of it."""
        self._file = None
