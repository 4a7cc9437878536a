"""Writing: the one way by which bytes get into a target, whoever writes them.

What is frozen is told: bytes that are written over a frozen value, or over a part of it, are what
is held from then on. Only what the freezer itself puts back goes past this.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..engine import ffi
from ..errors import MemoryFault
from ..lifetime.bound import Bound

if TYPE_CHECKING:
    from ..live.freeze import Freezer
    from ..target import Target
    from .base import Memory


def write(
    memory: Memory, freezer: Freezer | None, address: int, raw: bytes, *, force: bool = False
) -> int:
    """Write bytes from an address on, and hold them where something is frozen.

    Args:
        memory: to write to.
        freezer: of what is frozen there, if anything is.
        address: of the first byte.
        raw: the bytes.
        force: also where the target may not write itself.

    Returns:
        How many were written, up to the first that cannot be.
    """
    if freezer is None:
        return store(memory, address, raw, force=force)
    with freezer.turn:
        touched = freezer.touched(address, len(raw))
        done = store(memory, address, raw, force=force)
        for one in touched:
            one._hold(address, raw[:done])
    return done


def write_each(
    memory: Memory,
    freezer: Freezer | None,
    addresses: Any,
    count: int,
    raw: bytes,
    *,
    force: bool = False,
) -> int:
    """Write the same bytes at many addresses, as :func:`write` does.

    Args:
        memory: to write to.
        freezer: of what is frozen there, if anything is.
        addresses: a ``uint64_t *``, ascending.
        count: how many.
        raw: the bytes.
        force: also where the target may not write itself.

    Returns:
        At how many all of the bytes are now.
    """
    frozen: list[int] = []
    spans = freezer.spans() if freezer else []
    if spans:
        places = ffi.unpack(addresses, count)
        frozen = sorted({one for span in spans for one in _touching(places, len(raw), *span)})
        others = sorted(set(places).difference(frozen))
        addresses, count = ffi.new("uint64_t[]", others), len(others)
    if force:
        done = memory.write_each(addresses, count, raw, force=True)
    else:
        done = memory.write_each(addresses, count, raw)
    for address in frozen:
        done += write(memory, freezer, address, raw, force=force) == len(raw)
    return done


def _touching(places: Sequence[int], size: int, start: int, end: int) -> Sequence[int]:
    """Those of the ascending places at which so many bytes touch a span."""
    first = bisect.bisect_right(places, start - size)
    return places[first : bisect.bisect_left(places, end, first)]


def store(memory: Memory, address: int, raw: bytes, *, force: bool) -> int:
    """Write bytes past what is frozen; a memory that knows no force is not asked for it."""
    return memory.write(address, raw, force=True) if force else memory.write(address, raw)


def check(memory: Memory, address: int, size: int, done: int, *, force: bool) -> None:
    """Raise MemoryFault, with what the regions tell of the cause, unless all was written."""
    if done == size:
        return
    if memory.blocks(address + done, size - done, writing=True):
        raise MemoryFault(address, size, done, True, blocked=True)
    region = next((one for one in memory.regions() if address + done in one), None)
    hint = ""
    if region is not None and not region.writable:
        name = region.name or f"0x{region.start:x}..0x{region.end:x}"
        cure = ", which not even force writes" if force else ": force it, or patch it"
        hint = f"it lies in a read-only mapping of {name}{cure}"
    raise MemoryFault(address, size, done, True, hint)


class PastTheFreezer(Bound):
    """A target's bytes as its freezer reads and writes them: it need not be told of its own.

    Args:
        target: whose.
    """

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def bits(self) -> int:
        """Width of a pointer: 32 or 64."""
        return self._target.bits

    def address(self, text: str) -> int:
        """The address that a text says."""
        return self._target.address(text)

    def read_bytes(self, address: int, size: int) -> bytes:
        """Read exactly that many bytes."""
        return self._target.read_bytes(address, size)

    def write_bytes(self, address: int, data: bytes, *, force: bool = False) -> None:
        """Write all of the bytes."""
        self._target.check()
        done = store(self._target.memory, address, data, force=force)
        check(self._target.memory, address, len(data), done, force=force)
