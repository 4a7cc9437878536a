"""write: a value to an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import format_address, parse_value

from ..answers import values
from ..answers.result import Result
from ..command import Command, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import forcing, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session


class Arguments(NamedTuple):
    """Where to write, the type, the value's text, and whether to force it."""

    address: int
    type: Any
    value: str
    force: bool


def parse(session: Session, words: Words) -> Arguments:
    """Read the address, the type unless it is a field's, and the value, the rest of the line."""
    word = words.take("ADDR")
    if any(places.split(word.raw)):
        place = places.find(session, word.raw)
        if place.field:
            return Arguments(place.address, place.type, *_value(words))
    value_type = session.type_named(words.take("TYPE").text)
    value, force = _value(words)
    return Arguments(places.find(session, word.raw).address, value_type, value, force)


def _value(words: Words) -> tuple[str, bool]:
    value, force = forcing.taken_off(words.need_rest("VALUE"))
    if not value:
        raise words.error("VALUE is missing")
    return value, force


@needs_target
def run(session: Session, words: Words) -> Result:
    """Write one value."""
    arguments = parse(session, words)
    target = session.attached
    value = parse_value(arguments.type, arguments.value, bits=target.bits)
    address = arguments.address
    target.write(address, arguments.type, value, force=arguments.force)
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
    """Offer the beginnings of addresses, the types unless a field has its own, the option."""
    if not cursor.words:
        return offers.address(cursor, moment)
    if len(cursor.words) == 1 and not any(places.split(cursor.words[0])):
        return offers.type_name(cursor, moment)
    if len(cursor.words) > 1 and cursor.word:
        return cursor.offer([Choice(forcing.FORCE, forcing.NOTE)])
    return iter(())


WRITE = Command(
    name="write",
    usage="write ADDR TYPE VALUE | ADDR.FIELD VALUE [--force]",
    summary="write a value to an address",
    details="Writes once; freeze holds a value, and what is frozen is held at the new one. What "
    "the target may not write itself, such as code and constants, takes --force; patch keeps the "
    "old bytes. A type whose name has blanks takes quotes. A field of a structure has its own: "
    "ADDR.hp where type is the structure, 0.hp of a match.",
    examples=(
        "write 0x7f0012345678 i32 100",
        "write game+0x4010 bytes 90 90",
        "write 0.hp 5",
        "write game+0x1189 u8 0x90 --force",
    ),
    run=run,
    complete=complete,
)
