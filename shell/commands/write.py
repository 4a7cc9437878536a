"""write: a value to an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import format_address, parse_value

from ..answers import values
from ..answers.result import Result
from ..command import Alternatives, Argument, Category, Command, Form, Given, Needs
from ..command.kinds import ADDRESS, FORCE, TYPE, VALUE
from ..line.words import word_at
from ..session import places

if TYPE_CHECKING:
    from ..session.session import Session

_VALUE = Argument("value", VALUE)


def _is_field(text: str, session: Session | None) -> bool:
    """Whether a line begins with a field, which has a type of its own."""
    word = word_at(text, 0)
    if word is None or not any(places.split(word.raw)):
        return False
    return session is None or bool(places.find(session, word.raw).field)


def run(session: Session, given: Given) -> Result:
    """Write one value."""
    target = session.attached
    place = places.find(session, given.address)
    address, value_type = place.address, place.type if given.type is None else given.type
    value = parse_value(value_type, given.value, bits=target.bits)
    target.write(address, value_type, value, force=given.force)
    return Result(
        {
            "address": format_address(address),
            "value": values.as_json(value),
            "type": values.type_label(value_type),
            "location": str(target.locate(address)),
        },
        (f"{target.locate(address)} set to {values.shown(value_type, value)}",),
    )


WRITE = Command(
    name="write",
    category=Category.MEMORY,
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
    arguments=(
        Alternatives(
            (
                Form((Argument("address", ADDRESS), Argument("type", TYPE), _VALUE), (FORCE,)),
                Form(
                    (Argument("address", ADDRESS, "ADDR.FIELD"), _VALUE), (FORCE,), when=_is_field
                ),
            ),
            called="ADDR",
        ),
    ),
    needs=Needs.TARGET,
    answers="address value type location",
)
