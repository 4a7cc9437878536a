"""Watchpoints: which instructions touch a value, by the processor's breakpoints, nobody stopped."""

from __future__ import annotations

import errno
import platform
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from .. import arguments
from ..code.decoder import LONGEST, decode_one, described, iced
from ..code.ending import Touched, ended_at, reaches
from ..code.instruction import Instruction
from ..code.symbols import Symbol, Symbols
from ..engine import cell, check, ffi, lib
from ..errors import ArgumentError, FarfetchError, TargetClosed, WatchpointError
from ..lifetime.bound import Closing
from ..lifetime.life import Life
from ..memory.space import Space
from .hit import Hit, joined
from .refusals import machine_refusal, target_refusal

On = Literal["write", "read", "access", "execute"]

_KINDS: Final[dict[str, int]] = {
    "write": lib.FF_WATCH_WRITE,
    "read": lib.FF_WATCH_ACCESS,
    "access": lib.FF_WATCH_ACCESS,
    "execute": lib.FF_WATCH_EXECUTE,
}
_X86: Final = (
    *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip", "rflags", "cs", "ss"),
    *(f"r{number}" for number in range(8, 16)),
)
_ARM64: Final = (*(f"x{number}" for number in range(31)), "sp", "pc")
_NAMES: Final = {"x86_64": _X86, "aarch64": _ARM64}.get(platform.machine(), ())
_POLL: Final = 50  # milliseconds between looks for Ctrl-C


@dataclass(frozen=True, slots=True)
class WatchState:
    """How a watchpoint is doing; of :attr:`Watchpoint.state`.

    Attributes:
        hits: how many were seen.
        lost: how many there was no room for; all of them are known once it is closed.
        estimated: whether the breakpoints had to rest, for they took more of the target's time
            than they may: then counts are estimates, and of busy loops low ones.
        elapsed: seconds that it has been watched.
        cost: seconds that a hit takes of the target's time on this machine.
        threads: that the target had when it began; those that it has started since are seen too.
        ended: why nothing more is seen: ``"closed"``, ``"exited"``, ``"replaced"`` by executing
            another program; None while it goes on.

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
    ended: Literal["closed", "exited", "replaced"] | None


@dataclass(frozen=True, slots=True)
class _Site:
    """An instruction that hit: what stays the same of it, and whether it has read the value."""

    instruction: Instruction | None
    reads: bool
    symbol: Symbol | None
    location: str


class Watchpoint(Closing):
    """Which instructions touch a value, from now on; made by :meth:`Target.watchpoint`.

    The target is not stopped, nor is it traced: the processor notes each hit, in all threads that
    there are and that are started later. A context manager; once it is closed nothing more is
    seen, and what was seen stays. What it gives when it is gone through are :class:`Hit` objects,
    the most frequent first, as they are at that moment; it may be gone through again.

    What the kernel itself writes into the value, as read(2) does, is not seen. A vector
    instruction that writes under a mask may be, though its mask leaves the value out.

    Attributes:
        address: of the value.
        size: its bytes.
        on: what is looked for.

    >>> import ctypes, os
    >>> value = ctypes.c_int()
    >>> with attach(os.getpid()) as target, target.watchpoint(ctypes.addressof(value)) as hits:
    ...     for number in range(3):
    ...         value.value = number
    >>> sum(hit.count for hit in hits), len(hits)
    (3, 1)
    """

    def __init__(
        self,
        space: Space,
        symbols: Symbols,
        address: int,
        size: int = 4,
        on: On = "write",
        *,
        loss: float = 0.05,
        stack: int = 512,
    ) -> None:
        self.address = arguments.address(address)
        self.size = arguments.whole("size", size, 1, lib.FF_WATCH_BYTES)
        arguments.choice("on", on, _KINDS)
        self.on: On = on
        stack = arguments.whole("stack", stack, 0, lib.FF_WATCH_STACK)
        share = arguments.seconds("loss", loss)
        if share > 1:
            raise ArgumentError("loss", loss, "a part of the target's time, above 0 and up to 1")
        self._space = space
        self._symbols = symbols
        self._life = Life(partial(TargetClosed, None, "watchpoint"))
        self._sites: dict[tuple[int, int], _Site] = {}
        self._closing = threading.RLock()
        self._closed = False
        space.check()
        iced()  # whose absence is to be told before anything is watched
        self._cost = _cost(space, self.address, self.size, stack - stack % 8)
        self._core = self._start(stack - stack % 8, 0 if share == 1 else max(1, int(share * 1000)))
        self._began = self._look().began / 1e9
        known = weakref.ref(self)
        self._stop = partial(_close, known)
        weakref.finalize(self, space.stepping.pop, self._stop, None)
        space.stepping[self._stop] = None

    def _start(self, stack: int, share: int) -> Any:
        spec = ffi.new(
            "struct ff_watch_spec *",
            {
                "pid": self._space.memory.pid,
                "kind": _KINDS[self.on],
                "address": self.address,
                "size": 1 if self.on == "execute" else self.size,
                "stack": stack,
                "share": share,
                "cost": self._cost,
            },
        )
        out = cell("watch")
        try:
            check(lib.ff_watch_start(spec, out))
        except OSError as error:
            code = error.errno or 0
            raise target_refusal(code, self._space.memory, self.address, self.size) from None
        return out

    @property
    def state(self) -> WatchState:
        """How it is doing now."""
        self._life.refuse_children()
        state = self._look()
        ended: Literal["closed", "exited", "replaced"] | None = None
        if state.replaced:
            ended = "replaced"
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
        )

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

    def __iter__(self) -> Iterator[Hit]:
        return iter(self._hits())

    def __len__(self) -> int:
        return len(self._hits())

    def _hits(self) -> list[Hit]:
        self._life.refuse_children()
        found: dict[int, Hit] = {}
        for hit in map(self._hit, _raw_hits(self._core[0])):
            if hit is not None:
                known = found.get(hit.address)
                found[hit.address] = hit if known is None else joined(known, hit)
        return sorted(found.values(), key=lambda hit: -hit.count)

    def _hit(self, raw: tuple[Any, tuple[int, ...], bytes]) -> Hit | None:
        seen, threads, stack = raw
        registers = dict(zip(_NAMES, seen.registers, strict=False)) if seen.bits else {}
        key = (seen.ip, seen.bits)
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = self._site(seen, registers, stack)
        if self.on == "read" and not site.reads:
            return None
        return Hit(
            site.instruction,
            seen.ip,
            site.symbol,
            site.location,
            int(seen.count),
            int(seen.seen),
            seen.first / 1e9 - self._began,
            seen.last / 1e9 - self._began,
            threads,
            registers,
            stack,
            bytes(seen.before[0 : self.size]) if seen.known else None,
            bytes(seen.after[0 : self.size]) if seen.known else None,
        )

    def _site(self, seen: Any, registers: dict[str, int], stack: bytes) -> _Site:
        """What is found out of a hit's place, once."""
        parts = [(seen.code_start, bytes(seen.code[0 : seen.code_size]))]
        if "rsp" in registers:
            parts.append((registers["rsp"], stack))
        read = partial(_read, self._space, parts)
        writing, bits = self.on == "write", seen.bits or self._space.bits
        touched = Touched(seen.ip, self.address, self.size, writing, registers, bits)
        address: int | None = seen.ip
        if self.on != "execute":
            before = _asked(lambda: self._symbols.at(seen.ip - 1))
            address = ended_at(touched, read, before.start if before else None)
        raw = b"" if address is None else read(address, LONGEST)
        decoded = decode_one(raw, address or 0, bits) if raw else None
        at = seen.ip if address is None else address
        return _Site(
            None if decoded is None else described(decoded, raw[: decoded.len]),
            decoded is None or reaches(decoded, touched, reading=True) is not False,
            _asked(lambda: self._symbols.at(at)),
            _asked(lambda: str(self._space.locate(at))) or f"0x{at:x}",
        )

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
            self._hits()  # while its code can still be read

    def __repr__(self) -> str:
        return f"<Watchpoint on {self.on} of {self.size} bytes at 0x{self.address:x}>"


def _cost(space: Space, address: int, size: int, stack: int) -> int:
    """Nanoseconds that a hit takes, tried on ourselves."""
    if space.memory.pid is None:
        reason = f"only processes can be watched, and this is a {space.memory.name}"
        raise WatchpointError(address, size, reason)
    cost = ffi.new("uint64_t *")
    code = lib.ff_watch_probe(stack, cost)
    if code < 0:
        raise WatchpointError(address, size, machine_refusal(-code))
    return int(cost[0])


def _raw_hits(core: Any) -> Iterator[tuple[Any, tuple[int, ...], bytes]]:
    index = 0
    threads = ffi.new("uint32_t[]", lib.FF_WATCH_THREADS)
    stack = ffi.new("uint8_t[]", lib.FF_WATCH_STACK)
    while True:
        seen = ffi.new("struct ff_watch_hit *")
        if lib.ff_watch_hit(core, index, seen, threads, stack) == -errno.ENOENT:
            return
        yield seen, tuple(threads[0 : seen.threads]), bytes(ffi.buffer(stack, seen.stack))
        index += 1


def _read(space: Space, parts: Sequence[tuple[int, bytes]], address: int, size: int) -> bytes:
    """Bytes as they were kept, or else as they are."""
    for start, kept in parts:
        if start <= address and address + size <= start + len(kept):
            return kept[address - start : address - start + size]
    return _asked(lambda: space.memory.read(address, size)) or b""


def _asked(question: Callable[[], Any]) -> Any:
    """The answer; None where the target has gone meanwhile."""
    try:
        return question()
    except (FarfetchError, OSError):
        return None


def _close(known: weakref.ref[Watchpoint]) -> None:
    watchpoint = known()
    if watchpoint is not None:
        watchpoint.close()
