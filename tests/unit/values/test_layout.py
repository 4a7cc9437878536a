from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from farfetch.scanner.errors import ArgumentError, ValueKindError, ValueRangeError
from farfetch.scanner.values.convert import TYPES, layout_of, sized
from farfetch.scanner.values.layout import Layout, double, over, round_single
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import BIT_FIELDS, NUMBERS, number_layout, values_of

LAYOUTS = [layout_of(type_) for type_ in TYPES.values()]
SIZED = [layout_of(sized(TYPES[name], 7)) for name in ("text", "utf16", "bytes")]
INTEGERS = [one for one in LAYOUTS if one.kind == "int"]


@pytest.mark.parametrize("layout", LAYOUTS + SIZED, ids=lambda one: one.name)
@given(data=st.data())
def test_unpack_undoes_pack(layout: Layout, data: st.DataObject) -> None:
    value = data.draw(values_of(layout))
    raw = layout.pack(value)
    assert layout.size in (None, len(raw))
    back: Any = layout.unpack(raw)
    assert type(back) is type(value)
    assert back == value or (math.isnan(back) and math.isnan(value))


@pytest.mark.parametrize(
    ("name", "value", "raw"),
    [
        ("i8", -1, "ff"),
        ("u16", 0x1234, "34 12"),
        ("u16be", 0x1234, "12 34"),
        ("i24", -2, "fe ff ff"),
        ("u24be", 0x123456, "12 34 56"),
        ("f16", 1.5, "00 3e"),
        ("f16be", -2, "c0 00"),
        ("i32", -2, "fe ff ff ff"),
        ("i64be", -2, "ff ff ff ff ff ff ff fe"),
        ("f32", 1.0, "00 00 80 3f"),
        ("f32be", 1, "3f 80 00 00"),
        ("f64", -2.5, "00 00 00 00 00 00 04 c0"),
        ("f64be", -2.5, "c0 04 00 00 00 00 00 00"),
        ("pointer", 0x1234, "34 12 00 00 00 00 00 00"),
        ("text", "hé", "68 c3 a9"),
        ("utf16", "h😀", "68 00 3d d8 00 de"),
        ("bytes", "DE ad", "de ad"),
        ("bytes", b"\xde\xad", "de ad"),
    ],
)
def test_bytes_are_those_of_the_format(name: str, value: object, raw: str) -> None:
    assert layout_of(TYPES[name]).pack(value) == bytes.fromhex(raw)


@pytest.mark.parametrize("layout", INTEGERS, ids=lambda one: one.name)
def test_integers_fit_up_to_their_limits(layout: Layout) -> None:
    assert isinstance(layout.low, int)
    assert isinstance(layout.high, int)
    assert layout.size is not None
    assert layout.high - layout.low == 256**layout.size - 1
    for limit in (layout.low, layout.high):
        assert layout.unpack(layout.pack(limit)) == limit
    for beyond in (layout.low - 1, layout.high + 1):
        with pytest.raises(ValueRangeError) as error:
            layout.pack(beyond)
        assert (error.value.low, error.value.high) == (layout.low, layout.high)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["5", b"5", None, [5]])
def test_numbers_are_no_text(name: str, value: object) -> None:
    with pytest.raises(ValueKindError):
        layout_of(TYPES[name]).pack(value)


def test_integers_are_no_fractions() -> None:
    with pytest.raises(ValueKindError, match=r"^1\.5 is not a whole number for i32$"):
        layout_of(TYPES["i32"]).pack(1.5)


@pytest.mark.parametrize(
    ("name", "value"), [("f16", 65520), ("f32", 1e39), ("f32", -1e39), ("f64", 10**400)]
)
def test_floats_too_large(name: str, value: float) -> None:
    with pytest.raises(ValueRangeError):
        layout_of(TYPES[name]).pack(value)


@pytest.mark.parametrize("name", ["f16", "f32", "f64"])
def test_the_limits_of_floats_are_their_greatest_numbers(name: str) -> None:
    layout = layout_of(TYPES[name])
    assert layout.high is not None
    assert layout.unpack(layout.pack(layout.high)) == layout.high
    following = int.from_bytes(layout.pack(layout.high), "little") + 1
    assert layout.unpack(following.to_bytes(layout.bits // 8, "little")) == math.inf


@pytest.mark.parametrize("name", BIT_FIELDS)
@given(data=st.data())
def test_bits_are_written_over_others(name: str, data: st.DataObject) -> None:
    layout = number_layout(name)
    value, there = data.draw(values_of(layout)), data.draw(st.binary(min_size=8, max_size=8))
    there = there[: layout.size]
    raw = over(layout.mask, there, layout.pack(value))
    assert layout.unpack(raw) == value
    around = bytes(255 ^ byte for byte in layout.mask)
    assert [byte & its for byte, its in zip(raw, around, strict=True)] == [
        byte & its for byte, its in zip(there, around, strict=True)
    ]
    assert layout.unpack(layout.mask) == (-1 if layout.signed else layout.high)


def test_text_is_cut_at_its_nul_and_filled_up_with_them() -> None:
    layout = layout_of(sized(TYPES["text"], 6))
    assert layout.pack("abc") == b"abc\0\0\0"
    assert layout.unpack(b"abc\0de") == "abc"
    assert layout_of(sized(TYPES["utf16"], 3)).unpack(b"a\0\0\0b\0") == "a"


def test_what_is_no_text_is_shown_as_such() -> None:
    assert layout_of(TYPES["text"]).unpack(b"a\xffb") == "a\N{REPLACEMENT CHARACTER}b"
    assert layout_of(TYPES["utf16"]).unpack(b"a\0\x00\xd8") == "a\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("text", "abcdefgh", ValueRangeError),
        ("text", "ééé\0é", ValueRangeError),
        ("utf16", "abcdefgh", ValueRangeError),
        ("bytes", b"short", ValueRangeError),
        ("bytes", b"too long", ValueRangeError),
        ("text", b"abc", ValueKindError),
        ("text", 5, ValueKindError),
        ("text", "\ud800", ValueKindError),
        ("utf16", "\ud800", ValueKindError),
        ("bytes", 5, ValueKindError),
        ("bytes", "no hex", ValueKindError),
    ],
)
def test_text_that_does_not_go_in(name: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        layout_of(sized(TYPES[name], 7)).pack(value)


@pytest.mark.parametrize("layout", [one for one in LAYOUTS + SIZED if one.size])
def test_the_wrong_number_of_bytes_is_no_value(layout: Layout) -> None:
    assert layout.size is not None
    for size in (0, layout.size - 1, layout.size + 1):
        with pytest.raises(ValueKindError):
            layout.unpack(bytes(size))


@pytest.mark.parametrize(("name", "size"), [("i32", 4), ("text", 0), ("utf16", 3), ("bytes", -1)])
def test_sizes_that_cannot_be(name: str, size: int) -> None:
    with pytest.raises(
        ArgumentError, match=f"^size takes bytes that {name} can have, . or more, not {size}$"
    ):
        layout_of(TYPES[name]).with_size(size)


@pytest.mark.parametrize(
    ("name", "alignment"),
    [("i8", 1), ("u24", 1), ("f16", 2), ("u64", 8), ("f32", 4), ("text", 1), ("utf16", 2)],
)
def test_alignment(name: str, alignment: int) -> None:
    assert layout_of(TYPES[name]).alignment == alignment


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_round_single_is_nearest_and_even(number: float) -> None:
    rounded = round_single(number)
    if math.isinf(rounded):
        # From half a step above the greatest number on.
        assert abs(number) >= float.fromhex("0x1.ffffffp127")
        return
    bits = struct.unpack("<I", struct.pack("<f", abs(rounded)))[0]
    for other in (bits - 1, bits + 1):
        if other < 0:
            continue
        neighbour = struct.unpack("<f", struct.pack("<I", other))[0]
        gap, distance = abs(abs(number) - neighbour), abs(abs(number) - abs(rounded))
        assert distance < gap or (distance == gap and bits % 2 == 0)


def test_round_single_keeps_what_is_no_number() -> None:
    assert math.isnan(round_single(math.nan))
    assert round_single(-math.inf) == -math.inf
    assert math.copysign(1, round_single(-1e-300)) == -1


def test_a_double_of_any_integer() -> None:
    assert double(2**53 + 1) == 2.0**53
    assert double(10**400) == math.inf
    assert double(-(10**400)) == -math.inf
