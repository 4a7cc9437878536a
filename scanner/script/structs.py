"""Structures in scripts: ``struct player`` … ``ends`` names offsets."""

from __future__ import annotations

import re
from typing import Final

from ..errors import ScriptError
from .defines import Defines
from .source import SourceLine

_BEGIN: Final = re.compile(r"struct\s+([A-Za-z_]\w*)", re.IGNORECASE)
_END: Final = re.compile(r"ends(?:truct)?(?:\s+\w+)?", re.IGNORECASE)
_FIELD: Final = re.compile(
    r"(?:(?P<name>[A-Za-z_]\w*)\s*:)?\s*(?:(?P<kind>d|res|r)(?P<size>[bwdq])\s*(?P<rest>.*))?",
    re.IGNORECASE,
)
_SIZES: Final = {"b": 1, "w": 2, "d": 4, "q": 8}
_LARGEST: Final = 1 << 24


def take_structs(lines: list[SourceLine], defines: Defines) -> list[tuple[int, str]]:
    """The lines without structures, of which each field becomes a name for its offset.

    Raises:
        ScriptError: a structure does not end, or has a line that is no field.

    >>> defines = Defines()
    >>> script = "struct player", "hp: dd ?", "mp: resb 8", "gold: dd ?", "ends", "nop"
    >>> lines = [SourceLine(number, text, "both", 0) for number, text in enumerate(script, 1)]
    >>> take_structs(lines, defines)
    [(6, 'nop')]
    >>> defines.replaced(6, "mov eax,[rbx+player.gold]")
    'mov eax,[rbx+0xC]'
    """
    left: list[tuple[int, str]] = []
    struct, began, offset = "", 0, 0
    for line in lines:
        if not struct:
            begin = _BEGIN.fullmatch(line.text)
            if begin is None:
                left.append((line.number, line.text))
            else:
                struct, began, offset = begin[1], line.number, 0
            continue
        if _END.fullmatch(line.text):
            defines.add(line.number, f"{struct}_size", f"0x{offset:X}")
            struct = ""
            continue
        field = _FIELD.fullmatch(line.text)
        if field is None or not (field["name"] or field["size"]):
            raise ScriptError(line.number, f"{line.text:.40} is no field of a structure")
        if field["name"]:
            for name in (f"{struct}.{field['name']}", field["name"]):
                defines.add(line.number, name, f"0x{offset:X}")
        if field["size"]:
            offset += _SIZES[field["size"].lower()] * _count(line, field)
        if offset > _LARGEST:
            raise ScriptError(line.number, "the structure is larger than 16 MiB")
    if struct:
        raise ScriptError(began, f"struct {struct}: has no ends")
    return left


def _count(line: SourceLine, field: re.Match[str]) -> int:
    rest = field["rest"].strip()
    if field["kind"].lower() == "d":
        return max(1, len(rest.replace(",", " ").split()))
    if not re.fullmatch(r"(?:\$|0x)?[0-9A-Fa-f]{1,6}", rest):
        raise ScriptError(line.number, f"{rest:.40} is no number of fields")
    return int(rest) if rest.isdigit() else int(rest.lstrip("$"), 16)
