"""Functions in a file: where each begins, how long it is, and what it is called.

A table of them is kept as columns, for a large program has hundreds of thousands.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Final

#: Where a function begins, its bytes, and its name.
Row = tuple[int, int, bytes]

#: More functions than the largest programs have.
MOST: Final = 1 << 22
#: Bytes of a name; of one that is longer these are its name.
NAME_MOST: Final = 4096
_NAMES_MOST: Final = 1 << 28
_HIGHEST: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Function:
    """A function in a file.

    Attributes:
        start: its first byte, counted from where the file's lowest byte is mapped.
        size: its bytes; 0 where the file does not say.
        name: as the file has it, not demangled; "" where it has none.
    """

    start: int
    size: int
    name: str


def bounded(rows: Iterable[Row]) -> list[Row]:
    """The functions of a file, as far as a file that is none on purpose may take memory.

    Those that begin nowhere are left out, and beyond 256 MiB of names the rest has none.

    >>> bounded([(16, 4, b"one"), (1 << 64, 4, b"two")])
    [(16, 4, b'one')]
    """
    kept, left = [], _NAMES_MOST
    for start, size, name in islice(rows, MOST):
        if 0 <= start <= _HIGHEST and size <= _HIGHEST:
            left -= len(name)
            kept.append((start, size, name if left >= 0 else b""))
    return kept


class Functions:
    """The functions of a file, by where they begin.

    Args:
        found: them, in any order. At a place that has several names, the first of them is what
            :meth:`at` calls it; the others are found, too.
    """

    def __init__(self, found: list[Row]) -> None:
        self._starts = array("Q")
        self._sizes = array("Q")
        self._names: list[bytes] = []
        for start, rows in groupby(sorted(found, key=_place), itemgetter(0)):
            sizes: dict[bytes, int] = {}  # by name
            for _, size, name in rows:
                if name or not sizes:
                    sizes.setdefault(name, size)
            self._starts.extend([start] * len(sizes))
            self._sizes.extend(sizes.values())
            self._names.extend(sizes)

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Function]:
        return map(self._at, range(len(self)))

    def at(self, offset: int) -> Function | None:
        """The function that an offset is in, or that begins last before it; None before all."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        function = self._at(bisect_left(self._starts, self._starts[index]))
        if function.size and offset >= function.start + function.size:
            return None
        return function

    def named(self, name: str) -> Function | None:
        """The first function that is called so in the file."""
        wanted = name.encode(errors="backslashreplace")
        for index, called in enumerate(self._names):
            if called == wanted:
                return self._at(index)
        return None

    def _at(self, index: int) -> Function:
        name = self._names[index].decode(errors="backslashreplace")
        return Function(self._starts[index], self._sizes[index], name)


def _place(row: Row) -> tuple[int, bool]:
    """Where it begins; there, what has a name comes first."""
    return row[0], not row[2]
