"""first: begin a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import predicate
from ..session import advice
from ..session import scan as scanning

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Begin a scan with the present settings, in place of the one before."""
    before = advice.given_up(session.scan)
    return scanning.answer(session, session.first(given.predicate), before)


FIRST = Command(
    name="first",
    category=Category.SCANS,
    summary="begin a scan",
    details="Looks through the regions of where for values of type that satisfy PREDICATE: a "
    "number or quoted text, a range 1..5, a comparison > 50, ~= 3.14 for what is shown as 3.14, "
    '"gold"i for text in any case, 48 8B ?? ?F for bytes with wildcards, or anything in the '
    "predicate language. Fields of a structure are called by name: hp < max_hp. Without one, or "
    "with ?, every value matches and next narrows by how it changed. The matches before "
    "stay one undo away when the new scan has succeeded; Ctrl-C stops it. A line that is only a "
    "predicate does the same while there are no matches. As a value, first is the one at the first "
    "scan: since this command begins with it, write now == first.",
    examples=("first 100", "first ~= 3.14", "first now in 1..5 or now == 100", "first ?"),
    run=run,
    arguments=(
        Argument("predicate", predicate(lambda session: session.type_fields), optional=True),
    ),
    needs=Needs.TARGET,
    answers="matches bytes unreadable blocked seconds steps type",
)
