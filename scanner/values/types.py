"""Value types: named constructs, and the layout that each one has.

Numbers are little-endian unless the name ends in ``be``; ``u8[3..4]`` is some bits of one.
``text`` (UTF-8), ``utf16`` (little-endian) and ``bytes_`` have no length of their own: a scan takes
it from the constant that is looked for, or :func:`sized` sets it. They are constructs like any
other and go into a Struct::

    player = Struct("hp" / i32, "name" / sized(text, 16), "next" / pointer)
"""

from __future__ import annotations

import codecs
import sys
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, TypeVar, cast, overload

import construct
from construct import (
    Bytes,
    BytesInteger,
    Construct,
    Float16b,
    Float16l,
    Float32b,
    Float32l,
    Float64b,
    Float64l,
    FormatField,
    GreedyBytes,
    IfThenElse,
    Int8sl,
    Int8ul,
    Int16sb,
    Int16sl,
    Int16ub,
    Int16ul,
    Int24sb,
    Int24sl,
    Int24ub,
    Int24ul,
    Int32sb,
    Int32sl,
    Int32ub,
    Int32ul,
    Int64sb,
    Int64sl,
    Int64ub,
    Int64ul,
    Renamed,
)

from .. import arguments
from ..errors import FarfetchError, TypeNameError
from .layout import Layout, Value
from .value_type import AnyConstruct, Named, OtherConstruct, ValueType

MOST: Final = 1 << 30  # of bytes or code units, in a type's length
_FLOATS: Final = {"e": 16, "f": 32, "d": 64}
_SIZES: Final = (1, 2, 3, 4, 8)
_ENDS: Final = ("first", "last")
_CODES: Final = {"b": 8, "h": 16, "l": 32, "i": 32, "q": 64}


class Text(ValueType[str]):
    """Text that ends at its first NUL and is filled up with NULs; see :class:`Layout`."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout

    def _parse(self, stream: Any, _context: Any, path: str) -> Value:
        if self.layout.size is None:
            return self.layout.unpack(construct.stream_read_entire(stream, path))
        return self.layout.unpack(construct.stream_read(stream, self.layout.size, path))

    def _build(self, value: Any, stream: Any, _context: Any, path: str) -> Any:
        try:
            raw = self.layout.pack(value)
        except FarfetchError as error:
            raise construct.StringError(str(error), path=path) from error
        construct.stream_write(stream, raw, len(raw), path)
        return value

    def _sizeof(self, _context: Any, path: str) -> int:
        if self.layout.size is None:
            raise construct.SizeofError("text without a length", path=path)
        return self.layout.size


class BitField(ValueType[int]):
    """Some bits of a whole number; see :func:`bit_field`."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout

    def _parse(self, stream: Any, _context: Any, path: str) -> Value:
        return self.layout.unpack(construct.stream_read(stream, self.layout.size, path))

    def _build(self, value: Any, stream: Any, _context: Any, path: str) -> Any:
        try:
            raw = self.layout.pack(value)
        except FarfetchError as error:
            raise construct.IntegerError(str(error), path=path) from error
        construct.stream_write(stream, raw, len(raw), path)
        return value

    def _sizeof(self, _context: Any, _path: str) -> int:
        return self.layout.size or 0


class Number(ValueType["int | float"]):
    """A number whose type is found out by scanning for it: for scans only.

    Args:
        label: its name.
    """

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def _sizeof(self, _context: Any, path: str) -> int:
        raise construct.SizeofError("a number of unknown type", path=path)


# A construct that reads its width from the context: pointer.parse(raw, bits=32).
_POINTER: Final = IfThenElse(lambda context: context._params.get("bits") == 32, Int32ul, Int64ul)

_TEXT: Final = "Text in UTF-8, up to its first NUL; sized(text, 16) has a length."
_UTF16: Final = "Text in UTF-16, little-endian, up to its first NUL; sized(utf16, 8) has a length."
_BYTES: Final = "Bytes as they are; sized(bytes_, 4) has a length."
_NUMBER: Final = "A number of unknown type, i32, i64, f32 or f64, that a scan finds out."
_ANY: Final = "A number of any width, signed or not, whose type a scan finds out."


def _int(name: str, inner: Any) -> ValueType[int]:
    size = inner.sizeof(bits=64)
    low = -(1 << 8 * size - 1) if name[0] == "i" else 0
    high = low + (1 << 8 * size) - 1
    said = f"Whole numbers of {8 * size} bits, {low} to {high}, {_order(name, size)}."
    if inner is _POINTER:
        said = "Addresses, as wide as the target's pointers, 32 or 64 bits, little-endian."
    return Named(inner, name, said)


def _float(name: str, inner: Any) -> ValueType[float]:
    size = inner.sizeof()
    return Named(inner, name, f"Floats of {8 * size} bits, IEEE 754, {_order(name, size)}.")


def _order(name: str, size: int) -> str:
    if size == 1:
        return "a byte each"
    return "big-endian" if name.endswith("be") else "little-endian"


i8: Final = _int("i8", Int8sl)
u8: Final = _int("u8", Int8ul)
i16: Final = _int("i16", Int16sl)
u16: Final = _int("u16", Int16ul)
i24: Final = _int("i24", Int24sl)
u24: Final = _int("u24", Int24ul)
i32: Final = _int("i32", Int32sl)
u32: Final = _int("u32", Int32ul)
i64: Final = _int("i64", Int64sl)
u64: Final = _int("u64", Int64ul)
f16: Final = _float("f16", Float16l)
f32: Final = _float("f32", Float32l)
f64: Final = _float("f64", Float64l)
i16be: Final = _int("i16be", Int16sb)
u16be: Final = _int("u16be", Int16ub)
i24be: Final = _int("i24be", Int24sb)
u24be: Final = _int("u24be", Int24ub)
i32be: Final = _int("i32be", Int32sb)
u32be: Final = _int("u32be", Int32ub)
i64be: Final = _int("i64be", Int64sb)
u64be: Final = _int("u64be", Int64ub)
f16be: Final = _float("f16be", Float16b)
f32be: Final = _float("f32be", Float32b)
f64be: Final = _float("f64be", Float64b)
pointer: Final = _int("pointer", _POINTER)
text: Final[ValueType[str]] = Named(Text(Layout("text", "text", None, 8)), "text", _TEXT)
utf16: Final[ValueType[str]] = Named(Text(Layout("utf16", "utf16", None, 16)), "utf16", _UTF16)
number: Final[ValueType[int | float]] = Named(Number("number"), "number", _NUMBER)
any_: Final[ValueType[int | float]] = Named(Number("any"), "any", _ANY)
bytes_: Final[ValueType[bytes]] = Named(GreedyBytes, "bytes", _BYTES)


def text_in(encoding: str) -> ValueType[str]:
    """Text in an encoding that Python knows; by name, ``"text:shift-jis"``.

    Args:
        encoding: such as ``"shift-jis"``, ``"cp1251"``, ``"utf-16-be"`` or ``"utf-32"``, which is
            little-endian unless it ends in ``-be``.

    Raises:
        TypeNameError: Python knows no such encoding of text, or text in it cannot end with a NUL.

    >>> encode(text_in("shift-jis"), "ソ").hex(), decode(text_in("utf-32-be"), bytes(3) + b"A")
    ('835c', 'A')
    """
    wanted = arguments.text("encoding", encoding).lower().replace("_", "-")
    wanted = {"utf-32": "utf-32-le", "utf32": "utf-32-le"}.get(wanted, wanted)
    try:
        known = codecs.lookup(wanted).name.replace("_", "-")
        nul = "\0".encode(known)
        nul.decode(known, "replace")
    except (LookupError, UnicodeError, ValueError):
        raise TypeNameError(f"text:{encoding}", reason="Python knows no such encoding") from None
    if known in ("utf-8", "utf-16", "utf-16-le"):
        return text if known == "utf-8" else utf16
    if any(nul) or len(nul) not in (1, 2, 4):
        reason = f"text in {known} cannot be told from what is behind it"
        raise TypeNameError(f"text:{encoding}", reason=reason)
    return _text_in(known, len(nul))


@lru_cache(maxsize=256)
def _text_in(encoding: str, unit: int) -> ValueType[str]:
    name = f"text:{encoding}"
    layout = Layout(name, "text", None, 8 * unit, encoding=encoding)
    return Named(Text(layout), name, f"Text in {encoding}, up to its first NUL.")


def bit_field(value_type: AnyConstruct, first: int, last: int) -> ValueType[int]:
    """Some bits of a whole number, as a number of their own; by name, ``"u8[3..4]"``.

    What is written goes to these bits alone. In a signed type the last bit is the sign. Built as a
    part of a structure, the other bits are zero.

    Args:
        value_type: the whole number that the bits are in, such as ``u8`` or ``i32be``.
        first: the lowest bit, counted from 0, which is worth 1.
        last: the highest bit; it is one of them.

    Raises:
        TypeNameError: it is no whole number, or does not have these bits.

    >>> flags = bit_field(u8, 3, 4)
    >>> flags.parse(bytes([0b11101000])), flags.sizeof(), layout_of(flags)
    (1, 1, Layout(name='u8[3..4]', kind='int', size=1, bits=2, signed=False, big_endian=False))
    """
    whole = layout_of(value_type)
    first, last = (
        arguments.whole(said, at, 0, 99) for said, at in zip(_ENDS, (first, last), strict=True)
    )
    name = f"{whole.name}[{first}..{last}]"
    if whole.kind != "int" or whole.first_bit is not None or whole.name == "pointer":
        raise TypeNameError(name, reason="bits are those of a whole number, as in u8[3..4]")
    if not first <= last < whole.bits:
        reason = f"the bits of {whole.name} are 0 to {whole.bits - 1}, the lower one first"
        raise TypeNameError(name, reason=reason)
    if last - first + 1 == whole.bits:
        return cast("ValueType[int]", value_type)
    return _bit_field(replace(whole, name=name, bits=last - first + 1, first_bit=first))


@lru_cache(maxsize=256)
def _bit_field(layout: Layout) -> ValueType[int]:
    bits = "bit" if layout.bits == 1 else f"{layout.bits} bits"
    return Named(BitField(layout), layout.name, f"{layout.name}: {bits} of a whole number.")


Sized = TypeVar("Sized", str, bytes)


@overload
def sized(value_type: ValueType[Sized], length: int) -> ValueType[Sized]: ...


@overload
def sized(value_type: OtherConstruct, length: int) -> ValueType[Any]: ...


def sized(value_type: AnyConstruct, length: int) -> ValueType[Any]:
    """A type of text or bytes with a fixed length.

    Args:
        value_type: ``text``, ``utf16`` or ``bytes_``.
        length: in bytes; for ``utf16`` in code units of two bytes.

    Raises:
        TypeNameError: the type is a number, or the length is not 1 or more.

    >>> sized(utf16, 8).sizeof()
    16
    """
    layout = layout_of(value_type)
    length = arguments.whole("length", length, -MOST, MOST)
    try:
        layout = layout.with_size(length * (layout.bits // 8))
    except ValueError:
        reason = "only text, utf16 and bytes take a length, of 1 or more"
        if layout.kind == "int" and 0 <= length < layout.bits:
            reason += f"; one bit is {layout.name}[{length}..{length}]"
        raise TypeNameError(f"{layout.name}[{length}]", reason=reason) from None
    return Named(Bytes(length) if layout.kind == "bytes" else Text(layout), layout.name)


def layout_of(value_type: AnyConstruct, *, bits: int = 64) -> Layout:
    """How values of a type lie in memory.

    Args:
        value_type: any construct.
        bits: of the target, 32 or 64: the width of ``pointer``.

    Raises:
        TypeNameError: it is not one number, text or run of bytes, but made of several or computed.

    >>> layout_of(u16be)
    Layout(name='u16be', kind='int', size=2, bits=16, signed=False, big_endian=True)
    """
    arguments.bits(bits)
    inner = arguments.instance("value_type", value_type, Construct, "a value type")
    while isinstance(inner, Renamed):
        inner = inner.subcon
    layout = None
    if isinstance(inner, Text | BitField):
        layout = inner.layout
    elif inner is _POINTER:
        layout = Layout("pointer", "int", bits // 8, bits)
    elif isinstance(inner, FormatField):
        layout = _format_layout(inner.fmtstr)
    elif isinstance(inner, BytesInteger):
        layout = _integer_layout(inner)
    elif inner is GreedyBytes:
        layout = Layout("bytes", "bytes", None, 8)
    elif isinstance(inner, Bytes) and isinstance(inner.length, int) and inner.length > 0:
        layout = Layout("bytes", "bytes", None, 8).with_size(inner.length)
    if isinstance(inner, Number):
        raise TypeNameError(
            inner.label, reason="only a scan can look for it; use i32, i64, f32 or f64"
        )
    if layout is None:
        name = getattr(value_type, "name", None) or type(inner).__name__
        reason = (
            f"a {type(inner).__name__} is not a single value; "
            "use one of its fields, a plain number, text or bytes"
        )
        raise TypeNameError(name, reason=reason)
    return layout


def _format_layout(fmtstr: str) -> Layout | None:
    """The layout of a format of the struct module, with byte order; see FormatField."""
    order, code = fmtstr[0], fmtstr[1]
    big_endian = order == ">" or (order == "=" and sys.byteorder == "big")
    if code in _FLOATS:
        return _number("f", _FLOATS[code], True, big_endian)
    bits = _CODES.get(code.lower())
    if bits is None:
        return None
    return _number("i" if code.islower() else "u", bits, code.islower(), big_endian)


def _integer_layout(integer: BytesInteger) -> Layout | None:
    if callable(integer.length) or callable(integer.swapped) or integer.length not in _SIZES:
        return None
    letter = "i" if integer.signed else "u"
    return _number(letter, 8 * integer.length, bool(integer.signed), not integer.swapped)


def _number(letter: str, bits: int, signed: bool, big_endian: bool) -> Layout:
    big_endian = big_endian and bits > 8
    name = f"{letter}{bits}{'be' if big_endian else ''}"
    return Layout(name, "float" if letter == "f" else "int", bits // 8, bits, signed, big_endian)
