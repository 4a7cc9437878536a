"""Pointer scans find what a naive enumeration finds, all of it, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import pytest
from farfetch.scanner import PointerMap, PointerPaths, Range, attach
from hypothesis import given, settings
from hypothesis import strategies as st

from support.naive_pointers import (
    Heap,
    Path,
    Question,
    best_first,
    heaps,
    naive_totals,
    naive_walks,
    plain,
    questions,
)

MOST = 3000  # paths that are compared one by one


def made(heap: Heap, **options: object) -> PointerMap:
    target = attach(heap.buffer(), bits=heap.bits)
    return target.pointer_map(order=heap.order, align=heap.align, **options)  # type: ignore[arg-type]


def scanned(pointers: PointerMap, asked: Question, **options: object) -> PointerPaths:
    return pointers.scan(
        asked.address,
        asked.depth,
        min_offset=asked.min_offset,
        max_offset=asked.max_offset,
        bases=asked.bases,
        ends_with=asked.ends_with,
        through_bases=asked.through,
        **options,  # type: ignore[arg-type]
    )


def listed(heap: Heap, asked: Question) -> tuple[list[Path], list[Path]] | None:
    """All walks, and those of them that are listed; None if they are too many."""
    walks = list(islice(naive_walks(heap.pointers(), asked), MOST + 1))
    if len(walks) > MOST:
        return None
    return [path for path, _ in walks], [path for path, loops in walks if not loops]


@settings(deadline=None, max_examples=150)
@given(data=st.data(), heap=heaps())
def test_paths_and_counts_are_those_of_a_naive_enumeration(data: st.DataObject, heap: Heap) -> None:
    asked = data.draw(questions(heap))
    pointers = made(heap, threads=data.draw(st.integers(1, 3)))
    assert len(pointers) == len(heap.pointers())
    paths = scanned(pointers, asked, threads=data.draw(st.integers(1, 3)))
    assert paths.by_steps == naive_totals(heap.pointers(), asked)
    assert paths.exact
    naive = listed(heap, asked)
    if naive is None:
        return
    walks, best = naive
    assert paths.total == len(walks)
    assert list(map(plain, paths.walks())) == sorted(walks, key=best_first)
    assert list(map(plain, paths)) == sorted(best, key=best_first)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), heap=heaps(400))
def test_counts_of_crowded_levels(data: st.DataObject, heap: Heap) -> None:
    asked = data.draw(questions(heap))._replace(
        min_offset=data.draw(st.integers(-600, 0)), max_offset=data.draw(st.integers(0, 900))
    )
    paths = scanned(made(heap), asked)
    assert paths.by_steps == naive_totals(heap.pointers(), asked)
    first = [plain(path) for path in islice(paths.walks(), 200)]
    assert first == sorted(first, key=best_first)
    assert len(set(first)) == len(first) == min(200, paths.total)
    for base, offsets in first:
        at = base
        assert asked.is_base(base)
        for offset in offsets:
            at = heap.pointers()[at] + offset
        assert at == asked.address


@settings(deadline=None, max_examples=100)
@given(data=st.data(), heap=heaps(40))
def test_comparing_maps_is_intersecting_their_lists(data: st.DataObject, heap: Heap) -> None:
    count = data.draw(st.integers(2, 3))
    changes = st.lists(st.integers(0, len(heap.memory) - 8), max_size=4)
    others = [heap]
    for _ in range(count - 1):
        memory = bytearray(heap.memory)
        for at in data.draw(changes):
            memory[at : at + 8] = bytes(8)
        others.append(Heap(memory, heap.base, heap.bits, heap.order, heap.align, heap.ranges))
    asked = data.draw(questions(heap))._replace(ends_with=())
    places = st.integers(heap.base, heap.base + len(heap.memory) - 1)
    targets = [asked.address]
    for _ in others[1:]:
        targets.append(asked.address if data.draw(st.booleans()) else data.draw(places))
    lists = [
        listed(one, asked._replace(address=target))
        for one, target in zip(others, targets, strict=True)
    ]
    maps = [made(one) for one in others]
    compared = scanned(maps[0], asked, compare=list(zip(maps[1:], targets[1:], strict=True)))
    first = compared.total, list(map(plain, compared)), list(map(plain, compared.walks()))
    whole = [one for one in lists if one is not None]
    if len(whole) < len(lists):
        return
    walks = set.intersection(*(set(one[0]) for one in whole))
    best = set.intersection(*(set(one[1]) for one in whole))
    assert first == (len(walks), sorted(best, key=best_first), sorted(walks, key=best_first))
    assert all(
        sum(len(offsets) == steps for _, offsets in walks) == total
        for steps, total in enumerate(compared.by_steps, 1)
    )


@settings(deadline=None, max_examples=60)
@given(data=st.data(), heap=heaps(40))
def test_what_is_closed_is_not_passed(data: st.DataObject, heap: Heap) -> None:
    asked = data.draw(questions(heap))
    window = data.draw(st.sampled_from(heap.ranges))
    text = f"0x{window.start:x}..0x{window.end:x}"
    outside = asked._replace(
        bases=_cut(asked.bases, window), closed=lambda at: window.start <= at < window.end
    )
    paths = scanned(made(heap), asked, not_through=text)
    assert paths.by_steps == naive_totals(heap.pointers(), outside)
    inside = asked._replace(
        closed=lambda at: not window.start <= at < window.end and not asked.is_base(at)
    )
    paths = scanned(made(heap), asked, within=text)
    assert paths.by_steps == naive_totals(heap.pointers(), inside)


def _cut(bases: Sequence[Range], window: Range) -> list[Range]:
    cut = []
    for start, end in bases:
        parts = (Range(start, min(end, window.start)), Range(max(start, window.end), end))
        cut += [one for one in parts if one.start < one.end]
    return cut


@settings(deadline=None, max_examples=40)
@given(heap=heaps(), chunk=st.integers(64, 200), threads=st.integers(1, 4))
def test_a_map_does_not_depend_on_chunks_and_threads(heap: Heap, chunk: int, threads: int) -> None:
    asked = Question(heap.base, 2, -32, 64, [Range(heap.base, heap.base + len(heap.memory))])
    plainly = scanned(made(heap), asked._replace(through=True))
    otherwise = scanned(made(heap, chunk=chunk, threads=threads), asked._replace(through=True))
    assert list(plainly.walks()) == list(otherwise.walks())


@settings(deadline=None, max_examples=40)
@given(data=st.data(), heap=heaps())
def test_a_saved_map_is_the_same(
    data: st.DataObject, heap: Heap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pointers = made(heap)
    name = tmp_path_factory.mktemp("map") / "it.ffmap"
    pointers.save(name)
    loaded = PointerMap.load(name)
    assert loaded.moment == pointers.moment
    asked = data.draw(questions(heap))
    assert list(islice(scanned(loaded, asked).walks(), 100)) == list(
        islice(scanned(pointers, asked).walks(), 100)
    )
    again = name.with_name("again.ffmap")
    loaded.save(again)
    assert again.read_bytes() == name.read_bytes()


def test_a_count_beyond_64_bits_stays_there() -> None:
    # each of 64 pointers leads to all of them: 64 ** 12 ways of 12 steps from one
    memory = bytearray(b"".join((0x1000).to_bytes(8, "little") for _ in range(64)))
    heap = Heap(memory, 0x1000, 64, "little", 8, (Range(0x1000, 0x1200),))
    asked = Question(0x1100, 12, 0, 0x1FF, [Range(0x1000, 0x1010)], through=True)
    paths = scanned(made(heap), asked)
    naive = naive_totals(heap.pointers(), asked)
    assert not paths.exact
    assert paths.by_steps[:11] == naive[:11]
    assert paths.by_steps[11] == 2 * ((1 << 64) - 1) < naive[11]
    assert Counter(len(path.offsets) for path in islice(paths.walks(), 200)) == {
        1: 2,
        2: 128,
        3: 70,
    }
