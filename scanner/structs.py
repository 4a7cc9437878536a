"""Structures: which of a construct's fields the core can look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from construct import Construct, ConstructError, Renamed, Struct

from . import numbers
from .errors import TypeNameError
from .fields import DECODED
from .layout import Layout, Place
from .native import lib
from .value_types import Number, layout_of

_LARGEST: Final = int(lib.FF_SPAN_MAX)


def scan_layout(value_type: Construct, *, bits: int = 64) -> Layout:
    """How the values of a scan lie in memory; unlike :func:`layout_of`, of structures too.

    Plain fields, also of structures inside it, have a place of their own. Whatever else is in it
    is decoded by construct.

    Args:
        value_type: a number, also of unknown type, text, bytes, or a Struct of a fixed size.
        bits: of the target, 32 or 64: the width of ``pointer``.

    Raises:
        TypeNameError: it is none of those.

    >>> from construct import Int16ul, Int32ul, Struct
    >>> layout = scan_layout(Struct("level" / Int16ul, "life" / Struct("hp" / Int32ul)))
    >>> [(place.name, place.offset, place.layout.name) for place in layout.fields]
    [('level', 0, 'u16'), ('life.hp', 2, 'u32')]
    """
    struct = _without_name(value_type)
    if isinstance(struct, Number):
        return numbers.LAYOUT
    if not isinstance(struct, Struct):
        return layout_of(value_type, bits=bits)
    name = value_type.name or "Struct"
    try:
        size = _size(struct, bits)
    except ConstructError:
        reason = "a structure is scanned for only if its size is fixed"
        raise TypeNameError(name, reason=reason) from None
    if not 0 < size <= _LARGEST:
        reason = f"a structure to scan for has 1 to {_LARGEST} bytes, not {size}"
        raise TypeNameError(name, reason=reason)
    places = tuple(_places(struct, "", 0, bits))
    fields = tuple(place for place in places if place.layout is not DECODED)
    decoded = tuple(place.name for place in places if place.layout is DECODED)
    alignment = max((place.layout.alignment for place in fields), default=1)
    return Layout(name, "struct", size, 8 * alignment, fields=fields, decoded=decoded)


def _without_name(value_type: Construct) -> Construct:
    while isinstance(value_type, Renamed):
        value_type = value_type.subcon
    return value_type


def _places(struct: Struct, prefix: str, offset: int, bits: int) -> Iterator[Place]:
    for part in struct.subcons:
        inner = _without_name(part)
        name = prefix + (part.name or "")
        if part.name and isinstance(inner, Struct):
            yield from _places(inner, name + ".", offset, bits)
        elif part.name:
            yield Place(name, offset, _plain(part, bits) or DECODED)
        offset += _size(part, bits)


def _plain(part: Construct, bits: int) -> Layout | None:
    try:
        layout = layout_of(part, bits=bits)
    except TypeNameError:
        return None
    return layout if layout.size is not None else None


def _size(part: Construct, bits: int) -> int:
    return int(part.sizeof(bits=bits))
