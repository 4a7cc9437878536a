"""let: variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import format_address, format_value

from ..answers.result import Column, Json, Result, Table
from ..command import Command
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..errors import CommandError
from ..line import variables
from ..line.words import Words
from ..session import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

USAGE = "let [NAME [= TEXT | address WHERE | value WHERE | matches]]"
_COLUMNS = (Column("VARIABLE", style="bold"), Column("TEXT"))
_LOOKED_UP = ("address", "value")
_SOURCES = (
    Choice("=", "a text, to the end of the line"),
    Choice("address", "the address of a place"),
    Choice("value", "the value at a place"),
    Choice("matches", "how many matches there are"),
)


class Arguments(NamedTuple):
    """What to set.

    Attributes:
        name: of the variable; "" to list them all.
        source: ``=``, ``address``, ``value`` or ``matches``; "" to show the variable.
        text: what stands behind the ``=``.
        which: the place that is looked up, as :func:`places.index_or_address` has it.
    """

    name: str = ""
    source: str = ""
    text: str = ""
    which: int | str = ""


def parse(words: Words) -> Arguments:
    """Read ``NAME = TEXT``, ``NAME address WHERE``, ``NAME value WHERE`` or ``NAME matches``."""
    typed = words.rest()
    if not typed:
        return Arguments()
    name, equals, text = (part.strip() for part in typed.partition("="))
    if equals and variables.is_name(name):
        return Arguments(name, "=", text)
    words = Words(typed, 0, USAGE)
    name = words.take("NAME").raw
    if not variables.is_name(name):
        raise words.error(f"NAME is letters, digits and _, not {name!r}")
    source = words.optional()
    if source is None:
        return Arguments(name)
    if source.text not in (*_LOOKED_UP, "matches"):
        raise words.error(f"behind NAME comes = address value or matches, not {source.raw!r}")
    which: int | str = ""
    if source.text in _LOOKED_UP:
        which = places.index_or_address(words, words.take("WHERE"))
    words.end()
    return Arguments(name, source.text, which=which)


def run(session: Session, words: Words) -> Result:
    """Set or show variables."""
    name, source, text, which = parse(words)
    known = session.variables
    if source:
        known[name] = text if source == "=" else _looked_up(session, source, which)
    elif name:
        variables.expand(f"${name}", known)  # says that there is none
    names = [name] if name else sorted(known)
    fields: dict[str, Json] = {one: known[one] for one in names}
    if name:
        return Result({"variables": fields}, (f"{name} = {known[name]}",))
    rows = tuple((one, known[one]) for one in names)
    return Result({"variables": fields}, (Table(_COLUMNS, rows) if rows else "no variables",))


def _looked_up(session: Session, source: str, which: int | str) -> str:
    if source == "matches":
        return str(session.matches)
    session.attached.check()
    place = places.find(session, which)
    if source == "address":
        return format_address(place.address)
    value = place.value
    if value is None:
        value = session.attached.read(place.address, place.type)
    if not isinstance(value, (int, float, str, bytes)):
        raise CommandError("only numbers, text and bytes can be kept in a variable")
    return value if isinstance(value, str) else format_value(place.type, value)


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the variables, then where a text comes from, then places."""
    if not cursor.words:
        return cursor.offer(Choice(name, "variable") for name in moment.variables)
    if len(cursor.words) == 1:
        return cursor.offer(_SOURCES)
    if len(cursor.words) == 2 and cursor.words[1] in _LOOKED_UP:
        return iter([*offers.match_index(cursor, moment), *offers.address(cursor, moment)])
    return iter(())


LET = Command(
    name="let",
    usage=USAGE,
    summary="set a variable, to be used as $NAME",
    details="Keeps a text under a name: what stands behind the =, the address of a match, an "
    "entry or an address, its value now, or the number of matches. $NAME and ${NAME} in later "
    "lines stand for the text; $$ is a dollar sign. farfetch --let NAME=TEXT sets one from the "
    "command line. Without a name it lists them.",
    examples=("let want = 9999", "let before value 0", "let hp address 0", "let"),
    run=run,
    complete=complete,
)
