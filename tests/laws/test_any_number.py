"""Numbers of unknown type: each type is narrowed by itself, on the bytes of one read."""

from __future__ import annotations

import struct

import pytest
from farfetch.scanner import (
    Buffer,
    Predicate,
    ValueRangeError,
    attach,
    changed,
    decreased,
    first,
    increased,
    isas,
    now,
    number,
    prev,
    type_named,
    unchanged,
    unknown,
)
from farfetch.scanner.errors import FarfetchError
from farfetch.scanner.predicates.any_number import fitting
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = 0x5000
VALUES = st.one_of(
    st.integers(-3, 3).map(lambda value: struct.pack("<i", value)),
    st.integers(-3, 3).map(lambda value: struct.pack("<q", value)),
    st.integers(-3, 3).map(lambda value: struct.pack("<f", value)),
    st.integers(-3, 3).map(lambda value: struct.pack("<d", value)),
    st.binary(min_size=4, max_size=4),
)
FIRST = st.sampled_from((now == 1, now == 0, unknown, now.between(-2, 2), now != 1, now.near(2)))
NEXT = st.sampled_from(
    (
        *(now == 2, now == 5_000_000_000, changed, unchanged, increased, decreased),
        *(now == prev + 1, now < first, now & 1 == 1, now == 1.5, now * 2 > prev, now.near("1.5")),
    )
)


def contents(draw: st.DataObject, size: int) -> bytes:
    return (b"".join(draw.draw(st.lists(VALUES, min_size=1, max_size=20))) * size)[:size]


@pytest.mark.parametrize("isa", isas())
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_a_history_is_that_of_four_scans(isa: str, draw: st.DataObject) -> None:
    size = draw.draw(st.integers(24, 700))
    align = draw.draw(st.sampled_from((1, 2, 4, 8)))
    chunk = draw.draw(st.sampled_from((64, 128, 1 << 20)))
    cut = draw.draw(st.integers(4, size - 4))
    ranges = [(0, cut), (cut + draw.draw(st.integers(1, 9)), size)]
    ranges = [range_ for range_ in ranges if range_[0] < range_[1]]
    where = ",".join(f"{BASE + start:#x}..{BASE + end:#x}" for start, end in ranges)
    ends = {address: end for start, end in ranges for address in range(start, end - 3)}
    places = [address for address in ends if (BASE + address) % align == 0]
    memory = bytearray(contents(draw, size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARFETCH_ISA", isa)
        target = attach(Buffer(memory, base=BASE))
        scan = target.scan(number, align=align, where=where, chunk=chunk, threads=2)
    seen: list[bytes] = []
    types: dict[int, frozenset[str]] = {}
    for step in range(4):
        predicate: Predicate = draw.draw(FIRST if step == 0 else NEXT)
        memory[:] = contents(draw, size) if draw.draw(st.booleans()) else memory
        if step == 0:
            scan.first(predicate)
            types = dict.fromkeys(places, frozenset(("i32", "i64", "f32", "f64")))
        else:
            scan.next(predicate)
        seen.append(bytes(memory))
        history = {"now": seen[-1], "prev": seen[max(0, step - 1)], "first": seen[0]}
        for address, before in list(types.items()):
            end = min(address + 8, ends[address])
            raw = {name: one[address:end] for name, one in history.items()}
            types[address] = before & fitting(predicate, raw)
            if not types[address]:
                del types[address]
        found = {match.address - BASE: frozenset(match.types) for match in scan}
        assert found == types
    scan.close()


def test_types_are_never_mixed() -> None:
    """An i32 of 1 that becomes a float of 2 is not a number that was 1 and is 2."""
    memory = bytearray(64)
    memory[16:20] = struct.pack("<i", 1)
    memory[32:40] = struct.pack("<d", 1)
    with attach(Buffer(memory, base=BASE)) as target, target.scan(number) as scan:
        assert scan.first(now == 1).matches == 2
        memory[16:20] = struct.pack("<f", 2)
        memory[32:40] = struct.pack("<d", 2)
        assert scan.next(now == 2).matches == 1
        match = scan[0]
        assert (match.address, match.types, match.value) == (BASE + 32, ("f64",), 2.0)
        assert (match.previous, match.first) == (2.0, 1.0)
        scan.undo()
        assert [match.types for match in scan] == [("i32", "i64"), ("f64",)]
        assert [match.first for match in scan] == [1, 1.0]


def test_the_last_bytes_of_a_range_are_those_of_a_short_type() -> None:
    memory = bytearray(b"\xff" * 28 + struct.pack("<i", 7))
    target = attach(Buffer(memory, base=BASE))
    with target.scan(number, where=f"{BASE:#x}..{BASE + 32:#x}") as scan:
        assert scan.first("7").matches == 1
        assert scan[0].types == ("i32",)
        assert scan[0].value == 7
        memory[28] = 8
        assert scan.next("increased").matches == 1
        assert scan.write_all(9).written == 1
        assert memory[28:] == struct.pack("<i", 9)


def test_writing_takes_the_type_of_each() -> None:
    memory = bytearray(64)
    memory[8:12], memory[32:40] = struct.pack("<f", 2.5), struct.pack("<d", 2.5)
    with attach(Buffer(memory, base=BASE)) as target, target.scan(number) as scan:
        assert scan.first("2.5").matches == 2
        assert scan.write_all(3) == (2, 0)
        assert memory[8:12] == struct.pack("<f", 3)
        assert memory[32:40] == struct.pack("<d", 3)


def test_what_no_type_can_be_asked() -> None:
    with attach(Buffer(bytearray(64), base=BASE)) as target, target.scan(number) as scan:
        with pytest.raises(ValueRangeError):
            scan.first(now == 10**400)
        with pytest.raises(FarfetchError):
            scan.first(now == "text")
        assert scan.first(now == 10**30).matches == 0


@pytest.mark.parametrize("name", ["number", "All", "any number"])
def test_names(name: str) -> None:
    assert type_named(name) is number
