"""Tasks of the core, run from Python: what may be cancelled, and goes on without Python's lock."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from typing import Any, Final, Literal

from ..engine import cell, check, ffi, lib
from ..errors import ForkedError, PointerMapError, PointersCancelled
from ..lifetime.life import this_process
from ..scan.disk import store_error
from ..scan.job import Jobs
from .room import Room

_POLL: Final = 10  # milliseconds between looks at a running task

#: Called with how much is done and how much there is to do.
TaskProgress = Callable[[int, int], object]


class Tasks(Jobs):
    """Runs jobs and tasks, each of which any thread may cancel.

    Args:
        what: they are for, in the words of an error.
    """

    def __init__(self, what: Literal["map", "scan"]) -> None:
        super().__init__()
        self.what: Literal["map", "scan"] = what
        self._running: list[Any] = []
        self._process = this_process()
        self._guard = threading.RLock()  # a signal handler may cancel while it is held

    def cancel(self) -> None:
        """Stop all that runs, from another thread or a signal handler; waits for nobody.

        In a child of the process there is nothing to stop.
        """
        if this_process() is not self._process:
            return
        super().cancel()
        with self._guard:
            for task in self._running:
                lib.ff_task_cancel(task)

    def check(self, cancels: int) -> None:
        """Raise when something was cancelled since there had been so many cancels."""
        if cancels != self.cancels:
            raise PointersCancelled(self.what, 0, 0)

    def do(
        self,
        start: Callable[[Any], int],
        finish: Callable[[Any], int],
        room: Room,
        cancels: int,
        progress: TaskProgress | None = None,
    ) -> None:
        """Run one to its end.

        Args:
            start: puts a task in a cell.
            finish: takes what it made.
            room: that it takes memory and disk from.
            cancels: as :attr:`cancels` was when it was asked for.
            progress: called in this thread, every few milliseconds.

        Raises:
            PointersCancelled: by :meth:`cancel` or Ctrl-C.
            PointerMapError: there is not enough memory or disk, or what it works on is no map.
            SnapshotError: a file could not be made.
            ForkedError: this is a child, forked by a signal handler.
        """
        out = cell("task")
        try:
            check(start(out))
            task = out[0]
            with self._guard:
                self._running.append(task)
            if cancels != self.cancels:  # before there was anything to cancel
                lib.ff_task_cancel(task)
            _wait(task, progress)
            check(finish(task))
        except KeyboardInterrupt:
            raise PointersCancelled(self.what, 0, 0) from None
        except OSError as error:
            raise self._meaning(error.errno or 0, room) from None
        finally:
            with self._guard:
                if out[0] != ffi.NULL and out[0] in self._running:
                    self._running.remove(out[0])
            ffi.release(out)

    def _meaning(self, code: int, room: Room) -> Exception:
        if code == errno.ECANCELED:
            return PointersCancelled(self.what, 0, 0)
        return failure(code, room)


def failure(code: int, room: Room) -> Exception:
    """What an errno of a task, or of a collector, means."""
    if code == errno.ENOBUFS:
        reason = (
            f"it takes more than its budget of memory, and of disk in {room.directory}; look at "
            "fewer regions, make room there or allow more"
        )
        return PointerMapError("", f"the pointer map: {reason}")
    if code == errno.E2BIG:
        return PointerMapError("", "more than 4,294,967,294 pointers: look at fewer regions")
    if code == errno.EILSEQ:
        return PointerMapError("", "its columns are not in order")
    if code == errno.ENOMEM:
        return MemoryError("not enough memory for the pointer map")
    if room.failed_on_disk:
        return store_error(room.directory, code)
    return OSError(code, "the pointer map")


def _wait(task: Any, progress: TaskProgress | None) -> None:
    process = this_process()
    done, total = ffi.new("uint64_t *"), ffi.new("uint64_t *")
    try:
        while not lib.ff_task_wait(task, _POLL):
            if progress:
                lib.ff_task_progress(task, done, total)
                progress(done[0], total[0])
            if this_process() is not process:
                raise ForkedError(process.pid)
    except BaseException:
        lib.ff_task_cancel(task)
        raise
