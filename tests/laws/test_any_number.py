"""Numbers of unknown type: each type is narrowed by itself, on the bytes of one read."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from farfetch.scanner import (
    Buffer,
    Predicate,
    TypeNameError,
    ValueRangeError,
    any_,
    attach,
    changed,
    decreased,
    encode,
    first,
    increased,
    isas,
    now,
    number,
    parse_value,
    prev,
    type_named,
    unchanged,
    unknown,
)
from farfetch.scanner.errors import FarfetchError
from farfetch.scanner.predicates.any_number import fitting
from farfetch.scanner.values.any_number import LAYOUTS
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = 0x5000
VALUES = st.one_of(
    st.integers(-3, 3).map(lambda value: struct.pack("<i", value)),
    st.integers(-3, 3).map(lambda value: struct.pack("<q", value)),
    st.integers(-3, 3).map(lambda value: struct.pack("<f", value)),
    st.integers(-3, 3).map(lambda value: struct.pack("<d", value)),
    st.sampled_from((200, 255, 65535)).map(lambda value: struct.pack("<H", value)),
    st.binary(min_size=4, max_size=4),
)
FIRST = st.sampled_from(
    (
        *(now == 1, now == 0, unknown, now.between(-2, 2), now != 1, now.near(2), now == 200),
        *(now == -1, now == 65535, now > 200, now == 2**32 - 1, now == 1.5),
    )
)
NEXT = st.sampled_from(
    (
        *(now == 200, now < 255, ~(now == -1), now == prev),
        *(now == 2, now == 5_000_000_000, changed, unchanged, increased, decreased),
        *(now == prev + 1, now < first, now & 1 == 1, now == 1.5, now * 2 > prev, now.near("1.5")),
    )
)


def contents(draw: st.DataObject, size: int) -> bytes:
    return (b"".join(draw.draw(st.lists(VALUES, min_size=1, max_size=20))) * size)[:size]


@pytest.mark.parametrize("isa", isas())
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_a_history_is_that_of_a_scan_for_each_type(isa: str, draw: st.DataObject) -> None:
    size = draw.draw(st.integers(24, 700))
    kind = draw.draw(st.sampled_from((number, any_)))
    layout = LAYOUTS[str(kind.name)]
    wanted = draw.draw(st.sampled_from((None, 1, 2, 3, 4, 8)))
    align = layout.alignment if wanted is None else wanted
    aligns = {
        part.name: part.alignment if wanted is None and kind is any_ else align
        for part in layout.parts
    }
    chunk = draw.draw(st.sampled_from((64, 128, 1 << 20)))
    cut, least = draw.draw(st.integers(4, size - 4)), layout.least
    ranges = [(0, cut), (cut + draw.draw(st.integers(1, 9)), size)]
    ranges = [range_ for range_ in ranges if range_[0] < range_[1]]
    where = ",".join(f"{BASE + start:#x}..{BASE + end:#x}" for start, end in ranges)
    ends = {address: end for start, end in ranges for address in range(start, end - least + 1)}
    places = [address for address in ends if (BASE + address) % align == 0]
    memory = bytearray(contents(draw, size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARFETCH_ISA", isa)
        target = attach(Buffer(memory, base=BASE))
        scan = target.scan(kind, align=wanted, where=where, chunk=chunk, threads=2)
    seen: list[bytes] = []
    types: dict[int, frozenset[str]] = {}
    for step in range(4):
        predicate: Predicate = draw.draw(FIRST if step == 0 else NEXT)
        memory[:] = contents(draw, size) if draw.draw(st.booleans()) else memory
        if step == 0:
            scan.first(predicate)
            types = {
                address: frozenset(
                    name for name, own in aligns.items() if (BASE + address) % own == 0
                )
                for address in places
            }
        else:
            scan.next(predicate)
        seen.append(bytes(memory))
        history = {"now": seen[-1], "prev": seen[max(0, step - 1)], "first": seen[0]}
        for address, before in list(types.items()):
            end = min(address + 8, ends[address])
            raw = {name: one[address:end] for name, one in history.items()}
            types[address] = before & fitting(predicate, raw, layout)
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


def test_any_finds_what_number_misses() -> None:
    """Health of 16 bits, a byte beside other values, and numbers that fit as unsigned alone."""
    memory = bytearray(b"\xa5" * 64)
    memory[10:12] = struct.pack("<H", 333)
    memory[17] = 200
    memory[24:28] = struct.pack("<I", 2**32 - 1)
    memory[32:40] = struct.pack("<Q", 2**64 - 1)
    with attach(Buffer(memory, base=BASE)) as target, target.scan(any_) as scan:
        for value, at, types in (
            (333, 10, {"i16", "u16"}),
            (200, 17, {"u8"}),
            (2**64 - 1, 32, {"u64"}),
        ):
            assert scan.first(now == value).matches == 1
            match = scan[0]
            assert (match.address - BASE, set(match.types)) == (at, types)
            assert match.value == value
        assert scan.first(now == 2**32 - 1).matches == 3  # the halves of the u64 too
        assert {match.types for match in scan} == {("u32",)}


def test_each_type_has_its_own_alignment_unless_told_otherwise() -> None:
    memory = bytearray(b"\xa5" * 64)
    memory[9:13] = struct.pack("<i", 70_000)
    memory[24:28] = struct.pack("<i", 70_000)
    with attach(Buffer(memory, base=BASE)) as target:
        for align, places in ((None, [24]), (1, [9, 24]), (8, [24]), (16, [])):
            with target.scan(any_, align=align) as scan:
                scan.first(now == 70_000)
                assert [match.address - BASE for match in scan] == places


def test_a_value_is_written_as_a_type_that_it_fits() -> None:
    memory = bytearray(b"\xa5" * 32)
    memory[8], memory[18:20] = 100, struct.pack("<h", 100)
    with attach(Buffer(memory, base=BASE)) as target, target.scan(any_) as scan:
        assert scan.first(now == 100).matches == 2
        assert [match.types for match in scan] == [("i8", "u8"), ("i16", "u16", "i8", "u8")]
        with pytest.raises(ValueRangeError):
            scan.write_all(300)  # no byte is 300, so nothing is written
        assert memory[8] == memory[18] == 100
        assert scan.write_all(200) == (2, 0)
        assert memory[8] == 200
        assert memory[18:20] == struct.pack("<h", 200)
        assert memory[9] == memory[20] == 0xA5


@pytest.mark.parametrize("kind", [number, any_])
def test_they_have_no_bytes_of_their_own(kind: Any) -> None:
    with pytest.raises(TypeNameError, match=kind.name):
        encode(kind, 5)
    assert parse_value(kind, "1.5") == 1.5


@pytest.mark.parametrize(
    ("name", "kind"), [("number", number), ("any number", number), ("any", any_), ("All", any_)]
)
def test_names(name: str, kind: Any) -> None:
    assert type_named(name) is kind
