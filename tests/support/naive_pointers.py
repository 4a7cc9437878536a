"""The slow, plain way to find pointer paths, and small heaps to find them in."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from farfetch.scanner import Buffer, PointerPath, Range, Region
from hypothesis import strategies as st

Order = Literal["little", "big"]
Path = tuple[int, tuple[int, ...]]  # base, offsets


class Sections(Buffer):
    """A buffer that says that it has other regions than one."""

    def __init__(self, memory: bytearray, base: int, regions: Sequence[Region]) -> None:
        super().__init__(memory, base=base)
        self._sections = list(regions)

    def regions(self) -> list[Region]:
        return self._sections


@dataclass(frozen=True)
class Heap:
    """Memory with pointers in it.

    Attributes:
        memory: the bytes.
        base: the address of the first.
        bits: width of a pointer.
        order: of its bytes.
        align: bytes between the addresses looked at.
        ranges: the regions there are.
    """

    memory: bytearray
    base: int
    bits: Literal[32, 64]
    order: Order
    align: int
    ranges: tuple[Range, ...]

    def buffer(self) -> Sections:
        """The memory, to attach to."""
        regions = [
            Region(start, end, "rw-p", 0, "00:00", 0, "", False) for start, end in self.ranges
        ]
        return Sections(self.memory, self.base, regions)

    def pointers(self) -> dict[int, int]:
        """The value of each pointer, by its address."""
        word, found = self.bits // 8, {}
        for start, end in self.ranges:
            for at in range(start + -start % self.align, end - word + 1, self.align):
                raw = self.memory[at - self.base : at - self.base + word]
                value = int.from_bytes(raw, self.order)
                if any(value in range(*one) for one in self.ranges):
                    found[at] = value
        return found


class Question(NamedTuple):
    """What a scan is asked; its bases and what is closed as functions of an address."""

    address: int
    depth: int
    min_offset: int
    max_offset: int
    bases: Sequence[Range]
    ends_with: tuple[int, ...] = ()
    through: bool = False
    closed: Callable[[int], bool] = lambda _: False

    def is_base(self, address: int) -> bool:
        return any(start <= address < end for start, end in self.bases)

    def allows(self, left: int, offset: int) -> bool:
        """Whether an offset may be that of a step with so many left, itself counted."""
        if left <= len(self.ends_with):
            return offset == self.ends_with[-left]
        return self.min_offset <= offset <= self.max_offset

    def goes_on(self, address: int) -> bool:
        """Whether a pointer may be followed that is not the first."""
        return not self.closed(address) and (self.through or not self.is_base(address))


def naive_walks(pointers: dict[int, int], asked: Question) -> Iterator[tuple[Path, bool]]:
    """Every path, in no order; and whether it comes by a place twice."""
    bases = [at for at in pointers if asked.is_base(at)]
    shortest = max(1, len(asked.ends_with))
    for steps, base in itertools.product(range(shortest, asked.depth + 1), bases):
        yield from _walks(pointers, asked, (base,), (), steps)


def _walks(
    pointers: dict[int, int],
    asked: Question,
    places: tuple[int, ...],
    offsets: tuple[int, ...],
    left: int,
) -> Iterator[tuple[Path, bool]]:
    value = pointers[places[-1]]
    if left == 1:
        if asked.allows(1, asked.address - value):
            path = (places[0], (*offsets, asked.address - value))
            yield path, len(set(places)) < len(places)
        return
    for at in pointers:
        if asked.allows(left, at - value) and asked.goes_on(at):
            yield from _walks(pointers, asked, (*places, at), (*offsets, at - value), left - 1)


def naive_totals(pointers: dict[int, int], asked: Question) -> tuple[int, ...]:
    """How many paths there are of each number of steps, counted without listing them."""
    ways = {asked.address: 1}
    totals = []
    for steps in range(1, asked.depth + 1):
        before, ways = ways, {}
        total = 0
        for at, value in pointers.items():
            count = sum(n for to, n in before.items() if asked.allows(steps, to - value))
            if asked.is_base(at):
                total += count
            if count and asked.goes_on(at):
                ways[at] = count
        totals.append(total if steps >= len(asked.ends_with) else 0)
    return tuple(totals)


def best_first(path: Path) -> tuple[int, int, Path]:
    """What paths from plain addresses are listed by."""
    return len(path[1]), sum(map(abs, path[1])).bit_length(), path


def plain(path: PointerPath) -> Path:
    """A path that a scan has found, with its base as a number."""
    return int(path.base, 16), path.offsets


# What is drawn is a seed: each number that Hypothesis draws by itself tends to be small, and a heap
# of which everything is small has no paths.
_seeds = st.integers(0, 1 << 32).map(random.Random)


@st.composite
def heaps(draw: st.DrawFn, words: int = 60) -> Heap:
    """Small heaps: chains, cycles, pointers to themselves and into the middle of something."""
    chance = draw(_seeds)
    bits: Literal[32, 64] = draw(st.sampled_from((32, 64)))
    order: Order = draw(st.sampled_from(("little", "big")))
    word = bits // 8
    align = draw(st.sampled_from([one for one in (1, 2, 4, 8) if one <= word]))
    base = chance.choice((0x1000, 0x7FFF0000, 0x10, (1 << bits) - 0x1000))
    size = word * chance.randrange(4, words)
    memory = bytearray(chance.randbytes(size) if chance.random() < 0.2 else size)
    density = chance.choice((0.3, 0.7, 1.0))
    hot = [chance.randrange(0, size, word) for _ in range(chance.randrange(1, 9))]
    for at in range(0, size - word + 1, word):
        if chance.random() < density:
            spot = chance.choice(hot) + chance.randrange(-8, 9)
            to = chance.choice((spot, spot, spot, at, chance.randrange(size), at - word, size))
            value = max(0, min(base + to, (1 << bits) - 1))
            memory[at : at + word] = value.to_bytes(word, order)
    return Heap(memory, base, bits, order, align, _parts(chance, base, size, word))


def _parts(chance: random.Random, base: int, size: int, word: int) -> tuple[Range, ...]:
    """Regions: all of it, or parts with holes in between."""
    cuts = sorted({chance.randrange(size // word) for _ in range(chance.choice((0, 0, 2, 4)))})
    edges = [0, *(cut * word for cut in cuts if cut), size]
    parts = [Range(base + a, base + b) for a, b in itertools.pairwise(edges)]
    return _merged([one for one in parts if chance.random() < 0.8] or parts)


def _merged(ranges: list[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for one in ranges:
        if merged and merged[-1].end == one.start:
            merged[-1] = Range(merged[-1].start, one.end)
        else:
            merged.append(one)
    return tuple(merged)


@st.composite
def questions(draw: st.DrawFn, heap: Heap) -> Question:
    """What may be asked of a heap: mostly, what some of its pointers lead near."""
    chance = draw(_seeds)
    size = len(heap.memory)
    values = [*heap.pointers().values()] or [heap.base]
    near = max(0, chance.choice(values) + chance.randrange(-4, 12))
    address = near if chance.random() < 0.9 else heap.base + chance.randrange(size)
    bases = []
    for _ in range(chance.randrange(1, 4)):
        start = heap.base + chance.randrange(size)
        bases.append(Range(start, start + chance.randrange(1, max(2, size // 3))))
    ends: tuple[int, ...] = ()
    if chance.random() < 0.2:
        ends = tuple(chance.randrange(-8, 24) for _ in range(chance.randrange(1, 3)))
    return Question(
        address,
        chance.randrange(max(1, len(ends)), 5),
        chance.choice((0, 0, 0, -8, -24, 4)),
        chance.choice((8, 16, 24, 40, 100)),
        _apart(bases),
        ends,
        draw(st.booleans()),
    )


def _apart(ranges: list[Range]) -> list[Range]:
    """The same addresses, with none in two ranges."""
    apart: list[Range] = []
    for start, end in sorted(ranges):
        first = max(start, apart[-1].end) if apart else start
        if first < end:
            apart.append(Range(first, end))
    return apart
