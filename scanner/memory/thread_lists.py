"""Where threads keep the lists of the mutexes that they would leave behind, found in memory.

The kernel knows of each thread where that list is (get_robust_list(2)), but not of one of 32 bits
when one of 64 asks; and a core file does not say. glibc has it in ``struct pthread``, near the top
of the thread's stack (nptl/descr.h)::

    next, prev      of the list that threads are on
    tid             4 bytes; older ones of 32 bits have 4 more that are not used
    previous        of 64 bits only: the last mutex, or itself the list while that is empty
    list            the first mutex, or itself; this is where the kernel was told that it begins
    offset          of a mutex's lock, a little before its place in the list
    pending         a mutex, or 0
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from .base import Memory
from .regions import Range, Region

_MOST: Final = 1 << 16  # threads that are followed
_NEAR_END: Final = 16 << 10  # bytes at a stack's end in which glibc has what it knows of its thread
_LEAST: Final = 16 << 10  # bytes of the smallest stack
_OFFSETS: Final = 256  # a lock lies less than so many bytes before
#: Bytes between a thread's place in its list and the list of its mutexes, by bits.
_DISTANCES: Final = {32: (12, 16), 64: (32,)}


def thread_lists(
    memory: Memory,
    regions: Sequence[Region],
    *,
    order: str = "little",
    wanted: Collection[int] = (),
    near: Iterable[int] = (),
) -> Mapping[int, int]:
    """Where threads have their lists, by the number that the thread has in its own namespace.

    Args:
        memory: whose threads they are.
        regions: all that are mapped.
        order: of the bytes of a number.
        wanted: numbers of threads; it is not looked on when these are found. None: all are wanted.
        near: addresses right behind which one may be, such as what threads' registers hold.
    """
    search = _Search(memory, order)
    for start in near:
        search.look(Range(start, start + 1024))
    for region in regions:
        if wanted and all(number in search.found for number in wanted):
            break
        if region.writable and not region.path.startswith("/") and region.size >= _LEAST:
            search.look(Range(region.end - _NEAR_END, region.end))
    return search.found


class _Search:
    """What has been found of threads.

    Args:
        memory: whose they are.
        order: of the bytes of a number.
    """

    def __init__(self, memory: Memory, order: str) -> None:
        self.found: dict[int, int] = {}
        self._memory = memory
        self._word = memory.bits // 8
        self._order = "<" if order == "little" else ">"
        self._form = f"{self._order}{'Q' if memory.bits == 64 else 'I'}"
        self._least_offset = (1 << memory.bits) - _OFFSETS
        self._distances = _DISTANCES[memory.bits]

    def look(self, span: Range) -> None:
        """Find lists in a span, and those of the threads that are listed beside these."""
        values = self._words(self._memory.read(span.start, span.size))
        for index, offset in enumerate(values[1:]):
            at = span.start + index * self._word
            if values[index] == at and offset > self._least_offset:
                for distance in self._distances:
                    self._follow(at - distance, distance)

    def _follow(self, node: int, distance: int) -> None:
        """Note a thread by its place in the list of threads, and those that the list leads to."""
        waiting = [node]
        seen: set[int] = set()
        while waiting and len(self.found) < _MOST:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            size = distance + 3 * self._word
            raw = self._memory.read(node, size) if 0 < node < (1 << 64) - size else b""
            if len(raw) < size or not self._is_thread(raw, node, distance):
                continue
            (number,) = struct.unpack_from(f"{self._order}I", raw, 2 * self._word)
            self.found.setdefault(number, node + distance)
            waiting += self._words(raw[: 2 * self._word])

    def _is_thread(self, raw: bytes, node: int, distance: int) -> bool:
        word, at = self._word, node + distance
        first, offset, _ = self._words(raw[distance:])
        if first != at or offset <= self._least_offset or node % word:
            return False
        if word == 8 and self._words(raw[distance - word : distance]) != [at]:
            return False
        behind = self._words(raw[:word])[0] + word  # where the next says which is before it
        if behind > (1 << 64) - word:
            return False
        return self._words(self._memory.read(behind, word)) == [node]

    def _words(self, raw: bytes) -> list[int]:
        whole = len(raw) - len(raw) % self._word
        return [value for (value,) in struct.iter_unpack(self._form, raw[:whole])]
