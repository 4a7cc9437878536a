"""delete: leave out some of the matches."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from farfetch.scanner import Where

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Asked, Category, Command, Given, Kind, Needs
from ..complete import offers
from ..session import selection
from ..session.selection import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..complete.cursor import Candidate, Cursor, Moment
    from ..session.session import Session


def _matches_or_regions(session: Session, asked: Asked) -> list[Span] | Where:  # noqa: ARG001
    spans = selection.matches(asked.words, asked.text)
    return Where.parse(asked.text) if spans is None else spans


def _offer(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    yield from offers.match_index(cursor, moment)
    yield from offers.where_words(cursor, moment)


MATCHES = Kind(
    "MATCHES|REGIONS",
    _matches_or_regions,
    _offer,
    takes="rest",
    called="MATCHES or REGIONS",
    sample="0",
    refuses=(
        ("999999", "MatchIndexError"),
        ("0..999999", "MatchIndexError"),
        ("1..0", "UsageError"),
        ("nowhere", "WhereError"),
        ("0,,1", "WhereError"),
    ),
)


def run(session: Session, given: Given) -> Result:
    """Leave out the matches that are chosen."""
    scan, chosen = session.matched, given.matches
    before = len(scan)
    if isinstance(chosen, Where):
        scan.delete(where=chosen)
    else:
        spans = [span.indexes(session) for span in chosen]
        scan.delete(spans[0] if len(spans) == 1 else list(chain.from_iterable(spans)))
    left = len(scan)
    deleted = quantities.count(before - left, "match", "matches")
    return Result(
        {"deleted": before - left, "matches": left, "steps": len(scan.steps)},
        (f"{deleted} deleted, {left:,} left",),
    )


DELETE = Command(
    name="delete",
    category=Category.MATCHES,
    summary="leave out some of the matches",
    details="MATCHES are a match's number in list, 4..9 for the matches 4 to 9, * for all of them, "
    "or several of these with commas between them. REGIONS are what where takes, such as anon, "
    "module:libc.so.6 or 0x1000..0x2000: the matches that lie there now. Nothing in the program "
    "changes. It is a step of the scan: undo brings them back.",
    examples=("delete 0", "delete 0..1", "delete 0,1", "delete stack"),
    run=run,
    arguments=(Argument("matches", MATCHES),),
    needs=Needs.MATCHES,
    answers="deleted matches steps",
)
