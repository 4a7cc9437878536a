"""Freezing: values that are put back whenever the target changes them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Literal, Protocol

from construct import Construct

from .errors import FarfetchError, TargetGone, ValueKindError
from .pointers import Follower, PointerPath
from .values import encode, layout_of

Allow = Literal["increase", "decrease"]

#: Seconds between two looks at a frozen value, unless told otherwise.
INTERVAL: Final = 0.05

#: Looks that fail take this part of the time at most, however long one takes.
_SHARE: Final = 32


class Freezable(Protocol):
    """What freezing needs of a target, past what it tells :meth:`Freezer.overwriting` of."""

    @property
    def bits(self) -> int:
        """32 or 64: the width of its pointers."""

    def read_bytes(self, address: int, size: int) -> bytes:
        """Read exactly that many bytes."""

    def write_bytes(self, address: int, data: bytes, *, force: bool = False) -> None:
        """Write all of the bytes."""

    def address(self, text: str) -> int:
        """The address that a text says; only what is frozen by a path asks."""


class Freeze:
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
        active: whether it is being kept up: neither stopped nor ended with its target.
        writes: how often the value was put back, the first time included.
        error: why the last look could not hold it, or what ended it; None when all is well.
    """

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
        if allow not in (None, "increase", "decrease"):
            raise ValueError(f'allow takes "increase", "decrease" or None, not {allow!r}')
        if not interval > 0:
            raise ValueError(f"interval takes seconds above 0, not {interval!r}")
        self.path = address if isinstance(address, PointerPath) else None
        self.address = 0 if isinstance(address, PointerPath) else address
        self.type = type
        self.allow = allow
        self.interval = interval
        self.force = force
        self.active = True
        self.writes = 0
        self.error: FarfetchError | OSError | None = None
        self._freezer = freezer
        self._follower = Follower(self.path, freezer.target) if self.path else None
        self._layout = layout_of(type, bits=freezer.target.bits)
        if allow and not self._layout.is_number:
            raise ValueKindError(value, self._layout.name, f"a number that can {allow}, as allowed")
        self._kept = encode(type, value, bits=freezer.target.bits)
        self._lock = threading.Lock()
        self._due = 0.0

    @property
    def value(self) -> Any:
        """The value that is kept up now."""
        return self._layout.unpack(self._kept)

    @property
    def holding(self) -> bool:
        """Whether the last look found it held, or could hold it; :attr:`error` says why not."""
        return self.active and self.error is None

    def stop(self) -> None:
        """Leave the value to the target; nothing is written once this has returned."""
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


class Freezer:
    """Keeps up the frozen values of one target, on one thread that sleeps in between.

    Args:
        target: whose values they are.
    """

    def __init__(self, target: Freezable) -> None:
        self.target = target
        self._entries: list[Freeze] = []
        self._turn = threading.Lock()  # of a look, or of somebody else's write
        self._changed = threading.Condition()  # guards all below and the list above
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def entries(self) -> tuple[Freeze, ...]:
        """All that were added and not stopped, those that ended with the target included."""
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
            ValueError: allow or interval are none.
        """
        entry = Freeze(self, address, type, value, allow, interval, force)
        entry._find()
        with self.overwriting(entry.address, len(entry._kept)) as others:
            entry._look()
            for one in others:
                one._hold(entry.address, entry._kept)
        entry._due = time.monotonic() + interval
        with self._changed:
            if self._closed:
                raise ValueError("this freezer is closed")
            self._entries.append(entry)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="farfetch-freeze", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        return entry

    @contextlib.contextmanager
    def overwriting(self, address: int, size: int) -> Iterator[list[Freeze]]:
        """Hold up all looks while somebody writes these bytes.

        So no look puts back meanwhile what was held before. Gives those whose bytes they are: what
        was written is theirs to hold.
        """
        with self._turn:
            entries = self.entries
            yield [one for one in entries if one.active and one._overlaps(address, size)]

    def spans(self) -> list[tuple[int, int]]:
        """The addresses that are held, each from its first up to, not including, its end."""
        with self.overwriting(0, 1 << 64) as held:
            return [(one.address, one.address + len(one._kept)) for one in held]

    def close(self) -> None:
        """Stop all; nothing is written once this has returned."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()
        for entry in self.entries:
            entry.stop()

    def _forget(self, entry: Freeze) -> None:
        with self._changed:
            if entry in self._entries:
                self._entries.remove(entry)
            self._changed.notify()

    def _run(self) -> None:
        try:
            while due := self._wait():
                for entry in due:
                    self._keep_up(entry)
        except BaseException:  # nobody keeps them up from here on, so none must seem to be
            with self._changed:
                abandoned = tuple(self._entries)
                self._thread = None
            for entry in abandoned:
                entry._end(None)
            raise

    def _wait(self) -> list[Freeze]:
        """Sleep until some are due; none when there is nothing left to do."""
        with self._changed:
            while not self._closed:
                active = [entry for entry in self._entries if entry.active]
                if not active:
                    break
                now = time.monotonic()
                due = [entry for entry in active if entry._due <= now]
                if due:
                    return due
                self._changed.wait(min(entry._due for entry in active) - now)
            self._thread = None  # the next one added starts another
            return []

    def _keep_up(self, entry: Freeze) -> None:
        began, pause = time.monotonic(), entry.interval
        try:
            with self._turn:
                entry._look()
        except TargetGone as error:
            for one in self.entries:
                one._end(error)
        except (FarfetchError, OSError) as error:  # it may come back, also at once
            entry._fail(error)
            pause = max(pause, _SHARE * (time.monotonic() - began))
        entry._due = time.monotonic() + pause
