"""list: the matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import Member, format_address, members

from ..answers import values
from ..answers.result import Column, Json, Result, Table
from ..command import Command, needs_target
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import holding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from farfetch.scanner import Freeze, Match

    from ..session.session import Session

DEFAULT_ROWS = 20
_PAGES = ("+", "-")

_COLUMNS = (
    Column("INDEX", right=True),
    Column("ADDRESS", right=True, style="cyan"),
    Column("WHERE"),
    Column("VALUE", right=True, style="bold"),
    Column("PREVIOUS", right=True),
    Column("FIRST", right=True),
)
_TYPE = Column("TYPE")
_FROZEN = Column("FROZEN", right=True)


def parse(words: Words, shown: range, total: int) -> range:
    """Read which matches to show.

    Args:
        words: a count from the start; a start and a count; or ``+`` and ``-`` for the page behind
            or before what was shown.
        shown: the matches that were.
        total: how many matches there are.

    Returns:
        Their indexes, none outside ``total``.
    """
    first, second = words.optional(), words.optional()
    words.end()
    if first is None:
        start, count = 0, DEFAULT_ROWS
    elif first.text in _PAGES:
        if second is not None:
            raise words.error(f"{second.raw!r} is one argument too many")
        count = len(shown) or DEFAULT_ROWS
        start = shown.stop if first.text == "+" else max(0, shown.start - count)
    elif second is None:
        start, count = 0, words.number(first, "N")
    else:
        start, count = words.number(first, "START"), words.number(second, "COUNT")
    return range(total)[start : start + count]


@needs_target
def run(session: Session, words: Words) -> Result:
    """List a page of the matches with their values now, at the last and at the first scan."""
    scan = session.scan
    total = session.matches
    page = parse(words, session.listed, total)
    matches = scan[page.start : page.stop] if scan and page else []
    if not scan or not total:
        return Result({"total": 0, "matches": []}, ("no matches",))
    session.listed = page
    frozen = [one for one in session.attached.frozen if one.active]
    fields = members(scan.type, bits=session.bits)
    if fields:
        table = _by_field(matches, fields)
    else:
        columns = (*_COLUMNS, _TYPE) if scan.layout.parts else _COLUMNS
        rows = tuple(_row(match)[: len(columns)] for match in matches)
        table = _with_frozen(Table(columns, rows), matches, frozen)
    lines = (table,) if len(matches) == total else (table, _footer(page, total, session))
    return Result(
        {
            "total": total,
            "start": page.start,
            "type": values.type_label(scan.type),
            "matches": [_fields(match, holding.at(frozen, match.address)) for match in matches],
        },
        lines,
    )


def _with_frozen(table: Table, matches: Sequence[Match], frozen: Sequence[Freeze]) -> Table:
    """A column more, with what is held, where any of the matches is frozen."""
    held = [holding.at(frozen, match.address) for match in matches]
    if not any(held):
        return table
    shown = ("" if one is None else holding.shown(one) for one in held)
    rows = tuple((*row, cell) for row, cell in zip(table.rows, shown, strict=True))
    return Table((*table.columns, _FROZEN), rows)


def _footer(page: range, total: int, session: Session) -> str:
    if not page:
        return f"0 of {total:,} matches"
    said = f"{page.start:,} to {page[-1]:,} of {total:,} matches"
    if page.start == 0:
        said = f"{len(page):,} of {total:,} matches"
    if session.interactive and page.stop < total:
        said += "; list + or PageDown shows more"
    return said


def _row(match: Match) -> tuple[str, ...]:
    return (
        str(match.index),
        format_address(match.address),
        str(match.location),
        values.shown(match.type, match.value),
        values.shown(match.type, match.previous),
        values.shown(match.type, match.first),
        " ".join(match.types),
    )


def _by_field(matches: Sequence[Match], fields: Sequence[Member]) -> Table:
    """A column a field; below a match what its fields were before, where that was different."""
    rows = []
    for match in matches:
        now = [values.shown(one.type, values.field(match.value, one.name)) for one in fields]
        head = (str(match.index), format_address(match.address), str(match.location))
        rows.append((*head, *now))
        for name, value in (("previous", match.previous), ("first", match.first)):
            then = [values.shown(one.type, values.field(value, one.name)) for one in fields]
            differing = ["" if old == new else old for old, new in zip(then, now, strict=True)]
            if any(differing):
                rows.append(("", "", name, *differing))
    columns = (Column(one.name, right=True, style="bold") for one in fields)
    return Table((*_COLUMNS[:3], *columns), tuple(rows))


def _fields(match: Match, held: Freeze | None) -> Json:
    location = match.location
    return {
        "index": match.index,
        "address": format_address(match.address),
        "value": values.as_json(match.value),
        "previous": values.as_json(match.previous),
        "first": values.as_json(match.first),
        "types": list(match.types),
        "region": location.region.name if location.region else None,
        "module": location.module.name if location.module else None,
        "offset": location.offset,
        "location": str(location),
        "frozen": None if held is None else values.as_json(held.value),
        "holding": held is not None and held.holding,
    }


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the pages."""
    if cursor.words or not moment.matches:
        return iter(())
    return cursor.offer([Choice("+", "the next page"), Choice("-", "the page before")])


LIST = Command(
    name="list",
    usage="list [N | START COUNT | + | -]",
    summary="list the matches",
    details=f"Shows the first N matches ({DEFAULT_ROWS} when not said), or COUNT from the index "
    "START on, in the order of their addresses: the value now, at the last scan and at the first. "
    "+ and - turn the page, as PageDown and PageUp do on an empty line of the prompt. ? is a value "
    "that cannot be read any more. Numbers of unknown type are shown with the types that they "
    "match as. What is frozen stands in a column of its own, in brackets while it cannot be held. "
    "Of a structure each field has a column; what it was at the last and at the first "
    "scan stands below, where that was different.",
    examples=("list", "list 100", "list 1000 50", "list +"),
    run=run,
    complete=complete,
)
