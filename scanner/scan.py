"""Scans: first, next, undo."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from .budget import Budget, Limits
from .check import check as check_kinds
from .check import constant_size
from .compile import Program, compile_predicate
from .decoded import Filter, regex_of
from .errors import AlignError, FarfetchError, ScanOrderError, ValueKindError
from .expression import parse_scan
from .history import History, Kept, Snapshot, Step
from .job import Jobs, ProgressFunction
from .layout import Layout
from .matches import Match, Matches
from .native import check, default_threads, ffi, isa, isa_index, lib
from .numbers import PARTS
from .pages import Pages
from .predicates import Predicate, Source, changed, snapshot_name, unchanged, unknown
from .regexes import Regex
from .regions import Range, Where
from .snapshot import ScanResult, Store, snapshot_directory
from .structs import scan_layout
from .values import decode, encode, value_type

if TYPE_CHECKING:
    from .target import Target

CHUNK: Final = 1 << 19  # bytes a thread reads at a time: they stay in the second-level cache
_MANY: Final = 1 << 16  # matches, from which on it pays to know which pages are clean
_BATCH = 4096  # addresses written to in one call


class WriteResult(NamedTuple):
    """What became of a write to many addresses.

    Attributes:
        written: at how many the value is now.
        failed: at how many it could not be written.
    """

    written: int
    failed: int


class Reading(NamedTuple):
    """How the bytes of a match are read.

    Attributes:
        type: the construct of its value.
        names: of all types that it matches as.
        size: bytes of its value.
        least: as many as have to be there.
        decode: from as many bytes or more to the value.
    """

    type: Any
    names: tuple[str, ...]
    size: int
    least: int
    decode: Callable[[bytes], Any]


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
        budget: what they and the matches may take.
        soft_dirty: whether pages are left out that the kernel says nobody wrote to.
        history: all steps since the first scan, those undone too.
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
        budget: Budget,
        soft_dirty: bool,
        chunk: int | None,
    ) -> None:
        self.target = target
        self.type = value_type(type)
        self.layout: Layout = scan_layout(self.type, bits=target.bits)
        self.align = self.layout.alignment if align is None else align
        if not isinstance(self.align, int) or not 1 <= self.align <= lib.FF_ALIGN_MAX:
            raise AlignError(align)
        self.where = where if isinstance(where, Where) else Where.parse(where)
        self.threads = threads or default_threads()
        self.directory = snapshot_directory(directory)
        self.budget = budget
        self.soft_dirty = soft_dirty
        self.history = History()
        self.matches = Matches(self)
        self._isa = isa_index(isa())
        self._chunk = chunk or CHUNK
        self._jobs = Jobs()
        self._ground: Any = None
        self._store: Store | None = None
        self._limits = Limits(0, 0)
        self._extent = 0
        self._sized = self.layout
        self._regex: Regex | None = None
        self._least = 0
        self._ranges: list[Range] = []

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that lead to the present matches, oldest first."""
        return self.history.path

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots that predicates can name at present, oldest first."""
        return self.history.snapshots

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that a predicate can name, if the type is a structure."""
        return (*(place.name for place in self.layout.fields), *self.layout.decoded)

    @property
    def size(self) -> int:
        """Bytes of one value; of text without a length, that of what was looked for first."""
        return self._sized.size or 0

    @property
    def memory(self) -> int:
        """Bytes of memory that the matches and the old values with them take."""
        return self.history.memory

    @property
    def disk(self) -> int:
        """Bytes of disk that the old values take."""
        return self._store.bytes if self._store else 0

    def decode(self, raw: bytes) -> Any:
        """The value of some bytes; None when they are no such structure."""
        if self._regex is not None:
            return self._regex.found(raw) or raw
        if self.layout.kind != "struct":
            return self._sized.unpack(raw)
        try:
            return decode(self.type, raw, bits=self.target.bits)
        except ValueKindError:
            return None

    def reading(self, address: int) -> Reading:
        """How the bytes of the match at an address are read."""
        if not self.layout.parts:
            own = (self.layout.name,)
            size = min(self.size, self._end(address) - address) if self._regex else self.size
            decode = self.decode
            return Reading(self.type, own, size, self._least, lambda raw: decode(raw[:size]))
        bits = lib.ff_matchset_parts(self.steps[-1].matches, address)
        chosen = [i for i in range(len(self.layout.parts)) if bits >> i & 1]
        part = self.layout.parts[chosen[0]]
        size = part.size or 0
        names = tuple(self.layout.parts[i].name for i in chosen)
        return Reading(PARTS[chosen[0]], names, size, size, lambda raw: part.unpack(raw[:size]))

    def _end(self, address: int) -> int:
        """Of the range that a match lies in."""
        index = bisect_right(self._ranges, address, key=lambda one: one.start) - 1
        return self._ranges[index].end

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
            BudgetError: matches or old values would take more than :attr:`budget`.
            TargetGone: the target exited or executed another program meanwhile.
        """
        tree = self._tree(unknown if predicate is None else predicate)
        sized = _sized(self.layout, tree)
        program = compile_predicate(tree, sized)
        missing = sorted(program.streams.keys() - {"now"})
        if missing:
            reason = (
                f"{missing[0]} needs an earlier scan; begin with a value, or with ? for unknown"
            )
            raise ScanOrderError(f"{tree}: {reason}")
        regions = self.target.regions()
        ranges = self.where.select(regions, self.target.modules())
        sought = regex_of(tree)
        least = sized.least
        if sought and self.layout.size is None:
            least = min(sought.least, least)
        ground = self._lay_out(ranges, least, program.span)
        limits = self.budget.of(self.directory)
        store = Store(self.directory, self.threads, limits.disk)
        filtering = self._filter(tree, program, sized, sought is not None)
        spec = self._spec(program, ground, store, limits.memory, filtering)
        pages, epoch = self.target.pages, None
        if pages is not None:
            if pages.is_sparse(ranges):
                pages.expect_zeros(regions)
                spec.pages = pages.handle
            epoch = self._new_epoch(program, pages)
        found = self._run(spec, filtering, epoch, progress)
        self.reset()
        self._regex, self._least, self._ranges = sought, least, ranges
        self._ground, self._store, self._limits, self._sized = ground, store, limits, sized
        self._extent = sum(end - start for start, end in ranges)
        return self.history.add(tree, found).result

    def next(
        self, predicate: Predicate | str, *, progress: ProgressFunction | None = None
    ) -> ScanResult:
        """Keep those matches that fulfil a predicate now.

        Args:
            predicate: what values must fulfil.
            progress: called in this thread about 20 times a second.

        Raises:
            ScanOrderError: there was no first scan.
            ExpressionError, ScanCancelled, SnapshotError, BudgetError, TargetGone: as
                :meth:`first`.
        """
        tree = self._tree(predicate)
        return self.history.add(tree, self._narrow(tree, progress)).result

    def snapshot(self, name: str, *, progress: ProgressFunction | None = None) -> ScanResult:
        """Keep the values that the matches have now, to compare with as ``@name`` from here on.

        It is no step: ``prev`` and ``first`` are what they were. An earlier one of that name goes.

        Args:
            name: letters, digits and underscores.
            progress: called in this thread about 20 times a second.

        Raises:
            ValueError: no snapshot can have that name.
            ScanOrderError: there was no first scan.
            ScanCancelled, SnapshotError, BudgetError, TargetGone: as :meth:`first`.
        """
        snapshot_name(name)
        # says nothing of the values, but has the old ones at hand: what is the same is shared
        found = self._narrow(changed | unchanged, progress)
        return self.history.save(name, found).result

    def drop(self, name: str) -> None:
        """Let a snapshot go.

        Raises:
            ScanOrderError: there is none of that name.
        """
        if not self.history.drop(name):
            raise ScanOrderError(f'there is no snapshot "{name}"')

    def undo(self, steps: int = 1) -> None:
        """Go back to the matches and old values of some steps ago.

        Steps that are undone stay: see :meth:`redo`, :meth:`go_to` and :meth:`forget`.

        Args:
            steps: how many; all of them leaves what there was before the first scan, nothing.

        Raises:
            ScanOrderError: there are fewer.
        """
        self.history.undo(steps)

    def redo(self, steps: int = 1) -> None:
        """Take back an undo. Where there are several ways on, the newest is gone.

        Args:
            steps: how many.

        Raises:
            ScanOrderError: fewer were undone.
        """
        self.history.redo(steps)

    def go_to(self, number: int) -> None:
        """Go to the matches and old values of any step of the history.

        Args:
            number: of the step.

        Raises:
            ScanOrderError: there is none of that number.
        """
        self.history.go_to(number)

    def forget(self) -> int:
        """Let the steps go that were undone, and what they take. Returns how many."""
        return self.history.forget()

    def reset(self) -> None:
        """Drop all matches and old values."""
        if self._store is not None:
            self._store.close()
        self.history.clear()
        self._store = self._ground = self._regex = None
        self._sized = self.layout

    def cancel(self) -> None:
        """Stop the scan that runs, from another thread or a signal handler."""
        self._jobs.cancel()

    def write_all(self, value: Any) -> WriteResult:
        """Write a value at every match.

        A number of unknown type is written as the first of its types, i32, i64, f32, f64.

        Raises:
            ValueRangeError: it does not fit the type; nothing is written.
            TargetGone: the target exited or executed another program.
        """
        if self.layout.parts:
            return self._write_numbers(value)
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

    def _write_numbers(self, value: Any) -> WriteResult:
        places = [(address, self.reading(address).type) for address in self.matches.addresses()]
        raw = {kind: encode(kind, value) for kind in {kind for _, kind in places}}
        self.target.check()
        write = self.target.memory.write
        written = sum(write(address, raw[kind]) == len(raw[kind]) for address, kind in places)
        return WriteResult(written, len(places) - written)

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

    def _tree(self, predicate: Predicate | str) -> Predicate:
        if isinstance(predicate, str):
            return parse_scan(predicate, self.fields)
        return predicate

    def _lay_out(self, ranges: list[Range], least: int, span: int) -> Any:
        out = ffi.new("struct ff_layout **")
        listed = ffi.new("struct ff_range[]", [tuple(one) for one in ranges])
        count, align, chunk = len(ranges), self.align, self._chunk
        check(lib.ff_layout_create_short(listed, count, align, least, span, chunk, out))
        return ffi.gc(out[0], lib.ff_layout_put)

    def _narrow(self, tree: Predicate, progress: ProgressFunction | None) -> Kept:
        if not self.steps or self._store is None:
            raise ScanOrderError("there is no scan to narrow: begin with a first scan")
        program = compile_predicate(tree, self._sized)
        kept: dict[Source, Kept] = {"prev": self.steps[-1], "first": self.steps[0]}
        for source in program.streams:
            if source.startswith("@"):
                kept[source] = self.history.snapshot(source[1:])
        before = kept["prev"]
        left = self._limits.memory - self.memory
        filtering = self._filter(tree, program, self._sized, self._regex is not None)
        spec = self._spec(program, self._ground, self._store, left, filtering)
        spec.candidates = before.matches
        for source, stream in program.streams.items():
            if source != "now":
                spec.streams[stream] = kept[source].snapshot
        pages, epoch = self.target.pages, None
        if pages is not None and self.soft_dirty and pages.trusts(before.epoch):
            spec.pages, spec.prev = pages.handle, before.snapshot
            epoch = before.epoch
        elif pages is not None and before.result.matches >= _MANY:
            epoch = self._new_epoch(program, pages)
        found = self._run(spec, filtering, epoch, progress)
        # too much has been written to meanwhile: better begin anew
        worn = epoch == before.epoch and found.result.bytes > self._extent // 2
        return replace(found, epoch=None) if worn else found

    def _new_epoch(self, program: Program, pages: Pages) -> int | None:
        """Begin one where many matches, and so pages to leave out, are to be expected."""
        return pages.forget() if self.soft_dirty and not program.constant else None

    def _filter(
        self, tree: Predicate, program: Program, sized: Layout, is_regex: bool
    ) -> Filter | None:
        """What looks closer at the core's matches, where that is needed."""
        if not (program.is_weaker or is_regex):
            return None

        def fields(raw: bytes) -> Any:
            try:
                return decode(self.type, raw, bits=self.target.bits)
            except ValueKindError:
                return {}  # bytes that are no such structure have no fields

        return Filter(tree, sized, program.streams, fields if sized.kind == "struct" else bytes)

    def _spec(
        self,
        program: Program,
        ground: Any,
        store: Store,
        memory: int,
        filtering: Filter | None,
    ) -> Any:
        spec = ffi.new("struct ff_job_spec *")
        spec.layout, spec.program, spec.store = ground, program.handle, store.handle
        spec.reader = self.target.memory.reader
        spec.threads, spec.isa, spec.memory = self.threads, self._isa, max(0, memory)
        spec.nparts = len(program.parts)
        spec.parts[0 : spec.nparts] = program.parts
        if filtering:
            spec.filter, spec.context = lib.ff_filter_in_python, filtering.handle
        return spec

    def _run(
        self,
        spec: Any,
        filtering: Filter | None,
        epoch: int | None,
        progress: ProgressFunction | None,
    ) -> Kept:
        try:
            found = self._jobs.run(spec, epoch, self.directory, progress)
        except OSError as error:
            if filtering and filtering.error:
                raise filtering.error from None
            self.target.check()
            self.target.memory.check(-(error.errno or 0))
            raise
        try:
            # what ran on into another program's memory is no result
            self.target.check()
            if epoch is not None and self.target.pages is not None:
                self.target.pages.remember_dirty(self.target.regions())
        except FarfetchError:
            found.release()
            raise
        return found


def _sized(layout: Layout, tree: Predicate) -> Layout:
    """A layout with a size: text and bytes without one take that of the constants compared with."""
    if layout.size is None:
        check_kinds(tree, layout)
        size = constant_size(tree, layout)
        assert size is not None  # checked just now
        return layout.with_size(size)
    return layout
