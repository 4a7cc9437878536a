"""Lines of assembly to the bytes that they are at an address of a target."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from ..assembler.assembler import encode_line, read_line
from ..assembler.encoder import CannotEncode
from ..code.symbols import Symbols
from ..errors import ScriptError
from ..memory.space import Space
from .layout import Names, Piece, assemble_part, unknown
from .program import Program, read_program
from .source import read_source
from .statements import Label, Part, Place

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
    before: str = "",
    behind: str = "",
) -> bytes:
    """The bytes of some lines at an address: instructions, labels and data.

    Args:
        space: the target, whose symbols and functions they may name.
        functions: of its modules.
        address: where they will be.
        text: the lines.
        own: more names, with their addresses.
        before: lines that stand before those of whoever wrote them; nothing in these changes them.
        behind: lines that stand behind them.

    Raises:
        AssemblyError: it is one line, and no instruction; says in which column.
        ScriptError: one of several lines cannot be assembled; says which of those in the text.
    """
    from .around import TargetAround  # which needs iced

    around = TargetAround(space, functions)
    names = Names(own or {}, around.symbol)
    listed = read_source(text).lines
    if len(listed) == 1 and not (before or behind or _OTHER.match(listed[0].text)):
        return _one(listed[0].text, address, names, around)
    program = read_program(text, around.bits)
    ours = [
        read_program(lines, around.bits).enable for lines in (f"0{address:X}:\n{before}", behind)
    ]
    _check(program, {*(own or ()), *ours[0].labels, *ours[1].labels})
    try:
        part = _around(program.enable, *ours)
        return _joined(address, assemble_part(part, names, around, strict=program.strict).pieces)
    except ScriptError:
        space.check()  # it may be why
        raise


def _around(part: Part, before: Part, behind: Part) -> Part:
    """A part between two others, whose lines are nobody's."""
    first, last = (
        [statement._replace(line=0) for statement in ours.emitted] for ours in (before, behind)
    )
    return part._replace(
        emitted=(*first, *part.emitted, *last), labels=part.labels | before.labels | behind.labels
    )


def _one(text: str, address: int, names: Names, around: TargetAround) -> bytes:
    line = read_line(text)

    def resolve(name: str) -> int:
        found = names.get(name)
        if found is None:
            raise CannotEncode(unknown(name))
        return found

    return encode_line(line, address, around.bits, resolve, around.pointer)[0]


def _joined(address: int, pieces: Iterable[Piece]) -> bytes:
    raw = b""
    for piece in pieces:
        if piece.address != address + len(raw):
            reason = f"this would be at 0x{piece.address:x}, and not behind what is before it"
            raise ScriptError(piece.line, reason)
        if piece.mask:
            raise ScriptError(piece.line, "?? stands for what is there, and nothing is yet")
        raw += piece.raw
    return raw


def _check(program: Program, taken: Container[str]) -> None:
    """Refuse what is more than code, and labels whose names are taken."""
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
    for statement in part.emitted:
        if isinstance(statement, Place | Label):
            name = statement.text if isinstance(statement, Place) else statement.name
            if name.lower() in taken:
                reason = f"{name} is there already: call this label otherwise"
                raise ScriptError(statement.line, reason)
