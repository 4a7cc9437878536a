"""Addresses of Cheat Engine's tables as pointer paths."""

from __future__ import annotations

import re
from typing import Final

from ..assembler.expressions import Expression, Name, Number, Pointer, Sum, parse, plain
from ..errors import AssemblyError, TableError
from ..memory.pointer_path import PointerPath

#: A module with blanks in its name, which nobody has put into quotes.
_BLANKS: Final = re.compile(r'([^"+\[\]*]*\s[^"+\[\]*]*\.(?:exe|dll))\s*([+-].*)?', re.IGNORECASE)
_LAST: Final = (1 << 63) - 1


def read_place(text: str, offsets: tuple[str, ...], parent: PointerPath | None) -> PointerPath:
    """The path that an address and offsets say.

    Args:
        text: of the address; one that begins with a sign counts from the parent's.
        offsets: of the pointers, the last first, as Cheat Engine lists them.
        parent: where the entry is that it belongs to; None where it is nowhere.

    Raises:
        TableError: it is no path; says why.

    >>> str(read_place("[[game.exe+10]+8]-4", ("20",), None))
    '"game.exe"+0x10 -> 0x8 -> -0x4 -> 0x20'
    """
    if not text:
        raise TableError("", "has no address")
    blanks = _BLANKS.fullmatch(text)
    word = text if blanks is None else f'"{blanks[1]}"{blanks[2] or ""}'
    path = _relative(word, parent) if word[0] in "+-" else _linear(_tree(word, "address"), word)
    added = tuple(_offset(offset) for offset in reversed(offsets))
    return PointerPath(path.base, (*path.offsets, *added))


def _tree(text: str, what: str) -> Expression:
    try:
        return parse(text)
    except AssemblyError as error:
        reason = f"its {what} {text:.80} is not understood: {error.reason}"
        raise TableError("", reason) from None


def _offset(text: str) -> int:
    value = plain(_tree(text.strip() or "0", "offset"))
    if value is None:
        raise TableError("", f"its offset {text.strip():.80} is a calculation")
    return _signed(value)


def _signed(value: int) -> int:
    value = value - (1 << 64) if 1 << 63 <= value < 1 << 64 else value
    if not -_LAST <= value <= _LAST:
        raise TableError("", f"its offset {value:x} is too large")
    return value


def _relative(text: str, parent: PointerPath | None) -> PointerPath:
    if parent is None:
        raise TableError("", f"its address {text:.80} counts from an entry that has none")
    value = plain(_tree(text, "address"))
    if value is None:
        raise TableError("", f"its address {text:.80} is a calculation")
    return moved(parent, _signed(value))


def moved(path: PointerPath, distance: int) -> PointerPath:
    """The path to what lies so many bytes behind its end, or before it."""
    if path.offsets:
        last = _signed(path.offsets[-1] + distance)
        return PointerPath(path.base, (*path.offsets[:-1], last))
    tree = parse(path.base)
    return _linear(Sum(((1, (tree,)), (1, (Number(distance),)))), path.base)


def _linear(tree: Expression, text: str) -> PointerPath:
    """A sum of one name or pointer and numbers, as a path."""
    name, pointer, distance = _parts(tree, 1, text)
    if pointer is not None:
        inner = _linear(pointer.address, text)
        return PointerPath(inner.base, (*inner.offsets, _signed(distance)))
    if name is None:
        return PointerPath(f"0x{distance % (1 << 64):x}")
    if not name.text.strip() or any(mark in name.text for mark in ('"', "->", "|")):
        raise TableError("", f"its address {text:.80} names nothing")
    sign = "-" if distance < 0 else "+"
    return PointerPath(f'"{name.text}"{sign}0x{abs(distance):x}')


def _parts(tree: Expression, sign: int, text: str) -> tuple[Name | None, Pointer | None, int]:
    value = plain(tree)
    if value is not None:
        return None, None, sign * value
    if sign == 1 and isinstance(tree, Name):
        return tree, None, 0
    if sign == 1 and isinstance(tree, Pointer):
        return None, tree, 0
    if not isinstance(tree, Sum):
        raise TableError("", f"its address {text:.80} is a calculation")
    name: Name | None = None
    pointer: Pointer | None = None
    distance = 0
    for term, factors in tree.terms:
        product = plain(Sum(((1, factors),)))
        factor = factors[0] if product is None else Number(product)
        if product is None and len(factors) > 1:
            raise TableError("", f"its address {text:.80} is a calculation")
        other, deep, more = _parts(factor, sign * term, text)
        if (other or deep) and (name or pointer):
            raise TableError("", f"its address {text:.80} is a calculation")
        name, pointer, distance = name or other, pointer or deep, distance + more
    return name, pointer, distance
