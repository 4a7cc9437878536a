"""pointer: follow a pointer path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import format_address

from ..answers import values
from ..answers.result import Column, Json, Result, Table
from ..command import Argument, Category, Command, Given, Kind, Needs
from ..command.kinds import TYPE
from ..complete import offers
from ..session import places

if TYPE_CHECKING:
    from ..session.session import Session

_COLUMNS = (
    Column("AT", right=True, style="cyan"),
    Column("WHERE"),
    Column("POINTER", right=True),
    Column("OFFSET", right=True),
    Column("RESULT", right=True, style="bold"),
)

#: A pointer path, or an entry of the table.
PATH = Kind(
    "PATH",
    offer=offers.address,
    sample="[heap]",
    refuses=(("[heap]->soon", "PointerError"), ("nowhere", "ExpressionError")),
)


def run(session: Session, given: Given) -> Result:
    """Follow a path and read what is at its end."""
    name = given.path
    if name in session.table:
        path, value_type = session.table[name].path, session.table[name].value_type
    else:
        path, value_type = places.pointer_path(session, name)
    if given.type is not None:
        value_type = given.type
    target = session.attached
    steps = path.follow(target)
    address = steps[-1].result if steps else path.resolve(target)
    value = target.read(address, value_type)
    fields: list[Json] = [
        {
            "address": format_address(step.address),
            "pointer": format_address(step.pointer),
            "offset": step.offset,
            "result": format_address(step.result),
        }
        for step in steps
    ]
    rows = tuple(
        (
            format_address(step.address),
            str(target.locate(step.address)),
            format_address(step.pointer),
            f"{step.offset:+#x}",
            format_address(step.result),
        )
        for step in steps
    )
    said = f"{values.type_label(value_type)} at {format_address(address)}: "
    said += values.shown(value_type, value)
    return Result(
        {
            "path": str(path),
            "steps": fields,
            "address": format_address(address),
            "type": values.type_label(value_type),
            "value": values.as_json(value),
        },
        (Table(_COLUMNS, rows), said) if rows else (said,),
    )


POINTER = Command(
    name="pointer",
    category=Category.MEMORY,
    summary="follow pointers to a value",
    details="PATH is an address and the offsets to add behind each pointer: "
    "game+0x4010->0x18->0x20 reads the pointer at game+0x4010, adds 0x18, reads the pointer there "
    "and adds 0x20. Quotes hold a path with blanks together. TYPE is that of type, or of a field "
    "as in game+0x4010->0x18.hp, when not said.",
    examples=("pointer game+0x4010->0x18", 'pointer "game+0x4010 -> 0x18 -> 0x20" f32'),
    run=run,
    arguments=(Argument("path", PATH), Argument("type", TYPE, optional=True)),
    needs=Needs.TARGET,
    answers="path steps address type value",
)
