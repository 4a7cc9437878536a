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
from farfetch.scanner.values.types import (
    bytes_,
    f32,
    f64be,
    i8,
    i32,
    layout_of,
    pointer,
    sized,
    text,
    u16be,
    utf16,
)


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
        Float16l,
        Int24ul,
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
