"""Watchpoints: which instructions touch a value, by the processor's breakpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from .. import arguments
from ..code.decoder import LONGEST, decode_one, described, iced
from ..code.ending import Touched, ended_at, reaches
from ..code.instruction import Instruction
from ..code.running import NOTHING_RUNS, is_data
from ..code.symbols import Symbol, Symbols
from ..engine import lib
from ..errors import WatchpointError
from ..memory.space import Space
from .following import Following, Wanted, asked, checked_by, checked_loss
from .hit import Hit
from .refusals import ABOUT_DATA, By
from .sighting import Sighting

On = Literal["write", "read", "access", "execute"]

_KINDS: Final[dict[str, int]] = {
    "write": lib.FF_WATCH_WRITE,
    "read": lib.FF_WATCH_ACCESS,
    "access": lib.FF_WATCH_ACCESS,
    "execute": lib.FF_WATCH_EXECUTE,
}


@dataclass(frozen=True, slots=True)
class _Site:
    """An instruction that hit: what stays the same of it, and whether it has read the value.

    Attributes:
        address: of the instruction, or where the program went on.
    """

    address: int
    instruction: Instruction | None
    reads: bool
    symbol: Symbol | None
    location: str


class Watchpoint(Following):
    """Which instructions touch a value, from now on; made by :meth:`Target.watchpoint`.

    The target is not stopped, nor is it traced, unless that was asked for by name: the processor
    notes each hit, in all threads that there are and that are started later. A context manager;
    once it is closed nothing more is seen, and what was seen stays. What it gives when it is gone
    through are :class:`Hit` objects, the most frequent first, as they are at that moment; it may be
    gone through again.

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
        by: By = "perf",
    ) -> None:
        self.address = arguments.address(address)
        self.size = arguments.whole("size", size, 1, lib.FF_WATCH_BYTES)
        arguments.choice("on", on, _KINDS)
        self.on: On = on
        stack = arguments.whole("stack", stack, 0, lib.FF_WATCH_STACK)
        loss = checked_loss(loss)
        by = checked_by(by)
        self._symbols = symbols
        self._sites: dict[tuple[int, int], _Site] = {}
        space.check()
        iced()  # whose absence is to be told before anything is watched
        if on == "execute" and is_data(space, self.address):
            raise WatchpointError(self.address, self.size, f"{NOTHING_RUNS}; {ABOUT_DATA}")
        wanted = Wanted(_KINDS[on], self.address, self.size, stack - stack % 8, loss, by)
        super().__init__(space, wanted, "watchpoint")

    def __iter__(self) -> Iterator[Hit]:
        return iter(self._hits())

    def __len__(self) -> int:
        return len(self._hits())

    def _hits(self) -> list[Hit]:
        # an instruction that repeats itself goes on at two addresses
        found: dict[int, Sighting] = {}
        for sighting in self._sightings():
            site = self._site(sighting)
            if self.on != "read" or site.reads:
                found[site.address] = sighting.joined(found.get(site.address))
        return sorted(map(self._hit, found.values()), key=lambda hit: -hit.count)

    def _hit(self, seen: Sighting) -> Hit:
        site = self._site(seen)
        return Hit(
            site.instruction,
            seen.ip,
            site.symbol,
            site.location,
            seen.count,
            seen.seen,
            seen.first,
            seen.last,
            seen.threads,
            seen.registers,
            seen.stack,
            seen.before,
            seen.after,
        )

    def _site(self, seen: Sighting) -> _Site:
        key = (seen.ip, seen.bits)
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = self._found_out(seen)
        return site

    def _found_out(self, seen: Sighting) -> _Site:
        """What is found out of a hit's place, once."""
        parts = [seen.code]
        if "rsp" in seen.registers:
            parts.append((seen.registers["rsp"], seen.stack))
        read = partial(_read, self._space, parts)
        writing, bits = self.on == "write", seen.bits or self._space.bits
        touched = Touched(seen.ip, self.address, self.size, writing, seen.registers, bits)
        address: int | None = seen.ip
        if self.on != "execute":
            before = asked(lambda: self._symbols.at(seen.ip - 1))
            address = ended_at(touched, read, before.start if before else None)
        raw = b"" if address is None else read(address, LONGEST)
        decoded = decode_one(raw, address or 0, bits) if raw else None
        at = seen.ip if address is None else address
        instruction = None if decoded is None else described(decoded, raw[: decoded.len])
        return _Site(
            seen.ip if instruction is None else instruction.address,
            instruction,
            decoded is None or reaches(decoded, touched, reading=True) is not False,
            asked(lambda: self._symbols.at(at)),
            asked(lambda: str(self._space.locate(at))) or f"0x{at:x}",
        )

    def _keep(self) -> None:
        self._hits()  # while its code can still be read

    def __repr__(self) -> str:
        return f"<Watchpoint on {self.on} of {self.size} bytes at 0x{self.address:x}>"


def _read(space: Space, parts: Sequence[tuple[int, bytes]], address: int, size: int) -> bytes:
    """Bytes as they were kept, or else as they are."""
    for start, kept in parts:
        if start <= address and address + size <= start + len(kept):
            return kept[address - start : address - start + size]
    return asked(lambda: space.memory.read(address, size)) or b""
