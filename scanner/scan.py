"""Scans: first, next, undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, overload

from .budget import Budget
from .compile import Program, compile_predicate
from .decoded import Filter, regexes_of
from .errors import AlignError, FarfetchError, ScanOrderError, ValueKindError
from .expression import parse_scan
from .ground import Ground, lay_out, sized_layout
from .history import History, Kept, Snapshot, Step
from .job import Jobs, ProgressFunction
from .layout import Layout
from .match_values import Reading, WriteResult, write_matches
from .matches import Match, Matches
from .native import default_threads, ffi, isa, isa_index, lib
from .numbers import PARTS
from .pages import Pages
from .predicates import Predicate, Source, changed, snapshot_name, unchanged, unknown
from .regions import Where
from .snapshot import ScanResult, Store, snapshot_directory
from .structs import scan_layout
from .values import decode as decode_value
from .values import value_type

if TYPE_CHECKING:
    from .target import Target

CHUNK: Final = 1 << 19  # bytes a thread reads at a time: they stay in the second-level cache
_MANY: Final = 1 << 16  # matches, from which on it pays to know which pages are clean


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
        self._ground: Ground | None = None

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
        return self.layout.names

    @property
    def size(self) -> int:
        """Bytes of one value; of text without a length, that of what was looked for first."""
        return (self._ground.layout if self._ground else self.layout).size or 0

    @property
    def memory(self) -> int:
        """Bytes of memory that the matches and the old values with them take."""
        return self.history.memory

    @property
    def disk(self) -> int:
        """Bytes of disk that the old values take."""
        return self._ground.store.bytes if self._ground else 0

    def decode(self, raw: bytes) -> Any:
        """The value of some bytes; None when they are no such structure."""
        if self._ground and self._ground.regex:
            return self._ground.regex.found(raw) or raw
        if self.layout.kind != "struct":
            return (self._ground.layout if self._ground else self.layout).unpack(raw)
        try:
            return decode_value(self.type, raw, bits=self.target.bits)
        except ValueKindError:
            return None

    def reading(self, address: int) -> Reading:
        """How the bytes of the match at an address are read."""
        assert self._ground is not None  # or there were no match
        if not self.layout.parts:
            own, decode = (self.layout.name,), self.decode
            size, least = self._ground.size_at(address), self._ground.least
            return Reading(self.type, own, size, least, lambda raw: decode(raw[:size]))
        bits = lib.ff_matchset_parts(self.steps[-1].matches, address)
        chosen = [i for i in range(len(self.layout.parts)) if bits >> i & 1]
        part = self.layout.parts[chosen[0]]
        size = part.size or 0
        names = tuple(self.layout.parts[i].name for i in chosen)
        return Reading(PARTS[chosen[0]], names, size, size, lambda raw: part.unpack(raw[:size]))

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
        sized = sized_layout(self.layout, tree)
        program = compile_predicate(tree, sized)
        missing = sorted(program.streams.keys() - {"now"})
        if missing:
            reason = (
                f"{missing[0]} needs an earlier scan; begin with a value, or with ? for unknown"
            )
            raise ScanOrderError(f"{tree}: {reason}")
        regions = self.target.regions()
        ranges = self.where.select(regions, self.target.modules(regions))
        limits = self.budget.of(self.directory)
        store = Store(self.directory, self.threads, limits.disk)
        sought = regexes_of(tree)
        least = sized.least
        if self.layout.size is None:
            least = min((one.least for one in sought), default=least)
        handle = lay_out(ranges, self.align, least, program.span, self._chunk)
        ground = Ground(sized, sought[0] if sought else None, least, ranges, handle, store, limits)
        filtering = self._filter(tree, program, ground)
        spec = self._spec(program, ground, limits.memory, filtering)
        pages, epoch = self.target.pages, None
        if pages is not None:
            if pages.is_sparse(ranges):
                pages.expect_zeros(regions)
                spec.pages, spec.untouched = pages.handle, True
            epoch = self._new_epoch(program, pages)
        found = self._run(spec, filtering, epoch, progress)
        self.reset()
        self._ground = ground
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
        if self._ground is not None:
            self._ground.store.close()
        self.history.clear()
        self._ground = None

    def cancel(self) -> None:
        """Stop the scan that runs, from another thread or a signal handler."""
        self._jobs.cancel()

    def write_all(self, value: Any, *, force: bool = False) -> WriteResult:
        """Write a value at every match; what is frozen among them is held so from then on.

        A number of unknown type is written as the first of its types, i32, i64, f32, f64.

        Args:
            value: of the scan's type.
            force: also where the target may not write itself; such matches count as failed else.

        Raises:
            ValueRangeError: it does not fit the type; nothing is written.
            TargetGone: the target exited or executed another program.
        """
        return write_matches(self, value, force=force)

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

    def _narrow(self, tree: Predicate, progress: ProgressFunction | None) -> Kept:
        ground = self._ground
        if not self.steps or ground is None:
            raise ScanOrderError("there is no scan to narrow: begin with a first scan")
        program = compile_predicate(tree, ground.layout)
        kept: dict[Source, Kept] = {"prev": self.steps[-1], "first": self.steps[0]}
        for source in program.streams:
            if source.startswith("@"):
                kept[source] = self.history.snapshot(source[1:])
        before = kept["prev"]
        left = ground.limits.memory - self.memory
        filtering = self._filter(tree, program, ground)
        spec = self._spec(program, ground, left, filtering)
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
        if pages is not None and before.result.matches >= _MANY and pages.is_sparse(ground.ranges):
            pages.expect_zeros(self.target.regions())
            spec.pages, spec.untouched = pages.handle, True
        found = self._run(spec, filtering, epoch, progress)
        # too much has been written to meanwhile: better begin anew
        worn = epoch == before.epoch and found.result.bytes > ground.extent // 2
        return replace(found, epoch=None) if worn else found

    def _new_epoch(self, program: Program, pages: Pages) -> int | None:
        """Begin one where many matches, and so pages to leave out, are to be expected."""
        return pages.forget() if self.soft_dirty and not program.constant else None

    def _filter(self, tree: Predicate, program: Program, ground: Ground) -> Filter | None:
        """What looks closer at the core's matches, where that is needed."""
        if not (program.is_weaker or ground.regex):
            return None

        def fields(raw: bytes) -> Any:
            try:
                return decode_value(self.type, raw, bits=self.target.bits)
            except ValueKindError:
                return {}  # bytes that are no such structure have no fields

        decode = fields if self.layout.kind == "struct" else bytes
        return Filter(tree, ground.layout, program.streams, decode)

    def _spec(
        self,
        program: Program,
        ground: Ground,
        memory: int,
        filtering: Filter | None,
    ) -> Any:
        spec = ffi.new("struct ff_job_spec *")
        spec.layout, spec.program = ground.handle, program.handle
        spec.store = ground.store.handle
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
