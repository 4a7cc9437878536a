"""Memory as rows of hex digits, with text and decoded values beside them."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from farfetch.scanner import (
    FarfetchError,
    Layout,
    decode,
    f32,
    format_address,
    i32,
    members,
    scan_layout,
    size_of,
    type_named,
)

from ..answers import values

if TYPE_CHECKING:
    from farfetch.scanner import Target

#: Bytes in a row where there is room.
ROW = 16
HIGHEST = 1 << 64
#: Bytes of a number of unknown type that are shown as one.
_LIKELY = 4

#: A byte, or None where it cannot be read.
Byte: TypeAlias = "int | None"


class Row(NamedTuple):
    """Some bytes that follow one another.

    Attributes:
        address: of the first.
        content: the bytes; None for those that cannot be read.
    """

    address: int
    content: tuple[Byte, ...]

    @property
    def digits(self) -> list[str]:
        """Each byte as two digits, ``??`` where it cannot be read."""
        return ["??" if byte is None else f"{byte:02x}" for byte in self.content]

    @property
    def text(self) -> str:
        """The bytes as ASCII, a dot for what is not printable."""
        return "".join(
            "?" if byte is None else chr(byte) if 0x20 <= byte < 0x7F else "."
            for byte in self.content
        )


def read(target: Target, address: int, size: int) -> list[Byte]:
    """Read around what is unreadable.

    Args:
        target: to read from.
        address: of the first byte.
        size: how many.

    Returns:
        As many bytes, None for those that cannot be read.

    Raises:
        TargetGone: the target has exited or executed another program.
    """
    found: list[Byte] = []
    while len(found) < size:
        at = address + len(found)
        raw = target.memory.read(at, size - len(found)) if at < HIGHEST else b""
        found += raw
        if len(found) < size:  # the rest of this page is not there
            hole = mmap.PAGESIZE - (address + len(found)) % mmap.PAGESIZE
            found += [None] * min(hole, size - len(found))
    target.check()  # after the fact: so these are not another program's bytes
    return found


def rows(address: int, content: list[Byte], width: int = ROW) -> Iterator[Row]:
    """Cut bytes into rows.

    >>> [(row.address, row.text) for row in rows(16, [97, 98, None, 10], 2)]
    [(16, 'ab'), (18, '?.')]
    """
    for begin in range(0, len(content), width):
        yield Row(address + begin, tuple(content[begin : begin + width]))


class Decoder:
    """What is shown beside the bytes: values of a type, or the fields of a structure.

    Structures lie one behind the other from where the first begins, as in an array. Of numbers of
    unknown type each four bytes are shown as :func:`likely` has them.

    Args:
        value_type: to decode bytes as; nothing is decoded as one that has no size.
        bits: of a pointer.
        begin: address of the first structure.
    """

    def __init__(self, value_type: Any, bits: int, begin: int) -> None:
        self._type, self._bits, self._begin = value_type, bits, begin
        self._fields = {field.offset: field for field in members(value_type, bits=bits)}
        self._parts: tuple[Layout, ...] = ()
        try:
            self._parts = scan_layout(value_type, bits=bits).parts
            self._size = _LIKELY if self._parts else size_of(value_type, bits=bits) or 0
        except FarfetchError:
            self._size = 0

    def values(self, address: int, content: Sequence[Byte]) -> list[object]:
        """The whole values among some bytes, one behind the other; None where bytes are missing.

        Args:
            address: of the first byte.
            content: the bytes. Those of a structure begin anywhere, others fill rows.
        """
        if not self._size:
            return []
        if not self._fields:
            return [one for row in rows(address, list(content)) for _, one in self._in_row(row)]
        first = max(self._begin - address, (self._begin - address) % self._size)
        return [
            self._value(self._type, content[at : at + self._size])[1]
            for at in range(first, len(content) - self._size + 1, self._size)
        ]

    def beside(self, row: Row, address: int, content: Sequence[Byte]) -> str:
        """What is shown beside a row.

        Args:
            row: one of those that the bytes were cut into.
            address: of the first of all bytes.
            content: all bytes, for fields that go on in the next row.
        """
        if not self._fields:
            return "  ".join(values.shown(kind, value) for kind, value in self._in_row(row))
        shown = []
        for at in range(max(row.address, self._begin), row.address + len(row.content)):
            number, offset = divmod(at - self._begin, self._size)
            field = self._fields.get(offset)
            if field is not None:
                piece = content[at - address : at - address + field.size]
                text = "\N{HORIZONTAL ELLIPSIS}"  # it goes on behind the last byte
                if len(piece) == field.size:
                    text = values.shown(*self._value(field.type, piece))
                name = f"[{number}].{field.name}" if number else field.name
                shown.append(f"{name}={text}")
        return "  ".join(shown)

    def line(self, row: Row, address: int, content: Sequence[Byte], width: int) -> str:
        """A row as text: address in as many columns, digits, text, and what is beside it."""
        digits = " ".join(row.digits).ljust(3 * ROW - 1)
        begin = f"{format_address(row.address):>{width}}"
        return f"{begin}  {digits}  {row.text:<{ROW}}  {self.beside(row, address, content)}"

    def readings(self, content: Sequence[Byte]) -> str:
        """What some bytes begin with, as each type that a number may be; "" for another type.

        Args:
            content: the bytes.

        >>> Decoder(type_named("number"), 64, 0).readings([0, 0, 128, 63])
        'i32 1065353216  f32 1.0'
        """
        said = []
        for part in self._parts:
            raw = bytes(byte for byte in content[: part.size] if byte is not None)
            if len(raw) == part.size:
                said.append(f"{part.name} {values.shown(type_named(part.name), part.unpack(raw))}")
        return "  ".join(said)

    def _in_row(self, row: Row) -> list[tuple[Any, object]]:
        size, content = self._size, row.content
        if not size:
            return []
        pieces = [content[at : at + size] for at in range(0, len(content) - size + 1, size)]
        return [self._value(self._type, piece) for piece in pieces]

    def _value(self, value_type: Any, piece: Sequence[Byte]) -> tuple[Any, object]:
        """The value of some bytes, None where they are none, with its type."""
        raw = bytes(byte for byte in piece if byte is not None)
        if len(raw) < len(piece):
            return value_type, None
        if self._parts:
            value_type = likely(raw)
        try:
            return value_type, decode(value_type, raw, bits=self._bits)
        except FarfetchError:
            return value_type, None


def likely(raw: bytes) -> Any:
    r"""The type that four bytes are shown as where nobody knows: f32, or i32.

    They are a float where that is from a millionth to a thousand million, and the whole number
    beyond 24 bits, which few are.

    >>> likely(b"\xf9\xff\xff\xff").name, likely(b"\0\0\0\x3f").name
    ('i32', 'f32')
    """
    whole, amount = decode(i32, raw), abs(float(decode(f32, raw)))
    return f32 if abs(whole) >= 1 << 24 and 1e-6 <= amount < 1e9 else i32
