"""Layouts: how one value lies in memory, and the exact way to and from its bytes.

A layout is what is left of a value type once the construct library is out of the picture: plain
numbers that the scanning core can be given. Every byte order, rounding and range rule of the value
types is here and nowhere else.
"""

from __future__ import annotations

import math
import operator
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal, NamedTuple

from .. import arguments
from ..errors import ArgumentError, ValueKindError, ValueRangeError

Kind = Literal["int", "float", "text", "utf16", "bytes", "struct", "number"]
Value = int | float | str | bytes

#: Bytes of the longest value that there is a type for.
LONGEST: Final = 1 << 40
_FORMATS: Final = {8: "b", 16: "h", 32: "i", 64: "q"}
_FLOATS: Final = {16: "e", 32: "f", 64: "d"}
_CODECS: Final[dict[str, str]] = {"text": "utf-8", "utf16": "utf-16-le"}
_FLOAT_MAX: Final = {
    16: 65504.0,
    32: struct.unpack("<f", b"\xff\xff\x7f\x7f")[0],
    64: struct.unpack("<d", b"\xff\xff\xff\xff\xff\xff\xef\x7f")[0],
}


class Place(NamedTuple):
    """Where a field lies in a structure.

    Attributes:
        name: of the field; inside another structure ``"outer.inner"``.
        offset: in bytes.
        layout: of its value.
    """

    name: str
    offset: int
    layout: Layout


@dataclass(frozen=True)
class Layout:
    r"""How one value lies in memory.

    Attributes:
        name: of the type: ``"i32"``, ``"text[16]"``.
        kind: ``"int"``, ``"float"``, ``"text"`` (UTF-8), ``"utf16"`` (little-endian),
            ``"bytes"``, ``"struct"``, or ``"number"`` of one of several types.
        size: in bytes; None for text and bytes of no fixed length.
        bits: of a number, or of one code unit of text.
        signed: whether a number can be negative.
        big_endian: whether a number's first byte is its highest.
        fields: of a structure.
        decoded: names of a structure's fields that only construct can read.
        parts: of a number, the layouts it may have.
        encoding: of text in another encoding than UTF-8, as Python calls it.
        is_mixed: whether it stands for numbers of several types, which only computing knows.
        first_bit: of a bit field, the number of its lowest bit; None of what is all of its bytes.

    >>> layout_of(i32).pack(-2)
    b'\xfe\xff\xff\xff'
    """

    name: str
    kind: Kind
    size: int | None
    bits: int
    signed: bool = False
    big_endian: bool = False
    fields: tuple[Place, ...] = field(default=(), repr=False)
    decoded: tuple[str, ...] = field(default=(), repr=False)
    parts: tuple[Layout, ...] = field(default=(), repr=False)
    is_mixed: bool = field(default=False, repr=False)
    encoding: str = field(default="", repr=False)
    first_bit: int | None = field(default=None, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of a structure that a predicate can name."""
        return (*(place.name for place in self.fields), *self.decoded)

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """The fields of a structure, by their names."""
        return {place.name: place for place in reversed(self.fields)}

    @property
    def is_number(self) -> bool:
        """Whether it is an int or a float."""
        return self.kind in ("int", "float")

    @property
    def may_be_float(self) -> bool:
        """Whether it is a float, or a number of unknown type that may be one.

        >>> [scan_layout(kind).may_be_float for kind in (f32, number, i32)]
        [True, True, False]
        """
        return self.kind in ("float", "number")

    @property
    def least(self) -> int:
        """Bytes that have to be there at an address for it to be looked at."""
        return min((part.least for part in self.parts), default=self.size or 0)

    @property
    def alignment(self) -> int:
        """Bytes between the addresses that are looked at unless told otherwise.

        >>> [layout_of(kind).alignment for kind in (i32, u24, bit_field(u16, 3, 4))]
        [4, 1, 2]
        """
        if self.first_bit is None and self.bits != 24:
            return self.bits // 8
        return 1 if self.size == 3 else self.size or 1

    @property
    def scale(self) -> Literal["int", 16, 32, 64]:
        """What a number counts in: whole numbers, or floats of 16, 32 or 64 bits."""
        if self.kind == "int":
            return "int"
        return {16: 16, 32: 32}.get(self.bits, 64)  # type: ignore[return-value]  # one of these

    @property
    def is_odd(self) -> bool:
        """Whether it is a number of a kind that processors do not compare: f16, 24 bits, bits.

        >>> [layout_of(kind).is_odd for kind in (u16, f16, i24, bit_field(u8, 3, 4))]
        [False, True, True, True]
        """
        return self.is_number and (not self.format or self.scale == 16)

    @cached_property
    def mask(self) -> bytes:
        """The bits of its bytes that a bit field is; b"" of what is all of them.

        >>> layout_of(bit_field(u16be, 8, 11)).mask.hex()
        '0f00'
        """
        if self.first_bit is None:
            return b""
        return (((1 << self.bits) - 1) << self.first_bit).to_bytes(self.size or 0, self._order)

    @property
    def buffer_format(self) -> str:
        """A number as :mod:`struct` says it, in this machine's byte order; "" for anything else.

        >>> layout_of(i32).buffer_format, layout_of(u16be).buffer_format, layout_of(f16).format
        ('i', '', '<e')
        """
        if self.is_odd or (self.bits > 8 and self.big_endian != (sys.byteorder == "big")):
            return ""
        return self.format[1:]

    @property
    def low(self) -> int | float | None:
        """The lowest finite value; None for text and bytes."""
        return self._limits[0] if self.is_number else None

    @property
    def high(self) -> int | float | None:
        """The highest finite value; None for text and bytes."""
        return self._limits[1] if self.is_number else None

    @property
    def format(self) -> str:
        """A number's format for the struct module; "" for text, bytes, 24 bits and bit fields."""
        order = ">" if self.big_endian else "<"
        if self.kind == "int" and self.first_bit is None and self.bits in _FORMATS:
            code = _FORMATS[self.bits]
            return order + (code if self.signed else code.upper())
        return order + _FLOATS[self.bits] if self.kind == "float" else ""

    @property
    def codec(self) -> str:
        """Python's name for the encoding of text; "" for what is no text."""
        return self.encoding or _CODECS.get(self.kind, "")

    def with_size(self, size: int) -> Layout:
        """The same text or bytes with a fixed length.

        Args:
            size: in bytes, a whole number of code units.

        Raises:
            ArgumentError: for a number, whose size is its own, or a size that cannot be.

        >>> layout_of(utf16).with_size(16).name
        'utf16[8]'
        """
        unit = self.bits // 8
        size = arguments.whole("size", size, -LONGEST, LONGEST)
        if self.is_number or size < unit or size % unit:
            expected = f"bytes that {self.name} can have, {unit} or more"
            raise ArgumentError("size", size, expected)
        return replace(self, name=f"{self.name.partition('[')[0]}[{size // unit}]", size=size)

    def pack(self, value: object) -> bytes:
        """The bytes of a value.

        Text of a fixed length is filled up with NULs. Bytes can be given as text, in hex pairs.

        Raises:
            ValueRangeError: it does not fit.
            ValueKindError: it is of another kind.

        >>> layout_of(u16be).pack(258).hex(" "), layout_of(bytes_).pack("de ad").hex(" ")
        ('01 02', 'de ad')
        >>> layout_of(i8).pack(200)
        Traceback (most recent call last):
        farfetch.scanner.ValueRangeError: 200 does not fit i8 (-128..127)
        """
        if self.kind == "int":
            return self._pack_int(value)
        if self.kind == "float":
            return self._pack_float(value)
        return self._pack_bytes(value) if self.kind == "bytes" else self._pack_text(value)

    def unpack(self, raw: bytes) -> Value:
        """The value of some bytes; those of a structure stay bytes.

        Text ends at its first NUL; what is no text becomes U+FFFD.

        Raises:
            ValueKindError: as many bytes as given are not one value.

        >>> layout_of(u16be).unpack(bytes([1, 2])), layout_of(text).unpack(b"hi")
        (258, 'hi')
        """
        raw = arguments.raw("raw", raw)
        if self.size is not None and len(raw) != self.size:
            raise ValueKindError(raw, self.name, f"{self.size} bytes long, as needed")
        if self.is_number:
            if not self.format:
                return self._unpack_bits(raw)
            number: int | float = struct.unpack(self.format, raw)[0]
            return number
        if self.kind in ("bytes", "struct", "number"):
            return bytes(raw)
        if self.bits == 8:
            return bytes(raw).partition(b"\0")[0].decode(self.codec, "replace")
        return bytes(raw).decode(self.codec, "replace").partition("\0")[0]

    def convert(self, number: int | float) -> int | float:
        """A number as predicates on this type compute with it: as it is for integer types.

        For floats it is rounded to a double, and for 32 bits that to single precision, for 16 to
        half of it.

        >>> layout_of(f32).convert(0.1), layout_of(f64).convert(0.1), layout_of(i32).convert(7)
        (0.10000000149011612, 0.1, 7)
        """
        if self.kind == "int":
            return number
        return round_float(double(number), self.scale)

    @property
    def _order(self) -> Literal["big", "little"]:
        return "big" if self.big_endian else "little"

    @property
    def _limits(self) -> tuple[int | float, int | float]:
        if self.kind == "float":
            return -_FLOAT_MAX[self.bits], _FLOAT_MAX[self.bits]
        values = 1 << self.bits
        return (-values // 2, values // 2 - 1) if self.signed else (0, values - 1)

    def _pack_int(self, value: object) -> bytes:
        if not arguments.is_whole(value):
            expected = "a whole number" if isinstance(value, float) else "a number"
            raise ValueKindError(value, self.name, expected)
        try:
            number = operator.index(value)  # type: ignore[arg-type]  # it says that it is one
        except Exception:  # it says that it is one, and is not
            raise ValueKindError(value, self.name) from None
        low, high = self._limits
        if not low <= number <= high:
            raise ValueRangeError(number, self.name, low, high)
        if not self.format:
            bits = number % (1 << self.bits) << (self.first_bit or 0)
            return bits.to_bytes(self.size or 0, self._order)
        return struct.pack(self.format, number)

    def _unpack_bits(self, raw: bytes) -> int:
        bits = int.from_bytes(raw, self._order) >> (self.first_bit or 0)
        number = bits & (1 << self.bits) - 1
        return number - (number >> self.bits - 1 << self.bits) if self.signed else number

    def _pack_float(self, value: object) -> bytes:
        if isinstance(value, str | bytes | bytearray):
            raise ValueKindError(value, self.name)
        try:
            return struct.pack(self.format, float(value))  # type: ignore[arg-type]  # TypeError says
        except OverflowError:
            raise ValueRangeError(value, self.name, *self._limits) from None
        except Exception:  # TypeError says that it is no number, others that they cannot say
            raise ValueKindError(value, self.name) from None

    def _pack_text(self, value: object) -> bytes:
        if not isinstance(value, str):
            raise ValueKindError(value, self.name, "text")
        try:
            raw = value.encode(self.codec)
        except UnicodeError:
            expected = "text in that encoding" if self.encoding else "whole Unicode characters"
            raise ValueKindError(value, self.name, expected) from None
        if self.size is None:
            return raw
        if len(raw) > self.size:
            raise ValueRangeError(value, self.name, 0, self.size)
        return raw.ljust(self.size, b"\0")

    def _pack_bytes(self, value: object) -> bytes:
        if isinstance(value, str):
            try:
                raw = bytes.fromhex(value)
            except ValueError:
                raise ValueKindError(value, self.name, 'hex pairs like "de ad"') from None
        elif isinstance(value, bytes | bytearray | memoryview):
            raw = bytes(value)
        else:
            raise ValueKindError(value, self.name, "bytes")
        if self.size is not None and len(raw) != self.size:
            raise ValueRangeError(value, self.name, self.size, self.size)
        return raw


def round_single(number: float) -> float:
    """The nearest single-precision number, ties to even, as a double; too large is infinite.

    >>> round_single(0.1)
    0.10000000149011612
    >>> round_single(1e39)
    inf
    """
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)
    return rounded


def round_half(number: float) -> float:
    """The nearest half-precision number, ties to even, as a double; too large is infinite.

    >>> round_half(0.1), round_half(65520.0)
    (0.0999755859375, inf)
    """
    try:
        rounded: float = struct.unpack("<e", struct.pack("<e", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)
    return rounded


def round_float(number: float, bits: int | str) -> float:
    """The nearest number of 16, 32 or 64 bits, as a double; too large is infinite."""
    if bits == 64:
        return number
    return round_single(number) if bits == 32 else round_half(number)


def over(mask: bytes, there: bytes, raw: bytes) -> bytes:
    """Bytes as they are written over others, where a mask says which of their bits count.

    >>> over(bytes([15, 0]), bytes([255, 255]), bytes([1, 2])).hex()
    'f1ff'
    """
    if not mask:
        return raw
    bits = (new & its | old & ~its for old, new, its in zip(there, raw, mask, strict=True))
    return bytes(bits)


def double(number: int | float) -> float:
    """The nearest double; an integer beyond them all is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def next_float(number: float, bits: int) -> float:
    """The next greater number of 16, 32 or 64 bits; infinity is followed by itself.

    >>> next_float(0.0, 32) == 2.0**-149, next_float(-math.inf, 32) == -(2 - 2**-23) * 2**127
    (True, True)
    >>> next_float(1.0, 16), next_float(-math.inf, 16)
    (1.0009765625, -65504.0)
    """
    if bits == 64:
        return math.nextafter(number, math.inf)
    if number == 0:
        return 2.0 ** (-149 if bits == 32 else -24)
    if number == math.inf:
        return number
    whole, code = ("<i", "<f") if bits == 32 else ("<h", "<e")
    (raw,) = struct.unpack(whole, struct.pack(code, number))
    # of one sign, floats are ordered as their bits are
    following: float = struct.unpack(code, struct.pack(whole, raw + (1 if number > 0 else -1)))[0]
    return following
