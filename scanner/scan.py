"""Scans: first, next, undo."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from .check import check as check_kinds
from .check import constant_size
from .compile import STREAMS, Program, compile_predicate
from .errors import AlignError, ScanCancelled, ScanOrderError, TargetGone
from .expression import parse_scan
from .layout import Layout
from .matches import Match, Matches
from .native import check, default_threads, ffi, isa, isa_index, lib
from .predicates import Predicate, unknown
from .regions import Range, Where
from .snapshot import (
    FaultSet,
    Progress,
    ScanResult,
    Step,
    Store,
    snapshot_directory,
    store_error,
)
from .values import encode, layout_of, value_type

if TYPE_CHECKING:
    from .target import Target

CHUNK: Final = 1 << 20  # bytes a thread reads at a time: they stay in the second-level cache
_POLL = 10  # milliseconds between looks at a running scan
_REPORT = 0.05  # seconds between calls of a progress function
_BATCH = 4096  # addresses written to in one call

ProgressFunction = Callable[[Progress], object]


class WriteResult(NamedTuple):
    """What became of a write to many addresses.

    Attributes:
        written: at how many the value is now.
        failed: at how many it could not be written.
    """

    written: int
    failed: int


class Scan:
    """A search for values of one type: a first scan, narrowed by next scans, each undoable.

    Made by :meth:`Target.scan`; a context manager. A step that fails or is cancelled changes
    nothing: the earlier matches stay, with their old values.

    Attributes:
        target: what is scanned.
        type: the construct of the values.
        align: bytes between the addresses looked at.
        where: which regions.
        threads: worker threads.
        directory: of the files of old values.
        steps: the history, oldest first.
        matches: the present matches.
    """

    def __init__(
        self,
        target: Target,
        type: Any,  # noqa: A002
        *,
        align: int | None,
        where: str | Where,
        threads: int | None,
        directory: str | None,
        chunk: int | None,
    ) -> None:
        self.target = target
        self.type = value_type(type)
        self.layout: Layout = layout_of(self.type, bits=target.bits)
        self.align = self.layout.alignment if align is None else align
        if not isinstance(self.align, int) or not 1 <= self.align <= lib.FF_ALIGN_MAX:
            raise AlignError(align)
        self.where = where if isinstance(where, Where) else Where.parse(where)
        self.threads = threads or default_threads()
        self.directory = snapshot_directory(directory)
        self.steps: tuple[Step, ...] = ()
        self.matches = Matches(self)
        self._isa = isa_index(isa())
        self._chunk = chunk or CHUNK
        self._job: Any = None
        self._lock = threading.Lock()  # held by whoever scans
        self._job_lock = threading.RLock()  # a signal handler may cancel while it is held
        self._ground: Any = None
        self._store: Store | None = None
        self._sized = self.layout

    @property
    def size(self) -> int:
        """Bytes of one value; of text without a length, that of what was looked for first."""
        return self._sized.size or 0

    @property
    def disk(self) -> int:
        """Bytes of disk that the old values take."""
        return self._store.bytes if self._store else 0

    def decode(self, raw: bytes) -> Any:
        """The value of some bytes."""
        return self._sized.unpack(raw)

    def first(
        self,
        predicate: Predicate | str | None = None,
        *,
        progress: ProgressFunction | None = None,
    ) -> ScanResult:
        """Look at every address of the regions. A history there was is let go on success.

        Args:
            predicate: what values must fulfil; any value if None.
            progress: called in this thread about 20 times a second.

        Raises:
            ExpressionError: the predicate cannot be understood or needs an earlier scan.
            WhereError: no region is left to look at.
            ScanCancelled: by :meth:`cancel` or Ctrl-C.
            SnapshotError: old values could not be stored.
            TargetGone: the target exited or executed another program meanwhile.
        """
        tree = _tree(unknown if predicate is None else predicate)
        sized = _sized(self.layout, tree)
        program = compile_predicate(tree, sized)
        missing = sorted(program.uses - {"now"})
        if missing:
            reason = (
                f"{missing[0]} needs an earlier scan; begin with a value, or with ? for unknown"
            )
            raise ScanOrderError(f"{tree}: {reason}")
        regions = self.target.regions()
        ranges = self.where.select(regions, self.target.modules())
        ground = self._lay_out(ranges, program.span)
        store = Store(self.directory)
        step = self._run(tree, program, ground, store, (), progress)
        self.reset()
        self._ground, self._store, self._sized = ground, store, sized
        self.steps = (step,)
        return step.result

    def next(
        self, predicate: Predicate | str, *, progress: ProgressFunction | None = None
    ) -> ScanResult:
        """Keep those matches that fulfil a predicate now.

        Args:
            predicate: what values must fulfil.
            progress: called in this thread about 20 times a second.

        Raises:
            ScanOrderError: there was no first scan.
            ExpressionError, ScanCancelled, SnapshotError, TargetGone: as :meth:`first`.
        """
        tree = _tree(predicate)
        if not self.steps or self._store is None:
            raise ScanOrderError("there is no scan to narrow: begin with a first scan")
        program = compile_predicate(tree, self._sized)
        step = self._run(tree, program, self._ground, self._store, self.steps, progress)
        self.steps += (step,)
        return step.result

    def undo(self, steps: int = 1) -> None:
        """Go back to the matches and old values of some steps ago.

        Args:
            steps: how many; all of them leaves what there was before the first scan, nothing.

        Raises:
            ScanOrderError: there are fewer.
        """
        if steps > len(self.steps):
            have = f"there are {len(self.steps)}" if self.steps else "there is none"
            raise ScanOrderError(f"cannot undo {steps} steps: {have}")
        for _ in range(steps):
            *older, newest = self.steps
            self.steps = tuple(older)
            newest.release()

    def reset(self) -> None:
        """Drop all matches and old values."""
        self.undo(len(self.steps))
        self._store = self._ground = None
        self._sized = self.layout

    def cancel(self) -> None:
        """Stop the scan that runs, from another thread or a signal handler."""
        with self._job_lock:
            if self._job is not None:
                lib.ff_job_cancel(self._job)

    def write_all(self, value: Any) -> WriteResult:
        """Write a value at every match.

        Raises:
            ValueRangeError: it does not fit the type; nothing is written.
            TargetGone: the target exited or executed another program.
        """
        raw = encode(self.type, value, bits=self.target.bits)
        memory, total, written = self.target.memory, len(self), 0
        buffer = ffi.new("uint64_t[]", _BATCH)
        for start in range(0, total, _BATCH):
            self.target.check()
            count = lib.ff_matchset_addresses(self.steps[-1].matches, start, _BATCH, buffer)
            done = memory.write_each(buffer, count, raw)
            if done < count:  # one at a time: a memory may have another way for a single write
                done = sum(memory.write(buffer[i], raw) == len(raw) for i in range(count))
            written += done
        return WriteResult(written, total - written)

    def close(self) -> None:
        """Drop everything; the files of old values go."""
        self.cancel()
        self.reset()

    def __len__(self) -> int:
        return len(self.matches)

    @overload
    def __getitem__(self, index: int) -> Match: ...

    @overload
    def __getitem__(self, index: slice) -> list[Match]: ...

    def __getitem__(self, index: int | slice) -> Match | list[Match]:
        return self.matches[index]

    def __iter__(self) -> Iterator[Match]:
        return iter(self.matches)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Scan:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _lay_out(self, ranges: list[Range], span: int) -> Any:
        out = ffi.new("struct ff_layout **")
        listed = ffi.new("struct ff_range[]", [tuple(one) for one in ranges])
        check(lib.ff_layout_create(listed, len(ranges), self.align, span, self._chunk, out))
        return ffi.gc(out[0], lib.ff_layout_put)

    def _run(
        self,
        tree: Predicate,
        program: Program,
        ground: Any,
        store: Store,
        steps: tuple[Step, ...],
        progress: ProgressFunction | None,
    ) -> Step:
        spec = ffi.new("struct ff_job_spec *")
        spec.layout, spec.program, spec.store = ground, program.handle, store.handle
        spec.reader = self.target.memory.reader
        spec.threads, spec.isa = self.threads, self._isa
        if steps:
            spec.candidates = steps[-1].matches
            spec.base = steps[-1].snapshot
            spec.streams[STREAMS["prev"]] = steps[-1].snapshot
            spec.streams[STREAMS["first"]] = steps[0].snapshot
        out = ffi.new("struct ff_job **")
        started = time.monotonic()
        with self._lock:
            check(lib.ff_job_start(spec, out))
            self._job = job = ffi.gc(out[0], lib.ff_job_destroy)
            try:
                self._wait(job, progress, started)
                return self._finish(job, tree, store, started)
            except KeyboardInterrupt:
                lib.ff_job_cancel(job)
                raise ScanCancelled(*_progress(job, started)[:2]) from None
            finally:
                with self._job_lock:
                    self._job = None
                    ffi.release(job)

    def _wait(self, job: Any, progress: ProgressFunction | None, started: float) -> None:
        reported = started
        try:
            while not lib.ff_job_wait(job, _POLL):
                if progress and time.monotonic() - reported >= _REPORT:
                    reported = time.monotonic()
                    progress(_progress(job, started))
        except BaseException:
            lib.ff_job_cancel(job)
            raise

    def _finish(self, job: Any, tree: Predicate, store: Store, started: float) -> Step:
        matches = ffi.new("struct ff_matchset **")
        snapshot = ffi.new("struct ff_snapshot **")
        code = -lib.ff_job_finish(job, matches, snapshot)
        progress = _progress(job, started)
        if code == errno.ECANCELED:
            raise ScanCancelled(progress.done, progress.total)
        if code and lib.ff_job_failed_in_store(job):
            raise store_error(store.directory, code)
        if code == errno.ENOMEM:
            raise MemoryError("not enough memory to keep what the scan found")
        if code:
            self.target.check()
            self.target.memory.check(-code)
        faults = _faults(job)
        count = lib.ff_matchset_count(matches[0])
        read = ffi.new("struct ff_progress *")
        lib.ff_job_progress(job, read)
        result = ScanResult(count, read.read, faults.bytes, progress.seconds, faults)
        step = Step.take(tree, result, matches[0], snapshot[0])
        try:
            # what ran on into another program's memory is no result
            self.target.check()
        except TargetGone:
            step.release()
            raise
        return step


def _tree(predicate: Predicate | str) -> Predicate:
    return parse_scan(predicate) if isinstance(predicate, str) else predicate


def _sized(layout: Layout, tree: Predicate) -> Layout:
    """A layout with a size: text and bytes without one take that of the constants compared with."""
    if layout.size is None:
        check_kinds(tree, layout)
        size = constant_size(tree, layout)
        assert size is not None  # checked just now
        return layout.with_size(size)
    return layout


def _progress(job: Any, started: float) -> Progress:
    out = ffi.new("struct ff_progress *")
    lib.ff_job_progress(job, out)
    return Progress(out.done, out.total, out.matches, time.monotonic() - started)


def _faults(job: Any) -> FaultSet:
    out = ffi.new("struct ff_range **")
    count = lib.ff_job_faults(job, out)
    return FaultSet(tuple(Range(out[0][i].start, out[0][i].end) for i in range(count)))
