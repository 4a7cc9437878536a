"""Freezing: values that are put back whenever the target changes them."""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
import weakref
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Final, Literal, Protocol

from construct import Construct

from . import arguments
from .bound import Bound
from .errors import FarfetchError, TargetClosed, TargetGone, ValueKindError
from .lifetime import Life
from .values import encode, layout_of

Allow = Literal["increase", "decrease"]

#: Seconds between two looks at a frozen value, unless told otherwise.
INTERVAL: Final = 0.05

_LONGEST: Final = 3600.0  # seconds that a thread sleeps at a time


class Freezable(Protocol):
    """What freezing needs of a target."""

    @property
    def bits(self) -> int:
        """32 or 64: the width of its pointers."""

    def read_bytes(self, address: int, size: int) -> bytes:
        """Read exactly that many bytes."""

    def write_bytes(self, address: int, data: bytes) -> None:
        """Write all of the bytes."""


class Freeze(Bound):
    """A value that is put back whenever the target changes it; made by :meth:`Freezer.add`.

    As a context manager it stops at the end of the block.

    Attributes:
        address: of the value.
        type: of the value.
        allow: the direction in which the target may change it: ``"increase"``, ``"decrease"`` or
            None. The value that it reaches is then the one that is kept.
        interval: seconds between two looks.
        writes: how often the value was put back, the first time included.
        error: what ended it, or None.
    """

    def __init__(
        self,
        freezer: Freezer,
        address: int,
        type: Construct,  # noqa: A002
        value: Any,
        allow: Allow | None,
        interval: float,
    ) -> None:
        if allow is not None:
            arguments.choice("allow", allow, ("increase", "decrease"))
        address = arguments.address(address)
        interval = arguments.seconds("interval", interval)
        self.address = address
        self.type = type
        self.allow = allow
        self.interval = interval
        self._active = True
        self.writes = 0
        self.error: FarfetchError | None = None
        self._freezer = freezer
        self._layout = layout_of(type, bits=freezer.target.bits)
        if allow and not self._layout.is_number:
            raise ValueKindError(value, self._layout.name, f"a number that can {allow}, as allowed")
        self._kept = encode(type, value, bits=freezer.target.bits)
        self._lock = threading.RLock()
        self._due = 0.0

    @property
    def active(self) -> bool:
        """Whether it is being kept up.

        Raises:
            ForkedError: it is the parent process's, which keeps it up or not.
        """
        self._freezer.refuse_children()
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active

    @property
    def value(self) -> Any:
        """The value that is kept up now."""
        return self._layout.unpack(self._kept)

    def stop(self) -> None:
        """Leave the value to the target; nothing is written once this has returned.

        Raises:
            ForkedError: it is the parent process's.
        """
        self._freezer.refuse_children()
        with self._lock:
            self.active = False
        self._freezer._forget(self)

    def __enter__(self) -> Freeze:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._freezer.is_forked:  # a child that leaves the block leaves it to its parent
            self.stop()

    def _look(self) -> None:
        """Put the value back if it changed in a way that is not allowed."""
        with self._lock:
            if not self.active:
                return
            there = self._freezer.target.read_bytes(self.address, len(self._kept))
            if there == self._kept:
                return
            if self._allows(there):
                self._kept = there
                return
            self._freezer.target.write_bytes(self.address, self._kept)
            self.writes += 1

    def _allows(self, there: bytes) -> bool:
        if self.allow is None:
            return False
        now: Any = self._layout.unpack(there)
        grew: bool = now > self.value
        shrank: bool = now < self.value
        return grew if self.allow == "increase" else shrank

    def _end(self, error: FarfetchError | None) -> None:
        with self._lock:
            if self.active:
                self.active = False
                self.error = error


class Freezer(Bound):
    """Keeps up the frozen values of one target, on one thread that sleeps in between.

    The thread ends with the last value, and when nobody has the freezer, its target or a value any
    more. At the end of the program it ends before all else goes.

    Args:
        target: whose values they are.
    """

    def __init__(self, target: Freezable) -> None:
        self.target = target
        self._entries: list[Freeze] = []
        self._changed = threading.RLock()  # guards all below and the list above
        self._wake: SimpleQueue[None] = SimpleQueue()  # unlike a condition, whole after Ctrl-C
        self._thread: threading.Thread | None = None
        self._life = Life(partial(TargetClosed, None, "target"))
        _live.add(self)

    @property
    def entries(self) -> tuple[Freeze, ...]:
        """All that were added and not stopped, those that an error ended included."""
        self.refuse_children()
        with self._changed:
            return tuple(self._entries)

    def add(
        self,
        address: int,
        type: Construct,  # noqa: A002
        value: Any,
        *,
        allow: Allow | None = None,
        interval: float = INTERVAL,
    ) -> Freeze:
        """Freeze a value; it is written before this returns.

        Args:
            address: of the value.
            type: of the value.
            value: to keep up.
            allow: the direction in which the target may change it all the same.
            interval: seconds between two looks.

        Raises:
            ValueRangeError: the value does not fit the type.
            ValueKindError: it is of another kind, or allow is given for text or bytes.
            TypeNameError: the type is not a single value.
            MemoryFault: it cannot be read or written there.
            TargetGone: the target has exited.
            TargetClosed: this was closed.
            ForkedError: it is the parent process's.
            ArgumentError: allow or interval are none.
        """
        self._life.check()
        entry = Freeze(self, address, type, value, allow, interval)
        entry._look()
        entry._due = time.monotonic() + entry.interval
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
        return entry

    @property
    def is_forked(self) -> bool:
        """Whether it is the parent process's."""
        return self._life.is_forked

    def refuse_children(self) -> None:
        """Raise in a child of the process that made it; closed or not."""
        if self._life.is_forked:
            self._life.check()

    def close(self) -> None:
        """Stop all; once this has returned, nothing is written by another thread."""
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
        try:
            entry._look()
        except TargetGone as error:
            for one in self.entries:
                one._end(error)
        except FarfetchError as error:
            entry._end(error)
        entry._due = time.monotonic() + entry.interval


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
