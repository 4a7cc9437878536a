"""Laws of scans: they find what the plain definition finds, however the work is cut up."""

from __future__ import annotations

import random
import threading

import pytest
from farfetch.scanner.compiler.predicate import compile_predicate
from farfetch.scanner.engine import isas
from farfetch.scanner.errors import FarfetchError
from farfetch.scanner.memory.buffer import Buffer
from farfetch.scanner.predicates.language import parse_predicate
from farfetch.scanner.predicates.nodes import unknown, uses
from farfetch.scanner.scan.scan import Scan
from farfetch.scanner.target import Target
from farfetch.scanner.values.convert import layout_of, type_named
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from support.naive import naive_addresses
from support.strategies import PLAIN_NUMBERS, memory_of, number_layout, predicates_of

BASE = 0x7_0000
CUTS = [(chunk, threads) for chunk in (64, 1000, 4096, 1 << 20) for threads in (1, 3)]


@pytest.fixture(params=isas())
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FARFETCH_ISA", request.param)
    return request.param  # type: ignore[no-any-return]


def values_of(scan: Scan) -> list[tuple[int, object, object]]:
    return [(match.address, repr(match.previous), repr(match.first)) for match in scan]


@pytest.mark.parametrize("name", PLAIN_NUMBERS)
@settings(max_examples=25, deadline=None)
@given(draw=st.data())
def test_a_history_is_what_the_definition_makes_of_it(name: str, draw: st.DataObject) -> None:
    """First, next and undo against a model that keeps every byte."""
    layout = number_layout(name)
    size = draw.draw(st.integers(64, 700))
    align = draw.draw(st.sampled_from((None, 1, 2, 3, 4, 8)))
    chunk, threads = draw.draw(st.sampled_from(CUTS))
    middle = draw.draw(st.integers(1, size - 1))
    gap = draw.draw(st.integers(0, size - middle))
    ranges = [(BASE, BASE + middle), (BASE + middle + gap, BASE + size)]
    if gap == 0:
        ranges = [(BASE, BASE + size)]
    ranges = [range_ for range_ in ranges if range_[0] < range_[1]]
    contents = bytearray(draw.draw(memory_of(layout, size)))
    target = Target(Buffer(contents, base=BASE))
    where = ",".join(f"{start:#x}..{end:#x}" for start, end in ranges)
    with target.scan(name, align=align, where=where, chunk=chunk, threads=threads) as scan:
        snapshots: list[bytes] = []
        expected: list[list[int]] = []
        for step in range(draw.draw(st.integers(1, 4))):
            predicate = draw.draw(predicates_of(layout, 1))
            if step == 0 and uses(predicate) - {"now"}:
                predicate = unknown
            try:
                compile_predicate(predicate, layout)
            except FarfetchError:
                assume(False)
            if step:
                contents[:] = draw.draw(st.one_of(st.just(contents), memory_of(layout, size)))
            frozen = bytes(contents)
            streams = {"now": frozen}
            if step:
                streams |= {"prev": snapshots[-1], "first": snapshots[0]}
            found = naive_addresses(
                predicate, layout, ranges, align or layout.alignment, streams, BASE
            )
            if step:
                kept = set(expected[-1])
                found = [address for address in found if address in kept]
            result = scan.next(predicate) if step else scan.first(predicate)
            snapshots.append(frozen)
            expected.append(found)
            assert result.matches == len(found)
            assert scan.matches.addresses() == found
            assert result.unreadable == 0
        while expected:
            assert scan.matches.addresses() == expected[-1]
            for match in scan:
                at = match.address - BASE
                now, old, oldest = (
                    repr(layout.unpack(bytes(part[at : at + (layout.size or 0)])))
                    for part in (contents, snapshots[-1], snapshots[0])
                )
                assert repr(match.value) == now
                assert repr(match.previous) == old
                assert repr(match.first) == oldest
            scan.undo()
            expected.pop()
            snapshots.pop()
        assert len(scan) == 0


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("density", [0.00001, 0.001, 0.1, 0.5, 0.97])
def test_every_cut_gives_the_same_matches_at_every_density(density: float) -> None:
    """Big enough for several chunks and blocks, so that every form of match set is met."""
    chance = random.Random(density)
    hits = [chance.random() < density for _ in range(200_000)]
    contents = bytearray(b"".join(b"\x07\x01" if hit else b"\x08\x02" for hit in hits))
    expected = [BASE + 2 * slot for slot, hit in enumerate(hits) if hit]
    later = bytearray(contents)
    for address in expected[::3]:
        later[address - BASE] = 9
    for chunk, threads in [(4096, 3), (70_000, 2), (1 << 20, 2), (1 << 20, 1)]:
        memory = bytearray(contents)
        target = Target(Buffer(memory, base=BASE))
        with target.scan("u16", chunk=chunk, threads=threads) as scan:
            assert scan.first("now == 0x0107").matches == len(expected)
            assert scan.matches.addresses() == expected
            memory[:] = later
            assert scan.next("increased").matches == len(expected[::3])
            assert scan.matches.addresses() == expected[::3]
            assert all(
                (match.value, match.previous, match.first) == (0x0109, 0x0109, 0x0107)
                for match in scan[:50]
            )
            scan.undo()
            assert scan.next("unchanged").matches == len(expected) - len(expected[::3])


@pytest.mark.usefixtures("isa")
def test_dense_slots_one_byte_apart() -> None:
    """Overlapping values, found and compared at align 1, through every chunk edge."""
    contents = bytearray(200_000)
    target = Target(Buffer(contents, base=BASE))
    for chunk in (4096, 5001, 65_536, 1 << 20):
        with target.scan("u32", align=1, chunk=chunk) as scan:
            assert scan.first("now == 0").matches == len(contents) - 3
            contents[99_999] = 1
            assert scan.next("changed").matches == 4
            assert scan.matches.addresses() == [BASE + 99_999 - back for back in (3, 2, 1, 0)]
            assert [match.previous for match in scan] == [1 << 24, 1 << 16, 1 << 8, 1]
            contents[99_999] = 0
            scan.undo(2)
            assert scan.first(None).matches == len(contents) - 3
            assert scan.next("unchanged and first == 0").matches == len(contents) - 3


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("chunk", [64, 100, 4096, 4097, 1 << 20])
def test_a_value_at_every_place_around_chunk_and_piece_edges(chunk: int) -> None:
    needle = 0x1234_5678_9ABC_DEF0
    size = 3 * max(chunk, 4096) + 77 if chunk <= 4097 else 9000
    layout = layout_of(type_named("u64"))
    pieces = range(0, size, 4096)
    edges = {size, *pieces, *range(0, min(size, 3 * chunk), chunk)}
    edges |= {near - near % chunk for piece in (*pieces, size) for near in (piece, piece + chunk)}
    places = {edge + shift for edge in edges for shift in range(-9, 3)}
    between = parse_predicate(f"now > {needle - 1} and now < {needle + 1}")
    for place in sorted(places):
        if not 0 <= place <= size - 8:
            continue
        contents = bytearray(size)
        contents[place : place + 8] = layout.pack(needle)
        target = Target(Buffer(contents, base=BASE))
        with target.scan("u64", align=1, chunk=chunk, threads=1) as scan:
            scan.first(between)
            assert scan.matches.addresses() == [BASE + place]
            scan.next("unchanged")
            assert [(match.address, match.previous) for match in scan] == [(BASE + place, needle)]


def test_text_longer_than_a_page_across_chunks() -> None:
    word = "".join(chr(97 + index % 26) for index in range(10_000))
    contents = bytearray(100_000)
    contents[33_333:43_333] = word.encode()
    target = Target(Buffer(contents, base=BASE))
    for chunk in (4096, 50_000, 1 << 20):
        with target.scan("text", chunk=chunk) as scan:
            assert scan.first(f'now == "{word}"').matches == 1
            contents[43_332] ^= 1
            assert scan.next("changed").matches == 1
            assert scan[0].first == word
            contents[43_332] ^= 1


def test_a_match_has_the_value_that_matched_though_it_changes_meanwhile() -> None:
    contents = bytearray(1 << 23)
    other = b"\x07\0\0\0" * (len(contents) // 4)
    ended = threading.Event()

    def change() -> None:
        while not ended.is_set():
            contents[:] = other
            contents[:] = bytes(len(contents))

    thread = threading.Thread(target=change)
    thread.start()
    try:
        with Target(Buffer(contents, base=BASE)).scan("u32", threads=2) as scan:
            for _ in range(40):
                scan.first("now > 5 and now < 9")
                assert set(scan.matches.column("previous")) <= {7}
                scan.next("now < prev")
                assert set(scan.matches.column("previous")) <= {0}
    finally:
        ended.set()
        thread.join()


JOINED = [
    ("i32", "now > 2 and now < 5", [3, 4]),
    ("i32", "now > 2 and now > 4 and now <= 6", [5, 6]),
    ("i32", "now > 5 and now < 3", []),
    ("i32", "now > 2 and not now < 5", [5, 6, 7]),
    ("f32", "now >= 2 and now <= 4 and now < 4", [2, 3]),
    ("f32", "now >= nan and now <= 4", []),
    ("f32", "now <= 4 and now <= nan", []),
]


@pytest.mark.parametrize(("name", "predicate", "found"), JOINED)
def test_two_comparisons_with_constants(name: str, predicate: str, found: list[int]) -> None:
    layout = layout_of(type_named(name))
    contents = bytearray(b"".join(layout.pack(number) for number in range(8)))
    with Target(Buffer(contents, base=BASE)).scan(name) as scan:
        scan.first(predicate)
        assert [match.value for match in scan] == found


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(("i32", "u8", "f64", "i16be", "text[5]")),
    align=st.sampled_from((1, 2, 4, 8)),
    chunk=st.sampled_from((1 << 14, 1 << 16, 1 << 20)),
    start=st.sampled_from((0, 1, 4096, 4094)),
    seed=st.integers(0, 1 << 30),
)
def test_few_matches_in_much_memory(
    name: str, align: int, chunk: int, start: int, seed: int
) -> None:
    """Narrow a few planted values, alone and in rows, among old values of every form."""
    rng = random.Random(seed)
    layout = layout_of(type_named(name))
    size, span = 1 << 18, layout.size or 0
    base = BASE + start
    wanted, other = (layout.pack(one) for one in (("hello", "world") if span == 5 else (77, 78)))
    contents = bytearray(size)
    places = {rng.randrange(size - span) for _ in range(60)}
    # across pages, and at the edges of chunks
    places |= {edge - rng.randrange(span + 1) for edge in range(4096, size, 16384)}
    for place in places:
        contents[place : place + span] = wanted

    def holding(value: bytes) -> list[int]:
        first = -base % align
        return [
            base + at
            for at in range(first, size - span + 1, align)
            if contents[at : at + span] == value
        ]

    constant = {"wanted": '"hello"', "other": '"world"'}
    if span != 5:
        constant = {"wanted": "77", "other": "78"}
    target = Target(Buffer(contents, base=base))
    with target.scan(name, align=align, where="all", chunk=chunk) as scan:
        if rng.random() < 0.5:
            scan.first()  # pieces in the store
            scan.next(f"now == {constant['wanted']}")
        else:
            scan.first(f"now == {constant['wanted']}")  # values known from the predicate
        found = holding(wanted)
        assert scan.matches.addresses() == found
        moved = set(rng.sample(found, len(found) // 2))
        for address in moved:
            contents[address - base : address - base + span] = other
        scan.next("changed or unchanged")  # values side by side
        assert scan.matches.addresses() == found
        values = [bytes(contents[at - base : at - base + span]) for at in found]
        assert [layout.pack(match.previous) for match in scan] == values
        scan.undo()
        scan.next("changed")
        changed = [at for at, value in zip(found, values, strict=True) if value != wanted]
        assert scan.matches.addresses() == changed
        assert {layout.pack(match.first) for match in scan} == {wanted}
        scan.next(f"now == {constant['other']} and now != first")
        whole = [at for at in changed if contents[at - base : at - base + span] == other]
        assert scan.matches.addresses() == whole


@settings(max_examples=40, deadline=None)
@given(
    align=st.sampled_from((1, 2, 4)),
    chunk=st.sampled_from((64, 4096, 1 << 16)),
    few=st.booleans(),
    seed=st.integers(0, 1 << 30),
)
def test_snapshots_hold_what_was_there(align: int, chunk: int, few: bool, seed: int) -> None:
    rng = random.Random(seed)
    size = 1 << 16 if few else 1 << 12
    contents = bytearray(rng.choices((0, 1, 2), weights=(9, 1, 1), k=size))

    def disturb() -> bytes:
        for _ in range(50):
            contents[rng.randrange(size)] = rng.randrange(3)
        return bytes(contents)

    target = Target(Buffer(contents, base=BASE))
    with target.scan("u16", align=align, where="all", chunk=chunk) as scan:
        scan.first("now == 0x0101 or now == 0x0202" if few else "now != 0")
        before = scan.matches.addresses()
        first = bytes(contents)
        seen = {name: (disturb(), scan.snapshot(name).matches)[0] for name in ("a", "b", "c")}
        assert [snapshot.name for snapshot in scan.snapshots] == ["a", "b", "c"]
        assert len(scan.steps) == 1
        now = disturb()
        result = scan.next("now != @a and (@b < @c or @c == first) and @a <= @b + 1")

        def value(there: bytes, address: int) -> int:
            return int.from_bytes(there[address - BASE : address - BASE + 2], "little")

        kept = []
        for address in before:
            a, b, c = (value(seen[name], address) for name in "abc")
            if value(now, address) != a and (b < c or c == value(first, address)) and a <= b + 1:
                kept.append(address)
        assert scan.matches.addresses() == kept
        assert result.matches == len(kept)
        for match in scan[:20]:
            saved = scan.history.snapshot("b").value(match.address, 2, "")
            assert int.from_bytes(saved, "little") == value(seen["b"], match.address)
        scan.next("@a == @a and @b != @b")
        assert len(scan) == 0
