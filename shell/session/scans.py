"""The scans of a target: the present one, and those that it took the place of.

Together they are one history, in which ``undo`` of a first scan leads to where the scan before was
left. What they keep is bounded: the oldest goes when there is no more room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from farfetch.scanner import ScanOrderError

if TYPE_CHECKING:
    from farfetch.scanner import Budget, Scan, Step

#: So many scans are kept beside the present one.
MOST: Final = 8


@dataclass(eq=False)
class Begun:
    """A scan, and where the one before was when it began.

    Attributes:
        number: of the scan, from 1; never used again for this target.
        scan: the scan.
        before: what it took the place of; None when that was nothing, or is gone.
        step: at which step of that it began; None before its first.
        newest: the newest step that there was of it then.
    """

    number: int
    scan: Scan
    before: Begun | None = None
    step: int | None = None
    newest: int = 0


class _Spot(NamedTuple):
    """A scan, and the step to go to there; None for before its first."""

    begun: Begun
    step: int | None


class Scans:
    """What can be gone back to, as one tree; it ends with the target.

    Attributes:
        is_kept: whether what the present scan took the place of is still there.
    """

    def __init__(self) -> None:
        self._all: list[Begun] = []
        self._present: Begun | None = None
        self._left: Begun | None = None
        self._last = 0
        self.is_kept = True

    @property
    def present(self) -> Scan | None:
        """The scan that has the matches; None without one."""
        return None if self._present is None else self._present.scan

    @property
    def number(self) -> int | None:
        """The number of the present scan."""
        return None if self._present is None else self._present.number

    @property
    def others(self) -> tuple[Begun, ...]:
        """The scans that are kept beside the present one, in the order in which they began."""
        return tuple(begun for begun in self._all if begun is not self._present)

    def begin(self, scan: Scan, budget: Budget) -> None:
        """A scan takes the place of the present one, which stays one step back.

        Args:
            scan: with its first step.
            budget: half of it is the most that the scans beside the present one may take.
        """
        self._last += 1
        begun = Begun(self._last, scan)
        before = self._present or self._left
        if before is not None:
            newest = max((step.number for step in before.scan.history), default=0)
            begun.before, begun.step, begun.newest = before, _here(before.scan), newest
        self._all.append(begun)
        self._present, self._left = begun, None
        for other in self.others:  # such as never found anything would only be in the way
            if not any(step.result.matches for step in other.scan.history):
                self._drop(other)
        kept = begun.before
        self._trim(budget)
        self.is_kept = kept is begun.before

    def leave(self) -> None:
        """Have no scan; an undo comes back to the present one."""
        if self._present is not None:
            self._present, self._left = None, self._present

    def undo(self, steps: int) -> None:
        """Go back some steps, over the beginning of a scan to the one before.

        Raises:
            ScanOrderError: there are fewer; nothing has changed.
        """
        begun, left = self._present, steps
        if begun is None:
            if self._left is None:
                raise ScanOrderError("nothing to undo: there is no scan")
            begun, left = self._left, max(0, steps - 1)
        path = [step.number for step in begun.scan.steps]
        back, count = begun.before, len(path)
        while left > len(path) or (left == len(path) and back is not None and left):
            if back is None:
                have = f"there are {count}" if count else "there is none"
                raise ScanOrderError(f"cannot undo {steps} steps: {have}")
            left -= max(1, len(path))
            path, begun = _path(back.scan, begun.step), back
            back, count = begun.before, count + len(path)
        kept = path[: len(path) - left]
        self._go(_Spot(begun, kept[-1] if kept else None))

    def redo(self, steps: int) -> None:
        """Go on to steps that were undone, each time to the newest, be it of another scan.

        Raises:
            ScanOrderError: there are fewer; nothing has changed.
        """
        if self._present is None:
            raise ScanOrderError("nothing to redo: there is no scan")
        spot = _Spot(self._present, _here(self._present.scan))
        for done in range(steps):
            on = self._behind(spot)
            if on is None:
                have = f"only {done} were undone" if done else "none was undone"
                raise ScanOrderError(f"cannot redo {steps} steps: {have}")
            spot = on
        self._go(spot)

    def go_to(self, number: int) -> None:
        """Go to the scan of a number, where it was left.

        Raises:
            ScanOrderError: there is none.
        """
        for begun in self._all:
            if begun.number == number:
                self._present, self._left = begun, None
                return
        have = ", ".join(str(begun.number) for begun in self._all) or "none"
        raise ScanOrderError(f"there is no scan {number}; there are: {have}")

    def forget(self) -> int:
        """Let go of all scans but the present one. Returns how many there were."""
        others = self.others
        for begun in others:
            self._drop(begun)
        return len(others)

    def clear(self) -> None:
        """Let go of all scans."""
        self._present = None
        self.forget()
        self._last = 0

    def _behind(self, spot: _Spot) -> _Spot | None:
        """One step on: the newest that was taken from here."""
        begun, here = spot
        steps = [step for step in begun.scan.history if step.parent == here]
        scans = [one for one in self._all if one.before is begun and one.step == here]
        if scans and (not steps or steps[-1].number <= scans[-1].newest):
            first = next(iter(scans[-1].scan.history), None)
            return None if first is None else _Spot(scans[-1], first.number)
        return _Spot(begun, steps[-1].number) if steps else None

    def _go(self, spot: _Spot) -> None:
        scan = spot.begun.scan
        if spot.step is None:
            scan.undo(len(scan.steps))
        else:
            scan.go_to(spot.step)
        self._present, self._left = spot.begun, None

    def _trim(self, budget: Budget) -> None:
        """Let the oldest go until what is left takes no more than it may."""
        others = list(self.others)
        while others:
            limits = budget.of(others[-1].scan.directory)
            if (
                len(others) <= MOST
                and sum(begun.scan.memory for begun in others) <= limits.memory // 2
                and sum(begun.scan.values_memory for begun in others) <= limits.values // 2
                and sum(begun.scan.disk for begun in others) <= limits.disk // 2
            ):
                break
            self._drop(others.pop(0))

    def _drop(self, gone: Begun) -> None:
        """Let a scan go; what began where it was goes back to what it began at."""
        self._all.remove(gone)
        for begun in self._all:
            if begun.before is gone:
                begun.before, begun.step, begun.newest = gone.before, gone.step, gone.newest
        if self._left is gone:
            self._left = None
        gone.scan.close()


def _here(scan: Scan) -> int | None:
    """The step that a scan is at; None before its first."""
    return scan.steps[-1].number if scan.steps else None


def _path(scan: Scan, step: int | None) -> list[int]:
    """The steps that lead to one, which may have been forgotten: those that lead to the present."""
    steps: dict[int, Step] = {one.number: one for one in scan.history}
    if step is not None and step not in steps:
        return [one.number for one in scan.steps]
    path: list[int] = []
    while step is not None:
        path.insert(0, step)
        step = steps[step].parent
    return path
