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
from typing import Any, ClassVar, Final, Literal, Protocol

from construct import Construct

from .. import arguments
from ..errors import FarfetchError, TargetClosed, TargetGone, ValueKindError
from ..lifetime.bound import Bound
from ..lifetime.life import Life
from ..memory.pointer_path import Follower, PointerPath
from ..values.convert import encode, layout_of

Allow = Literal["increase", "decrease"]

#: Seconds between two looks at a frozen value, unless told otherwise.
INTERVAL: Final = 0.05

_LONGEST: Final = 3600.0  # seconds that a thread sleeps at a time
_TURN: Final = 0.05  # seconds between looks whether a turn is still wanted
#: Looks that fail take this part of the time at most, however long one takes.
_SHARE: Final = 32


class Freezable(Protocol):
    """What freezing needs of a target, past what takes a :attr:`Freezer.turn`."""

    @property
    def bits(self) -> int:
        """32 or 64: the width of its pointers."""

    def read_bytes(self, address: int, size: int) -> bytes:
        """Read exactly that many bytes."""

    def write_bytes(self, address: int, data: bytes, *, force: bool = False) -> None:
        """Write all of the bytes."""

    def address(self, text: str) -> int:
        """The address that a text says; only what is frozen by a path asks."""


class Freeze(Bound):
    """A value that is put back whenever the target changes it; made by :meth:`Freezer.add`.

    As a context manager it stops at the end of the block. Where the value cannot be reached for a
    while, or its path leads nowhere, it is held again as soon as it can be. What is written over it
    through the same target is held from then on.

    Attributes:
        address: of the value; with a path, where that led last.
        path: that is followed to it at each look; None where it stays at an address.
        type: of the value.
        allow: the direction in which the target may change it: ``"increase"``, ``"decrease"`` or
            None. The value that it reaches is then the one that is kept.
        interval: seconds between two looks.
        force: whether it is held even where the target may not write itself.
        writes: how often the value was put back, the first time included.
        error: why the last look could not hold it, or what ended it; None when all is well.
        INTERVAL: seconds between two looks, unless told otherwise.

    >>> target = attach(Buffer(bytearray(8), base=16))
    >>> held = target.freeze(16, i32, 77, interval=0.01)
    >>> target.read(16, i32), held.value, held.holding, held.error
    (77, 77, True, None)
    >>> target.write(16, i32, 5)
    >>> held.value
    5
    >>> held.stop()
    """

    INTERVAL: ClassVar[float] = INTERVAL

    def __init__(
        self,
        freezer: Freezer,
        address: int | PointerPath,
        type: Construct,  # noqa: A002
        value: Any,
        allow: Allow | None,
        interval: float,
        force: bool,
    ) -> None:
        if allow is not None:
            arguments.choice("allow", allow, ("increase", "decrease"))
        self.path = address if isinstance(address, PointerPath) else None
        self.address = 0 if isinstance(address, PointerPath) else arguments.address(address)
        self.type = type
        self.allow = allow
        self.interval = arguments.seconds("interval", interval)
        self.force = arguments.flag("force", force)
        self._active = True
        self.writes = 0
        self.error: FarfetchError | OSError | None = None
        self._freezer = freezer
        self._follower = Follower(self.path, freezer.target) if self.path else None
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

    @property
    def holding(self) -> bool:
        """Whether the last look found it held, or could hold it; :attr:`error` says why not."""
        return self.active and self.error is None

    def stop(self) -> None:
        """Leave the value to the target; nothing is written once this has returned.

        Raises:
            ForkedError: it is the parent process's.

        >>> held = attach(Buffer(bytearray(8), base=16)).freeze(16, i32, 77)
        >>> held.stop()
        >>> held.active
        False
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
        """Put the value back if it changed in a way that is not allowed; in the freezer's turn."""
        with self._lock:
            if self.active:
                self._find()
                self._put_back()
                self.error = None

    def _find(self) -> None:
        if self._follower is not None:
            self.address = self._follower.resolve()

    def _put_back(self) -> None:
        there = self._freezer.target.read_bytes(self.address, len(self._kept))
        if there == self._kept:
            return
        if self._allows(there):
            self._kept = there
            return
        if self.force:
            self._freezer.target.write_bytes(self.address, self._kept, force=True)
        else:
            self._freezer.target.write_bytes(self.address, self._kept)
        self.writes += 1

    def _overlaps(self, address: int, size: int) -> bool:
        """Whether it holds some of these bytes, as far as can be told."""
        try:
            self._find()
        except (FarfetchError, OSError):
            return False
        return address < self.address + len(self._kept) and self.address < address + size

    def _hold(self, address: int, raw: bytes) -> None:
        """Hold bytes that were written over the value, or over a part of it."""
        start = max(address, self.address) - self.address
        end = min(address + len(raw), self.address + len(self._kept)) - self.address
        if start < end:
            shift = self.address - address
            written = raw[start + shift : end + shift]
            self._kept = self._kept[:start] + written + self._kept[end:]

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

    def _fail(self, error: FarfetchError | OSError) -> None:
        with self._lock:
            if self.active:
                self.error = error


class Freezer(Bound):
    """Keeps up the frozen values of one target, on one thread that sleeps in between.

    The thread ends with the last value, and when nobody has the freezer, its target or a value any
    more. At the end of the program it ends before all else goes.

    Attributes:
        target: whose values they are.
        turn: to be taken while somebody else writes over them, so that no look puts back meanwhile
            what was held before. What was written is then theirs to hold that ``touched()`` gives.

    Args:
        target: whose values they are.

    >>> target = attach(Buffer(bytearray(8), base=16))
    >>> freezer = Freezer(target)  # target.freeze() makes one by itself
    >>> held = freezer.add(16, i32, 77)
    >>> freezer.entries == (held,), target.read(16, i32)
    (True, 77)
    >>> freezer.close()
    """

    def __init__(self, target: Freezable) -> None:
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
        address: int | PointerPath,
        type: Construct,  # noqa: A002
        value: Any,
        *,
        allow: Allow | None = None,
        interval: float = INTERVAL,
        force: bool = False,
    ) -> Freeze:
        """Freeze a value; it is written before this returns.

        Args:
            address: of the value, or the path to it, which is followed at each look.
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
        entry = Freeze(self, address, type, value, allow, interval, force)
        with self.turn:
            entry._find()
            others = self.touched(entry.address, len(entry._kept))
            entry._look()
            for one in others:
                one._hold(entry.address, entry._kept)
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
        if self._life.is_forked:
            self._life.check()

    def touched(self, address: int, size: int) -> list[Freeze]:
        """The frozen values that hold some of these bytes; to be asked in a :attr:`turn`."""
        return [one for one in self.entries if one.active and one._overlaps(address, size)]

    def spans(self) -> list[tuple[int, int]]:
        """The addresses that are held, each from its first up to, not including, its end."""
        self.refuse_children()
        with self.turn:
            held = self.touched(0, 1 << 64)
            return [(one.address, one.address + len(one._kept)) for one in held]

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
            for one in self.entries:
                one._end(error)
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
