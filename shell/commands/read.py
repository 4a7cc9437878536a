"""read: the value at an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import type_named
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
    """The address as typed, and the type, None for the session's."""

    address: str
    type: Any


def parse(words: Words) -> Arguments:
    """Read the address and the type."""
    address = words.take("ADDR").raw
    text = words.phrase()
    return Arguments(address, type_named(text) if text else None)


@needs_target
def run(session: Session, words: Words) -> Result:
    """Read one value."""
    arguments = parse(words)
    target = session.attached
    place = places.find(session, arguments.address)
    value_type = place.type if arguments.type is None else arguments.type
    address = place.address
    value = target.read(address, value_type)
    return Result(
        {
            "address": format_address(address),
            "value": values.as_json(value),
            "type": values.type_label(value_type),
            "location": str(target.locate(address)),
        },
        (values.shown(value_type, value),),
    )


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the beginnings of addresses, then the types."""
    if cursor.words:
        return completion.type_name(cursor, moment)
    return completion.address(cursor, moment)


READ = Command(
    name="read",
    usage="read ADDR [TYPE]",
    summary="read the value at an address",
    details="ADDR is a number, module+offset or [heap]+offset. TYPE is any value type, that of "
    "type when not said; text and bytes need a size here.",
    examples=("read 0x7f0012345678 i32", "read game+0x4010 u16", "read [heap]+0x2a0 text[16]"),
    run=run,
    complete=complete,
)
