"""Jobs: one run of the core over a target, watched from Python."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from ..engine import cell, check, content, ffi, lib
from ..errors import BudgetError, ForkedError, MemoryUnavailable, ScanCancelled
from ..lifetime.life import this_process
from ..memory.regions import Range
from .disk import store_error
from .history import Kept, hold
from .results import FaultSet, Progress, ScanResult

_POLL: Final = 10  # milliseconds between looks at a running job
_REPORT: Final = 0.05  # seconds between calls of a progress function

ProgressFunction = Callable[[Progress], object]


class JobSpec:
    """What a job is to do, and what that takes, which stays for as long as this does.

    Attributes:
        core: the core's description of it.
        lent: handles of the core that it names.
    """

    def __init__(self) -> None:
        self.core = ffi.new("struct ff_scan_spec *")
        self.lent: list[Any] = []

    def lend(self, handle: Any) -> Any:
        """Keep a handle for as long as this description. Returns it."""
        self.lent.append(handle)
        return handle


class Jobs:
    """Runs jobs, one at a time, each of which any thread may cancel."""

    def __init__(self) -> None:
        self._job: Any = None
        self._lock = threading.RLock()  # a signal handler may cancel while it is held
        self._cancels = 0

    @property
    def cancels(self) -> int:
        """Changes when all that was asked for until then is to be cancelled."""
        return self._cancels

    def cancel(self) -> None:
        """Stop the job that runs, from another thread or a signal handler; waits for nobody."""
        self._cancels += 1
        with self._lock:
            if self._job is not None:
                lib.ff_job_cancel(self._job)

    def run(
        self,
        spec: JobSpec,
        epoch: int | None,
        directory: str,
        progress: ProgressFunction | None,
        cancels: int,
    ) -> Kept:
        """Run a job to its end.

        Args:
            spec: what it is to do.
            epoch: since when pages that are clean hold what it will find.
            directory: of the files of old values, for the words of an error.
            progress: called in this thread about 20 times a second.
            cancels: as :attr:`cancels` was when it was asked for.

        Raises:
            ScanCancelled: by :meth:`cancel` or Ctrl-C.
            SnapshotError: old values could not be stored.
            BudgetError: it would have taken more memory or disk than it may.
            ForkedError: this is a child, forked by the progress function or a signal handler.
            OSError: the target could not be read; what the kernel said.
        """
        out = cell("job")
        started = time.monotonic()
        try:
            check(lib.ff_scan_start(spec.core, out))
            self._job = out[0]
            if cancels != self._cancels:  # before there was anything to cancel
                lib.ff_job_cancel(out[0])
            _wait(out[0], progress, started)
            return _finish(out[0], epoch, directory, started)
        except KeyboardInterrupt:
            if out[0] == ffi.NULL:
                raise ScanCancelled(0, 0) from None
            lib.ff_job_cancel(out[0])
            raise ScanCancelled(*_progress(out[0], started)[:2]) from None
        finally:
            with self._lock:
                self._job = None
            ffi.release(out)
            spec.lent.clear()


def _wait(job: Any, progress: ProgressFunction | None, started: float) -> None:
    reported, process = started, this_process()
    try:
        while not lib.ff_job_wait(job, _POLL):
            if progress and time.monotonic() - reported >= _REPORT:
                reported = time.monotonic()
                progress(_progress(job, started))
            if this_process() is not process:
                raise ForkedError(process.pid)
    except BaseException:
        lib.ff_job_cancel(job)
        raise


def _finish(job: Any, epoch: int | None, directory: str, started: float) -> Kept:
    matches, snapshot = cell("matchset"), cell("snapshot")
    code = -lib.ff_scan_finish(job, matches, snapshot)
    progress = _progress(job, started)
    in_store = lib.ff_job_failed_in_store(job)
    if code == errno.ECANCELED:
        raise ScanCancelled(progress.done, progress.total)
    if code == errno.ENOBUFS:
        raise BudgetError("disk" if in_store else "memory", directory)
    if code == errno.ENOMEM:
        raise MemoryError("not enough memory to keep what the scan found")
    if code == errno.ETIMEDOUT:
        raise MemoryUnavailable("of the target", "not even a look at its pages comes back")
    if code and in_store:
        raise store_error(directory, code)
    if code:
        raise OSError(code, "")
    held = hold(content(matches), content(snapshot))
    faults = _faults(job)
    count = lib.ff_matchset_count(matches[0])
    read = ffi.new("struct ff_progress *")
    lib.ff_job_progress(job, read)
    result = ScanResult(count, read.read, faults.bytes, progress.seconds, faults)
    return Kept(result, held, epoch)


def _progress(job: Any, started: float) -> Progress:
    out = ffi.new("struct ff_progress *")
    lib.ff_job_progress(job, out)
    return Progress(out.done, out.total, out.matches, time.monotonic() - started)


def _faults(job: Any) -> FaultSet:
    return FaultSet(_ranges(lib.ff_job_faults, job), _ranges(lib.ff_job_blocked, job))


def _ranges(listing: Any, job: Any) -> tuple[Range, ...]:
    out = ffi.new("struct ff_range **")
    count = listing(job, out)
    return tuple(Range(out[0][i].start, out[0][i].end) for i in range(count))
