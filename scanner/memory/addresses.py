"""Addresses: from text and to text. Nothing else parses or formats one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from .. import arguments
from ..errors import ExpressionError
from ..errors.suggest import did_you_mean
from ..values.literals import parse_integer
from .mappings import mapping_start
from .modules import Module
from .regions import Region
from .stacks import Stack, stack_number, stack_top

_HIGHEST: Final = (1 << 64) - 1
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F_]+|[0-9][0-9_]*")
_BARE_HEX: Final = re.compile(r"[0-9a-fA-F]{3,16}")
_TWIN: Final = re.compile(r"(.+)\[([0-9]{1,6})\]", re.DOTALL)
_QUOTED: Final = re.compile(r'"([^"]*)"(.*)', re.DOTALL)
_TERM: Final = re.compile(r"\s*([+-])\s*([^+-]*)")
#: What Cheat Engine's tables call the program itself.
PROGRAM: Final = "$process"


def format_address(address: int) -> str:
    """An address as it is shown everywhere.

    >>> format_address(0x7F00)
    '0x7f00'
    """
    return f"0x{arguments.whole('address', address, -arguments.HIGHEST, arguments.HIGHEST):x}"


def parse_address(
    text: str,
    modules: Sequence[Module] = (),
    regions: Sequence[Region] = (),
    symbols: Mapping[str, int] | None = None,
    program: str = "",
    stacks: Sequence[Stack] = (),
) -> int:
    """The address that a text says.

    Args:
        text: ``0x7f00``, ``32512``, ``game+0x4010``, ``"my game.exe"-0x10``, ``/opt/game+16``,
            ``[heap]+0x2a0``, ``/memfd:ram+0x320``; a module, a symbol or a mapping alone is where
            it starts. Of modules that are called the same, ``game[1]+0x10`` is in the second by
            ascending address, and ``/memfd:ram[1]+0x320`` so where a file is mapped several times.
            Letter case tells modules and symbols apart only where it has to.
        modules: all modules of the target.
        regions: all regions of the target.
        symbols: names of addresses; they come before modules.
        program: the path of the module that ``$process`` is.
        stacks: of the target's threads: ``stack[0]-0x1f8`` is in that of the first, and so is
            ``THREADSTACK0-0x1f8``, as Cheat Engine calls it.

    Raises:
        ExpressionError: it says none; it has the position.

    >>> parse_address("0x7f00"), parse_address("health-4+0x10", symbols={"health": 0x4010})
    (32512, 16412)
    """
    arguments.text("text", text)
    modules = arguments.several("modules", modules, Module, "modules of a target")
    regions = arguments.several("regions", regions, Region, "regions of a target")
    stacks = arguments.several("stacks", stacks, Stack, "stacks of a target")
    found = _Found(modules, regions, symbols or {}, program, stacks)
    start = len(text) - len(text.lstrip())
    word = text.strip()
    whole = found.base(text, word, start)
    if whole is not None:
        return whole
    quoted = _QUOTED.fullmatch(word)
    if quoted:
        name, terms = quoted[1], quoted[2]
        base = found.base(text, name, start)
    else:
        name, terms, base = word, "", None
        while base is None:  # names have a + and a - too: libstdc++.so.6
            before = max(name.rfind("+"), name.rfind("-"))
            if before <= 0:
                name = "" if word.startswith("+") and not before else name
                break
            name, terms = name[:before].rstrip(), word[before:]
            base = found.base(text, name, start)
    if base is None:
        raise ExpressionError(text, start, _unknown(name, modules, symbols or {}))
    return _sum(text, base, terms, start + len(word) - len(terms))


def _sum(text: str, base: int, terms: str, start: int) -> int:
    """An address with numbers added and subtracted."""
    at = 0
    while at < len(terms):
        term = _TERM.match(terms, at)
        if term is None or not _NUMBER.fullmatch(term[2].strip()):
            position = start + (at if term is None else term.start(2))
            raise ExpressionError(text, position, "expected an offset such as 0x10")
        number, position = term[2].strip(), start + term.start(2)
        base = _plus(text, base, number, position, -1 if term[1] == "-" else 1)
        at = term.end()
    return base


class _Found(NamedTuple):
    """All that has a name."""

    modules: Sequence[Module]
    regions: Sequence[Region]
    symbols: Mapping[str, int]
    program: str
    stacks: Sequence[Stack]

    def base(self, text: str, name: str, position: int) -> int | None:
        """The address of a number, a symbol, a module's base, or where a region starts."""
        if _NUMBER.fullmatch(name):
            return _plus(text, 0, name, position)
        if name in self.symbols:
            return self.symbols[name]
        called = self._called(name)
        if len(called) > 1:
            paths = sorted({module.path for module in called})
            hint = f"give the path: {', '.join(paths)}" if len(paths) > 1 else "give an address"
            raise ExpressionError(text, position, f'several modules are called "{name}"; {hint}')
        if called:
            return called[0].base
        twin = _TWIN.fullmatch(name)
        if twin:
            bases = sorted(module.base for module in self.modules if module.name == twin[1])
            if int(twin[2]) < len(bases):
                return bases[int(twin[2])]
        top = stack_top(name, self.stacks)
        return mapping_start(name, self.regions) if top is None else top

    def _called(self, name: str) -> list[Module]:
        if name.lower() == PROGRAM:
            return [module for module in self.modules if module.path == self.program][:1]
        exact = [module for module in self.modules if name in (module.name, module.path)]
        if exact:
            return exact
        folded = name.casefold()  # Windows tells no small letters from capitals
        return [module for module in self.modules if module.name.casefold() == folded]


def _plus(text: str, base: int, number: str, position: int, sign: int = 1) -> int:
    try:
        address = base + sign * parse_integer(number)
    except ValueError:  # Python reads no integer of thousands of digits
        address = _HIGHEST + 1
    if address < 0:
        raise ExpressionError(text, position, "an address is not below 0")
    if address > _HIGHEST:
        raise ExpressionError(text, position, f"an address is at most {format_address(_HIGHEST)}")
    return address


def _unknown(name: str, modules: Sequence[Module], symbols: Mapping[str, int]) -> str:
    if not name:
        return "expected an address such as 0x7f00 or game+0x10"
    if _BARE_HEX.fullmatch(name):
        return f"hex numbers start with 0x: did you mean 0x{name}?"
    thread = stack_number(name)
    if thread is not None:
        return f"no stack of a thread {thread} is known: {name}"
    names = [*symbols, *(module.name for module in modules)]
    hint = did_you_mean(name, names, count=1, cutoff=0.6)
    return f'no module or region is called "{name}"{hint}'
