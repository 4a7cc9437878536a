"""Writing: the one way by which bytes get into a target, whoever writes them.

What is frozen is told: bytes that are written over a frozen value, or over a part of it, are what
is held from then on. Only what the freezer itself puts back goes past this.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from ..engine import ffi
from ..errors import MemoryFault
from ..values.layout import over
from .base import Memory
from .values import Values


class Holder(abc.ABC):
    """What holds values in a memory, and so is told of all that is written over them."""

    @abc.abstractmethod
    def spans(self) -> list[tuple[int, int]]:
        """The addresses that are held, each from its first up to, not including, its end."""

    @abc.abstractmethod
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


def write(
    memory: Memory,
    holder: Holder | None,
    address: int,
    raw: bytes,
    *,
    force: bool = False,
    mask: bytes = b"",
) -> int:
    """Write bytes from an address on, and hold them where something is frozen.

    Args:
        memory: to write to.
        holder: of what is frozen there, if anything is.
        address: of the first byte.
        raw: the bytes.
        force: also where the target may not write itself.
        mask: of a bit field, the bits of the bytes that are written: the others stay as they are
            found just before.

    Returns:
        How many were written, up to the first that cannot be.
    """
    store = partial(_store_bits, mask) if mask else _store
    if holder is None:
        return store(memory, address, raw, force=force)
    return holder.write_over(address, raw, partial(store, memory, address, raw, force=force), mask)


def write_fully(
    memory: Memory,
    holder: Holder | None,
    address: int,
    raw: bytes,
    *,
    force: bool = False,
    mask: bytes = b"",
) -> None:
    """Write bytes from an address on, all of them; takes what :func:`write` does.

    Raises:
        MemoryFault: some cannot be written, with what the regions tell of the cause.
    """
    done = write(memory, holder, address, raw, force=force, mask=mask)
    if done != len(raw):
        raise fault(memory, address, len(raw), done, force=force)


def write_many(
    memory: Memory,
    holder: Holder | None,
    values: Values,
    *,
    force: bool = False,
    mask: bytes = b"",
) -> int:
    """Write values at many addresses, each as :func:`write` does, and in this order.

    Args:
        memory: to write to.
        holder: of what is frozen there, if anything is.
        values: to write; its ``done`` has how many bytes of each were written.
        force: also where the target may not write itself.
        mask: of bit fields, the bits of each that are written.

    Returns:
        How many were written whole.
    """
    if not (holder and _touches(holder.spans(), values)):
        joined = values if not mask else _joined(memory, values, mask)
        if joined is not None:
            written = memory.write_many(joined, force=force) if force else memory.write_many(joined)
            values.done[0 : values.count] = joined.done
            return written
    raw, at, whole = bytes(ffi.buffer(values.raw)), 0, 0
    for index in range(values.count):
        size = values.size_of(index)
        piece, place = raw[at : at + size], values.addresses[index]
        done = write(memory, holder, place, piece, force=force, mask=mask)
        values.done[index] = done
        whole += done == size
        at += size
    return whole


def _joined(memory: Memory, values: Values, mask: bytes) -> Values | None:
    """Bit fields with the other bits as they are; None where each has to be seen to for itself."""
    size, addresses = len(mask), list(values.addresses)
    places = sorted(addresses)
    if any(after - before < size for before, after in pairwise(places)):
        return None  # one changes what is around the other
    there = Values(addresses, size)
    if memory.read_many(there) < values.count:
        return None
    old, new = (int.from_bytes(ffi.buffer(each.raw), "little") for each in (there, values))
    its = int.from_bytes(mask * values.count, "little")
    raw = (old & ~its | new & its).to_bytes(size * values.count, "little")
    return Values(addresses, size, raw=raw)


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


def _store_bits(mask: bytes, memory: Memory, address: int, raw: bytes, *, force: bool) -> int:
    """Write some bits of bytes; nothing where the others cannot be read."""
    there = memory.read(address, len(raw))
    if len(there) < len(raw):
        return 0
    return _store(memory, address, over(mask, there, raw), force=force)


def fault(memory: Memory, address: int, size: int, done: int, *, force: bool) -> MemoryFault:
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
