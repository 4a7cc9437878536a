"""Lifetimes: until when a thing can be used, and by whom.

What holds descriptors or memory of the core lends them to each call for as long as that takes: a
:class:`Held` that is let go only stops lending. So nothing is freed while somebody uses it, and who
comes after gets one error, that of the thing.

A child process that :func:`os.fork` makes has the same files open, and none of the threads: what it
is born with is its parent's, and is not lent there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

from ..errors import FarfetchError, ForkedError

T = TypeVar("T")


class Process:
    """This process; children are others.

    Attributes:
        pid: its number.
    """

    __slots__ = ("pid",)

    def __init__(self) -> None:
        self.pid = os.getpid()


_this = Process()


def this_process() -> Process:
    """The process that this is."""
    return _this


def _is_born() -> None:
    global _this
    _this = Process()


class Life:
    """Whether a thing is open, in the process that made it.

    Args:
        closed: the error of whoever comes when it no longer is.
    """

    __slots__ = ("_error", "_process", "is_closed")

    def __init__(self, closed: Callable[[], FarfetchError]) -> None:
        self._error = closed
        self._process = _this
        self.is_closed = False

    @property
    def is_forked(self) -> bool:
        """Whether this is a child of the process that made it."""
        return self._process is not _this

    def check(self) -> None:
        """Raise unless it is open, and this process's own."""
        self.refuse_children()
        if self.is_closed:
            raise self._error()

    def refuse_children(self) -> None:
        """Raise in a child of the process that made it; open or not."""
        if self._process is not _this:
            raise ForkedError(self._process.pid)


class Held(Generic[T]):
    """Something that is lent until it is let go.

    Args:
        thing: to lend; those who have it keep it alive.
        closed: the error of whoever comes when it has been let go.
    """

    __slots__ = ("_error", "_process", "_thing")

    def __init__(self, thing: T, closed: Callable[[], FarfetchError]) -> None:
        self._thing: T | None = thing
        self._error = closed
        self._process = _this

    def get(self) -> T:
        """The thing; to be kept in a variable while it is used.

        Raises:
            ForkedError: it is the parent process's.
            FarfetchError: it has been let go.
        """
        thing = self._thing
        if self._process is not _this:
            raise ForkedError(self._process.pid)
        if thing is None:
            raise self._error()
        return thing

    def let_go(self) -> None:
        """Lend it no more. It ends with its last use."""
        self._thing = None


class Descriptor:
    """A file descriptor that is closed with the last reference to it.

    Attributes:
        number: of it.
    """

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self, _close: Callable[[int], None] = os.close) -> None:
        _close(self.number)


os.register_at_fork(after_in_child=_is_born)
