"""Members: the fields of a structure, each with its place and its type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from construct import Array, Construct, ConstructError, Struct

from .. import arguments
from ..errors import TypeNameError
from ..errors.suggest import did_you_mean
from .structures import struct_of, type_label, without_name
from .value_type import AnyConstruct

#: A member's name, or where one is inside of another: ``hp``, ``pos.x``, ``slots[2].kind``.
PATH: Final = re.compile(r"[A-Za-z_]\w*(?:\[[0-9]{1,9}\])*(?:\.[A-Za-z_]\w*(?:\[[0-9]{1,9}\])*)*")
_STEP: Final = re.compile(r"([A-Za-z_]\w*)|\[([0-9]+)\]")


class Member(NamedTuple):
    """A field of a structure.

    Attributes:
        name: of the field; inside another structure ``"outer.inner"``.
        offset: from the structure's first byte.
        size: in bytes.
        type: the construct of its value.

    >>> from construct import Struct
    >>> member(Struct("kind" / u16, "hp" / i32), "hp")[:3]
    ('hp', 2, 4)
    """

    name: str
    offset: int
    size: int
    type: Any


def members(value_type: AnyConstruct, *, bits: int = 64) -> tuple[Member, ...]:
    """The fields of a structure, also of those inside of it; an array is one field.

    Args:
        value_type: any construct of a fixed size; what is no structure has no fields.
        bits: of the target, 32 or 64.

    >>> from construct import Int16ul, Int32ul, Struct
    >>> life = Struct("hp" / Int32ul, "max_hp" / Int32ul)
    >>> [(one.name, one.offset) for one in members(Struct("level" / Int16ul, "life" / life))]
    [('level', 0), ('life.hp', 2), ('life.max_hp', 6)]
    """
    arguments.instance("value_type", value_type, Construct, "a value type")
    struct = struct_of(value_type, bits=arguments.bits(bits))
    return tuple(_members(struct, "", 0, bits)) if struct is not None else ()


def member(value_type: AnyConstruct, path: str, *, bits: int = 64) -> Member:
    """A field of a structure by its name.

    Args:
        value_type: any construct.
        path: ``hp``, ``pos.x``, or ``slots[2]`` for an element of an array.
        bits: of the target, 32 or 64.

    Raises:
        TypeNameError: there is no such field; it suggests near names.

    >>> from construct import Int32ul, Struct
    >>> member(Struct("hp" / Int32ul, "slots" / Int32ul[4]), "slots[2]")[:3]
    ('slots[2]', 12, 4)
    """
    arguments.instance("value_type", value_type, Construct, "a value type")
    arguments.bits(bits)
    arguments.text("path", path)
    place, offset = value_type, 0
    for step in _STEP.finditer(path):
        at = int(step[2]) if step[2] else step[1]
        place, further = _inside(value_type, path, place, at, bits)
        offset += further
    return Member(path, offset, _size(place, bits), place)


def _inside(
    whole: Construct, path: str, outer: Construct, at: int | str, bits: int
) -> tuple[Construct, int]:
    """What is at a name or an index of a construct, and how far from its first byte."""
    inner = without_name(outer)
    if isinstance(at, int):
        count = inner.count if isinstance(inner, Array) else 0
        if at >= count:
            has = f"{count} elements, from 0 on" if count else "no elements"
            raise TypeNameError(type_label(whole), reason=f"{path} is not there: it has {has}")
        return inner.subcon, at * _size(inner.subcon, bits)
    struct = struct_of(outer, bits=bits)
    names = []
    offset = 0
    for part in struct.subcons if struct is not None else ():
        if part.name == at:
            return part, offset
        names.append(part.name)
        offset += _size(part, bits)
    known = [name for name in names if name]
    hint = did_you_mean(at, known, count=1, cutoff=0.5) or f"; there are {', '.join(known)}"
    raise TypeNameError(
        type_label(whole), reason=f"has no field {path}{hint if known else '; it is no structure'}"
    )


def _members(struct: Struct, prefix: str, offset: int, bits: int) -> Iterator[Member]:
    for part in struct.subcons:
        inner = struct_of(part, bits=bits)
        name, size = prefix + (part.name or ""), _size(part, bits)
        if part.name and inner is not None:
            yield from _members(inner, name + ".", offset, bits)
        elif part.name:
            yield Member(name, offset, size, part)
        offset += size


def _size(part: Construct, bits: int) -> int:
    try:
        return int(part.sizeof(bits=bits))
    except ConstructError:
        raise TypeNameError(type_label(part), reason="has no fixed size") from None
