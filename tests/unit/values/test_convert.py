from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
from construct import Byte, GreedyRange, Struct
from farfetch.scanner import Buffer, attach, now, parse_predicate
from farfetch.scanner.errors import (
    ExpressionError,
    FarfetchError,
    TypeNameError,
    ValueKindError,
    ValueRangeError,
)
from farfetch.scanner.values.convert import (
    TYPES,
    any_,
    bytes_,
    decode,
    encode,
    f32,
    f64,
    format_value,
    i32,
    layout_of,
    number,
    parse_value,
    pointer,
    sized,
    text,
    text_in,
    type_name,
    type_named,
    u8,
    utf16,
)
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import values_of

PAIR = Struct("a" / Byte, "next" / pointer)


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_decode_undoes_encode(name: str, data: st.DataObject) -> None:
    value = data.draw(values_of(layout_of(TYPES[name])))
    back = decode(TYPES[name], encode(TYPES[name], value))
    assert back == value or (math.isnan(back) and math.isnan(value))


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_parse_value_undoes_format_value(name: str, data: st.DataObject) -> None:
    value = data.draw(values_of(layout_of(TYPES[name])))
    back: Any = parse_value(TYPES[name], format_value(TYPES[name], value))
    assert back == value or (math.isnan(back) and math.isnan(value))
    assert type(back) is type(value)


@pytest.mark.parametrize("name", TYPES)
def test_construct_agrees(name: str) -> None:
    layout = layout_of(TYPES[name])
    raw = bytes(range(0x41, 0x41 + (layout.size or 6)))
    value = decode(TYPES[name], raw)
    assert TYPES[name].parse(raw) == value
    assert TYPES[name].build(value) == raw == encode(TYPES[name], value)


def test_pointers_are_as_wide_as_the_target() -> None:
    assert encode(pointer, 0x1000, bits=32) == b"\x00\x10\x00\x00"
    assert decode(pointer, b"\x00\x10\x00\x00", bits=32) == 0x1000
    assert parse_value(pointer, "0xffffffff", bits=32) == 0xFFFFFFFF
    with pytest.raises(ValueRangeError):
        parse_value(pointer, "0x100000000", bits=32)


def test_structs_go_through_construct() -> None:
    raw = b"\x05\x00\x10\x00\x00"
    assert encode(PAIR, {"a": 5, "next": 0x1000}, bits=32) == raw
    assert decode(PAIR, raw, bits=32) == {"a": 5, "next": 0x1000}


@pytest.mark.parametrize("value", [{}, {"a": 300, "next": 0}, None, 5])
def test_what_construct_refuses_is_a_farfetch_error(value: Any) -> None:
    with pytest.raises(ValueKindError, match=r"is not a value for Struct$"):
        encode(PAIR, value)


def test_a_number_of_any_type_has_no_bytes() -> None:
    """Which of its types a value is of, only a scan can tell."""
    calls = [
        call
        for kind in (number, any_)
        for call in (partial(encode, kind, 7), partial(decode, kind, b"\7\0\0\0"))
    ]
    for refused in calls:
        with pytest.raises(TypeNameError, match="only a scan can look for it"):
            refused()


def test_too_few_bytes_for_a_struct() -> None:
    with pytest.raises(ValueKindError):
        decode(PAIR, b"\x05")


@pytest.mark.parametrize(
    ("value_type", "word", "value"),
    [
        (i32, "100", 100),
        (i32, " -0x10 ", -16),
        (u8, "0b1010", 10),
        (i32, "1_000_000", 1_000_000),
        (f32, "1", 1.0),
        (f32, "0.1", 0.10000000149011612),
        (f64, "-1.5e3", -1500.0),
        (f64, "inf", math.inf),
        (f64, "0x10", 16.0),
        (text, "bare words", "bare words"),
        (text, '"quoted \\"twice\\""', 'quoted "twice"'),
        (text, "'it'", "it"),
        (text, '"', '"'),
        (utf16, '"\\u00e9"', "é"),
        (bytes_, "de ad", b"\xde\xad"),
        (bytes_, "DEAD", b"\xde\xad"),
        (bytes_, r"b'\xde\x00'", b"\xde\x00"),
    ],
)
def test_parses_what_people_write(value_type: Any, word: str, value: Any) -> None:
    parsed = parse_value(value_type, word)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("value_type", "word", "error", "reason"),
    [
        (u8, "300", ValueRangeError, r"^300 does not fit u8 \(0\.\.255\)$"),
        (i32, "1.5", ValueKindError, r"^'1\.5' is not a whole number for i32$"),
        (i32, "", ValueKindError, "is not a whole number for i32$"),
        (f32, "abc", ValueKindError, "^'abc' is not a number for f32$"),
        (f32, "1e39", ValueRangeError, "does not fit f32"),
        (f64, "1e400", ValueKindError, "^'1e400' is not a number within reach of floats for f64$"),
        (number, "-1e400", ValueKindError, "not a number within reach of floats for number$"),
        (f64, "1" + "0" * 400, ValueRangeError, "does not fit f64"),
        (text, r'"a\q"', ValueKindError, "no such escape"),
        (sized(text, 2), "abc", ValueRangeError, r"\(at most 2 bytes\)$"),
        (bytes_, "xyz", ValueKindError, "is not hex pairs"),
        (bytes_, "abc", ValueKindError, "is not hex pairs"),
        (PAIR, "5", TypeNameError, "is not a single value"),
    ],
)
def test_says_what_is_wrong(
    value_type: Any, word: str, error: type[FarfetchError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        parse_value(value_type, word)


@pytest.mark.parametrize(
    ("value_type", "value", "shown"),
    [
        (i32, -100, "-100"),
        (f32, 100.0, "100.0"),
        (f32, 0.10000000149011612, "0.1"),
        (f32, 1 / 3, "0.33333334"),
        (f32, 46739832.0, "46739832.0"),
        (f32, 1e-45, "1e-45"),
        (f32, -0.0, "-0.0"),
        (f32, math.nan, "nan"),
        (f64, 0.1, "0.1"),
        (pointer, 4096, "0x1000"),
        (pointer, "nowhere", '"nowhere"'),
        (pointer, 1.5, "1.5"),
        (text, 'a "b"\n', r'"a \"b\"\x0a"'),
        (bytes_, b"\xde\xad", "de ad"),
        (PAIR, {"a": 1}, "{'a': 1}"),
    ],
)
def test_formats(value_type: Any, value: Any, shown: str) -> None:
    assert format_value(value_type, value) == shown


@pytest.mark.parametrize("value_type", [i32, text, GreedyRange(Byte)])
def test_what_has_no_text_is_refused(value_type: Any) -> None:
    class Mute:
        def __str__(self) -> str:
            raise RecursionError

    with pytest.raises(ValueKindError):
        format_value(value_type, Mute())


@pytest.mark.parametrize(
    ("name", "shown", "text_", "raw"),
    [
        ("text:shift-jis", "text:shift-jis", "ソー", b"\x83\x5c\x81\x5b"),
        ("Text:Shift_JIS", "text:shift-jis", "ab", b"ab"),
        ("text:cp1251", "text:cp1251", "Да", b"\xc4\xe0"),
        ("text:utf-16-be", "text:utf-16-be", "hé", b"\0h\0\xe9"),
        ("utf-32", "text:utf-32-le", "A", b"A\0\0\0"),
        ("text:utf-32-be", "text:utf-32-be", "A", b"\0\0\0A"),
        ("text:utf-8", "text", "é", b"\xc3\xa9"),
        ("text:utf-16", "utf16", "é", b"\xe9\0"),
    ],
)
def test_text_in_any_encoding(name: str, shown: str, text_: str, raw: bytes) -> None:
    kind = type_named(name)
    unit = layout_of(kind).bits // 8
    assert type_name(kind) == shown
    assert type_named(shown) is kind
    assert encode(kind, text_) == raw
    assert decode(kind, raw + bytes(unit) + raw) == text_
    fixed = type_named(f"{name}[{len(raw) // unit + 2}]")
    assert encode(fixed, text_) == raw + bytes(2 * unit)
    assert decode(fixed, encode(fixed, text_)) == text_
    memory = Buffer(bytearray(8) + raw + bytes(8), base=0x1000)
    with attach(memory) as target, target.scan(kind) as scan:
        assert scan.first(now == text_).matches == 1
        assert (scan[0].address, scan[0].value, scan[0].types) == (0x1008, text_, (shown,))
        assert scan.write_all(text_[::-1]).written == 1
        assert scan.next(now == text_[::-1]).matches == 1


@pytest.mark.parametrize("name", ["nope", "", "hex", "idna", "punycode", "utf-8-sig", "utf-7"])
def test_what_is_no_encoding_of_text(name: str) -> None:
    with pytest.raises(TypeNameError):
        text_in(name)


def test_characters_that_an_encoding_does_not_have() -> None:
    with pytest.raises(ValueKindError, match="is not text in that encoding for text:shift-jis"):
        encode(text_in("shift-jis"), "€")
    target = attach(Buffer(bytes(64), base=0x1000))
    with target.scan("text:cp1251") as scan, pytest.raises(ExpressionError, match="any case"):
        scan.first(parse_predicate('now == "a"i'))
