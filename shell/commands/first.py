"""first: begin a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import Predicate, parse_scan

from ..answers.result import Result
from ..command import Command, needs_target
from ..complete import offers
from ..line.words import Words
from ..session import scan as scanning

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..session.session import Session


def parse(words: Words, fields: Collection[str]) -> Predicate | None:
    """Read the predicate, which may name fields; None stands for an unknown value."""
    text = words.rest()
    return parse_scan(text, fields) if text else None


@needs_target
def run(session: Session, words: Words) -> Result:
    """Begin a scan with the present settings, in place of the one before."""
    return scanning.answer(session, session.first(parse(words, session.type_fields)))


FIRST = Command(
    name="first",
    usage="first [PREDICATE]",
    summary="begin a scan",
    details="Looks through the regions of where for values of type that satisfy PREDICATE: a "
    "number or quoted text, a range 1..5, a comparison > 50, ~= 3.14 for what is shown as 3.14, "
    '"gold"i for text in any case, 48 8B ?? ?F for bytes with wildcards, or anything in the '
    "predicate language. Fields of a structure are called by name: hp < max_hp. Without one, or "
    "with ?, every value matches and next narrows by how it changed. The matches before are "
    "dropped when the new scan has succeeded; Ctrl-C stops it. A line that is only a predicate "
    "does the same while there are no matches. As a value, first is the one at the first scan: "
    "since this command begins with it, write now == first.",
    examples=("first 100", "first ~= 3.14", "first now in 1..5 or now == 100", "first ?"),
    run=run,
    complete=offers.predicate,
)
