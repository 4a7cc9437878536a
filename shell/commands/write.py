"""write: a value to an address."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, format_address, parse_value

from ..answers import quantities, values
from ..answers.result import Result
from ..command import Alternatives, Argument, Category, Command, Form, Given, Needs
from ..command.kinds import ADDRESS, FORCE, PLACES, TYPE, VALUE
from ..errors import UsageError
from ..line.words import Word, unquoted, words_in
from ..session import places, selection, writes
from ..session.place import Place
from ..session.writes import Write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_VALUE = Argument("value", VALUE)


def _is_typed(text: str, session: Session | None) -> bool:
    """Whether a line begins with places that have types of their own, and gives no other."""
    words: list[Word] = []
    with suppress(UsageError):  # a value may have anything in it, a quote not closed yet
        words.extend(islice(_words(text), 2))
    if not words:
        return False
    first = words[0].raw
    behind = words[1].text if len(words) > 1 else ""
    if session is None:
        return any(places.split(first)) or selection.is_several(first)
    if behind and _is_type(session, behind):
        return _is_field(session, first)
    return (
        unquoted(first) in session.table or selection.is_several(first) or _is_field(session, first)
    )


def _is_field(session: Session, typed: str) -> bool:
    """Whether a word is a field of a structure, whatever stands behind it."""
    if unquoted(typed) in session.table or (selection.is_several(typed) and "," in typed):
        return False
    return any(places.split(typed)) and bool(places.find(session, typed).field)


def _is_type(session: Session, name: str) -> bool:
    try:
        session.type_named(name)
    except FarfetchError:
        return False
    return True


def _words(text: str) -> Iterator[Word]:
    """The words of a line, without its option."""
    return (word for word in words_in(text) if word.raw != FORCE.flag)


def run(session: Session, given: Given) -> Result:
    """Write a value to what is chosen."""
    if given.places is not None and not given.places.is_single:
        return _several(session, given)
    if given.places is None:
        place = places.find(session, given.address)._replace(type=given.type)
    else:
        place = selection.find(session, given.places)[0].place
    target, value = session.attached, _value(session, place, given.value)
    writes.put(session, Write(place, value), force=given.force)
    return Result(
        {
            "address": format_address(place.address),
            "value": values.as_json(value),
            "type": values.type_label(place.type),
            "location": str(target.locate(place.address)),
        },
        (f"{target.locate(place.address)} set to {values.shown(place.type, value)}",),
    )


def _several(session: Session, given: Given) -> Result:
    """Write a value to each of several places, once it is known that it fits all."""
    chosen = selection.find(session, given.places)
    wanted = [Write(each.place, _value(session, each.place, given.value)) for each in chosen]
    done = writes.put_each(session, wanted, force=given.force)
    first = wanted[0]
    line = f"{quantities.count(done.written, 'place')} set to "
    line += values.shown(first.place.type, first.value)
    if done.failed:
        line += f", {done.failed:,} could not be written: {done.refused[0][1]}"
    refused = writes.as_json([(chosen[at].text, why) for at, why in done.refused])
    return Result({"written": done.written, "failed": done.failed, "refused": refused}, (line,))


def _value(session: Session, place: Place, text: str) -> object:
    return parse_value(place.type, text, bits=session.attached.bits)


WRITE = Command(
    name="write",
    category=Category.MEMORY,
    summary="write a value to an address, or to an entry",
    details="Writes once; freeze holds a value, and what is frozen is held at the new one. What "
    "the target may not write itself, such as code and constants, takes --force; patch keeps the "
    "old bytes. A type whose name has blanks takes quotes. PLACES have types of their own: entries "
    "of the table, matches as 0, 0..3 and *, fields as 0.hp, or ADDR.hp where type is the "
    "structure, or several of these with commas between them; what is no type's name behind them "
    "is the value. Its JSON has address, value, type and location, that of several written, "
    "failed and refused.",
    examples=(
        "write 0x7f0012345678 i32 100",
        "write game+0x4010 bytes 90 90",
        "write hp 5",
        "write 0.hp 5",
        "write game+0x1189 u8 0x90 --force",
    ),
    run=run,
    arguments=(
        Alternatives(
            (
                Form((Argument("address", ADDRESS), Argument("type", TYPE), _VALUE), (FORCE,)),
                Form((Argument("places", PLACES), _VALUE), (FORCE,), when=_is_typed),
            ),
            called="ADDR",
        ),
    ),
    needs=Needs.TARGET,
)
