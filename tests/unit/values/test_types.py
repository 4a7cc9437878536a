from __future__ import annotations

from typing import Any

import pytest
from construct import (
    Array,
    Byte,
    Bytes,
    BytesInteger,
    Computed,
    ConstructError,
    Flag,
    Float16l,
    Hex,
    Int24ul,
    Int32un,
    Struct,
    this,
)
from farfetch.scanner.errors import TypeNameError
from farfetch.scanner.values.names import type_named
from farfetch.scanner.values.types import (
    bit_field,
    bytes_,
    f32,
    f64be,
    i8,
    i32,
    layout_of,
    pointer,
    sized,
    text,
    u8,
    u16be,
    utf16,
)

BITS = bit_field(u8, 3, 4)


@pytest.mark.parametrize(
    ("value_type", "name", "size"),
    [
        (i8, "i8", 1),
        (u16be, "u16be", 2),
        (f32, "f32", 4),
        (f64be, "f64be", 8),
        (pointer, "pointer", 8),
        (text, "text", None),
        (bytes_, "bytes", None),
        (sized(text, 16), "text[16]", 16),
        (sized(utf16, 8), "utf16[8]", 16),
        (sized(bytes_, 4), "bytes[4]", 4),
        ("hp" / i32, "i32", 4),
        (Byte, "u8", 1),
        (Int32un, "u32", 4),
        (Bytes(3), "bytes[3]", 3),
        (BytesInteger(4, signed=True, swapped=True), "i32", 4),
        (BytesInteger(2), "u16be", 2),
        (BytesInteger(1), "u8", 1),
        (Float16l, "f16", 2),
        (Int24ul, "u24", 3),
        (BytesInteger(3, signed=True), "i24be", 3),
        (bit_field(u8, 3, 4), "u8[3..4]", 1),
        (bit_field(u16be, 0, 15), "u16be", 2),
    ],
)
def test_layouts(value_type: Any, name: str, size: int | None) -> None:
    layout = layout_of(value_type)
    assert (layout.name, layout.size) == (name, size)


@pytest.mark.parametrize(
    "value_type",
    [
        Struct("hp" / i32),
        Array(2, Byte),
        Computed(1),
        Hex(Byte),
        Flag,
        BytesInteger(5),
        Bytes(this.length),
        Bytes(0),
    ],
)
def test_what_is_not_one_value_has_no_layout(value_type: Any) -> None:
    with pytest.raises(TypeNameError, match="is not a single value"):
        layout_of(value_type)


def test_the_error_names_the_field() -> None:
    with pytest.raises(TypeNameError, match=r"^player: a Struct is not a single value"):
        layout_of("player" / Struct("hp" / i32))


@pytest.mark.parametrize(("value_type", "length"), [(i32, 4), (text, 0), (utf16, -1)])
def test_lengths_that_cannot_be(value_type: Any, length: int) -> None:
    with pytest.raises(TypeNameError, match="only text, utf16 and bytes take a length"):
        sized(value_type, length)


def test_one_bit_is_said_where_a_number_is_indexed() -> None:
    with pytest.raises(TypeNameError, match=r"one bit is u8\[3\.\.3\]$"):
        type_named("u8[3]")


@pytest.mark.parametrize(
    ("value_type", "first", "last"),
    [(u8, 4, 3), (u8, 3, 8), (f32, 0, 1), (text, 0, 1), (pointer, 0, 1), (BITS, 0, 0)],
)
def test_bits_that_cannot_be(value_type: Any, first: int, last: int) -> None:
    with pytest.raises(TypeNameError, match=r"\[[0-9]\.\.[0-9]\]: (?:the )?bits "):
        bit_field(value_type, first, last)


def test_bits_in_a_struct() -> None:
    flags = Struct("kind" / bit_field(u8, 3, 4), "low" / bit_field(i8, 0, 1))
    assert flags.parse(bytes([0xF7, 0x03])) == {"kind": 2, "low": -1}
    assert flags.build({"kind": 2, "low": -2}) == bytes([0x10, 0x02])
    with pytest.raises(ConstructError):
        flags.build({"kind": 4, "low": 0})


def test_a_sized_type_can_be_sized_again() -> None:
    assert layout_of(sized(sized(text, 16), 4)).name == "text[4]"


def test_they_are_constructs_and_go_into_a_struct() -> None:
    player = Struct("hp" / i32, "name" / sized(text, 4), "next" / pointer)
    raw = player.build({"hp": 7, "name": "al", "next": 0x1000})
    assert raw == bytes.fromhex("07000000 616c0000 0010000000000000")
    assert player.parse(raw).name == "al"
    assert player.sizeof() == len(raw)


def test_pointers_are_as_wide_as_the_target_wherever_they_are() -> None:
    node = Struct("next" / pointer, "hp" / i32)
    raw = bytes.fromhex("00100000 07000000")
    assert node.parse(raw, bits=32) == {"next": 0x1000, "hp": 7}
    assert node.build({"next": 0x1000, "hp": 7}, bits=32) == raw
    assert (layout_of(pointer, bits=32).size, layout_of(pointer).size) == (4, 8)


def test_text_reports_as_constructs_do() -> None:
    with pytest.raises(ConstructError):
        sized(text, 2).build("abc")
    with pytest.raises(ConstructError):
        text.sizeof()
    assert sized(utf16, 2).sizeof() == 4
