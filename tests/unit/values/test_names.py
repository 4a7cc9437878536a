from __future__ import annotations

import ctypes
from typing import Any

import pytest
from construct import Byte, Struct
from farfetch.scanner.errors import TypeNameError
from farfetch.scanner.values.convert import TYPES, i32, layout_of, type_name, type_named, value_type


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_the_name_that_finds_it(name: str) -> None:
    assert type_named(name) is TYPES[name]
    assert type_name(TYPES[name]) == name
    assert type_named(name.upper()) is TYPES[name]


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Byte", "u8"),
        ("2 Bytes", "i16"),
        ("4 Bytes", "i32"),
        ("8  bytes", "i64"),
        ("Float", "f32"),
        ("Double", "f64"),
        ("String", "text"),
        ("Array of byte", "bytes"),
        ("int8_t", "i8"),
        ("uint64_t", "u64"),
        ("unsigned short", "u16"),
        ("int", "i32"),
        ("uint32", "u32"),
        ("float32", "f32"),
        (" text[16] ", "text[16]"),
        ("string [4]", "text[4]"),
        ("UTF16[8]", "utf16[8]"),
        ("Half", "f16"),
        ("3 bytes", "u24"),
        ("Byte[3..4]", "u8[3..4]"),
        (" 4 Bytes [ 8 .. 20 ]", "i32[8..20]"),
    ],
)
def test_names_from_elsewhere(alias: str, name: str) -> None:
    assert type_name(type_named(alias)) == name


@pytest.mark.parametrize(
    ("name", "near"),
    [("i33", "i32"), ("flaot", "float"), ("4 byte", "4 bytes"), ("txt[4]", "text")],
)
def test_near_names_are_suggested(name: str, near: str) -> None:
    with pytest.raises(TypeNameError) as error:
        type_named(name)
    assert near in error.value.near
    assert error.value.text == name


@pytest.mark.parametrize("name", ["", "zzzzzz", "text[]", "text[-1]", "text[x]"])
def test_no_names(name: str) -> None:
    with pytest.raises(TypeNameError, match="no value type is called"):
        type_named(name)


@pytest.mark.parametrize("name", ["i32[4]", "text[0]"])
def test_lengths_that_cannot_be(name: str) -> None:
    with pytest.raises(TypeNameError, match="take a length"):
        type_named(name)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (i32, "i32"),
        ("i32", "i32"),
        (ctypes.c_int8, "i8"),
        (ctypes.c_ubyte, "u8"),
        (ctypes.c_char, "u8"),
        (ctypes.c_bool, "u8"),
        (ctypes.c_short, "i16"),
        (ctypes.c_int, "i32"),
        (ctypes.c_uint64, "u64"),
        (ctypes.c_float, "f32"),
        (ctypes.c_double, "f64"),
        (ctypes.c_void_p, "pointer"),
        (ctypes.c_int.__ctype_be__, "i32be"),
        (ctypes.c_double.__ctype_be__, "f64be"),
    ],
)
def test_types_from_elsewhere(wanted: Any, name: str) -> None:
    assert type_name(value_type(wanted)) == name


def test_a_construct_is_its_own_value_type() -> None:
    struct = Struct("a" / Byte)
    assert value_type(struct) is struct
    assert type_name("pair" / struct) == "pair"


@pytest.mark.parametrize("wanted", [int, 5, None, ctypes.c_longdouble, ctypes.c_wchar, [i32]])
def test_what_is_no_value_type(wanted: Any) -> None:
    with pytest.raises(TypeNameError, match="not a value type"):
        value_type(wanted)


def test_numpy() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed: pip install numpy")
    for wanted, name in [
        (numpy.int32, "i32"),
        (numpy.bool_, "u8"),
        (numpy.dtype("<u2"), "u16"),
        (numpy.dtype(">i8"), "i64be"),
        (numpy.dtype(">u1"), "u8"),
        (numpy.float16, "f16"),
        (numpy.float32, "f32"),
        (numpy.dtype(">f8"), "f64be"),
        (numpy.dtype("S16"), "text[16]"),
    ]:
        assert type_name(value_type(wanted)) == name
    for wanted in (numpy.longdouble, numpy.dtype("U4"), numpy.complex64, numpy.dtype("V8")):
        with pytest.raises(TypeNameError):
            value_type(wanted)


def test_layouts_name_types_that_are_found_again() -> None:
    for name in ("text[5]", "utf16[6]", "bytes[7]"):
        assert layout_of(type_named(name)) == layout_of(
            type_named(layout_of(type_named(name)).name)
        )
