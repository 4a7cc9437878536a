"""Doing things whole: no signal that raises in Python, as Ctrl-C does, comes in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


def whole(work: Callable[[], T]) -> T:
    """Do something to its end; what a signal raises meanwhile is raised behind it.

    Python runs the handlers of signals in its main thread, between any two steps. So what must not
    be torn is done on another one, for which the main thread waits. It is for what takes no time.

    Args:
        work: is done once; what it raises is raised, unless a signal has raised something.

    >>> from farfetch.scanner.lifetime.whole import whole
    >>> whole(lambda: 1)
    1
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    errand = _Errand(work)
    signalled: BaseException | None = None
    while True:
        try:
            errand.start()
            errand.done.wait()
            break
        except BaseException as error:
            signalled = error
    if signalled is not None:
        raise signalled
    if errand.failure is not None:
        raise errand.failure
    return errand.results[0]


class _Errand(Generic[T]):
    """What is done once, and what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.done = threading.Event()
        self.failure: BaseException | None = None
        self.results: list[T] = []
        self._work = work
        self._first = threading.Lock()

    def start(self) -> None:
        """Have a thread do it, unless one does: a signal may come behind any step of this."""
        if self._first.locked():
            return
        thread = threading.Thread(target=self._run, name="farfetch-whole")
        try:
            thread.start()
        except RuntimeError:  # Python is at its end, or there can be no more threads
            self._run()

    def _run(self) -> None:
        if not self._first.acquire(blocking=False):
            return
        try:
            self.results.append(self._work())
        except BaseException as error:
            self.failure = error
        finally:
            self.done.set()
