"""Disassembling: the instructions of a target from an address on."""

from __future__ import annotations

from typing import Final

from .. import arguments
from ..errors import MemoryFault
from ..memory.space import Space
from .decoder import LONGEST, instructions
from .instruction import Instruction

_MOST: Final = 1_000_000  # instructions in one go


def disassembled(space: Space, address: int, count: int) -> list[Instruction]:
    """The instructions from an address on; fewer where the code ends, one at least.

    Args:
        space: the target.
        address: of the first.
        count: how many.

    Raises:
        MemoryFault: nothing can be read there, or the first is cut off by what cannot be read.
        CodeError: this machine's code cannot be read here.
    """
    address = arguments.address(address)
    count = arguments.whole("count", count, 0, _MOST)
    space.check()
    wanted = min(count * LONGEST, arguments.HIGHEST + 1 - address)
    raw = space.memory.read(address, wanted)
    space.check()
    if count and not raw:
        raise MemoryFault(address, 1, 0, False, blocked=space.memory.blocks(address, 1))
    found: list[Instruction] = []
    for instruction in instructions(raw, address, space.bits):
        if len(found) == count:
            break
        found.append(instruction)
    if count and not found:
        raise _cut_off(space, address, len(raw))
    return found


def _cut_off(space: Space, address: int, size: int) -> MemoryFault:
    """What is said of an instruction of which only so many bytes can be read."""
    blocked = space.memory.blocks(address + size, 1)
    return MemoryFault(address, size + 1, size, False, "the instruction goes on there", blocked)
