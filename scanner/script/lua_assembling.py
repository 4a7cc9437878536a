"""What ``autoAssemble`` in Lua does: looks for bytes, names them, and says what is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ..errors import ScriptError
from .aob import ByteArray
from .layout import Names, Piece, assemble_part, value_of
from .lua_world import LuaWorld
from .program import read_program
from .search import Within
from .statements import Part

Places: TypeAlias = Callable[[ByteArray, Within, int], list[int]]


class LuaAssembled(NamedTuple):
    """What a text that Lua assembles does.

    Attributes:
        writes: bytes and their addresses, in order.
        registered: addresses of the names that it registers.
        unregistered: names that it takes away.
    """

    writes: list[tuple[int, bytes]]
    registered: dict[str, int]
    unregistered: tuple[str, ...]


def assembled(
    text: str, world: LuaWorld, known: Mapping[str, int], places: Places
) -> LuaAssembled | None:
    """Assemble a text for Lua; of sections [ENABLE] only.

    Args:
        text: of the script.
        world: the target.
        known: names that Lua has registered before.
        places: looks for bytes.

    Returns:
        What it does; None where bytes are not found or not as they have to be.

    Raises:
        ScriptError: a line is not understood, or not run here: it allocates, or has Lua.
    """
    program = read_program(text, world.bits)
    part = program.enable
    for allocation in part.allocations:
        raise ScriptError(allocation.line, "alloc(): autoAssemble allocates no memory here")
    names = Names(known, world.symbol)
    if not _found(part, names, world, places):
        return None
    pieces = assemble_part(part, names, world, strict=program.strict).pieces
    registered = {}
    for line, name in part.registered:
        address = names.get(name)
        if address is None:
            raise ScriptError(line, f"registersymbol(): nothing is called {name:.80}")
        registered[name] = address
    writes = [(piece.address, _merged(piece, world)) for piece in pieces if piece.raw]
    return LuaAssembled(writes, registered, part.unregistered)


def _found(part: Part, names: Names, world: LuaWorld, places: Places) -> bool:
    """Whether all that it looks for is there, which then has its name."""
    for search in part.searches:
        within: Within = search.module
        if search.begin is not None and search.end is not None:
            begin = value_of(search.line, search.begin, names, world.pointer)
            within = begin, value_of(search.line, search.end, names, world.pointer)
        there = places(search.array, within, 1)
        if not there:
            return False
        names.set(search.name, there[0])
    for assertion in part.assertions:
        address = value_of(assertion.line, assertion.address, names, world.pointer)
        if not assertion.array.matches(world.bytes_at(address, len(assertion.array.raw))):
            return False
    return True


def _merged(piece: Piece, world: LuaWorld) -> bytes:
    """The bytes of a piece, with those that stay as they are."""
    if not piece.mask:
        return piece.raw
    there = world.bytes_at(piece.address, len(piece.raw))
    if len(there) < len(piece.raw):
        raise ScriptError(piece.line, f"0x{piece.address:x} cannot be read")
    kept = zip(piece.raw, there, piece.mask, strict=True)
    return bytes(new if mask else old for new, old, mask in kept)
