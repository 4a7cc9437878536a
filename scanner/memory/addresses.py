"""Addresses: from text and to text. Nothing else parses or formats one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .. import arguments
from ..errors import ExpressionError
from ..values.literals import parse_integer
from .modules import Module
from .regions import Region

_HIGHEST: Final = (1 << 64) - 1
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F_]+|[0-9][0-9_]*")
_BARE_HEX: Final = re.compile(r"[0-9a-fA-F]{3,16}")
_QUOTED: Final = re.compile(r'"([^"]*)"\s*(?:\+(.*))?', re.DOTALL)


def format_address(address: int) -> str:
    """An address as it is shown everywhere.

    >>> format_address(0x7F00)
    '0x7f00'
    """
    return f"0x{arguments.whole('address', address, -arguments.HIGHEST, arguments.HIGHEST):x}"


def parse_address(text: str, modules: Sequence[Module] = (), regions: Sequence[Region] = ()) -> int:
    """The address that a text says.

    Args:
        text: ``0x7f00``, ``32512``, ``game+0x4010``, ``"my game.exe"+0x10``, ``/opt/game+16``,
            ``[heap]+0x2a0``; a module or a region alone is where it starts.
        modules: all modules of the target.
        regions: all regions of the target.

    Raises:
        ExpressionError: it says none; it has the position.

    >>> parse_address("0x7f00")
    32512
    """
    arguments.text("text", text)
    modules = arguments.several("modules", modules, Module, "modules of a target")
    regions = arguments.several("regions", regions, Region, "regions of a target")
    start = len(text) - len(text.lstrip())
    word = text.strip()
    whole = _base(text, word, start, modules, regions)
    if whole is not None:
        return whole
    quoted = _QUOTED.fullmatch(word)
    if quoted:
        name, offset = quoted[1], quoted[2]
    else:
        before, plus, after = word.rpartition("+")  # names have a + too: libstdc++.so.6
        name, offset = (before.rstrip(), after) if plus else (word, None)
    base = _base(text, name, start, modules, regions)
    if base is None:
        raise ExpressionError(text, start, _unknown(name, modules))
    if offset is None:
        return base
    position = start + len(word) - len(offset.lstrip())
    if not _NUMBER.fullmatch(offset.strip()):
        raise ExpressionError(text, position, "expected an offset such as 0x10")
    return _plus(text, base, offset.strip(), position)


def _base(
    text: str, name: str, position: int, modules: Sequence[Module], regions: Sequence[Region]
) -> int | None:
    """The address of a number, a module's base, or where a region of that name starts."""
    if _NUMBER.fullmatch(name):
        return _plus(text, 0, name, position)
    called = [module for module in modules if name in (module.name, module.path)]
    if len(called) > 1:
        paths = sorted({module.path for module in called})
        hint = f"give the path: {', '.join(paths)}" if len(paths) > 1 else "give an address"
        raise ExpressionError(text, position, f'several modules are called "{name}"; {hint}')
    if called:
        return called[0].base
    starts = (region.start for region in regions if region.path == name)
    return min(starts, default=None) if name else None


def _plus(text: str, base: int, number: str, position: int) -> int:
    try:
        address = base + parse_integer(number)
    except ValueError:  # Python reads no integer of thousands of digits
        address = _HIGHEST + 1
    if address > _HIGHEST:
        raise ExpressionError(text, position, f"an address is at most {format_address(_HIGHEST)}")
    return address


def _unknown(name: str, modules: Sequence[Module]) -> str:
    if not name:
        return "expected an address such as 0x7f00 or game+0x10"
    if _BARE_HEX.fullmatch(name):
        return f"hex numbers start with 0x: did you mean 0x{name}?"
    near = arguments.near(name, [module.name for module in modules], 1)
    hint = f": did you mean {near[0]}?" if near else ""
    return f'no module or region is called "{name}"{hint}'
