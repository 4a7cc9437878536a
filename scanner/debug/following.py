"""What all watches have: breakpoints of the core on a process, and what they have seen so far."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from .. import arguments
from ..engine import GUARDIAN, cell, check, ffi, lib
from ..errors import ArgumentError, FarfetchError, TargetClosed, WatchpointError
from ..lifetime.bound import Closing
from ..lifetime.life import Life
from ..memory.space import Space
from .refusals import By, machine_refusal, target_refusal, traced_refusal
from .sighting import NAMES, Sighting, sightings

_POLL: Final = 50  # milliseconds between looks for Ctrl-C


@dataclass(frozen=True, slots=True)
class WatchState:
    """How a watchpoint is doing; of :attr:`Watchpoint.state`.

    Attributes:
        hits: how many were seen.
        lost: how many there was no room for; all of them are known once it is closed.
        estimated: whether the breakpoints had to rest, for they took more of the target's time
            than they may: then counts are estimates, and of very busy loops rough ones.
        elapsed: seconds that it has been watched.
        cost: seconds that a hit takes of the target's time on this machine.
        threads: that the target had when it began; those that it has started since are seen too.
        ended: why nothing more is seen: ``"closed"``, ``"exited"``, ``"replaced"`` by executing
            another program, ``"killed"`` where somebody has killed the process that traced it;
            None while it goes on.
        by: what sees them: ``"perf"`` or ``"ptrace"``.

    >>> import ctypes, os
    >>> value = ctypes.c_int()
    >>> with attach(os.getpid()) as target, target.watchpoint(ctypes.addressof(value)) as hits:
    ...     hits.state.ended is None, hits.state.hits, hits.state.estimated
    (True, 0, False)
    >>> hits.state.ended, hits.state.lost
    ('closed', 0)
    """

    hits: int
    lost: int
    estimated: bool
    elapsed: float
    cost: float
    threads: int
    ended: Literal["closed", "exited", "replaced", "killed"] | None
    by: By


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the core is to watch.

    Attributes:
        kind: one of the core's.
        address: of what is watched.
        size: its bytes.
        stack: bytes of the stack to keep.
        loss: the part of its time that the target may lose.
        by: what is to see it.
        apart: names of registers whose values tell an instruction's hits apart.
    """

    kind: int
    address: int
    size: int
    stack: int
    loss: float
    by: By
    apart: frozenset[str] = frozenset()


class Following(Closing):
    """Breakpoints on all threads of a process, from now on.

    Args:
        space: the process's memory.
        wanted: what is watched.
        name: what this is called when it has been closed.
    """

    def __init__(self, space: Space, wanted: Wanted, name: str) -> None:
        self._space = space
        self._life = Life(partial(TargetClosed, None, name))
        self._closing = threading.RLock()
        self._closed = False
        self._size = wanted.size
        self._by: By = wanted.by
        cost = _cost(space, wanted)
        self._cost = int(cost.all)
        self._core = _start(space, wanted, cost)
        self._began = self._look().began / 1e9
        known = weakref.ref(self)
        self._stop = partial(_close, known)
        weakref.finalize(self, space.stepping.pop, self._stop, None)
        space.stepping[self._stop] = None

    @property
    def state(self) -> WatchState:
        """How it is doing now."""
        self._life.refuse_children()
        state = self._look()
        ended: Literal["closed", "exited", "replaced", "killed"] | None = None
        if state.replaced:
            ended = "replaced"
        elif state.broken:
            ended = "killed"
        elif state.exited:
            ended = "exited"
        elif state.ended:
            ended = "closed"
        return WatchState(
            int(state.hits),
            int(state.lost),
            bool(state.estimated),
            state.elapsed / 1e9,
            self._cost / 1e9,
            int(state.threads),
            ended,
            self._by,
        )

    def _sightings(self) -> Iterator[Sighting]:
        self._life.refuse_children()
        return sightings(self._core[0], self._began, self._size)

    def _look(self) -> Any:
        state = ffi.new("struct ff_watch_state *")
        lib.ff_watch_state(self._core[0], state)
        return state

    def wait(self, seconds: float, *, hits: int = 0) -> bool:
        """Wait until there are more hits, or nothing more will be seen.

        Args:
            seconds: at the most.
            hits: than so many.

        Returns:
            Whether it is so.

        >>> import ctypes, os
        >>> value = ctypes.c_int()
        >>> with attach(os.getpid()) as target, target.watchpoint(ctypes.addressof(value)) as hits:
        ...     value.value = 7
        ...     hits.wait(60), hits.wait(0.01, hits=1)
        (True, False)
        """
        until = time.monotonic() + arguments.seconds("seconds", seconds)
        hits = arguments.whole("hits", hits, 0, arguments.HIGHEST)
        while True:
            state = self.state
            if state.hits > hits or state.ended:
                return True
            left = int((until - time.monotonic()) * 1000)
            if left <= 0:
                return False
            lib.ff_watch_wait(self._core[0], state.hits, min(_POLL, left))

    def close(self) -> None:
        """See nothing more; what was seen stays. In a child of the process nothing is done.

        >>> import ctypes, os
        >>> value = ctypes.c_int()
        >>> with attach(os.getpid()) as target:
        ...     hits = target.watchpoint(ctypes.addressof(value))
        ...     hits.close()
        >>> len(hits)
        0
        """
        if self._life.is_forked:
            return
        with self._closing:
            if self._closed:
                return
            lib.ff_watch_stop(self._core[0])
            self._closed = True
            self._space.stepping.pop(self._stop, None)
            self._keep()

    def _keep(self) -> None:
        """Read what of the target is still wanted; it may end."""


def checked_by(by: object) -> By:
    """What is to see hits.

    Raises:
        ArgumentError: it is none of those.
    """
    return "ptrace" if arguments.choice("by", by, ("perf", "ptrace")) == "ptrace" else "perf"


def checked_loss(loss: object) -> float:
    """A part of the target's time.

    Raises:
        ArgumentError: it is none.
    """
    share = arguments.seconds("loss", loss)
    if share > 1:
        raise ArgumentError("loss", loss, "a part of the target's time, above 0 and up to 1")
    return share


def _start(space: Space, wanted: Wanted, cost: Any) -> Any:
    guardian = _guardian() if wanted.by == "ptrace" else ffi.NULL
    spec = ffi.new(
        "struct ff_watch_spec *",
        {
            "pid": space.memory.pid,
            "kind": wanted.kind,
            "address": wanted.address,
            "size": 1 if wanted.kind == lib.FF_WATCH_EXECUTE else wanted.size,
            "stack": wanted.stack,
            "share": 0 if wanted.loss == 1 else max(1, int(wanted.loss * 1000)),
            "cost": cost,
            "apart": sum(1 << NAMES.index(name) for name in wanted.apart),
            "guardian": guardian,
        },
    )
    out = cell("watch")
    try:
        check(lib.ff_watch_start(spec, out))
    except OSError as error:
        code = error.errno or 0
        if wanted.by == "ptrace":
            raise traced_refusal(code, space.memory, wanted.address, wanted.size) from None
        raise target_refusal(code, space.memory, wanted.address, wanted.size) from None
    return out


def _guardian() -> Any:
    return ffi.new("char[]", os.fsencode(GUARDIAN))


def _cost(space: Space, wanted: Wanted) -> Any:
    """What a hit takes, as the core says it, tried on ourselves."""
    if space.memory.pid is None:
        reason = f"only processes can be watched, and this is a {space.memory.name}"
        raise WatchpointError(wanted.address, wanted.size, reason)
    cost = ffi.new("struct ff_watch_cost *")
    if wanted.by == "ptrace":
        code = lib.ff_watch_probe_traced(wanted.stack, _guardian(), cost)
    else:
        code = lib.ff_watch_probe(wanted.stack, cost)
    if code < 0:
        reason = machine_refusal(-code, wanted.by)
        raise WatchpointError(wanted.address, wanted.size, reason)
    return cost[0]


def asked(question: Callable[[], Any]) -> Any:
    """The answer; None where the target has gone meanwhile."""
    try:
        return question()
    except (FarfetchError, OSError):
        return None


def _close(known: weakref.ref[Following]) -> None:
    following = known()
    if following is not None:
        following.close()
