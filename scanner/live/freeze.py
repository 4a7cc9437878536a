"""Freezers: the frozen values of a target, and the thread that looks at them."""

from __future__ import annotations

import atexit
import math
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from ..errors import FarfetchError, TargetClosed, TargetGone
from ..lifetime.bound import Bound
from ..lifetime.life import Life
from ..memory.path_group import AnyPath
from ..memory.space import Space
from ..memory.writing import Holder
from ..values.value_type import AnyConstruct
from .frozen import INTERVAL, Allow, Freeze
from .vigil import Bell, Vigil, keep_vigil

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
        self._entries: list[Freeze[Any]] = []
        self.turn = threading.RLock()
        self._changed = threading.RLock()  # guards all below and the list above
        self._bell = Bell()
        self._thread: threading.Thread | None = None
        self._life = Life(partial(TargetClosed, None, "target"))
        _live.add(self)

    @property
    def entries(self) -> tuple[Freeze[Any], ...]:
        """The frozen values that were not stopped, those that ended with the target included."""
        self.refuse_children()
        with self._changed:
            return tuple(self._entries)

    def add(
        self,
        address: int | AnyPath,
        type: AnyConstruct,  # noqa: A002
        value: Any,
        *,
        allow: Allow | None = None,
        interval: float = INTERVAL,
        force: bool = False,
    ) -> Freeze[Any]:
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
        entry: Freeze[Any] = Freeze(*keeping, address, type, value, allow, interval, force)
        with self.turn:
            entry._find()
            others = self.touched(entry.address, len(entry._kept))
            if others:
                self._bell.hush()
            entry._look()
            for other in others:
                other._hold(entry.address, entry._kept, entry._layout.mask)
            entry._due = time.monotonic() + entry.interval
            self._take(entry)
        return entry

    def _take(self, entry: Freeze[Any]) -> None:
        with self._changed:
            self._life.check()
            self._entries.append(entry)
            if self._thread is None:
                # the thread must not keep what it works for
                known = weakref.ref(self, self._bell.hush)
                self._thread = threading.Thread(
                    target=_run, args=(known, self._bell), name="farfetch-freeze", daemon=True
                )
                self._thread.start()
            self._bell.ring()

    @property
    def is_forked(self) -> bool:
        """Whether it is the parent process's."""
        return self._life.is_forked

    def refuse_children(self) -> None:
        """Raise in a child of the process that made it; closed or not."""
        self._life.refuse_children()

    def touched(self, address: int, size: int) -> list[Freeze[Any]]:
        """The frozen values that hold some of these bytes; to be asked in a :attr:`turn`."""
        return [entry for entry in self.entries if entry.active and entry._overlaps(address, size)]

    def write_over(
        self, address: int, raw: bytes, write: Callable[[], int], mask: bytes = b""
    ) -> int:
        """Write over what may be held, while nothing is put back; hold what was written.

        Args:
            address: of the first byte.
            raw: the bytes.
            write: does it; returns how many of the bytes were written.
            mask: the bits of them that are written; b"" for all.

        Returns:
            The same.
        """
        with self.turn:
            touched = self.touched(address, len(raw))
            if touched:
                self._bell.hush()
            done = write()
            for entry in touched:
                entry._hold(address, raw[:done], mask[:done])
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
            self._bell.ring()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        for entry in self.entries:
            entry.stop()

    def _forget(self, entry: Freeze[Any]) -> None:
        with self._changed:
            if entry in self._entries:
                self._entries.remove(entry)
            vigil = self._bell.ring()
        if vigil is not None:
            vigil.settle()  # without a lock that others need

    def _round(self, vigil: Vigil | None) -> tuple[float, Vigil | None] | None:
        """Keep up what is due, and what a vigil has found changed.

        Returns:
            The seconds until there is more, and the vigil until then; None at the end.
        """
        try:
            now = time.monotonic()
            changed = vigil.changed() if vigil is not None else []
            self._keep_all_up(changed)  # first: there may be many others
            if vigil is not None and vigil.has_looked:
                part = 0.5 if vigil.is_told else 1  # the last look may have been so long ago
                for entry in set(vigil.members()).difference(changed):
                    entry._due = now + part * entry.interval
            with self._changed:
                due = [entry for entry in self._entries if entry.active and entry._due <= now]
            self._keep_all_up(due)
            return self._pause()
        except BaseException:  # nobody keeps them up from here on, so none must seem to be
            with self._changed:
                abandoned = tuple(self._entries)
                self._thread = None
            for entry in abandoned:
                entry._end(None)
            raise

    def _keep_all_up(self, entries: Iterable[Freeze[Any]]) -> None:
        for entry in entries:
            if not self._life.is_closed:
                self._keep_up(entry)

    def _pause(self) -> tuple[float, Vigil | None] | None:
        has_turn = self._take_turn()
        try:
            # while nobody writes over one or stops it: who does then knows what puts it back
            with self._changed:
                active = [entry for entry in self._entries if entry.active]
                if not active or self._life.is_closed or not has_turn:
                    self._thread = None  # the next one added starts another
                    return None
                vigil = keep_vigil(self.target.memory, active)
                self._bell.hang(vigil)
        finally:
            if has_turn:
                self.turn.release()
        kept = set(vigil.members() if vigil else ())
        due = [entry._due for entry in active if entry not in kept]
        return max(0.0, min(due, default=math.inf) - time.monotonic()), vigil

    def _take_turn(self) -> bool:
        """Wait for a turn, on the freezer's thread. Returns whether it came before the end."""
        while not self.turn.acquire(timeout=_TURN):  # no signal comes to this thread
            if self._life.is_closed:  # who closes may have the turn, and waits for this thread
                return False
        return True

    def _keep_up(self, entry: Freeze[Any]) -> None:
        if not self._take_turn():
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


def _run(known: weakref.ref[Freezer], bell: Bell) -> None:
    """What a freezer's thread does, for as long as somebody has the freezer."""
    pause, vigil = 0.0, None
    while True:
        bell.sleep(pause, vigil)
        freezer = known()
        if freezer is None:
            return
        left = freezer._round(vigil)
        if left is None:
            return
        pause, vigil = left
        del freezer


_live: Final[weakref.WeakSet[Freezer]] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """At the end of the program, before the interpreter goes away under the threads."""
    for freezer in tuple(_live):
        freezer.close()
