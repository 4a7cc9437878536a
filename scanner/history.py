"""History: the steps of a scan, as a tree of which one path is the present."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .bound import Bound
from .errors import ScanOrderError, SnapshotError
from .native import ffi, lib
from .predicates import Predicate
from .snapshot import ScanResult


@dataclass(frozen=True)
class Kept(Bound):
    """Matches, and the values they had.

    Attributes:
        result: what the scan did that found them.
        epoch: since when pages that are clean hold the same values; None if that is not known.
    """

    result: ScanResult
    matches: Any
    snapshot: Any
    epoch: int | None

    def release(self) -> None:
        """Free its matches and old values."""
        ffi.release(self.snapshot)

    @property
    def memory(self) -> int:
        """Of memory that it takes."""
        matches = lib.ff_matchset_bytes(self.matches)
        return int(matches + lib.ff_snapshot_bytes(self.snapshot))

    def value(self, address: int, size: int, directory: str) -> bytes:
        """The bytes that its match at an address had.

        Raises:
            SnapshotError: they cannot be read back.
        """
        out = ffi.new("uint8_t[]", size)
        code = lib.ff_snapshot_value(self.snapshot, address, out)
        if code:
            raise SnapshotError(directory, -code, "cannot read old values back")
        return bytes(ffi.buffer(out))


@dataclass(frozen=True)
class Step(Kept):
    """One scan of a history.

    Attributes:
        number: of the step, from 1; never used again.
        parent: the number of the step that it narrowed; None of a first scan.
        predicate: that its matches fulfil.
    """

    number: int
    parent: int | None
    predicate: Predicate


@dataclass(frozen=True)
class Snapshot(Kept):
    """The values that a step's matches had at some later time.

    Attributes:
        name: that predicates call it by, after an ``@``.
        step: the number of the step.
    """

    name: str
    step: int


def own(matches: Any, snapshot: Any) -> Any:
    """The core's snapshot, to be freed with the match set that it looks at."""

    def destroy(handle: Any) -> None:
        lib.ff_snapshot_destroy(handle)
        lib.ff_matchset_destroy(matches)

    return ffi.gc(snapshot, destroy)


class History(Bound):
    """The steps since a first scan.

    Going back keeps what is left behind: a next scan from there begins a branch of its own,
    and either can be gone to again until it is forgotten.
    """

    def __init__(self) -> None:
        self._steps: dict[int, Step] = {}
        self._last = 0
        self.path: tuple[Step, ...] = ()
        self._snapshots: dict[str, Snapshot] = {}

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps.values())

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def memory(self) -> int:
        """Bytes that the steps and snapshots take."""
        return sum(one.memory for one in (*self, *self._snapshots.values()))

    def add(self, predicate: Predicate, kept: Kept) -> Step:
        """Go a step on. The match set and the snapshot are the history's from now on."""
        self._last += 1
        parent = self.path[-1].number if self.path else None
        result, matches, snapshot, epoch = kept.result, kept.matches, kept.snapshot, kept.epoch
        step = Step(result, matches, snapshot, epoch, self._last, parent, predicate)
        self._steps[step.number] = step
        self.path += (step,)
        return step

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Those that predicates can name at present: of the steps that led here; oldest first."""
        here = {step.number for step in self.path}
        return tuple(one for one in self._snapshots.values() if one.step in here)

    def save(self, name: str, kept: Kept) -> Snapshot:
        """Keep values of the present step's matches under a name, in place of any of that name."""
        self.drop(name)
        result, matches, snapshot, epoch = kept.result, kept.matches, kept.snapshot, kept.epoch
        saved = Snapshot(result, matches, snapshot, epoch, name, self.path[-1].number)
        self._snapshots[name] = saved
        return saved

    def drop(self, name: str) -> bool:
        """Let a snapshot go. Returns whether there was one of that name."""
        saved = self._snapshots.pop(name, None)
        if saved is not None:
            saved.release()
        return saved is not None

    def snapshot(self, name: str) -> Snapshot:
        """The snapshot of a name.

        Raises:
            ScanOrderError: there is none, or not of a step that led here.
        """
        names = {one.name: one for one in self.snapshots}
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
        if steps > len(self.path):
            have = f"there are {len(self.path)}" if self.path else "there is none"
            raise ScanOrderError(f"cannot undo {steps} steps: {have}")
        self.path = self.path[: len(self.path) - steps]

    def redo(self, steps: int) -> None:
        """Go on to steps that were undone, each time to the newest branch.

        Raises:
            ScanOrderError: there are fewer.
        """
        path = self.path
        for done in range(steps):
            here = path[-1].number if path else None
            following = [step for step in self if step.parent == here]
            if not following:
                have = f"only {done} were undone" if done else "none was undone"
                raise ScanOrderError(f"cannot redo {steps} steps: {have}")
            path += (following[-1],)
        self.path = path

    def go_to(self, number: int) -> None:
        """Go to any step.

        Raises:
            ScanOrderError: there is no step of that number.
        """
        step = self._steps.get(number)
        if step is None:
            numbers = ", ".join(map(str, self._steps)) or "none"
            raise ScanOrderError(f"there is no step {number}; there are: {numbers}")
        path = [step]
        while path[0].parent is not None:
            path.insert(0, self._steps[path[0].parent])
        self.path = tuple(path)

    def forget(self) -> int:
        """Drop the steps that did not lead here, with their snapshots. Returns how many."""
        kept = {step.number for step in self.path}
        dropped = [step for step in self if step.number not in kept]
        for step in dropped:
            del self._steps[step.number]
            step.release()
        for saved in [one for one in self._snapshots.values() if one.step not in kept]:
            self.drop(saved.name)
        return len(dropped)

    def clear(self) -> None:
        """Drop all steps."""
        self.path = ()
        self.forget()
