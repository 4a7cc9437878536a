"""Writing: the one way by which bytes get into a target, whoever writes them.

What is frozen is told: bytes that are written over a frozen value, or over a part of it, are what
is held from then on. Only what the freezer itself puts back goes past this.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from functools import partial

from ..engine import ffi
from ..errors import MemoryFault
from .base import Memory
from .values import Values


class Holder(abc.ABC):
    """What holds values in a memory, and so is told of all that is written over them."""

    @abc.abstractmethod
    def spans(self) -> list[tuple[int, int]]:
        """The addresses that are held, each from its first up to, not including, its end."""

    @abc.abstractmethod
    def write_over(self, address: int, raw: bytes, write: Callable[[], int]) -> int:
        """Write over what may be held, while nothing is put back; hold what was written.

        Args:
            address: of the first byte.
            raw: the bytes.
            write: does it; returns how many of the bytes were written.

        Returns:
            The same.
        """


def write(
    memory: Memory, holder: Holder | None, address: int, raw: bytes, *, force: bool = False
) -> int:
    """Write bytes from an address on, and hold them where something is frozen.

    Args:
        memory: to write to.
        holder: of what is frozen there, if anything is.
        address: of the first byte.
        raw: the bytes.
        force: also where the target may not write itself.

    Returns:
        How many were written, up to the first that cannot be.
    """
    if holder is None:
        return _store(memory, address, raw, force=force)
    return holder.write_over(address, raw, partial(_store, memory, address, raw, force=force))


def write_fully(
    memory: Memory, holder: Holder | None, address: int, raw: bytes, *, force: bool = False
) -> None:
    """Write bytes from an address on, all of them; takes what :func:`write` does.

    Raises:
        MemoryFault: some cannot be written, with what the regions tell of the cause.
    """
    done = write(memory, holder, address, raw, force=force)
    if done != len(raw):
        raise _fault(memory, address, len(raw), done, force=force)


def write_many(
    memory: Memory, holder: Holder | None, values: Values, *, force: bool = False
) -> int:
    """Write values at many addresses, each as :func:`write` does, and in this order.

    Args:
        memory: to write to.
        holder: of what is frozen there, if anything is.
        values: to write; its ``done`` has how many bytes of each were written.
        force: also where the target may not write itself.

    Returns:
        How many were written whole.
    """
    if not (holder and _touches(holder.spans(), values)):
        return memory.write_many(values, force=force) if force else memory.write_many(values)
    raw, at, whole = bytes(ffi.buffer(values.raw)), 0, 0
    for index in range(values.count):
        size = values.size_of(index)
        done = write(memory, holder, values.addresses[index], raw[at : at + size], force=force)
        values.done[index] = done
        whole += done == size
        at += size
    return whole


def _touches(spans: Sequence[tuple[int, int]], values: Values) -> bool:
    """Whether some of the values touch one of the spans."""
    if not spans:
        return False
    places = sorted(
        (address, address + values.size_of(index)) for index, address in enumerate(values.addresses)
    )
    held = sorted(spans)
    at = 0
    for start, end in places:
        while at < len(held) and held[at][1] <= start:
            at += 1
        if at < len(held) and held[at][0] < end:
            return True
    return False


def _store(memory: Memory, address: int, raw: bytes, *, force: bool) -> int:
    """Write bytes past what is frozen; a memory that knows no force is not asked for it."""
    return memory.write(address, raw, force=True) if force else memory.write(address, raw)


def _fault(memory: Memory, address: int, size: int, done: int, *, force: bool) -> MemoryFault:
    """The error of a write that came so far, with what the regions tell of the cause."""
    if memory.blocks(address + done, size - done, writing=True):
        return MemoryFault(address, size, done, True, blocked=True)
    region = next((region for region in memory.regions() if address + done in region), None)
    hint = ""
    if region is not None and not region.writable:
        name = region.name or f"0x{region.start:x}..0x{region.end:x}"
        cure = ", which not even force writes" if force else ": force it, or patch it"
        hint = f"it lies in a read-only mapping of {name}{cure}"
    return MemoryFault(address, size, done, True, hint)
