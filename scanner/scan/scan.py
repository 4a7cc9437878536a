"""Scans: first, next, undo."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Generic, overload

from .. import arguments
from ..errors import FarfetchError, WaitTimeout
from ..lifetime import waiting
from ..memory.region_filter import Where
from ..predicates.constants import snapshot_name
from ..predicates.language import parse_scan
from ..predicates.nodes import Expr, Predicate, changed, unchanged, unknown
from ..values.value_type import T
from .deleting import Which, without_matches
from .history import Present
from .job import ProgressFunction
from .matches import Match, Matches
from .reading import Reading, decoded, reading_of
from .results import ScanResult
from .retracing import Retracing
from .search import first_search, next_search
from .writing import WriteProgress, WriteResult, computed_values, write_matches


class Scan(Retracing, Generic[T]):
    """A search for values of one type: a first scan, narrowed by next scans, each undoable.

    Made by :meth:`Target.scan`; a context manager. A step that fails or is cancelled changes
    nothing: the earlier matches stay, with their old values.

    Any thread may use it. Steps, :meth:`undo` and what else goes through the history take turns:
    who comes meanwhile waits. Looking at matches waits for nobody, and sees the step that was there
    when it began. :meth:`cancel`, :meth:`reset` and :meth:`close` stop the step that runs and those
    that wait. Inside of a step, in its progress function, scans can be looked at and stopped, and
    no more.

    Attributes:
        target: what is scanned.
        type: the construct of the values.
        bits: width of pointers in them, as it was for the target when the scan was made.
        align: bytes between the addresses looked at.
        where: which regions.
        threads: worker threads.
        directory: of the files of old values.
        budget: what they and the matches may take.
        soft_dirty: whether pages are left out that the kernel says nobody wrote to.
        history: all steps since the first scan, those undone too.

    >>> memory = bytearray(64)
    >>> scan = attach(Buffer(memory)).scan(u8)
    >>> scan.first(now == 0).matches
    64
    >>> memory[5] = 7
    >>> scan.next("now > prev").matches
    1
    >>> hex(scan[0].address), scan[0].value, [str(step.predicate) for step in scan.steps]
    ('0x10005', 7, ['now == 0', 'now > prev'])
    """

    @property
    def matches(self) -> Matches[T]:
        """The present matches."""
        return Matches(self)

    def decode(self, raw: bytes) -> T | None:
        """The value of some bytes; None when they are no such structure.

        >>> attach(Buffer(bytes(8))).scan(u16).decode(bytes([1, 2]))
        513
        """
        value: T | None = decoded(self, self.history.present.ground, arguments.raw("raw", raw))
        return value

    def reading(self, address: int, present: Present | None = None) -> Reading:
        """How the bytes of the match at an address are read.

        Args:
            address: of the match.
            present: where the history was that has it; where it is if None.

        Raises:
            ScanOrderError: there is no such match.
        """
        return reading_of(self, address, self.history.present if present is None else present)

    def first(
        self,
        predicate: Predicate | str | None = None,
        *,
        progress: ProgressFunction | None = None,
    ) -> ScanResult:
        """Begin anew: look at every address of the regions; on success, older steps are let go.

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
            TargetClosed, ScanClosed: one of them was closed, maybe meanwhile.

        >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
        >>> scan.first(now.between(1, 5)).matches, scan.first("> 5").matches, scan.first().matches
        (2, 1, 3)
        """
        arguments.function("progress", progress)
        return self._turns.step(lambda cancels: self._first(predicate, progress, cancels))

    def _first(
        self, predicate: Predicate | str | None, progress: ProgressFunction | None, cancels: int
    ) -> ScanResult:
        tree = self._tree(unknown if predicate is None else predicate)
        ground, kept = first_search(self, tree, progress, cancels)
        return self._turns.commit(kept, cancels, lambda: self.history.begin(ground, tree, kept))

    def next(
        self, predicate: Predicate | str, *, progress: ProgressFunction | None = None
    ) -> ScanResult:
        """Keep those matches that fulfil a predicate now.

        Args:
            predicate: what values must fulfil.
            progress: called in this thread about 20 times a second.

        Raises:
            ScanOrderError: there was no first scan.
            ExpressionError, ScanCancelled, SnapshotError, BudgetError, TargetGone, TargetClosed,
                ScanClosed: as :meth:`first`.

        >>> memory = bytearray([1, 5, 9])
        >>> scan = attach(Buffer(memory)).scan(u8)
        >>> scan.first().matches
        3
        >>> memory[1] -= 2
        >>> scan.next(now == prev - 2).matches
        1
        """
        arguments.function("progress", progress)
        tree = self._tree(predicate)

        def narrow(cancels: int) -> ScanResult:
            path = self._path()
            kept = next_search(self, tree, path, progress, cancels)
            return self._turns.commit(kept, cancels, lambda: self.history.add(tree, kept, path))

        return self._turns.step(narrow)

    def delete(self, which: Which = (), *, where: str | Where | None = None) -> ScanResult:
        """Leave out some matches: a step that reads nothing, which :meth:`undo` takes back.

        ``prev`` and ``first`` are what they were.

        Args:
            which: the index of a match, a slice of them, or several indexes.
            where: leave out the matches in these regions, as they are mapped now.

        Raises:
            MatchIndexError: no match has an index; nothing is left out.
            WhereError: the filter is not understood, or there is no such region.
            ScanOrderError: there was no first scan.
            BudgetError, TargetGone, TargetClosed, ScanClosed: as :meth:`first`.

        >>> scan = attach(Buffer(bytes([1, 5, 9, 5]), base=16)).scan(u8, where="all")
        >>> scan.first().matches, scan.delete(slice(0, 2)).matches, scan.delete([-1]).matches
        (4, 2, 1)
        >>> scan.matches.addresses(), [step.text for step in scan.steps]
        ([18], ['unknown', 'delete 0..1', 'delete 1'])
        >>> scan.undo()
        >>> scan.delete(where="0x12..0x13").matches
        1
        """

        def leave(cancels: int) -> ScanResult:
            path = self._path()
            kept, text = without_matches(self, path, which, where)
            keep = partial(self.history.add, unknown, kept, path, deleted=text)
            return self._turns.commit(kept, cancels, keep)

        return self._turns.step(leave)

    def until(
        self,
        predicate: Predicate | str,
        *,
        timeout: float | None = None,
        interval: float = 0.05,
    ) -> ScanResult:
        """Look again and again until matches fulfil a predicate, and keep those.

        A look that none fulfils changes nothing: the matches, and what ``prev`` is, stay.

        Args:
            predicate: what values must fulfil.
            timeout: seconds to wait; as long as it takes if None.
            interval: seconds between looks.

        Raises:
            WaitTimeout: no match has come to fulfil it.
            ScanOrderError: there was no first scan.
            ExpressionError, ScanCancelled, SnapshotError, BudgetError, TargetGone, TargetClosed,
                ScanClosed: as :meth:`first`.

        >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
        >>> scan.first().matches, scan.until("now > 4", timeout=1).matches
        (3, 2)
        """
        return waiting.wait(self._until(predicate, waiting.pauses(timeout, interval)))

    async def until_async(
        self,
        predicate: Predicate | str,
        *,
        timeout: float | None = None,
        interval: float = 0.05,
    ) -> ScanResult:
        """Wait as :meth:`until` does, in a coroutine.

        >>> import asyncio
        >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
        >>> scan.first().matches, asyncio.run(scan.until_async("now > 4", timeout=1)).matches
        (3, 2)
        """
        return await waiting.wait_async(self._until(predicate, waiting.pauses(timeout, interval)))

    def _until(
        self, predicate: Predicate | str, rests: Iterator[float]
    ) -> waiting.Waiting[ScanResult]:
        tree = self._tree(predicate)

        def narrow(cancels: int) -> ScanResult | None:
            path = self._path()
            kept = next_search(self, tree, path, None, cancels)
            if not kept.result.matches:
                kept.release()
                return None
            return self._turns.commit(kept, cancels, lambda: self.history.add(tree, kept, path))

        while True:
            result = self._turns.step(narrow)
            if result is not None:
                return result
            pause = next(rests, None)
            if pause is None:
                raise WaitTimeout(str(tree), f"none of {len(self)} matches fulfils it")
            yield pause

    def snapshot(self, name: str, *, progress: ProgressFunction | None = None) -> ScanResult:
        """Keep the values that the matches have now, to compare with as ``@name`` from here on.

        It is no step: ``prev`` and ``first`` are what they were. An earlier one of that name goes.

        Args:
            name: letters, digits and underscores.
            progress: called in this thread about 20 times a second.

        Raises:
            ArgumentError: no snapshot can have that name.
            ScanOrderError: there was no first scan.
            ScanCancelled, SnapshotError, BudgetError, TargetGone, TargetClosed, ScanClosed: as
                :meth:`first`.

        >>> memory = bytearray([1, 5, 9])
        >>> scan = attach(Buffer(memory)).scan(u8)
        >>> scan.first().matches, scan.snapshot("lunch").matches
        (3, 3)
        >>> memory[1] = 6
        >>> scan.next("now == @lunch + 1").matches
        1
        """
        arguments.function("progress", progress)
        snapshot_name(name)

        def keep(cancels: int) -> ScanResult:
            path = self._path()
            # says nothing of the values, but has the old ones at hand: what is the same is shared
            kept = next_search(self, changed | unchanged, path, progress, cancels)
            return self._turns.commit(kept, cancels, lambda: self.history.save(name, kept, path))

        return self._turns.step(keep)

    def write_all(
        self,
        value: Any,
        *,
        field: str | None = None,
        force: bool = False,
        progress: WriteProgress | None = None,
    ) -> WriteResult:
        r"""Write a value at every match; what is frozen among them is held so from then on.

        It may be computed for each match, from its ``now``, ``prev``, ``first``, ``@name`` and its
        fields: ``now * 2``, also as text. All is computed before anything is written. Where text or
        bytes are written, a text is that itself. A number of unknown type is written as the first
        of its types that the value fits; what is computed, as the first of its types.

        Args:
            value: of the scan's type or the field's, or an expression.
            field: what to write, of a structure, and so what ``now`` is; all of it if None.
            force: also where the target may not write itself; such matches count as failed else.
            progress: called with what was done so far, every few thousand matches; what it raises
                ends the write there.

        Raises:
            ValueRangeError, ValueKindError: it does not fit the type; nothing is written.
            ExpressionError: it is not understood, or divides by zero; nothing is written.
            MemoryFault: a value to compute with cannot be read; nothing is written.
            TypeNameError, TargetGone: there is no such field, or no target any more.

        >>> from farfetch.scanner import Buffer, attach, i32
        >>> memory = bytearray(b"\7\0\0\0\5\0\0\0")
        >>> scan = attach(Buffer(memory, base=0x1000)).scan(i32)
        >>> scan.first("now in 5..7").matches
        2
        >>> scan.write_all("now * 2"), list(memory[::4])
        (WriteResult(written=2, failed=0), [14, 10])
        """
        force, progress = arguments.flag("force", force), arguments.function("progress", progress)
        return write_matches(self, value, field=field, force=force, progress=progress)

    def compute(
        self,
        expression: Expr | str,
        *,
        field: str | None = None,
        start: int = 0,
        count: int | None = None,
    ) -> list[Any]:
        r"""What :meth:`write_all` would write at each match, or raise; nothing is written.

        Args:
            expression: over the values of each.
            field: that it would be written to; the whole value if None.
            start: the index of the first match.
            count: how many matches; all that follow if None.

        >>> from farfetch.scanner import Buffer, attach
        >>> scan = attach(Buffer(bytearray(b"\7\5\6"), base=0x1000)).scan("u8")
        >>> scan.first().matches, scan.compute("now * 2", start=1)
        (3, [10, 12])
        """
        return computed_values(self, expression, field=field, start=start, count=count)

    def close(self) -> None:
        """Drop everything; the files of old values go. A step that runs is waited for.

        From then on all but :meth:`close` and :meth:`cancel` raise ScanClosed.

        >>> scan = attach(Buffer(bytes(8))).scan(u8, where="all")
        >>> scan.close()
        >>> len(scan)
        Traceback (most recent call last):
        farfetch.scanner.ScanClosed: this scan was closed: begin another one of its target
        """
        self.history.close()
        self.cancel()
        self._turns.wait()

    def __len__(self) -> int:
        return len(self.matches)

    def __repr__(self) -> str:
        about = f"Scan of {self.layout.name} in {self.target!r}"
        try:
            return f"<{about}, matches: {len(self)}, steps: {len(self.steps)}>"
        except FarfetchError:
            return f"<{about}, closed>"

    @overload
    def __getitem__(self, index: int) -> Match[T]: ...

    @overload
    def __getitem__(self, index: slice) -> list[Match[T]]: ...

    def __getitem__(self, index: int | slice) -> Match[T] | list[Match[T]]:
        return self.matches[index]

    def __iter__(self) -> Iterator[Match[T]]:
        return iter(self.matches)

    def __bool__(self) -> bool:
        return True

    def _tree(self, predicate: Predicate | str) -> Predicate:
        if isinstance(predicate, str):
            return parse_scan(predicate, self.fields, rounded=self.layout.may_be_float)
        what = "a predicate such as now == 5, also as text"
        return arguments.instance("predicate", predicate, Predicate, what)
