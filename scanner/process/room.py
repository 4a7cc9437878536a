"""Where in a process nothing is, so that something can be allocated there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ..errors import MemoryUnavailable
from ..memory.regions import Region

PAGE: Final = 4096
_STEP: Final = 1 << 16  # Windows programs expect allocations to begin at multiples of it
_NEAR: Final = (1 << 31) - (1 << 20)  # that a jump reaches from anywhere in the allocation
_LOWEST: Final = 1 << 16
_HIGHEST: Final = {32: 0xFFFF0000, 64: 0x7FFFFFFF0000}


def room(whose: str, regions: Sequence[Region], size: int, near: int | None, bits: int) -> int:
    """A place where nothing is: the one nearest to what is asked for.

    What Wine has reserved for its program is a region without access, and so is never taken.

    Args:
        whose: what errors call the process.
        regions: that are mapped, by ascending address.
        size: in bytes.
        near: an address within 2 GiB of all of it; None where it does not matter.
        bits: width of the process's pointers.

    Returns:
        Its address, a multiple of 64 KiB.

    Raises:
        MemoryUnavailable: there is none.
    """
    low, high = _LOWEST, _HIGHEST[bits]
    if near is not None and bits == 64:
        low, high = max(low, near - _NEAR), min(high, near + _NEAR)
    wanted = high // 2 if near is None else near
    best: int | None = None
    for start, end in _gaps(regions, low, high):
        first, last = start + -start % _STEP, (end - size) & -_STEP
        if first > last:
            continue
        found = min(max(wanted & -_STEP, first), last)
        if best is None or abs(found - wanted) < abs(best - wanted):
            best = found
    if best is None:
        where = "" if near is None else f" within 2 GiB of 0x{near:x}"
        raise MemoryUnavailable(whose, f"there are no {size} bytes free{where}")
    return best


def _gaps(regions: Sequence[Region], low: int, high: int) -> Iterator[tuple[int, int]]:
    at = low
    for region in regions:
        if region.start > at:
            yield at, min(region.start, high)
        at = max(at, region.end)
        if at >= high:
            return
    if at < high:
        yield at, high
