"""Reading a whole script: every line is understood, or refused with its number, before it runs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

from ..errors import ScriptError
from .commands import LUA_NOT_ASKED, command_of
from .files import Files
from .section import read_section
from .source import SourceLine, read_source
from .statements import Part


class Program(NamedTuple):
    """A script that has been read.

    Attributes:
        enable: what enabling does.
        disable: what disabling does.
        strict: whether labels have to be declared.
        bits: the width of code that it was read for.
        has_sections: whether it can be disabled.
        disable_lua: the line where [DISABLE] begins to be Lua; 0 where it has none. What that
            puts in its place is read only when the script is disabled.
    """

    enable: Part
    disable: Part
    strict: bool
    bits: int
    has_sections: bool
    disable_lua: int = 0


class RunsLua(Protocol):
    """What becomes of a script's Lua; :class:`.LuaSandbox` is one."""

    def check(self, text: str, line: int) -> None:
        """Refuse a piece that cannot be run."""

    def run(self, text: str, line: int) -> str:
        """Run a piece: the lines that it puts in its place."""


def read_program(
    text: str,
    bits: int,
    folder: str | os.PathLike[str] | None = None,
    lua: RunsLua | None = None,
    section: Literal["enable", "disable"] = "enable",
) -> Program:
    r"""Read a script.

    Args:
        text: of the script.
        bits: of the target's code, 32 or 64.
        folder: of the table, for what the script includes; nothing is if None.
        lua: runs its Lua; a script with Lua is refused if None.
        section: whose Lua is run; that of the other is only checked.

    Raises:
        ScriptError: a line is not understood, or is not run; the first of them.

    >>> program = read_program("[ENABLE]\ngame+10:\n nop 2\n[DISABLE]\ngame+10:\n db 29", 64)
    >>> [type(statement).__name__ for statement in program.enable.emitted]
    ['Place', 'Code']
    """
    source = read_source(text)
    if source.refused:
        raise min(source.refused, key=lambda error: error.line)
    files = Files(folder)
    whole = files.included(source.lines)
    source = source._replace(lines=tuple(whole if lua is None else map(_called, whole)))
    pieces = [line for line in source.lines if line.lua]
    if pieces and lua is None:
        raise ScriptError(pieces[0].lua, f"{{$lua}}: {LUA_NOT_ASKED}")
    parts = {}
    for name in ("enable", "disable"):
        lines = [line for line in source.lines if line.section in ("both", name)]
        if pieces and lua is not None:
            lines = list(_without_lua(lines, lua, runs=name == section))
        parts[name] = [line for line in lines if line.bits in (0, bits)]
    return Program(
        read_section(parts["enable"], files),
        read_section(parts["disable"], files) if source.has_sections else Part(),
        source.strict,
        bits,
        source.has_sections,
        next((line.lua for line in pieces if line.section != "enable"), 0),
    )


def _called(line: SourceLine) -> SourceLine:
    """A line; of ``luacall(jump())`` the piece of Lua that it calls."""
    command = None if line.lua else command_of(line.text)
    if command is None or command[0].lower() != "luacall":
        return line
    return line._replace(text=command[1], lua=line.number)


def _without_lua(lines: list[SourceLine], lua: RunsLua, *, runs: bool) -> Iterator[SourceLine]:
    """The lines of a section, with what its Lua puts in its place."""
    for piece, group in itertools.groupby(lines, lambda line: line.lua):
        if not piece:
            yield from group
            continue
        inside = list(group)
        text, at = "", 1
        for line in inside:  # each where it is in the script
            text += "\n" * (line.number - at) + line.text
            at = line.number
        if not runs:
            lua.check(text, piece)
            continue
        made = read_source(lua.run(text, piece))
        if made.refused or made.has_sections or any(line.lua for line in made.lines):
            raise ScriptError(piece, "{$lua}: what it puts in its place is no plain assembly")
        for line in made.lines:
            yield SourceLine(piece, line.text, inside[0].section, line.bits or inside[0].bits)
