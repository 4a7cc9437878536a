"""Freezing: values that are put back whenever the target changes them."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Final, Literal, Protocol

from construct import Construct

from . import arguments
from .bound import Bound
from .errors import FarfetchError, TargetGone, ValueKindError
from .values import encode, layout_of

Allow = Literal["increase", "decrease"]

#: Seconds between two looks at a frozen value, unless told otherwise.
INTERVAL: Final = 0.05


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
        active: whether it is being kept up.
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
        self.active = True
        self.writes = 0
        self.error: FarfetchError | None = None
        self._freezer = freezer
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

    Args:
        target: whose values they are.
    """

    def __init__(self, target: Freezable) -> None:
        self.target = target
        self._entries: list[Freeze] = []
        self._changed = threading.Condition()  # guards all below and the list above
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def entries(self) -> tuple[Freeze, ...]:
        """All that were added and not stopped, those that an error ended included."""
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
            ArgumentError: allow or interval are none.
        """
        entry = Freeze(self, address, type, value, allow, interval)
        entry._look()
        entry._due = time.monotonic() + entry.interval
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
        try:
            entry._look()
        except TargetGone as error:
            for one in self.entries:
                one._end(error)
        except FarfetchError as error:
            entry._end(error)
        entry._due = time.monotonic() + entry.interval
