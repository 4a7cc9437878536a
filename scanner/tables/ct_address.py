"""Addresses of Cheat Engine's tables as pointer paths, or as calculations where they are none."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from ..assembler.expressions import (
    Expression,
    Name,
    Number,
    Pointer,
    Sum,
    names,
    parse,
    plain,
)
from ..errors import AssemblyError, TableError
from ..memory.calculation import Calculation, calculation_of
from ..memory.calculation import tree_of as tree_of_calculation
from ..memory.pointer_path import PointerPath

#: Where one entry is.
Place: TypeAlias = PointerPath | Calculation

#: A module with blanks in its name, which nobody has put into quotes.
_BLANKS: Final = re.compile(r'([^"+\[\]*]*\s[^"+\[\]*]*\.(?:exe|dll))\s*([+-].*)?', re.IGNORECASE)
_LAST: Final = (1 << 63) - 1
#: What only Lua has: a call, an operator, a word of it.
_LUA: Final = re.compile(r"[\w\"']\s*\(|[~=<>/%^#{}]|\.\.|\b(?:and|or|not|if|then|return)\b")


#: What most addresses are: a module or a symbol and a distance, or the distance alone.
_PLAIN: Final = re.compile(
    r"""(?:"([^"|>]+)"|([A-Za-z_$](?:[\w.$]*[G-Zg-z_.$][\w.$]*)?))?([+-])?([0-9A-Fa-f]{1,15})?""",
    re.ASCII,
)
#: What the places of paths are: a name and a distance, or an address.
_BASE: Final = re.compile(r"""(?:"([^"]+)"([+-]))?0x([0-9a-f]{1,15})""")
_OFFSET: Final = re.compile("-?[0-9A-Fa-f]{1,15}")
_HEX: Final = re.compile("[0-9A-Fa-f]+")


class _Calculated(Exception):
    """It is no pointer path."""


def read_place(text: str, offsets: tuple[str, ...], parent: Place | None) -> Place:
    """The path that an address and offsets say; a calculation where they say no path.

    Args:
        text: of the address; one that begins with a sign counts from the parent's.
        offsets: of the pointers, the last first, as Cheat Engine lists them.
        parent: where the entry is that it belongs to; None where it is nowhere.

    Raises:
        TableError: it is neither; says why.

    >>> str(read_place("[[game.exe+10]+8]-4", ("20",), None))
    '"game.exe"+0x10 -> 0x8 -> -0x4 -> 0x20'
    >>> str(read_place("[game.exe+10]+[p]*4", ("q+2",), None))
    '=[["game.exe"+0x10]+["p"]*0x4]+"q"+0x2'
    """
    if not text:
        raise TableError("", "has no address")
    plainly = _read_plainly(text, offsets, parent)
    if plainly is not None:
        return plainly
    blanks = _BLANKS.fullmatch(text)
    word = text if blanks is None else f'"{blanks[1]}"{blanks[2] or ""}'
    address = _tree(word, "address")
    added = [_tree(offset.strip() or "0", "offset") for offset in reversed(offsets)]
    is_relative = word[0] in "+-"
    if is_relative and parent is None:
        raise TableError("", f"its address {text:.80} counts from an entry that has none")
    try:
        distances = tuple(_distance(offset) for offset in added)
        path = moved(parent, address) if is_relative and parent is not None else _linear(address)
        if isinstance(path, PointerPath):
            return PointerPath(path.base, (*path.offsets, *distances))
    except _Calculated:
        pass
    tree = address
    if is_relative and parent is not None:
        tree = _added(tree_of(parent), address)
    for offset in added:
        tree = _added(Pointer(tree), offset)
    return calculation_of(tree)


def _read_plainly(text: str, offsets: tuple[str, ...], parent: Place | None) -> PointerPath | None:
    """The path of an address of the usual form, without taking it apart; None of others."""
    said = _PLAIN.fullmatch(text)
    if said is None:
        return None
    quoted, bare, sign, digits = said.groups()
    name = quoted or bare
    if name is None:
        if not digits:
            return None
    elif bool(sign) != bool(digits) or _HEX.fullmatch(name):
        return None
    distances = []
    for offset in offsets:
        word = offset.strip() or "0"
        if not _OFFSET.fullmatch(word):
            return None
        distances.append(int(word, 16))
    distances.reverse()
    distance = int(digits or "0", 16)
    if sign == "-":
        distance = -distance
    if name is not None or not sign:
        return PointerPath(_base(name, distance), tuple(distances))
    if not isinstance(parent, PointerPath):
        return None
    base, before = parent
    if before:
        return PointerPath(base, (*before[:-1], _signed(before[-1] + distance), *distances))
    there = _BASE.fullmatch(base)
    if there is None or (there[1] and _HEX.fullmatch(there[1])):
        return None
    known = int(there[3], 16)
    base = _base(there[1], distance + (-known if there[2] == "-" else known))
    return PointerPath(base, tuple(distances))


def _base(name: str | None, distance: int) -> str:
    """The place that lies so many bytes behind what has a name, or before it."""
    if name is None:
        return f"0x{distance % (1 << 64):x}"
    return f'"{name}"{"-" if distance < 0 else "+"}0x{abs(distance):x}'


def tree_of(place: Place) -> Expression:
    """A place as an expression.

    >>> tree_of(PointerPath("0x10", (8,)))
    Sum(terms=((1, (Pointer(address=Number(value=16)),)), (1, (Number(value=8),))))
    """
    if isinstance(place, Calculation):
        return tree_of_calculation(place)
    tree = parse(place.base)
    for offset in place.offsets:
        tree = _added(Pointer(tree), Number(offset))
    return tree


def moved(path: Place, distance: Expression) -> Place:
    """The path to what lies so many bytes behind its end, or before it."""
    value = plain(distance)
    if value is None or isinstance(path, Calculation):
        return calculation_of(_added(tree_of(path), distance))
    if path.offsets:
        last = _signed(path.offsets[-1] + _signed(value))
        return PointerPath(path.base, (*path.offsets[:-1], last))
    return _linear(_added(parse(path.base), Number(_signed(value))))


def _added(tree: Expression, other: Expression) -> Expression:
    terms = tree.terms if isinstance(tree, Sum) else ((1, (tree,)),)
    value = plain(other)
    if value is not None:
        value = _signed(value)
        more: tuple[tuple[int, tuple[Expression, ...]], ...] = (
            ((-1 if value < 0 else 1, (Number(abs(value)),)),) if value else ()
        )
    else:
        more = other.terms if isinstance(other, Sum) else ((1, (other,)),)
    return Sum((*terms, *more)) if more else tree


def _tree(text: str, what: str) -> Expression:
    try:
        tree = parse(text, place=True)
    except AssemblyError as error:
        if _LUA.search(text):
            reason = "is Lua, which is not run for a place"
        else:
            reason = f"is not understood: {error.reason}"
        raise TableError("", f"its {what} {text.strip():.80} {reason}") from None
    for name in names(tree):
        if not name.text.strip() or any(mark in name.text for mark in ('"', "->", "|")):
            raise TableError("", f"its {what} {text.strip():.80} names nothing")
        if _LUA.search(name.text):
            reason = "is Lua, which is not run for a place"
            raise TableError("", f"its {what} {text.strip():.80} {reason}")
    value = plain(tree)
    if value is not None and what == "offset":
        _signed(value)
    return tree


def _distance(tree: Expression) -> int:
    value = plain(tree)
    if value is None:
        raise _Calculated
    return _signed(value)


def _signed(value: int) -> int:
    value = value - (1 << 64) if 1 << 63 <= value < 1 << 64 else value
    if not -_LAST <= value <= _LAST:
        raise TableError("", f"its offset {value:x} is too large")
    return value


def _linear(tree: Expression) -> PointerPath:
    """A sum of one name or pointer and numbers, as a path."""
    name, pointer, distance = _parts(tree, 1)
    if pointer is not None:
        inner = _linear(pointer.address)
        return PointerPath(inner.base, (*inner.offsets, _signed(distance)))
    return PointerPath(_base(None if name is None else name.text, distance))


def _parts(tree: Expression, sign: int) -> tuple[Name | None, Pointer | None, int]:
    value = plain(tree)
    if value is not None:
        return None, None, sign * value
    if sign == 1 and isinstance(tree, Name):
        return tree, None, 0
    if sign == 1 and isinstance(tree, Pointer):
        return None, tree, 0
    if not isinstance(tree, Sum):
        raise _Calculated
    name: Name | None = None
    pointer: Pointer | None = None
    distance = 0
    for term, factors in tree.terms:
        product = plain(Sum(((1, factors),)))
        factor = factors[0] if product is None else Number(product)
        if product is None and len(factors) > 1:
            raise _Calculated
        other, deep, more = _parts(factor, sign * term)
        if (other or deep) and (name or pointer):
            raise _Calculated
        name, pointer, distance = name or other, pointer or deep, distance + more
    return name, pointer, distance
