"""Memory as rows of hex digits, with text and decoded values beside them."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from farfetch.scanner import FarfetchError, decode, layout_of
from farfetch.scanner.addresses import format_address

from . import values

if TYPE_CHECKING:
    from farfetch.scanner import Target

#: Bytes in a row where there is room.
ROW = 16
HIGHEST = 1 << 64

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
        return ["??" if one is None else f"{one:02x}" for one in self.content]

    @property
    def text(self) -> str:
        """The bytes as ASCII, a dot for what is not printable."""
        return "".join(
            "?" if one is None else chr(one) if 0x20 <= one < 0x7F else "." for one in self.content
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


def decoded(row: Row, value_type: Any, bits: int) -> list[object]:
    """The values of a type that fill a row, one behind the other; None where bytes are missing.

    Args:
        row: the bytes.
        value_type: to decode them as; nothing is decoded as one that has no size.
        bits: of a pointer.
    """
    try:
        size = layout_of(value_type, bits=bits).size
    except FarfetchError:
        return []
    if not size:
        return []
    pieces = [row.content[at : at + size] for at in range(0, len(row.content) - size + 1, size)]
    return [_value(value_type, piece, bits) for piece in pieces]


def _value(value_type: Any, piece: tuple[Byte, ...], bits: int) -> object:
    raw = bytes(one for one in piece if one is not None)
    if len(raw) < len(piece):
        return None
    try:
        return decode(value_type, raw, bits=bits)
    except FarfetchError:
        return None


def beside(row: Row, value_type: Any, bits: int) -> str:
    """The values of a row as they are shown beside it."""
    return "  ".join(values.shown(value_type, one) for one in decoded(row, value_type, bits))


def line(row: Row, value_type: Any, bits: int, address_width: int = 0) -> str:
    """A row as text: address, digits, text, values."""
    digits = " ".join(row.digits).ljust(3 * ROW - 1)
    address = f"{format_address(row.address):>{address_width}}"
    return f"{address}  {digits}  {row.text:<{ROW}}  {beside(row, value_type, bits)}"
