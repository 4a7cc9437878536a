"""Lines of assembly to the bytes that they are at an address of a target."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..assembler.assembler import encode_line, read_line
from ..assembler.encoder import CannotEncode
from ..code.symbols import Symbols
from ..errors import ScriptError
from ..memory.space import Space
from .layout import Names, assemble_part, unknown
from .program import Program, read_program
from .source import read_source

if TYPE_CHECKING:
    from .around import TargetAround

#: Lines that are more than one instruction, or none.
_OTHER: Final = re.compile(r"(?:db|dw|dd|dq|align|nop)\b|.*:$|\w+\s*\(", re.IGNORECASE)


def assembled(
    space: Space,
    functions: Symbols,
    address: int,
    text: str,
    own: Mapping[str, int] | None = None,
    *,
    ahead: int = 0,
) -> bytes:
    """The bytes of some lines at an address: instructions, labels and data.

    Args:
        space: the target, whose symbols and functions they may name.
        functions: of its modules.
        address: where they will be.
        text: the lines.
        own: more names, with their addresses.
        ahead: lines that stand before those of whoever wrote them, and are not counted.

    Raises:
        AssemblyError: it is one line, and no instruction; says in which column.
        ScriptError: one of several lines cannot be assembled; says which.
    """
    from .around import TargetAround  # which needs iced

    around = TargetAround(space, functions)
    names = Names(own or {}, around.symbol)
    listed = read_source(text).lines
    if len(listed) == 1 and not _OTHER.match(listed[0].text):
        return _one(listed[0].text, address, names, around)
    try:
        return _several(text, address, names, around)
    except ScriptError as error:
        space.check()  # it may be why
        raise ScriptError(max(0, error.line - 1 - ahead), error.reason) from None


def _one(text: str, address: int, names: Names, around: TargetAround) -> bytes:
    line = read_line(text)

    def resolve(name: str) -> int:
        found = names.get(name)
        if found is None:
            raise CannotEncode(unknown(name))
        return found

    return encode_line(line, address, around.bits, resolve, around.pointer)[0]


def _several(text: str, address: int, names: Names, around: TargetAround) -> bytes:
    program = read_program(f"0{address:X}:\n{text}", around.bits)
    _check(program)
    raw = b""
    for piece in assemble_part(program.enable, names, around, strict=program.strict).pieces:
        if piece.address != address + len(raw):
            reason = f"this would be at 0x{piece.address:x}, and not behind what is before it"
            raise ScriptError(piece.line, reason)
        if piece.mask:
            raise ScriptError(piece.line, "?? stands for what is there, and nothing is yet")
        raw += piece.raw
    return raw


def _check(program: Program) -> None:
    """Refuse what is more than code."""
    part = program.enable
    if program.has_sections:
        raise ScriptError(0, "[ENABLE] and [DISABLE] are a script's: this is code of one place")
    lines = [each.line for each in part.searches]
    lines += [each.line for each in part.allocations]
    lines += [each.line for each in part.assertions]
    lines += [each.line for each in part.accesses]
    lines += [number for number, _ in part.registered]
    if lines or part.unregistered or part.freed:
        reason = "this is a script's: here are instructions, labels and data"
        raise ScriptError(min(lines, default=0), reason)
