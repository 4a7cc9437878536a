"""write: a value to an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import parse_value, type_named
from farfetch.scanner.addresses import format_address

from .. import completion, places, values
from ..command import Command, needs_target
from ..completion import Candidate, Cursor, Moment
from ..result import Result
from ..words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session import Session


class Arguments(NamedTuple):
    """The address as typed, the type, and the value's text."""

    address: str
    type: Any
    value: str


def parse(words: Words) -> Arguments:
    """Read the address, the type and the value, which is the rest of the line."""
    address = words.take("ADDR").raw
    value_type = type_named(words.take("TYPE").text)
    return Arguments(address, value_type, words.need_rest("VALUE"))


@needs_target
def run(session: Session, words: Words) -> Result:
    """Write one value."""
    arguments = parse(words)
    target = session.attached
    value = parse_value(arguments.type, arguments.value, bits=target.bits)
    address = places.find(session, arguments.address).address
    target.write(address, arguments.type, value)
    return Result(
        {
            "address": format_address(address),
            "value": values.as_json(value),
            "type": values.type_label(arguments.type),
            "location": str(target.locate(address)),
        },
        (f"{target.locate(address)} set to {values.shown(arguments.type, value)}",),
    )


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the beginnings of addresses, then the types."""
    if not cursor.words:
        return completion.address(cursor, moment)
    if len(cursor.words) == 1:
        return completion.type_name(cursor, moment)
    return iter(())


WRITE = Command(
    name="write",
    usage="write ADDR TYPE VALUE",
    summary="write a value to an address",
    details="Writes once; freeze holds a value. A type whose name has blanks takes quotes.",
    examples=("write 0x7f0012345678 i32 100", "write game+0x4010 bytes 90 90"),
    run=run,
    complete=complete,
)
