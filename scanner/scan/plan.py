"""The ground of a scan: what its first step settles for all that follow."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..engine import cell, check, content, ffi, lib
from ..memory.regions import Range
from ..predicates.regex import Regex
from ..values.layout import Layout
from .budget import Limits
from .disk import Store


@dataclass(frozen=True)
class Ground:
    """Where a scan looks, for what values, and what it may keep of them.

    Attributes:
        layout: of the values, with a size.
        regex: what is looked for, when that is a regular expression.
        least: bytes of a value that have to be there.
        ranges: addresses that are looked at, ascending.
        handle: the core's layout of them.
        store: of old values.
        limits: of what they and the matches take.
    """

    layout: Layout
    regex: Regex | None
    least: int
    ranges: Sequence[Range]
    handle: Any
    store: Store
    limits: Limits

    @property
    def extent(self) -> int:
        """Bytes of all ranges."""
        return sum(end - start for start, end in self.ranges)

    def size_at(self, address: int) -> int:
        """Bytes of the value at an address; for an expression, fewer at the end of a range."""
        size = self.layout.size or 0
        if self.regex is None:
            return size
        index = bisect_right(self.ranges, address, key=lambda range_: range_.start) - 1
        return min(size, self.ranges[index].end - address)


def lay_out(ranges: Sequence[Range], align: int, least: int, span: int, chunk: int) -> Any:
    """The core's layout of ranges, for values of span bytes, of which least have to be there."""
    out = cell("grid")
    listed = ffi.new("struct ff_range[]", [tuple(range_) for range_ in ranges])
    check(lib.ff_grid_create_short(listed, len(ranges), align, least, span, chunk, out))
    return content(out)
