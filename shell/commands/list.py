"""list: the matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner.addresses import format_address

from .. import values
from ..command import Command, needs_target
from ..result import Column, Json, Result, Table
from ..words import Words

if TYPE_CHECKING:
    from farfetch.scanner import Match

    from ..session import Session

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


def parse(words: Words) -> int:
    """Read how many rows to show."""
    word = words.optional()
    words.end()
    return DEFAULT_ROWS if word is None else words.number(word, "N")


@needs_target
def run(session: Session, words: Words) -> Result:
    """List the first matches with their values now, at the last and at the first scan."""
    rows = parse(words)
    scan = session.scan
    matches = list(scan[:rows]) if scan else []
    total = session.matches
    if not scan or not total:
        return Result({"total": 0, "matches": []}, ("no matches",))
    columns = (*_COLUMNS, _TYPE) if scan.layout.parts else _COLUMNS
    table = Table(columns, tuple(_row(match)[: len(columns)] for match in matches))
    lines = (table,) if len(matches) == total else (table, f"{len(matches)} of {total:,} matches")
    return Result(
        {
            "total": total,
            "type": values.type_label(scan.type),
            "matches": [_fields(match) for match in matches],
        },
        lines,
    )


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


def _fields(match: Match) -> Json:
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
    }


LIST = Command(
    name="list",
    usage="list [N]",
    summary="list the matches",
    details=f"Shows the first N matches ({DEFAULT_ROWS} when not said) in the order of their "
    "addresses: the value now, at the last scan and at the first. ? is a value that cannot be "
    "read any more. Numbers of unknown type are shown with the types that they match as.",
    examples=("list", "list 100"),
    run=run,
)
