"""Vigils: the core looks at frozen values, and puts back those that are to be what they were.

It wakes Python where that takes more: a value that may grow, one that cannot be reached.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from functools import partial
from itertools import accumulate, pairwise
from queue import Empty, SimpleQueue
from typing import Any, Final
from weakref import ref

from ..engine import ffi, lib
from ..errors import TargetClosed
from ..lifetime.life import this_process
from ..memory.base import Memory
from ..memory.values import Values
from .frozen import Freeze

_LONGEST: Final = 3600.0  # seconds that a thread sleeps at a time
_POLL: Final = 100  # milliseconds between looks whether the core's thread hangs
_SETTLED: Final = 600  # of them, after which a thread that nobody gives up is not waited for


class Bell:
    """What a freezer's thread sleeps by: others ring it when there is something else to do.

    It is a queue, unlike a condition whole after Ctrl-C, and the vigil that is kept.
    """

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()
        self._vigil: Vigil | None = None
        self._process = this_process()

    def ring(self) -> Vigil | None:
        """Wake whoever sleeps; of a parent process nobody can. Returns the vigil that this ends."""
        if self._process is not this_process():
            return None
        self._rung.put(None)
        vigil = self._vigil
        if vigil is not None:
            vigil.end()
        return vigil

    def hush(self, _: object = None) -> None:
        """Wake whoever sleeps; once this has returned, the core puts nothing back."""
        vigil = self.ring()
        if vigil is not None:
            vigil.settle()

    def hang(self, vigil: Vigil | None) -> None:
        """Let whoever rings from here on end this vigil, too."""
        self._vigil = vigil

    def sleep(self, seconds: float, vigil: Vigil | None) -> None:
        """Sleep until somebody rings, the time is over, or the vigil, which hangs, ends."""
        with contextlib.suppress(Empty):
            self._rung.get(timeout=0 if vigil else min(seconds, _LONGEST))
            seconds = 0
        if vigil is not None:
            vigil.wait(seconds)
        self._vigil = None
        with contextlib.suppress(Empty):  # whoever sleeps looks at all there is to do before
            while True:
                self._rung.get_nowait()


class Vigil:
    """Frozen values that the core looks at; it keeps none of them alive.

    Attributes:
        is_told: whether it ends because it was told to, and not by what it saw.

    Args:
        memory: where they are.
        entries: the values.
        values: their addresses, and what they are to be.
        call: the core's call.
    """

    def __init__(
        self, memory: Memory, entries: Sequence[Freeze[Any]], values: Values, call: Any
    ) -> None:
        self._memory = ref(memory)
        self._entries = [ref(entry) for entry in entries]
        self._values = values
        self._expected = bytes(ffi.buffer(values.raw))
        ends = list(accumulate((values.size_of(index) for index in range(values.count)), initial=0))
        self._places = [slice(*place) for place in pairwise(ends)]
        self._call = call
        self.is_told = self._is_given_up = False
        for index, entry in enumerate(entries):
            entry._count(partial(self._puts, index))

    def _puts(self, index: int) -> int:
        return int(lib.ff_call_puts(self._call[0], index))

    def end(self) -> None:
        """Let it end soon; any thread may."""
        self.is_told = True
        lib.ff_call_tell(self._call[0])

    def wait(self, seconds: float) -> None:
        """Wait for its end, for so long at the most; then end it."""
        until, state = time.monotonic() + min(seconds, _LONGEST), 0
        while not (state or self.is_told) and (left := until - time.monotonic()) > 0:
            state = lib.ff_call_wait(self._call[0], max(1, min(_POLL, round(left * 1000))))
        if not state:
            self.end()
            state = lib.ff_call_wait(self._call[0], _POLL)
            while not (state or self._settled(0)) and self._is_worth_waiting_for():
                state = lib.ff_call_wait(self._call[0], _POLL)
        self._is_given_up = state <= 0  # it waits for a page, and whoever closes does not
        for entry in self.members():
            entry._count(None)

    @property
    def has_looked(self) -> bool:
        """Whether it came to a look before its end."""
        return bool(lib.ff_call_looks(self._call[0]))

    def settle(self) -> None:
        """End it, and wait until it is sure to put nothing back; any thread may."""
        self.is_told = True
        for _ in range(_SETTLED):
            if self._settled(_POLL) or self._is_given_up:
                return

    def _settled(self, milliseconds: int) -> bool:
        return bool(lib.ff_call_settle(self._call[0], milliseconds))

    def _is_worth_waiting_for(self) -> bool:
        memory = self._memory()
        return memory is None or memory._waits or not lib.ff_call_is_asleep(self._call[0])

    def members(self) -> list[Freeze[Any]]:
        """The values that are still there."""
        return [entry for known in self._entries if (entry := known()) is not None]

    def changed(self) -> list[Freeze[Any]]:
        """After its end: the values that have to be looked at more closely."""
        raw = ffi.new("uint8_t[]", len(self._expected))
        if self._is_given_up or lib.ff_call_result(self._call[0], raw) < self._values.count:
            return self.members()
        there, expected = bytes(ffi.buffer(raw)), self._expected
        if there == expected:
            return []
        places = zip(self._entries, self._places, strict=True)
        found = [known() for known, at in places if there[at] != expected[at]]
        return [entry for entry in found if entry is not None]


def keep_vigil(memory: Memory, entries: Sequence[Freeze[Any]]) -> Vigil | None:
    """Let the core look at those of some frozen values that it can, at the pace of the fastest.

    Returns:
        None where there are none, or this memory is not looked at so.
    """
    able = [entry for entry in entries if entry.path is None and entry.error is None]
    interval = min((entry.interval for entry in able), default=0.0)
    chosen = [entry for entry in able if entry.interval == interval]
    if not chosen:
        return None
    kept = [entry._kept for entry in chosen]
    addresses, sizes = [entry.address for entry in chosen], list(map(len, kept))
    values = Values(addresses, sizes=sizes, raw=b"".join(kept))
    held = [entry._is_plain for entry in chosen]
    try:
        call = memory.look(values, min(interval, _LONGEST), held)
    except TargetClosed:  # by another thread, just now: each value's own look says so
        return None
    return None if call is None else Vigil(memory, chosen, values, call)
