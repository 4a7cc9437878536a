"""list: the matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import Member, format_address, members

from ..answers import quantities, values
from ..answers.result import Column, Json, Result, Table
from ..command import Category, Command, Given, Needs
from ..command.kinds import CSV
from ..command.paging import PAGE, wanted
from ..errors import UsageError
from ..session import csv_rows, holding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farfetch.scanner import Freeze, Match

    from ..session.session import Session

DEFAULT_ROWS = 20

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


def run(session: Session, given: Given) -> Result:
    """List a page of the matches with their values now, at the last and at the first scan."""
    scan = session.scan
    total = session.matches
    if given.csv:
        return _write(session, given)
    page = wanted(given, session.listed, total, DEFAULT_ROWS)
    matches = scan[page.start : page.stop] if scan and page else []
    if not scan or not total:
        return Result({"total": 0, "matches": []}, ("no matches",))
    session.listed = page
    frozen = [entry for entry in session.attached.frozen if entry.active]
    fields = members(scan.type, bits=session.bits)
    if fields:
        table = _by_field(matches, fields)
    else:
        columns = (*_COLUMNS, _TYPE) if scan.layout.parts else _COLUMNS
        rows = tuple(_row(match)[: len(columns)] for match in matches)
        table = Table(columns, rows)
    table = _with_frozen(session, table, matches, frozen)
    lines: list[Table | str] = [table]
    if len(matches) != total:
        lines.append(_footer(page, total, session))
    if any(match.value is None for match in matches):
        lines.append("? is no longer there: search again")
    return Result(
        {
            "total": total,
            "start": page.start,
            "type": values.type_label(scan.type),
            "matches": [_fields(match, holding.at(frozen, match.address)) for match in matches],
        },
        tuple(lines),
    )


def _write(session: Session, given: Given) -> Result:
    """Write the matches that were asked for, all unless it was said, to a file."""
    scan, total = session.scan, session.matches
    if scan is None or not total:
        raise UsageError("list --csv: there are no matches; a scan finds some")
    rows = wanted(given, session.listed, total, DEFAULT_ROWS, unsaid=total)
    fields = members(scan.type, bits=session.bits)
    written = csv_rows.write_matches(session, given.csv, rows, fields, force=given.force)
    said = f"{quantities.count(written, 'match', 'matches')} written to {given.csv}"
    return Result(
        {"total": total, "matches": [], "file": str(given.csv), "written": written}, (said,)
    )


def _with_frozen(
    session: Session, table: Table, matches: Sequence[Match], frozen: Sequence[Freeze]
) -> Table:
    """A column more, with what is held, where any of the matches, or a part of one, is frozen."""
    if not frozen:
        return table
    bits = session.bits
    shown = [holding.within(frozen, match.address, match.type, bits) for match in matches]
    if not any(shown):
        return table
    if len(table.rows) > len(matches):  # below a structure stands what it was before
        cells = iter(shown)
        shown = [next(cells) if row[0] else "" for row in table.rows]
    rows = tuple((*row, cell) for row, cell in zip(table.rows, shown, strict=True))
    return Table((*table.columns, _FROZEN), rows)


def _footer(page: range, total: int, session: Session) -> str:
    whole = quantities.count(total, "match", "matches")
    if not page:
        return f"0 of {whole}"
    said = f"{page.start:,} to {page[-1]:,} of {whole}"
    if page.start == 0:
        said = f"{len(page):,} of {whole}"
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
        now = [values.shown(field.type, values.field(match.value, field.name)) for field in fields]
        head = (str(match.index), format_address(match.address), str(match.location))
        rows.append((*head, *now))
        for name, value in (("previous", match.previous), ("first", match.first)):
            then = [values.shown(field.type, values.field(value, field.name)) for field in fields]
            differing = ["" if old == new else old for old, new in zip(then, now, strict=True)]
            if any(differing):
                rows.append(("", "", name, *differing))
    columns = (Column(field.name, right=True, style="bold") for field in fields)
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


LIST = Command(
    name="list",
    category=Category.MATCHES,
    summary="list the matches",
    details=f"Shows the first N matches ({DEFAULT_ROWS} when not said), those FROM one index TO "
    "another, or COUNT from the index START on, in the order of their addresses: the value now, at "
    "the last scan and at the first. "
    "+ and - turn the page, as PageDown and PageUp do on an empty line of the prompt. ? is a value "
    "that cannot be read any more. Numbers of unknown type are shown with the types that they "
    "match as. What is frozen stands in a column of its own, in brackets while it cannot be held. "
    "Of a structure each field has a column; what it was at the last and at the first "
    "scan stands below, where that was different. "
    "--csv writes them to FILE instead, for spreadsheets, all of them unless it is said how many; "
    "over a file that is there only with --force.",
    examples=("list", "list 100", "list 0..4", "list 1000 50", "list +", "list --csv matches.csv"),
    run=run,
    arguments=(PAGE,),
    options=CSV,
    needs=Needs.TARGET,
    answers="total matches",
)
