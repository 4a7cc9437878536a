"""Waiting: looks again and again, with pauses in between, for whoever sleeps or awaits.

What is waited for is a generator: it looks, gives the seconds until the next look, and returns what
it has found. So there is one way to wait, and two to spend the time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeAlias, TypeVar

from .. import arguments

Found = TypeVar("Found")
Waiting: TypeAlias = Generator[float, None, Found]


def wait(waiting: Waiting[Found]) -> Found:
    """Look until it has come; sleeps in between."""
    while True:
        try:
            pause = next(waiting)
        except StopIteration as end:
            found: Found = end.value
            return found
        time.sleep(pause)


async def wait_async(
    waiting: Waiting[Found], *, let_go: Callable[[Found], object] | None = None
) -> Found:
    """The same in a coroutine: each look is made on another thread, for some may take a while.

    Args:
        waiting: for what.
        let_go: done with what is found when nobody waits any more, as the coroutine is cancelled.
    """
    import asyncio  # which takes a while to load

    looks = _Looks(waiting, let_go)
    try:
        while (pause := await asyncio.to_thread(looks.look)) is not None:
            await asyncio.sleep(pause)
    except BaseException:
        looks.abandon()
        raise
    return looks.found[0]


class _Looks(Generic[Found]):
    """Looks on other threads, of which one may still go on when nobody waits for it any more.

    Attributes:
        found: what was waited for, once it has come.
    """

    def __init__(self, waiting: Waiting[Found], let_go: Callable[[Found], object] | None) -> None:
        self.found: list[Found] = []
        self._waiting = waiting
        self._let_go = let_go
        self._is_abandoned = False
        self._lock = threading.Lock()

    def look(self) -> float | None:
        """Look once: the seconds until the next look; None when it has come."""
        try:
            return next(self._waiting)
        except StopIteration as end:  # which no future can have for its exception
            found: Found = end.value
        with self._lock:
            self.found.append(found)
            is_lost = self._is_abandoned
        if is_lost and self._let_go is not None:
            self._let_go(found)
        return None

    def abandon(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._is_abandoned = True
            found = list(self.found)
        if self._let_go is not None:
            for each in found:
                self._let_go(each)


def pauses(timeout: float | None, interval: float) -> Iterator[float]:
    """The seconds between looks, until the time is over.

    Args:
        timeout: seconds from now; for ever if None.
        interval: seconds between two looks.

    Raises:
        ArgumentError: one of them is none.

    >>> from farfetch.scanner.lifetime.waiting import pauses
    >>> next(pauses(None, 0.5))
    0.5
    """
    interval = arguments.seconds("interval", interval)
    until = time.monotonic() + (float("inf") if timeout is None else _timeout(timeout))
    return _pauses(until, interval)


def _timeout(timeout: float) -> float:
    return arguments.seconds("timeout", timeout)


def _pauses(until: float, interval: float) -> Iterator[float]:
    while (left := until - time.monotonic()) > 0:
        yield min(interval, left)
