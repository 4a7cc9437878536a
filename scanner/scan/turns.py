"""Turns: who goes through a scan's history, one thread at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from ..errors import FarfetchError, ScanCancelled, ScanClosed, ScanOrderError
from ..memory.space import Space
from .history import History, Kept
from .job import Jobs
from .results import ScanResult

T = TypeVar("T")


class _Inside(threading.local):
    """The turns in which this thread is in the middle of a step."""

    turns: object = None


#: A step's progress function, or a signal handler that interrupts it, is inside of the step.
_inside: Final = _Inside()


class Turns:
    """Who goes through the history of a scan.

    A step takes long, so a thread that comes meanwhile waits, but not where it is inside of a step
    itself: two that wait for one another would wait for ever.

    Args:
        target: of the scan.
        history: of it.
        jobs: that its steps run.
    """

    def __init__(self, target: Space, history: History, jobs: Jobs) -> None:
        self._target = target
        self._history = history
        self._jobs = jobs
        self._lock = threading.RLock()

    def change(self, change: Callable[[], T]) -> T:
        """Change the history when its turn has come.

        Raises:
            ScanOrderError: this thread is inside of a step.
            ScanClosed, ForkedError: there is nothing to change.
        """
        self._history.check()
        _refuse_inside()
        with self._lock:
            return change()

    def step(self, work: Callable[[int], T]) -> T:
        """Do a step when its turn has come.

        Args:
            work: the step; given what :meth:`commit` takes.

        Raises:
            ScanCancelled: before its turn had come.
            ScanOrderError: this thread is inside of another.
            TargetClosed, ScanClosed, ForkedError: whatever else went wrong because of that.
        """
        self._history.check()
        _refuse_inside()
        cancels = self._jobs.cancels
        with self._lock:
            ground = self._history.present.ground
            try:
                _inside.turns = self
                self._target.stepping[self._stop] = None
                self._go_on(cancels)
                self._target.check()
                return work(cancels)
            except ScanClosed:
                self._go_on(cancels)
                if self._history.present.ground is not ground:
                    # a reset took it from under the step, which came behind its cancel
                    raise ScanCancelled(0, 0) from None
                raise
            except FarfetchError:
                self._history.check()
                raise
            finally:
                _inside.turns = None
                self._target.stepping.pop(self._stop, None)

    def commit(self, made: Kept, cancels: int, keep: Callable[[], Kept]) -> ScanResult:
        """Make what a step found a part of the history, unless it is stopped at the last moment."""
        try:
            self._target.check()
            with self._history.changing:  # no cancel or reset comes in between
                self._go_on(cancels)
                return keep().result
        except FarfetchError:
            made.release()
            raise

    def _go_on(self, cancels: int) -> None:
        """Raise in a step that was asked for when there had been fewer cancels."""
        self._history.check()
        if cancels != self._jobs.cancels:
            raise ScanCancelled(0, 0)

    def cancel(self) -> None:
        """Stop the step that runs and those that wait; there are none in a child process."""
        if not self._history.is_forked:
            self._jobs.cancel()

    def _stop(self) -> None:
        self.cancel()
        self.wait()

    def wait(self) -> None:
        """Wait until nobody has a turn, but not inside of a step, nor in a child process."""
        if _inside.turns is None and not self._history.is_forked:
            with self._lock:
                pass


def _refuse_inside() -> None:
    if _inside.turns is not None:
        raise ScanOrderError(
            "a step of a scan is running in this thread; inside of it, in a progress function or a "
            "signal handler, scans can be looked at, cancelled, reset and closed, and no more"
        )


def _leave() -> None:
    _inside.turns = None


# A child that was forked inside of a step begins outside of all.
os.register_at_fork(after_in_child=_leave)
