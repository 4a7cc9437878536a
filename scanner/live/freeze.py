"""Freezers: the frozen values of a target, and the thread that looks at them."""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final

from construct import Construct

from ..errors import FarfetchError, TargetClosed, TargetGone
from ..lifetime.bound import Bound
from ..lifetime.life import Life
from ..memory.path_group import AnyPath
from ..memory.space import Space
from ..memory.writing import Holder
from .frozen import INTERVAL, Allow, Freeze

_LONGEST: Final = 3600.0  # seconds that a thread sleeps at a time
_TURN: Final = 0.05  # seconds between looks whether a turn is still wanted
#: Looks that fail take this part of the time at most, however long one takes.
_SHARE: Final = 32


class Freezer(Bound, Holder):
    """Keeps up the frozen values of one target, on one thread that sleeps in between.

    The thread ends with the last value, and when nobody has the freezer, its target or a value any
    more. At the end of the program it ends before all else goes.

    Attributes:
        target: whose values they are.
        turn: to be taken while somebody else writes over them, so that no look puts back meanwhile
            what was held before. What was written is then theirs to hold, as ``write_over()`` does.

    Args:
        target: whose values they are.

    >>> target = attach(Buffer(bytearray(8), base=16))
    >>> freezer = Freezer(target)  # target.freeze() makes one by itself
    >>> held = freezer.add(16, i32, 77)
    >>> freezer.entries == (held,), target.read(16, i32)
    (True, 77)
    >>> freezer.close()
    """

    def __init__(self, target: Space) -> None:
        self.target = target
        self._entries: list[Freeze] = []
        self.turn = threading.RLock()
        self._changed = threading.RLock()  # guards all below and the list above
        self._wake: SimpleQueue[None] = SimpleQueue()  # unlike a condition, whole after Ctrl-C
        self._thread: threading.Thread | None = None
        self._life = Life(partial(TargetClosed, None, "target"))
        _live.add(self)

    @property
    def entries(self) -> tuple[Freeze, ...]:
        """The frozen values that were not stopped, those that ended with the target included."""
        self.refuse_children()
        with self._changed:
            return tuple(self._entries)

    def add(
        self,
        address: int | AnyPath,
        type: Construct,  # noqa: A002
        value: Any,
        *,
        allow: Allow | None = None,
        interval: float = INTERVAL,
        force: bool = False,
    ) -> Freeze:
        """Freeze a value; it is written before this returns.

        Args:
            address: of the value, or the path to it, which is followed at each look, or a group.
            type: of the value.
            value: to keep up.
            allow: the direction in which the target may change it all the same.
            interval: seconds between two looks.
            force: write it even where the target may not write itself.

        Raises:
            ValueRangeError: the value does not fit the type.
            ValueKindError: it is of another kind, or allow is given for text or bytes.
            TypeNameError: the type is not a single value.
            MemoryFault: it cannot be read or written there.
            PointerError: the path leads nowhere.
            ExpressionError: there is no such place as the path begins with.
            TargetGone: the target has exited.
            TargetClosed: this was closed.
            ForkedError: it is the parent process's.
            ArgumentError: allow or interval are none.

        >>> target = attach(Buffer(bytearray(8), base=16))
        >>> with Freezer(target).add(16, i32, 77, allow="increase") as held:
        ...     held.value, held.allow
        (77, 'increase')
        """
        self._life.check()
        keeping = (self.target, self._life, self._forget)
        entry = Freeze(*keeping, address, type, value, allow, interval, force)
        with self.turn:
            entry._find()
            others = self.touched(entry.address, len(entry._kept))
            entry._look()
            for other in others:
                other._hold(entry.address, entry._kept)
            entry._due = time.monotonic() + entry.interval
            self._take(entry)
        return entry

    def _take(self, entry: Freeze) -> None:
        with self._changed:
            self._life.check()
            self._entries.append(entry)
            if self._thread is None:
                # the thread must not keep what it works for
                known = weakref.ref(self, partial(_ring, self._wake))
                self._thread = threading.Thread(
                    target=_run, args=(known, self._wake), name="farfetch-freeze", daemon=True
                )
                self._thread.start()
            self._wake.put(None)

    @property
    def is_forked(self) -> bool:
        """Whether it is the parent process's."""
        return self._life.is_forked

    def refuse_children(self) -> None:
        """Raise in a child of the process that made it; closed or not."""
        self._life.refuse_children()

    def touched(self, address: int, size: int) -> list[Freeze]:
        """The frozen values that hold some of these bytes; to be asked in a :attr:`turn`."""
        return [entry for entry in self.entries if entry.active and entry._overlaps(address, size)]

    def write_over(self, address: int, raw: bytes, write: Callable[[], int]) -> int:
        """Write over what may be held, while nothing is put back; hold what was written.

        Args:
            address: of the first byte.
            raw: the bytes.
            write: does it; returns how many of the bytes were written.

        Returns:
            The same.
        """
        with self.turn:
            touched = self.touched(address, len(raw))
            done = write()
            for entry in touched:
                entry._hold(address, raw[:done])
        return done

    def spans(self) -> list[tuple[int, int]]:
        """The addresses that are held, each from its first up to, not including, its end."""
        self.refuse_children()
        with self.turn:
            held = self.touched(0, 1 << 64)
            return [(entry.address, entry.address + len(entry._kept)) for entry in held]

    def close(self) -> None:
        """Stop all; once this has returned, nothing is written by another thread.

        >>> freezer = Freezer(attach(Buffer(bytearray(8), base=16)))
        >>> held = freezer.add(16, i32, 77)
        >>> freezer.close()
        >>> held.active
        False
        """
        if self._life.is_forked:
            return
        with self._changed:
            self._life.is_closed = True
            self._wake.put(None)
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        for entry in self.entries:
            entry.stop()

    def _forget(self, entry: Freeze) -> None:
        with self._changed:
            if entry in self._entries:
                self._entries.remove(entry)
            self._wake.put(None)

    def _round(self) -> float | None:
        """Keep up what is due. Returns the seconds until there is more; None at the end."""
        try:
            for entry in self._all_due():
                self._keep_up(entry)
            return self._pause()
        except BaseException:  # nobody keeps them up from here on, so none must seem to be
            with self._changed:
                abandoned = tuple(self._entries)
                self._thread = None
            for entry in abandoned:
                entry._end(None)
            raise

    def _all_due(self) -> list[Freeze]:
        now = time.monotonic()
        with self._changed:
            return [entry for entry in self._entries if entry.active and entry._due <= now]

    def _pause(self) -> float | None:
        with self._changed:
            due = [entry._due for entry in self._entries if entry.active]
            if due and not self._life.is_closed:
                return max(0.0, min(due) - time.monotonic())
            self._thread = None  # the next one added starts another
            return None

    def _keep_up(self, entry: Freeze) -> None:
        while not self.turn.acquire(timeout=_TURN):  # no signal comes to this thread
            if self._life.is_closed:  # who closes may have the turn, and waits for this thread
                return
        began, pause = time.monotonic(), entry.interval
        try:
            entry._look()
        except TargetGone as error:
            for other in self.entries:
                other._end(error)
        except (FarfetchError, OSError) as error:  # it may come back, also at once
            entry._fail(error)
            pause = max(pause, _SHARE * (time.monotonic() - began))
        finally:
            self.turn.release()
        entry._due = time.monotonic() + pause


def _ring(wake: SimpleQueue[None], _: object) -> None:
    wake.put(None)


def _run(known: weakref.ref[Freezer], wake: SimpleQueue[None]) -> None:
    """What a freezer's thread does, for as long as somebody has the freezer."""
    pause = 0.0
    while True:
        with contextlib.suppress(Empty):
            wake.get(timeout=min(pause, _LONGEST))
        freezer = known()
        if freezer is None:
            return
        left = freezer._round()
        if left is None:
            return
        pause = left
        del freezer


_live: Final[weakref.WeakSet[Freezer]] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """At the end of the program, before the interpreter goes away under the threads."""
    for freezer in tuple(_live):
        freezer.close()
