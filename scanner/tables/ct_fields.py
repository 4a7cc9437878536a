"""What Cheat Engine calls the types, places and named values of entries."""

from __future__ import annotations

import re
from typing import Final

from ..errors import TableError
from ..memory.path_group import PathGroup
from ..memory.pointer_path import PointerPath
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


def path_of(entry: Entry) -> PointerPath:
    """The path of an entry that is written: of a group the first.

    >>> str(path_of(Entry("hp", "game+0x10 -> 8 | game+0x20 -> 8", "u16")))
    'game+0x10 -> 0x8'
    """
    path = entry.path
    return path.paths[0] if isinstance(path, PathGroup) else path


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
