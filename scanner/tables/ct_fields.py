"""What Cheat Engine calls the types, places and named values of entries."""

from __future__ import annotations

import re
from typing import Final

from ..assembler.expressions import Cast, Expression, Pointer, Sum, written
from ..errors import TableError
from ..memory.calculation import Calculation, tree_of
from ..memory.path_group import PathGroup
from .ct_address import Place
from .ct_types import CUSTOM, FLOATS, NUMBERS
from .entry import Entry

_NAMES: Final = {ours: theirs for theirs, both in NUMBERS.items() for ours in both}
_CUSTOM: Final = {ours: theirs for theirs, both in CUSTOM.items() for ours in both}
_PLACE: Final = re.compile(r'"?([^"+\[\]]+?)"?(?:([+-])0[xX]([0-9a-fA-F]{1,16}))?')


def type_fields(entry: Entry) -> dict[str, str]:
    """The elements that say an entry's type.

    Raises:
        TableError: Cheat Engine has none like it.

    >>> type_fields(Entry("hp", "game", "u16", shown="hex"))
    {'ShowAsHex': '1', 'ShowAsSigned': '0', 'VariableType': '2 Bytes'}
    """
    fields: dict[str, str] = {"ShowAsHex": "1"} if entry.shown == "hex" else {}
    sized = re.fullmatch(r"(text|utf16|bytes)\[([0-9]+)\]", entry.type)
    if entry.bit_range is not None:
        if not re.match(r"u[0-9]+(?:\[|$)", entry.type):
            raise TableError("", f"Cheat Engine has no type like {entry.type}")
        start, count = entry.bit_range
        return fields | {
            "VariableType": "Binary",
            "BitStart": str(start),
            "BitLength": str(count),
            "ShowAsBinary": "0",
        }
    if entry.type in _NAMES:
        signed = "1" if entry.type.startswith("i") else "0"
        return fields | {"ShowAsSigned": signed, "VariableType": _NAMES[entry.type]}
    if entry.type in _CUSTOM:
        if entry.type.startswith("i"):
            fields["ShowAsSigned"] = "1"
        return fields | {"VariableType": "Custom", "CustomType": _CUSTOM[entry.type]}
    if entry.type in FLOATS.values():
        return fields | {"VariableType": "Float" if entry.type == "f32" else "Double"}
    if entry.type == "pointer":
        return fields | {"VariableType": "Pointer"}
    if sized is not None and sized[1] == "bytes":
        return fields | {"VariableType": "Array of byte", "ByteLength": sized[2]}
    if sized is not None:
        unicode = "1" if sized[1] == "utf16" else "0"
        string = {"VariableType": "String", "Length": sized[2], "ZeroTerminate": "1"}
        return fields | string | {"Unicode": unicode}
    raise TableError("", f"Cheat Engine has no type like {entry.type}")


def path_of(entry: Entry) -> Place:
    """The path, or calculation, of an entry that is written: of a group the first.

    >>> str(path_of(Entry("hp", "game+0x10 -> 8 | game+0x20 -> 8", "u16")))
    'game+0x10 -> 0x8'
    """
    path = entry.path
    return path.paths[0] if isinstance(path, PathGroup) else path


def place_fields(place: Place) -> tuple[str, tuple[int, ...]]:
    """An address and its offsets, the first first.

    Raises:
        TableError: Cheat Engine does not know the place, or calculates otherwise.

    >>> place_fields(PointerPath.parse("game.exe+0x10 -> 8"))
    ('"game.exe"+10', (8,))
    >>> place_fields(Calculation.parse("=[p+0x10]+[q]*4"))
    ('["p"+10]+["q"]*4', ())
    """
    if not isinstance(place, Calculation):
        return address_of(place.base), place.offsets
    tree = tree_of(place)
    if _has_brackets(tree):
        raise TableError("", "Cheat Engine has no sums in round brackets")
    return written(tree, ""), ()


def _has_brackets(tree: Expression) -> bool:
    """Whether a sum is multiplied, or cut, as a whole."""
    if isinstance(tree, Pointer):
        return _has_brackets(tree.address)
    if isinstance(tree, Cast):
        return isinstance(tree.value, Sum) or _has_brackets(tree.value)
    if not isinstance(tree, Sum):
        return False
    factors = [factor for _, product in tree.terms for factor in product]
    return any(isinstance(factor, Sum) or _has_brackets(factor) for factor in factors)


def address_of(base: str) -> str:
    """An address without its offsets.

    Raises:
        TableError: Cheat Engine does not know the place.

    >>> address_of("game.exe+0x10"), address_of("0x7f00")
    ('"game.exe"+10', '7f00')
    """
    plain = re.fullmatch(r"0[xX]([0-9a-fA-F]{1,16})", base)
    if plain:
        return plain[1]
    place = _PLACE.fullmatch(base)
    if place is None:
        raise TableError("", f"Cheat Engine does not know the place {base}")
    return f'"{place[1]}"{place[2] or "+"}{place[3] or "0"}'


def choices_of(entry: Entry) -> str:
    """The lines of a list of choices.

    Raises:
        TableError: a line has a sign that divides.
    """
    for value, name in entry.choices:
        if any(mark in value + name for mark in "\r\n") or ":" in value:
            raise TableError("", "a choice has a line's end in it, or a colon")
    return "\n".join(f"{value}:{name}" for value, name in entry.choices)
