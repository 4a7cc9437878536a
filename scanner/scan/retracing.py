"""Retracing: steps of a scan that are taken back, gone on to, let go and stopped."""

from __future__ import annotations

from typing import Final

from .. import arguments
from ..errors import ScanOrderError
from .history import Snapshot, Step
from .state import ScanState

MAX_STEPS: Final = 1 << 62  # more than there ever are


class Retracing(ScanState):
    """A scan in whose history somebody goes back and forth; :class:`.Scan` says what it is."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that lead to the present matches, oldest first."""
        return self.history.path

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots that predicates can name at present, oldest first."""
        return self.history.snapshots

    def drop(self, name: str) -> None:
        """Let a snapshot go.

        Raises:
            ScanOrderError: there is none of that name.

        >>> scan = attach(Buffer(bytes(8))).scan(u8, where="all")
        >>> scan.first().matches, scan.snapshot("lunch").matches
        (8, 8)
        >>> scan.drop("lunch")
        >>> scan.snapshots
        ()
        """
        name = arguments.text("name", name)
        if not self._turns.change(lambda: self.history.drop(name)):
            raise ScanOrderError(f'there is no snapshot "{name}"')

    def undo(self, steps: int = 1) -> None:
        """Go back to the matches and old values of some steps ago.

        Steps that are undone stay: see :meth:`redo`, :meth:`go_to` and :meth:`forget`.

        Args:
            steps: how many; all of them leaves what there was before the first scan, nothing.

        Raises:
            ScanOrderError: there are fewer.

        >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
        >>> scan.first().matches, scan.next("now > 4").matches
        (3, 2)
        >>> scan.undo()
        >>> len(scan)
        3
        """
        steps = arguments.whole("steps", steps, 0, MAX_STEPS)
        self._turns.change(lambda: self.history.undo(steps))

    def redo(self, steps: int = 1) -> None:
        """Take back an undo. Where there are several ways on, the newest is gone.

        Args:
            steps: how many.

        Raises:
            ScanOrderError: fewer were undone.

        >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
        >>> scan.first().matches, scan.next("now > 4").matches
        (3, 2)
        >>> scan.undo(2)
        >>> scan.redo(2)
        >>> len(scan)
        2
        """
        steps = arguments.whole("steps", steps, 0, MAX_STEPS)
        self._turns.change(lambda: self.history.redo(steps))

    def go_to(self, number: int) -> None:
        """Go to the matches and old values of any step of the history.

        Args:
            number: of the step.

        Raises:
            ScanOrderError: there is none of that number.

        >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
        >>> scan.first().matches, scan.next("now > 4").matches, scan.next("now > 5").matches
        (3, 2, 1)
        >>> scan.go_to(2)
        >>> [match.value for match in scan]
        [5, 9]
        """
        number = arguments.whole("number", number, 0, MAX_STEPS)
        self._turns.change(lambda: self.history.go_to(number))

    def forget(self) -> int:
        """Let the steps go that were undone, and what they take. Returns how many.

        >>> scan = attach(Buffer(bytes([1, 5, 9]))).scan(u8, where="all")
        >>> scan.first().matches, scan.next("now > 4").matches
        (3, 2)
        >>> scan.undo()
        >>> scan.forget()
        1
        """
        return self._turns.change(self.history.forget)

    def reset(self) -> None:
        """Drop all matches and old values; a step that runs is cancelled, and waited for.

        >>> scan = attach(Buffer(bytes(8))).scan(u8, where="all")
        >>> scan.first().matches
        8
        >>> scan.reset()
        >>> len(scan), scan.steps
        (0, ())
        """
        self.history.check()
        self.cancel()
        self.history.clear()
        self._turns.wait()

    def cancel(self) -> None:
        """Stop the step that runs and those that wait, from another thread or a signal handler.

        >>> scan = attach(Buffer(bytes(8))).scan(u8, where="all")
        >>> scan.first().matches
        8
        >>> scan.cancel()  # no step runs, so there is nothing to stop
        >>> scan.next("now == 0").matches
        8
        """
        self._turns.cancel()

    def _path(self) -> tuple[Step, ...]:
        if not (path := self.history.path):
            raise ScanOrderError("there is no scan to narrow: begin with a first scan")
        return path
