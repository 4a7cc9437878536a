"""Names of value types: our own, and those that people bring from elsewhere."""

from __future__ import annotations

import re
import sys
from typing import Any, Final, cast

from construct import Construct

from .. import arguments
from ..errors import TypeNameError
from ..errors.base import short
from ..errors.suggest import near
from . import types as value_types
from .types import bit_field, layout_of, sized, text_in
from .value_type import AnyConstruct, AnyType, ValueType, keep_known

#: The value types by name, in the order in which to show them.
TYPES: Final[dict[str, ValueType[Any]]] = {
    name: getattr(value_types, "bytes_" if name == "bytes" else name)
    for name in (
        *("i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64"),
        *("i16be", "u16be", "i32be", "u32be", "i64be", "u64be", "f32be", "f64be"),
        *("i24", "u24", "f16", "i24be", "u24be", "f16be"),
        *("text", "utf16", "bytes", "pointer"),
    )
}
#: Types that only scans have, by name.
SCAN_TYPES: Final[dict[str, ValueType[Any]]] = {
    "number": value_types.number,
    "any": value_types.any_,
}
keep_known({**TYPES, **SCAN_TYPES})

# Cheat Engine's "Byte" is unsigned and its other sizes are signed; long is that of 64-bit Linux.
_ALIASES: Final = {
    alias: name
    for name, aliases in {
        "i8": ("int8", "int8_t", "char", "signed char", "sbyte"),
        "u8": ("uint8", "uint8_t", "unsigned char", "byte", "bool"),
        "i16": ("int16", "int16_t", "short", "2 bytes"),
        "u16": ("uint16", "uint16_t", "unsigned short", "ushort"),
        "i24": ("int24", "int24_t"),
        "u24": ("uint24", "uint24_t", "3 bytes"),
        "i32": ("int32", "int32_t", "int", "4 bytes"),
        "u32": ("uint32", "uint32_t", "unsigned", "unsigned int", "uint"),
        "i64": ("int64", "int64_t", "long", "long long", "8 bytes"),
        "u64": ("uint64", "uint64_t", "unsigned long", "unsigned long long", "ulong", "size_t"),
        "f16": ("float16", "half"),
        "f32": ("float32", "float", "single"),
        "f64": ("float64", "double"),
        "text": ("string", "utf8", "utf-8"),
        "utf16": ("unicode string", "utf-16", "wstring"),
        "bytes": ("array of byte", "array of bytes", "aob"),
        "number": ("any number",),
        "any": ("all", "any type", "all types"),
        "pointer": ("ptr", "uintptr", "uintptr_t"),
    }.items()
    for alias in aliases
}

#: What stands before the name of an encoding.
_TEXT: Final = "text:"

# The codes of ctypes' simple types and of numpy's kinds; the size says the rest.
_CTYPES_LETTERS: Final = {
    **dict.fromkeys("bhilq", "i"),
    **dict.fromkeys("cBHILQ?", "u"),
    **dict.fromkeys("fd", "f"),
}
_NUMPY_LETTERS: Final = {"i": "i", "u": "u", "b": "u", "f": "f"}


def type_named(name: str) -> ValueType[Any]:
    """The value type that has this name.

    Upper and lower case are the same. Names of C, numpy and Cheat Engine are understood, and
    ``text[16]``, ``utf16[8]`` and ``bytes[4]`` give a fixed length, ``u8[3..4]`` some bits, as
    :func:`bit_field` has them. ``text:shift-jis`` is text in that encoding, as :func:`text_in`
    takes it.

    Raises:
        TypeNameError: there is none; it suggests near names.

    >>> type_named("4 Bytes") is type_named("i32")
    True
    >>> layout_of(type_named("utf16[8]")).size, layout_of(type_named("u8[3..4]")).high
    (16, 3)
    """
    known = TYPES.get(arguments.text("name", name))
    if known is not None:
        return known
    wanted = " ".join(name.lower().split())
    length = re.fullmatch(r"(.*?) ?\[ ?([0-9]{1,9}) ?\]", wanted)
    bits = re.fullmatch(r"(.*?) ?\[ ?([0-9]{1,2}) ?\.\. ?([0-9]{1,2}) ?\]", wanted)
    plain = next((found[1] for found in (length, bits) if found), wanted)
    canonical = _ALIASES.get(plain, plain)
    known = TYPES.get(canonical) or SCAN_TYPES.get(canonical)
    if plain.startswith(_TEXT) or plain in ("utf-32", "utf32"):
        known = text_in(plain.removeprefix(_TEXT))
    if known is None:
        raise TypeNameError(name, near(plain, [*TYPES, *SCAN_TYPES, *_ALIASES], 3, cutoff=0.5))
    if bits:
        return bit_field(known, int(bits[2]), int(bits[3]))
    return sized(known, int(length[2])) if length else known


def value_type(wanted: AnyType) -> ValueType[Any]:
    """The value type that an object means.

    Args:
        wanted: a construct, a name, a simple type of ctypes, or a dtype or scalar type of numpy.

    Raises:
        TypeNameError: it means none.

    >>> import ctypes
    >>> layout_of(value_type(ctypes.c_uint16)).name
    'u16'
    """
    if isinstance(wanted, Construct):
        return cast("ValueType[Any]", wanted)
    if isinstance(wanted, str):
        return type_named(wanted)
    name = _ctypes_name(wanted) or _numpy_name(wanted)
    if name is None:
        shown = wanted.__name__ if isinstance(wanted, type) else short(wanted)
        raise TypeNameError(shown, reason='not a value type; give one such as i32 or "i32"')
    return type_named(name)


def type_name(wanted: AnyConstruct) -> str:
    """The name of a value type, as :func:`type_named` takes it; a Struct's own name otherwise.

    >>> type_name(type_named("unsigned int")), type_name(sized(text, 16))
    ('u32', 'text[16]')
    """
    arguments.instance("wanted", wanted, Construct, "a value type")
    try:
        return layout_of(wanted).name
    except TypeNameError as error:
        return error.text


def _ctypes_name(wanted: object) -> str | None:
    ctypes: Any = sys.modules.get("ctypes")  # whoever has a type of its to give has imported it
    if ctypes is None or not isinstance(wanted, type):
        return None
    if not issubclass(wanted, ctypes._SimpleCData):
        return None
    simple: Any = wanted
    if simple._type_ == "P":
        return "pointer"
    letter = _CTYPES_LETTERS.get(simple._type_)
    big_endian = simple is getattr(simple, "__ctype_be__", None)
    return _number_name(letter, ctypes.sizeof(simple), big_endian)


def _numpy_name(wanted: object) -> str | None:
    numpy: Any = sys.modules.get("numpy")
    if numpy is None:
        return None
    if not isinstance(wanted, numpy.dtype):
        if not (isinstance(wanted, type) and issubclass(wanted, numpy.generic)):
            return None
        wanted = numpy.dtype(wanted)
    dtype: Any = wanted
    if dtype.kind == "S" and dtype.itemsize:
        return f"text[{dtype.itemsize}]"
    big_endian = dtype.newbyteorder("<") != dtype
    return _number_name(_NUMPY_LETTERS.get(dtype.kind), dtype.itemsize, big_endian)


def _number_name(letter: str | None, size: int, big_endian: bool) -> str | None:
    name = f"{letter}{8 * size}{'be' if big_endian and size > 1 else ''}"
    return name if name in TYPES else None
