"""Where arrays of bytes are in a target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from ..errors import FarfetchError
from ..memory.regions import Region
from ..memory.space import Space
from .aob import MAX_BYTES, ByteArray

#: A module's name, "" for anywhere, or two addresses.
Within: TypeAlias = str | tuple[int, int]

_BLOCK: Final = 16 << 20  # bytes that are read at a time


def find_first(
    space: Space, arrays: Sequence[ByteArray], ranges: Sequence[tuple[int, int]]
) -> list[int | None]:
    """The first place of each array in some ranges of addresses, in one pass.

    Args:
        space: to look in; what cannot be read is passed over.
        arrays: the bytes.
        ranges: half-open, ascending.

    Returns:
        An address for each, or None.
    """
    found: list[int | None] = [None] * len(arrays)
    expressions = [expression_of(array) for array in arrays]
    for start, end in ranges:
        for address, raw in _blocks(space, start, end):
            for index, expression in enumerate(expressions):
                if found[index] is None:
                    match = expression.search(raw)
                    found[index] = None if match is None else address + match.start()
            if None not in found:
                return found
    return found


def find_all(
    space: Space, array: ByteArray, ranges: Sequence[tuple[int, int]], most: int
) -> list[int]:
    """The places of an array in some ranges of addresses, at most so many."""
    found: list[int] = []
    expression = expression_of(array)
    for start, end in ranges:
        at = start
        for address, raw in _blocks(space, start, end):
            while len(found) < most:
                match = expression.search(raw, max(0, at - address))
                if match is None:
                    break
                found.append(address + match.start())
                at = found[-1] + 1
    return found


def ranges_of(
    regions: Sequence[Region], begin: int = 0, end: int = 1 << 64, *, executable: bool = False
) -> list[tuple[int, int]]:
    """The readable ranges between two addresses, neighbours joined."""
    joined: list[tuple[int, int]] = []
    for region in regions:
        low, high = max(region.start, begin), min(region.end, end)
        if low >= high or not region.readable or (executable and not region.executable):
            continue
        if joined and joined[-1][1] == low:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def _blocks(space: Space, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """A range in blocks that overlap by the longest array."""
    at = start
    while at < end:
        size = min(_BLOCK + MAX_BYTES, end - at)
        try:
            raw = space.memory.read(at, size)
        except FarfetchError:
            space.check()
            return
        yield at, raw
        if len(raw) < size:
            at += max(len(raw), 1) + 4096 - (at + max(len(raw), 1)) % 4096
        else:
            at += _BLOCK


def expression_of(array: ByteArray) -> re.Pattern[bytes]:
    """The bytes as a regular expression."""
    parts: list[bytes] = []
    for raw, mask in zip(array.raw, array.mask, strict=True):
        if mask == 0xFF:
            parts.append(re.escape(bytes((raw,))))
        elif mask == 0:
            parts.append(b".")
        else:
            choices = bytes(byte for byte in range(256) if byte & mask == raw)
            parts.append(b"[" + b"".join(b"\\x%02x" % byte for byte in choices) + b"]")
    return re.compile(b"".join(parts), re.DOTALL)
