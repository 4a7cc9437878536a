"""What the names in a predicate stand for: fields, and what several of them are compared as."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..values.fields import DECODED
from ..values.layout import Layout, Place
from .nodes import Expr, Field, Predicate, Value

#: What fields of several types are compared as: integers exactly, beside floats as doubles.
_MIXED: Final = Layout("numbers", "int", None, 64, True, is_mixed=True)


def place_of(value: Value, whole: Layout) -> Place:
    """Where a value lies in a slot's bytes, and how.

    Raises:
        LookupError: there is no such field.
    """
    if not isinstance(value, Field):
        return Place("", 0, whole)
    for place in whole.fields:
        if place.name == value.name:
            return place
    if value.name in whole.decoded or value.name.partition(".")[0] in whole.decoded:
        return Place(value.name, -1, DECODED)
    raise LookupError(value.name)


def arithmetic(comparison: Predicate, whole: Layout) -> Layout:
    """What a comparison computes in: the type of its fields, if they are of one.

    Byte order is no part of a type here. Without a field it is the slot's own layout.

    Raises:
        LookupError: there is no such field.
    """
    if any(place_of(value, whole).layout is DECODED for value in _values(comparison)):
        return DECODED
    kinds = {
        replace(place_of(value, whole).layout, name="", big_endian=False)
        for value in _values(comparison)
    }
    if len(kinds) > 1:
        return _MIXED
    for value in _values(comparison):
        return place_of(value, whole).layout
    return _MIXED if whole.fields else whole


def _values(node: Expr | Predicate) -> list[Value]:
    if isinstance(node, Value):
        return [node]
    return [value for child in node.children() for value in _values(child)]
