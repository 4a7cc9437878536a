"""Fields: what the columns of a table are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from ..engine import cell, check, content, ffi, lib

#: Arrow's letters of types: https://arrow.apache.org/docs/format/CDataInterface.html
TEXT: Final = "U"
BYTES: Final = "Z"
STRUCT: Final = "+s"
LIST: Final = "+L"
_INTEGERS: Final = {8: "c", 16: "s", 32: "i", 64: "l"}
_FLOATS: Final = {16: "e", 32: "f", 64: "g"}
_WIDEST: Final = (1 << 31) - 1  # bytes of values that all have as many


class Field(NamedTuple):
    """A column, or a part of one.

    Attributes:
        name: of it.
        format: Arrow's letters of its type.
        nullable: whether some may not be there.
        parts: of a structure its fields, of a list what it is of.
    """

    name: str
    format: str
    nullable: bool = False
    parts: tuple[Field, ...] = ()


def integer_format(bits: int, *, signed: bool) -> str:
    """The letter of integers.

    >>> from farfetch.scanner.arrow.fields import integer_format
    >>> integer_format(32, signed=True), integer_format(64, signed=False)
    ('i', 'L')
    """
    return _INTEGERS[bits] if signed else _INTEGERS[bits].upper()


def float_format(bits: int) -> str:
    """The letter of floats of 16, 32 or 64 bits."""
    return _FLOATS[bits]


def bytes_format(size: int | None) -> str:
    """The letters of bytes that are so many in each row; of any number if None."""
    return BYTES if size is None or size > _WIDEST else f"w:{size}"


def columns_of(fields: Sequence[Field]) -> Any:
    """The core's description of a table's columns."""
    whole = Field("", STRUCT, False, tuple(fields))
    flat = [
        (
            ffi.new("char[]", one.name.encode("utf-8", "replace")),
            ffi.new("char[]", one.format.encode()),
            one,
        )
        for one in _flattened(whole)
    ]
    given = ffi.new(
        "struct ff_arrow_field[]",
        [(name, letters, one.nullable, len(one.parts)) for name, letters, one in flat],
    )
    out = cell("arrow_columns")
    check(lib.ff_arrow_columns_create(given, len(flat), out))
    return content(out)


def _flattened(field: Field) -> Iterator[Field]:
    yield field
    for part in field.parts:
        yield from _flattened(part)
