"""disassemble: the instructions at an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from farfetch.scanner import format_address

from ..answers.result import Column, Result, Table
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import COUNT, PLACE
from ..session import places

if TYPE_CHECKING:
    from farfetch.scanner import Instruction, Target

    from ..session.session import Session

_COLUMNS: Final = (
    Column("ADDRESS", right=True, style="cyan"),
    Column("BYTES"),
    Column("INSTRUCTION"),
    Column("WHERE"),
)
_DEFAULT: Final = 20  # instructions


def run(session: Session, given: Given) -> Result:
    """Show the instructions from a place on."""
    target = session.attached
    address = places.find(session, given.place).address
    found = target.disassemble(address, _DEFAULT if given.count is None else given.count)
    rows = tuple(
        (
            format_address(instruction.address),
            instruction.raw.hex(" "),
            instruction.text,
            where(target, instruction),
        )
        for instruction in found
    )
    return Result(
        {
            "address": format_address(address),
            "location": str(target.locate(address)),
            "instructions": [
                {
                    "address": format_address(instruction.address),
                    "bytes": instruction.raw.hex(" "),
                    "text": instruction.text,
                    "target": None
                    if instruction.target is None
                    else format_address(instruction.target),
                    "where": where(target, instruction),
                }
                for instruction in found
            ],
        },
        (Table(_COLUMNS, rows),),
    )


def where(target: Target, instruction: Instruction) -> str:
    """The function that begins at an instruction, or that it branches to; or ""."""
    here = target.symbol(instruction.address)
    if instruction.target is not None:
        there = target.symbol(instruction.target)
        return f"-> {there}" if there else ""
    return str(here) if here and not here.offset else ""


DISASSEMBLE = Command(
    name="disassemble",
    category=Category.CODE,
    summary="show the instructions at an address",
    details=f"COUNT of them, {_DEFAULT} when not said. Names come from the symbols of the module's "
    "file, from a file of symbols that belongs to it, from what a library exports, and from what "
    "unwinding knows. Code can be read on x86-64, of 64 and of 32 bits.",
    examples=("disassemble game+0x1a03", "disassemble game+0x1a03 3"),
    run=run,
    arguments=(Argument("place", PLACE), Argument("count", COUNT, optional=True)),
    needs=Needs.TARGET,
    answers="address location instructions",
)
