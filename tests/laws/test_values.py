"""Values at many addresses: against what one read each says, wherever they lie."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from farfetch.scanner import ArgumentError, Buffer, i32
from farfetch.scanner.memory.values import Values, addresses_given
from hypothesis import given
from hypothesis import strategies as st

BASE = 0x1000
CONTENTS = bytes(range(1, 256)) * 40

places = st.integers(BASE - 40, BASE + len(CONTENTS) + 40)


@given(st.lists(places, max_size=700), st.integers(1, 40), st.booleans())
def test_each_is_what_it_is_alone(addresses: list[int], size: int, in_order: bool) -> None:
    memory = Buffer(CONTENTS, base=BASE)
    addresses = sorted(addresses) if in_order else addresses
    values = Values(addresses, size)
    alone = [memory.read(address, size) for address in addresses]
    assert memory.read_many(values) == sum(len(raw) == size for raw in alone)
    assert list(values.done) == [len(raw) for raw in alone]
    assert list(values) == [raw if len(raw) == size else None for raw in alone]


@given(st.lists(st.tuples(places, st.sampled_from([1, 3, 300, 5000, 40000])), max_size=40))
def test_of_any_sizes(given_places: list[tuple[int, int]]) -> None:
    memory = Buffer(CONTENTS * 8, base=BASE)
    addresses, sizes = [at for at, _ in given_places], [size for _, size in given_places]
    values = Values(addresses, sizes=sizes)
    memory.read_many(values)
    alone = [memory.read(address, size) for address, size in given_places]
    assert list(values.done) == [len(raw) for raw in alone]
    whole = [raw if len(raw) == size else None for raw, size in zip(alone, sizes, strict=True)]
    assert list(values) == whole


@given(st.lists(places, max_size=60), st.integers(1, 9))
def test_writing_is_what_one_write_each_does(addresses: list[int], size: int) -> None:
    many, single = bytearray(CONTENTS), bytearray(CONTENTS)
    raw = bytes(range(200, 200 + size)) * len(addresses)
    values = Values(addresses, size, raw=raw)
    whole = Buffer(many, base=BASE).write_many(values)
    one = Buffer(single, base=BASE)
    done = [one.write(address, raw[:size]) for address in addresses]
    assert many == single
    assert list(values.done) == done
    assert whole == done.count(size)


def test_the_ends_of_all_addresses() -> None:
    highest = (1 << 64) - 1
    values = Values([highest, 0, highest - 3, BASE], 4)
    assert Buffer(CONTENTS, base=BASE).read_many(values) == 1
    assert list(values) == [None, None, None, CONTENTS[:4]]


def test_none_at_all() -> None:
    values = Values([], 4)
    assert Buffer(CONTENTS).read_many(values) == 0
    assert list(values) == []


@pytest.mark.parametrize(
    "given_addresses",
    [
        (1, 2),
        iter([1, 2]),
        numpy.array([1, 2], dtype=numpy.uint64),
        memoryview((1).to_bytes(8, "little") + (2).to_bytes(8, "little")).cast("Q"),
    ],
    ids=["tuple", "iterator", "numpy", "column"],
)
def test_addresses_come_in_many_forms(given_addresses: Any) -> None:
    listed = addresses_given(given_addresses)
    assert listed == [1, 2]
    assert {type(address) for address in listed} == {int}


@pytest.mark.parametrize("bad", [None, 5, i32, "12", b"12", [True], [1.0], [-1], [1 << 64], ["1"]])
def test_what_is_no_addresses_is_refused(bad: Any) -> None:
    with pytest.raises(ArgumentError):
        addresses_given(bad)
