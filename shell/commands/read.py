"""read: the value at an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farfetch.scanner import format_address, members

from ..answers import values
from ..answers.result import Column, Result, Table
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import ADDRESS, TYPE
from ..session import places

if TYPE_CHECKING:
    from ..session.session import Session


_COLUMNS = (
    Column("OFFSET", right=True),
    Column("FIELD", style="bold"),
    Column("TYPE"),
    Column("VALUE", right=True, style="bold"),
)


def run(session: Session, given: Given) -> Result:
    """Read one value, or a structure with all its fields."""
    target = session.attached
    place = places.find(session, given.address)
    value_type = place.type if given.type is None else given.type
    address = place.address
    value = target.read(address, value_type)
    return Result(
        {
            "address": format_address(address),
            "value": values.as_json(value),
            "type": values.type_label(value_type),
            "location": str(target.locate(address)),
        },
        (_by_field(value_type, value, target.bits) or values.shown(value_type, value),),
    )


def _by_field(value_type: Any, value: Any, bits: int) -> Table | None:
    """A structure's fields below each other; None for what is none."""
    rows = tuple(
        (
            f"{field.offset:#x}",
            field.name,
            values.type_label(field.type),
            values.shown(field.type, values.field(value, field.name)),
        )
        for field in members(value_type, bits=bits)
    )
    return Table(_COLUMNS, rows) if rows else None


READ = Command(
    name="read",
    category=Category.MEMORY,
    summary="read the value at an address",
    details="ADDR is a number, module+offset or [heap]+offset. TYPE is any value type, that of "
    "type when not said; text and bytes need a size here. A structure is shown by its fields; one "
    "field of it is read as 0.hp for a match and as game+0x4010.hp at an address.",
    examples=("read 0x7f0012345678 i32", "read [heap]+0x2a0 text[16]", "read 0.hp"),
    run=run,
    arguments=(Argument("address", ADDRESS), Argument("type", TYPE, optional=True)),
    needs=Needs.TARGET,
    answers="address value type location",
)
