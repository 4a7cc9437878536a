"""read: the value at an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import format_address, members

from ..answers import values
from ..answers.result import Column, Result, Table
from ..command import Command, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Cursor, Moment
from ..line.words import Words
from ..session import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session


_COLUMNS = (
    Column("OFFSET", right=True),
    Column("FIELD", style="bold"),
    Column("TYPE"),
    Column("VALUE", right=True, style="bold"),
)


class Arguments(NamedTuple):
    """The address as typed, and the type's name, "" for the place's own."""

    address: str
    type: str


def parse(words: Words) -> Arguments:
    """Read the address and the type."""
    return Arguments(words.take("ADDR").raw, words.phrase())


@needs_target
def run(session: Session, words: Words) -> Result:
    """Read one value, or a structure with all its fields."""
    arguments = parse(words)
    target = session.attached
    chosen = session.type_named(arguments.type) if arguments.type else None
    place = places.find(session, arguments.address)
    value_type = place.type if chosen is None else chosen
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
            f"{one.offset:#x}",
            one.name,
            values.type_label(one.type),
            values.shown(one.type, values.field(value, one.name)),
        )
        for one in members(value_type, bits=bits)
    )
    return Table(_COLUMNS, rows) if rows else None


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the beginnings of addresses, then the types."""
    if cursor.words:
        return offers.type_name(cursor, moment)
    return offers.address(cursor, moment)


READ = Command(
    name="read",
    usage="read ADDR [TYPE]",
    summary="read the value at an address",
    details="ADDR is a number, module+offset or [heap]+offset. TYPE is any value type, that of "
    "type when not said; text and bytes need a size here. A structure is shown by its fields; one "
    "field of it is read as 0.hp for a match and as game+0x4010.hp at an address.",
    examples=("read 0x7f0012345678 i32", "read [heap]+0x2a0 text[16]", "read 0.hp"),
    run=run,
    complete=complete,
)
