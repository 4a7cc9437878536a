"""Value types: named constructs, and the layout that each one has.

Numbers are little-endian unless the name ends in ``be``. ``text`` (UTF-8), ``utf16``
(little-endian) and ``bytes_`` have no length of their own: a scan takes it from the constant that
is looked for, or :func:`sized` sets it. They are constructs like any other and go into a Struct::

    player = Struct("hp" / i32, "name" / sized(text, 16), "next" / pointer)
"""

from __future__ import annotations

import codecs
import sys
from functools import lru_cache
from typing import Any, Final

import construct
from construct import (
    Bytes,
    BytesInteger,
    Construct,
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

MOST: Final = 1 << 30  # of bytes or code units, in a type's length
_CODES: Final = {"b": 8, "h": 16, "l": 32, "i": 32, "q": 64}


class Text(Construct):  # type: ignore[misc]  # construct has no types
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


class Number(Construct):  # type: ignore[misc]
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

i8: Final = "i8" / Int8sl
u8: Final = "u8" / Int8ul
i16: Final = "i16" / Int16sl
u16: Final = "u16" / Int16ul
i32: Final = "i32" / Int32sl
u32: Final = "u32" / Int32ul
i64: Final = "i64" / Int64sl
u64: Final = "u64" / Int64ul
f32: Final = "f32" / Float32l
f64: Final = "f64" / Float64l
i16be: Final = "i16be" / Int16sb
u16be: Final = "u16be" / Int16ub
i32be: Final = "i32be" / Int32sb
u32be: Final = "u32be" / Int32ub
i64be: Final = "i64be" / Int64sb
u64be: Final = "u64be" / Int64ub
f32be: Final = "f32be" / Float32b
f64be: Final = "f64be" / Float64b
pointer: Final = "pointer" / _POINTER
text: Final = "text" / Text(Layout("text", "text", None, 8))
utf16: Final = "utf16" / Text(Layout("utf16", "utf16", None, 16))
number: Final = "number" / Number("number")
any_: Final = "any" / Number("any")
bytes_: Final = "bytes" / GreedyBytes


def text_in(encoding: str) -> Construct:
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
def _text_in(encoding: str, unit: int) -> Construct:
    name = f"text:{encoding}"
    return name / Text(Layout(name, "text", None, 8 * unit, encoding=encoding))


def sized(value_type: Construct, length: int) -> Construct:
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
        raise TypeNameError(f"{layout.name}[{length}]", reason=reason) from None
    return layout.name / (Bytes(length) if layout.kind == "bytes" else Text(layout))


def layout_of(value_type: Construct, *, bits: int = 64) -> Layout:
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
    if isinstance(inner, Text):
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
    if code in "fd":
        return _number("f", 32 if code == "f" else 64, True, big_endian)
    bits = _CODES.get(code.lower())
    if bits is None:
        return None
    return _number("i" if code.islower() else "u", bits, code.islower(), big_endian)


def _integer_layout(integer: BytesInteger) -> Layout | None:
    if callable(integer.length) or callable(integer.swapped) or integer.length not in (1, 2, 4, 8):
        return None
    letter = "i" if integer.signed else "u"
    return _number(letter, 8 * integer.length, bool(integer.signed), not integer.swapped)


def _number(letter: str, bits: int, signed: bool, big_endian: bool) -> Layout:
    big_endian = big_endian and bits > 8
    name = f"{letter}{bits}{'be' if big_endian else ''}"
    return Layout(name, "float" if letter == "f" else "int", bits // 8, bits, signed, big_endian)
