"""Waiting: looks again and again, with pauses in between, for whoever sleeps or awaits.

What is waited for is a generator: it looks, gives the seconds until the next look, and returns what
it has found. So there is one way to wait, and two to spend the time.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import TypeAlias, TypeVar

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


async def wait_async(waiting: Waiting[Found]) -> Found:
    """The same in a coroutine: each look is made on another thread, for some may take a while."""
    import asyncio  # which takes a while to load

    def look() -> tuple[float, StopIteration | None]:
        try:
            return next(waiting), None
        except StopIteration as end:  # which no future can have for its exception
            return 0.0, end

    while True:
        pause, end = await asyncio.to_thread(look)
        if end is not None:
            found: Found = end.value
            return found
        await asyncio.sleep(pause)


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
