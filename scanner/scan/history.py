"""History: the steps of a scan, as a tree of which one path is the present."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..engine import ffi, lib
from ..errors import ScanClosed, ScanOrderError, SnapshotError
from ..lifetime.bound import Bound
from ..lifetime.life import Held, Life
from ..predicates.nodes import Predicate
from .plan import Ground
from .results import ScanResult


class Old(NamedTuple):
    """The core's matches, and the values they had."""

    matches: Any
    snapshot: Any


@dataclass(frozen=True)
class Kept(Bound):
    """Matches, and the values they had.

    Attributes:
        result: what the scan did that found them.
        epoch: since when pages that are clean hold the same values; None if that is not known.
    """

    result: ScanResult
    held: Held[Old] = field(repr=False)
    epoch: int | None

    def release(self) -> None:
        """Let its matches and old values go; who is looking at them still can."""
        self.held.let_go()

    @property
    def memory(self) -> int:
        """Bytes of memory that it takes."""
        old = self.held.get()
        return int(lib.ff_matchset_bytes(old.matches) + lib.ff_snapshot_bytes(old.snapshot))

    def value(self, address: int, size: int, directory: str) -> bytes:
        """The bytes that its match at an address had.

        Raises:
            SnapshotError: they cannot be read back.
            ScanClosed: they were let go.

        >>> scan = attach(Buffer(b"abc", base=16)).scan(u8, where="all")
        >>> scan.first().matches
        3
        >>> scan.steps[0].value(17, 1, scan.directory)
        b'b'
        """
        return next(old_values(self.held.get().snapshot, (address,), size, directory))


@dataclass(frozen=True)
class Step(Kept):
    """One step of a scan: what it looked for, and what it has left.

    Attributes:
        number: of the step, from 1; never used again.
        parent: the number of the step that it narrowed; None of a first scan.
        predicate: that its matches fulfil; ``unknown`` of a step that has only left some out.
        deleted: which matches it has left out, in a few words; "" of any other step.

    >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
    >>> scan.first("now > 4").matches
    2
    >>> [step] = scan.steps
    >>> step.number, str(step.predicate), step.result.matches
    (1, 'now > 4', 2)
    """

    number: int
    parent: int | None
    predicate: Predicate
    deleted: str = ""

    @property
    def text(self) -> str:
        """What it has done, in a few words: its predicate, or which matches it has left out."""
        return f"delete {self.deleted}" if self.deleted else str(self.predicate)


@dataclass(frozen=True)
class Snapshot(Kept):
    """The values that a step's matches had at some later time.

    Attributes:
        name: that predicates call it by, after an ``@``.
        step: the number of the step.

    >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
    >>> scan.first("now > 4").matches, scan.snapshot("lunch").matches
    (2, 2)
    >>> [(snapshot.name, snapshot.step) for snapshot in scan.snapshots]
    [('lunch', 1)]
    """

    name: str
    step: int


def old_values(
    snapshot: Any, addresses: Iterable[int], size: int, directory: str
) -> Iterator[bytes]:
    """The bytes that the match at each address had, by the core's snapshot."""
    out = ffi.new("uint8_t[]", size)
    view, value = ffi.buffer(out), lib.ff_snapshot_value
    for address in addresses:
        code = value(snapshot, address, out)
        if code:
            raise SnapshotError(directory, -code, "cannot read old values back")
        yield view[:]


def addresses_of(present: Present, start: int = 0, count: int | None = None) -> list[int]:
    """Addresses of matches, from an index on: so many, or all that follow."""
    left = present.total - start
    count = left if count is None else min(count, left)
    if count <= 0:
        return []
    out = ffi.new("uint64_t[]", count)
    got = lib.ff_matchset_addresses(present.matches, start, count, out)
    return ffi.unpack(out, got)  # type: ignore[no-any-return]


def hold(matches: Any, snapshot: Any) -> Held[Old]:
    """What a job of the core made, to be freed with its last use."""
    return Held(Old(matches, snapshot), lambda: ScanClosed("step"))


class Present(NamedTuple):
    """Where a history is: replaced as a whole, so that who looks at it sees one step only.

    What it has of the core stays while somebody has it, whatever becomes of the step.

    Attributes:
        ground: of the steps; None before the first scan.
        path: the steps that led here.
        total: how many matches there are.
        matches: the core's.
        previous: the core's snapshot of their values at the last scan.
        first: the same at the first scan.
    """

    ground: Ground | None
    path: tuple[Step, ...]
    total: int
    matches: Any
    previous: Any
    first: Any


def _at(ground: Ground | None, path: tuple[Step, ...]) -> Present:
    if not path:
        return Present(ground, path, 0, None, None, None)
    newest, first = path[-1].held.get(), path[0].held.get().snapshot
    return Present(ground, path, path[-1].result.matches, newest.matches, newest.snapshot, first)


class History(Bound):
    """The steps since a first scan.

    Going back keeps what is left behind: a next scan from there begins a branch of its own,
    and either can be gone to again until it is forgotten.

    Threads that change it do so one after the other; who looks at it meanwhile sees it as it was
    before, or as it is after.

    >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
    >>> scan.first().matches, scan.next("now > 4").matches
    (3, 2)
    >>> scan.undo()
    >>> scan.next("now == 1").matches
    1
    >>> [(step.number, step.parent, step.result.matches) for step in scan.history]
    [(1, None, 3), (2, 1, 2), (3, 1, 1)]
    >>> [step.number for step in scan.history.path]
    [1, 3]
    """

    def __init__(self) -> None:
        self.changing = threading.RLock()  # nobody waits for anything else while he has it
        self._life = Life(lambda: ScanClosed("scan"))
        self._steps: dict[int, Step] = {}
        self._last = 0
        self._snapshots: dict[str, Snapshot] = {}
        self._present = _at(None, ())

    def __iter__(self) -> Iterator[Step]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        path = self._present.path
        return f"<History, steps: {len(self._steps)}, now: {path[-1].number if path else None}>"

    def _all(self) -> tuple[Step, ...]:
        self._life.check()
        return tuple(self._steps.values())

    def check(self) -> None:
        """Raise unless it can be used.

        Raises:
            ScanClosed: its scan was closed.
            ForkedError: it is the parent process's.
        """
        self._life.check()

    @property
    def present(self) -> Present:
        """Where it is; raises as :meth:`check` does."""
        self._life.check()
        return self._present

    def _change(self) -> threading.RLock:
        """The lock of changes; never that of a parent process, which may be held for ever."""
        self._life.check()
        return self.changing

    @property
    def path(self) -> tuple[Step, ...]:
        """The steps that led here, oldest first."""
        return self.present.path

    @property
    def memory(self) -> int:
        """Bytes that the steps and snapshots take."""
        with self._change():
            held = [kept.held.get() for kept in (*self._all(), *self._snapshots.values())]
        # steps that only leave matches out have the old values of the one before
        snapshots = {id(old.snapshot): old.snapshot for old in held}
        matches = sum(int(lib.ff_matchset_bytes(old.matches)) for old in held)
        return matches + sum(map(int, map(lib.ff_snapshot_bytes, snapshots.values())))

    def begin(self, ground: Ground, predicate: Predicate, kept: Kept) -> Step:
        """Begin anew with a first step, on a ground; all that there was is let go."""
        with self._change():
            self._life.check()
            before = self._drop_all()
            step = self._add(ground, (), predicate, kept)
        _let_go(before)
        return step

    def add(
        self, predicate: Predicate, kept: Kept, onto: tuple[Step, ...], *, deleted: str = ""
    ) -> Step:
        """Go a step on. Its matches and old values are the history's from now on.

        Args:
            predicate: that the matches fulfil.
            kept: they.
            onto: the path that was narrowed.
            deleted: which matches were left out, where nothing was looked for.

        Raises:
            ScanOrderError: that has been forgotten meanwhile.
        """
        with self._change():
            self._life.check()
            self._need(onto)
            return self._add(self._present.ground, onto, predicate, kept, deleted)

    def _add(
        self,
        ground: Ground | None,
        onto: tuple[Step, ...],
        predicate: Predicate,
        kept: Kept,
        deleted: str = "",
    ) -> Step:
        self._last += 1
        parent = onto[-1].number if onto else None
        step = Step(kept.result, kept.held, kept.epoch, self._last, parent, predicate, deleted)
        self._present = _at(ground, (*onto, step))  # first: a step that is known has its ground
        self._steps[step.number] = step
        return step

    def _need(self, path: tuple[Step, ...]) -> None:
        if not path or any(self._steps.get(step.number) is not step for step in path):
            raise ScanOrderError("the step that was looked at has been forgotten meanwhile")

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots that predicates can name at present, oldest first."""
        here = {step.number for step in self.path}
        return tuple(saved for saved in tuple(self._snapshots.values()) if saved.step in here)

    def save(self, name: str, kept: Kept, onto: tuple[Step, ...]) -> Snapshot:
        """Keep values of a path's matches under a name, in place of any of that name."""
        with self._change():
            self._life.check()
            self._need(onto)
            before = self._snapshots.pop(name, None)
            saved = Snapshot(kept.result, kept.held, kept.epoch, name, onto[-1].number)
            self._snapshots[name] = saved
        _let_go([before] if before else [])
        return saved

    def drop(self, name: str) -> bool:
        """Let a snapshot go. Returns whether there was one of that name."""
        self._life.check()
        saved = self._snapshots.pop(name, None)
        if saved is not None:
            saved.release()
        return saved is not None

    def snapshot(self, name: str) -> Snapshot:
        """The snapshot of a name.

        Raises:
            ScanOrderError: there is none, or not of a step that led here.
        """
        names = {saved.name: saved for saved in self.snapshots}
        if name not in names:
            why = f'there is no snapshot "{name}"'
            if name in self._snapshots:
                step = self._snapshots[name].step
                why = f'the snapshot "{name}" is of step {step}, which did not lead here'
            have = ", ".join(names) or "none"
            raise ScanOrderError(f"{why}; there are: {have}")
        return names[name]

    def undo(self, steps: int) -> None:
        """Go back some steps; all of them lead to before the first scan.

        Raises:
            ScanOrderError: there are fewer.
        """
        with self._change():
            path = self.path
            if steps > len(path):
                have = f"there are {len(path)}" if path else "there is none"
                raise ScanOrderError(f"cannot undo {steps} steps: {have}")
            self._go(path[: len(path) - steps])

    def redo(self, steps: int) -> None:
        """Go on to steps that were undone, each time to the newest branch.

        Raises:
            ScanOrderError: there are fewer.
        """
        with self._change():
            path = self.path
            for done in range(steps):
                here = path[-1].number if path else None
                following = [step for step in self if step.parent == here]
                if not following:
                    have = f"only {done} were undone" if done else "none was undone"
                    raise ScanOrderError(f"cannot redo {steps} steps: {have}")
                path += (following[-1],)
            self._go(path)

    def go_to(self, number: int) -> None:
        """Go to any step.

        Raises:
            ScanOrderError: there is no step of that number.
        """
        with self._change():
            self._life.check()
            step = self._steps.get(number)
            if step is None:
                numbers = ", ".join(map(str, self._steps)) or "none"
                raise ScanOrderError(f"there is no step {number}; there are: {numbers}")
            path = [step]
            while path[0].parent is not None:
                path.insert(0, self._steps[path[0].parent])
            self._go(tuple(path))

    def _go(self, path: tuple[Step, ...]) -> None:
        self._present = _at(self._present.ground, path)

    def forget(self) -> int:
        """Drop the steps that did not lead here, with their snapshots. Returns how many."""
        with self._change():
            kept = {step.number for step in self.path}
            steps = [step for step in self if step.number not in kept]
            orphans = [saved for saved in self._snapshots.values() if saved.step not in kept]
            for step in steps:
                del self._steps[step.number]
            for saved in orphans:
                del self._snapshots[saved.name]
        _let_go([*steps, *orphans])
        return len(steps)

    def clear(self) -> None:
        """Drop all steps, and their ground."""
        with self._change():
            dropped = self._drop_all()
        _let_go(dropped)

    def close(self) -> None:
        """Drop all steps; who comes from now on is refused. A child leaves all to its parent."""
        if self._life.is_forked:
            return
        with self.changing:
            self._life.is_closed = True
            dropped = self._drop_all()
        _let_go(dropped)

    def __del__(self) -> None:
        if self._present.ground is not None:
            self._present.ground.store.close()  # before the steps, which go next

    @property
    def is_forked(self) -> bool:
        """Whether it is the parent process's."""
        return self._life.is_forked

    def _drop_all(self) -> list[Kept]:
        """Drop all, and return it. Wherever Ctrl-C comes, nothing leads to what is no longer."""
        dropped: list[Kept] = [*self._steps.values(), *self._snapshots.values()]
        ground = self._present.ground
        self._steps, self._snapshots = {}, {}
        self._present = _at(None, ())
        if ground is not None:
            ground.store.close()  # before the steps: then the old values go as a whole
        return dropped


def _let_go(dropped: list[Any]) -> None:
    """Release what a history has dropped; not under its lock, because it may take a while."""
    for kept in dropped:
        kept.release()
