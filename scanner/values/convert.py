"""Values: to bytes and back, to text and back.

A value is what Python has for its type: an int, a float, a str for ``text`` and ``utf16``, bytes
for ``bytes_``, and whatever construct makes of a Struct. The value types themselves, their names
and their layouts come along from here, so that this is the one module to import for values.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, overload

from construct import Construct, ConstructError

from .. import arguments
from ..errors import TypeNameError, ValueKindError
from .layout import Kind, Layout, Value, round_float
from .literals import LiteralError, parse_integer, parse_number, quote, unquote
from .names import TYPES, type_name, type_named, value_type
from .types import (
    any_,
    bit_field,
    bytes_,
    f16,
    f16be,
    f32,
    f32be,
    f64,
    f64be,
    i8,
    i16,
    i16be,
    i24,
    i24be,
    i32,
    i32be,
    i64,
    i64be,
    layout_of,
    number,
    pointer,
    sized,
    text,
    text_in,
    u8,
    u16,
    u16be,
    u24,
    u24be,
    u32,
    u32be,
    u64,
    u64be,
    utf16,
)
from .value_type import AnyConstruct, OtherConstruct, T, ValueType

__all__ = [
    "TYPES",
    "Kind",
    "Layout",
    "Value",
    "any_",
    "bit_field",
    "bytes_",
    "decode",
    "encode",
    "f16",
    "f16be",
    "f32",
    "f32be",
    "f64",
    "f64be",
    "format_value",
    "i8",
    "i16",
    "i16be",
    "i24",
    "i24be",
    "i32",
    "i32be",
    "i64",
    "i64be",
    "layout_of",
    "number",
    "parse_value",
    "pointer",
    "sized",
    "text",
    "text_in",
    "type_name",
    "type_named",
    "u8",
    "u16",
    "u16be",
    "u24",
    "u24be",
    "u32",
    "u32be",
    "u64",
    "u64be",
    "utf16",
    "value_type",
]

_QUOTED: Final = re.compile(r"b?(?:\".*\"|'.*')", re.DOTALL)
_IN_REACH: Final = "a number within reach of floats"


def encode(value_type: AnyConstruct, value: Any, *, bits: int = 64) -> bytes:
    r"""The bytes of a value.

    Args:
        value_type: of the value.
        value: an int, float, str or bytes, or what construct builds that type from.
        bits: of the target, 32 or 64: the width of ``pointer``.

    Raises:
        ValueRangeError: it does not fit the type.
        ValueKindError: it is of another kind than the type.
        TypeNameError: the type is ``number`` or ``any_``, which has no bytes of its own.

    >>> encode(u16, 258).hex(" "), encode(sized(text, 4), "hé"), encode(bytes_, "de ad")
    ('02 01', b'h\xc3\xa9\x00', b'\xde\xad')
    """
    try:
        layout = layout_of(value_type, bits=bits)
    except TypeNameError:
        if _is_found_out(value_type):
            raise
        return _build(value_type, value, bits)
    return layout.pack(value)


@overload
def decode(value_type: ValueType[T], raw: bytes, *, bits: int = 64) -> T: ...


@overload
def decode(value_type: OtherConstruct, raw: bytes, *, bits: int = 64) -> Any: ...


def decode(value_type: AnyConstruct, raw: bytes, *, bits: int = 64) -> Any:
    r"""The value of some bytes.

    Args:
        value_type: of the value.
        raw: exactly its bytes; any number of them for text and bytes without a length.
        bits: of the target, 32 or 64: the width of ``pointer``.

    Raises:
        ValueKindError: the bytes are not a value of that type.
        TypeNameError: the type is ``number`` or ``any_``, which has no bytes of its own.

    >>> decode(i16be, b"\xff\xfe"), decode(text, b"hi\0rest")
    (-2, 'hi')
    """
    raw = arguments.raw("raw", raw)
    try:
        layout = layout_of(value_type, bits=bits)
    except TypeNameError as error:
        if _is_found_out(value_type):
            raise
        try:
            return value_type.parse(raw, bits=bits)
        except ConstructError:  # what else an adapter raises is its author's to see
            raise ValueKindError(raw, error.text, "a value") from None
    return layout.unpack(raw)


def parse_value(value_type: AnyConstruct, word: str, *, bits: int = 64) -> Value:
    """The value that a person wrote.

    Args:
        value_type: of the value: a number, text or bytes.
        word: a number in decimal, ``0x``, ``0o`` or ``0b``, with ``_`` between digits; for floats
            also ``1.5``, ``1e3``, ``inf``, ``nan``, rounded to the type; text bare or in quotes;
            bytes in hex pairs.
        bits: of the target, 32 or 64: the width of ``pointer``.

    Raises:
        ValueRangeError: it does not fit the type.
        ValueKindError: it is of another kind than the type.
        TypeNameError: values of that type are not written as one word.

    >>> parse_value(u8, "0x2a"), parse_value(f32, "1_000"), parse_value(text, "'it'")
    (42, 1000.0, 'it')
    """
    arguments.text("word", word)
    if _is_found_out(value_type):
        try:
            return parse_number(word.strip())
        except LiteralError:
            raise ValueKindError(word, type_name(value_type), _IN_REACH) from None
        except ValueError:
            raise ValueKindError(word, type_name(value_type)) from None
    layout = layout_of(value_type, bits=bits)
    value: Value = word
    if layout.is_number:
        parse = parse_integer if layout.kind == "int" else parse_number
        try:
            value = parse(word.strip())
        except LiteralError:
            raise ValueKindError(word, layout.name, _IN_REACH) from None
        except ValueError:
            expected = "a whole number" if layout.kind == "int" else "a number"
            raise ValueKindError(word, layout.name, expected) from None
    elif _QUOTED.fullmatch(word):
        try:
            value = unquote(word)
        except LiteralError as error:
            raise ValueKindError(word, layout.name, f"well quoted ({error.reason})") from None
    raw = layout.pack(value)
    if layout.kind == "float":
        return layout.unpack(raw)
    return raw if layout.kind == "bytes" else value


def format_value(value_type: AnyConstruct, value: Any) -> str:
    r"""A value as text that :func:`parse_value` reads back as the same value.

    Fractions are as short as their precision allows, pointers are in hex, text is in double quotes.

    >>> format_value(f32, 0.1), format_value(text, "a"), format_value(bytes_, b"\xde\xad")
    ('0.1', '"a"', 'de ad')
    """
    try:
        layout = layout_of(value_type)
    except TypeNameError:
        return _text(value, type_name(value_type))
    if layout.name == "pointer" and isinstance(value, int):
        return f"0x{value:x}"
    if isinstance(value, float):
        return _shortest(value, layout.scale)
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, str):
        return quote(value)
    return _text(value, layout.name)


def _text(value: Any, name: str) -> str:
    try:
        return str(value)
    except Exception:  # of that object
        raise ValueKindError(value, name, "a value") from None


def _is_found_out(value_type: Construct) -> bool:
    """Whether only scanning tells what type it is."""
    return value_type is number or value_type is any_


def _build(value_type: AnyConstruct, value: Any, bits: int) -> bytes:
    try:
        raw: bytes = value_type.build(value, bits=bits)
    except Exception as error:  # what it is made of lets anything out for a wrong object
        raise ValueKindError(value, type_name(value_type), "a value") from error
    return raw


def _shortest(number: float, scale: int | str) -> str:
    if scale not in (16, 32):
        return repr(number)
    number = round_float(number, scale)
    if not math.isfinite(number) or (number.is_integer() and abs(number) < 1e9):
        return repr(number)  # whole numbers to the last digit
    for digits in range(1, 10):
        candidate = float(f"{number:.{digits}g}")
        if round_float(candidate, scale) == number:
            break
    return repr(candidate)
