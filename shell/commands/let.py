"""let: variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import format_address, format_value

from ..answers.result import Column, Json, Result, Table
from ..command import Alternatives, Argument, Category, Command, Form, Given
from ..command.kinds import PLACE, TEXT, VARIABLE
from ..errors import CommandError
from ..line import variables
from ..session import places

if TYPE_CHECKING:
    from ..session.session import Session

_PLACE = Argument("place", PLACE, "WHERE")
_COLUMNS = (Column("VARIABLE", style="bold"), Column("TEXT"))


def run(session: Session, given: Given) -> Result:
    """Set or show variables."""
    name, source = given.name, given.source
    known = session.variables
    if source:
        known[name] = given.text if source == "=" else _looked_up(session, source, given.place)
    elif name:
        variables.expand(f"${name}", known)  # says that there is none
    names = [name] if name else sorted(known)
    fields: dict[str, Json] = {variable: known[variable] for variable in names}
    if name:
        return Result({"variables": fields}, (f"{name} = {known[name]}",))
    rows = tuple((variable, known[variable]) for variable in names)
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


LET = Command(
    name="let",
    category=Category.SCRIPTS,
    summary="set a variable, to be used as $NAME",
    details="Keeps a text under a name: what stands behind the =, the address of a match, an "
    "entry or an address, its value now, or the number of matches. $NAME and ${NAME} in later "
    "lines stand for the text; $$ is a dollar sign. farfetch --let NAME=TEXT sets one from the "
    "command line. Without a name it lists them.",
    examples=("let want = 9999", "let before value 0", "let hp address 0", "let"),
    run=run,
    arguments=(
        Argument("name", VARIABLE, optional=True, default=""),
        Alternatives(
            (
                Form(
                    (Argument("text", TEXT, optional=True, default=""),),
                    keywords=("=",),
                    note="a text, to the end of the line",
                ),
                Form((_PLACE,), keywords=("address",), note="the address of a place"),
                Form((_PLACE,), keywords=("value",), note="the value at a place"),
                Form(keywords=("matches",), note="how many matches there are"),
            ),
            name="source",
            optional=True,
            lead="behind NAME comes",
        ),
    ),
    answers="variables",
)
