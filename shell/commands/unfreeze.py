"""unfreeze: let a held value go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import format_address

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Asked, Category, Command, Given, Kind
from ..command.kinds import PLACE
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..errors import NotFrozen
from ..line.words import unquoted
from ..session import entries, holding, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Freeze

    from ..session.session import Session

_ALL = "*"


def _which(session: Session, asked: Asked) -> int | str:  # noqa: ARG001
    return places.index_or_address(asked.words, asked.raw)


def _frozen(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    addresses = (Choice(address, "frozen") for address in moment.frozen)
    return cursor.offer([Choice(_ALL, "all"), *addresses])


WHICH = Kind(
    f"INDEX|ADDR|{_ALL}",
    _which,
    _frozen,
    sample="0",
    refuses=(("1", "NotFrozen"), *PLACE.refuses),
)


def run(session: Session, given: Given) -> Result:
    """Stop frozen entries."""
    held = _chosen(session, given.which)
    entries.thaw(session, held)
    return Result(
        {
            "unfrozen": len(held),
            "addresses": [format_address(entry.address) for entry in held],
        },
        (f"{quantities.count(len(held), 'entry', 'entries')} unfrozen",),
    )


def _chosen(session: Session, which: int | str) -> tuple[Freeze, ...]:
    target = session.attached
    if which == _ALL:
        return target.frozen
    if isinstance(which, int):
        place, address = f"match {which}", session.matched[which].address
    elif unquoted(which) in session.table:  # its pointers may lead nowhere just now
        return _needed(entries.frozen(session, session.table[unquoted(which)]), which)
    else:
        address = places.find(session, which).address
        place = format_address(address)
    return _needed(holding.of(target, address), place)


def _needed(held: tuple[Freeze, ...], place: str) -> tuple[Freeze, ...]:
    if not held:
        raise NotFrozen(f"{place} is not frozen (freeze alone lists what is)")
    return held


UNFREEZE = Command(
    name="unfreeze",
    category=Category.MATCHES,
    summary="let held values go",
    details="INDEX is a match's number in list, ADDR an address; * or nothing is all of them. "
    "Entries of the table that were held so are no longer frozen there, either.",
    examples=("unfreeze 0", "unfreeze game+0x4010", "unfreeze"),
    run=run,
    arguments=(Argument("which", WHICH, optional=True, default=_ALL),),
    answers="unfrozen addresses",
)
