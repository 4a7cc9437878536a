"""map: a picture of where the matches lie."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import Range, Where, format_address

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import FILTER

if TYPE_CHECKING:
    from farfetch.scanner import Matches, Target

    from ..session.session import Session

CELLS = 32
MAX_ROWS = 40
#: Of so few matches every address is looked at; of more, how many lie before each column.
MAX_COUNTED = 256
#: Of a cell without a match, and of cells with ever more.
LEVELS = "\u00b7\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"

_COLUMNS = (
    Column("START", right=True, style="cyan"),
    Column("SIZE", right=True),
    Column("MATCHES", right=True, style="bold"),
    Column("PICTURE", drawing=True),
    Column("NAME"),
)


class Row(NamedTuple):
    """A region with matches.

    Attributes:
        span: its addresses.
        name: what is mapped there.
        matches: how many lie in it.
        first: the index of the first of them.
    """

    span: Range
    name: str
    matches: int
    first: int


def run(session: Session, given: Given) -> Result:
    """Draw the regions that hold matches, a line each."""
    target, matches = session.attached, session.matched.matches
    rows = list(_rows(target, matches, given.where))
    total = sum(row.matches for row in rows)
    drawn = sorted(sorted(rows, key=lambda row: -row.matches)[:MAX_ROWS], key=lambda row: row.span)
    pictures = [_cells(row, matches) for row in drawn]
    most = max((max(cells) for cells in pictures), default=0)
    fields: dict[str, Json] = {
        "total": total,
        "not_drawn": len(rows) - len(drawn),
        "regions": [
            {
                "start": format_address(row.span.start),
                "end": format_address(row.span.end),
                "name": row.name,
                "matches": row.matches,
                "cells": list[Json](cells),
            }
            for row, cells in zip(drawn, pictures, strict=True)
        ],
    }
    table = Table(
        _COLUMNS,
        tuple(
            (
                format_address(row.span.start),
                quantities.size(row.span.size),
                f"{row.matches:,}",
                picture(cells, most),
                short(row.name),
            )
            for row, cells in zip(drawn, pictures, strict=True)
        ),
    )
    said = (
        f"{quantities.count(total, 'match', 'matches')} in {quantities.count(len(rows), 'region')}"
    )
    if len(drawn) < len(rows):
        left = total - sum(row.matches for row in drawn)
        more = len(rows) - len(drawn)
        fewest = f"the {more:,} with" if more > 1 else "the one with"
        said += f"; {fewest} the fewest, {left:,} in all, {'are' if more > 1 else 'is'} not drawn"
    return Result(fields, (table, said) if rows else (said,))


def short(name: str) -> str:
    """What is mapped, without the folders that it is in: a line has a picture to show.

    >>> short("/usr/lib/x86_64-linux-gnu/libc.so.6"), short("[heap]"), short("/memfd:emu (deleted)")
    ('…/libc.so.6', '[heap]', '/memfd:emu (deleted)')
    """
    folder, _, file = name.rpartition("/")
    return f"\u2026/{file}" if folder and name.startswith("/") else name


def picture(cells: Sequence[int], most: int) -> str:
    """Draw a region: higher where there are more matches, on a scale of powers.

    Args:
        cells: how many matches lie in each part of it, from its start.
        most: how many lie in the fullest cell of all that are drawn.

    >>> picture([0, 1, 10, 100], 100)
    '\u00b7\u2581\u2585\u2588'
    """
    steps = len(LEVELS) - 2
    return "".join(
        LEVELS[(1 + round(log(count) / log(most) * steps) if most > 1 else steps + 1)]
        if count
        else LEVELS[0]
        for count in cells
    )


def _rows(target: Target, matches: Matches, where: Where | None) -> Iterator[Row]:
    regions = target.regions()
    wanted = [Range(0, 1 << 64)]
    if where is not None:
        wanted = where.select(regions, target.modules())
    starts = [region.start for region in regions]
    for window in wanted:
        index, end = matches.bisect(window.start), matches.bisect(window.end)
        while index < end:
            (address,) = matches.addresses(index, 1)
            at = bisect_right(starts, address) - 1
            if at >= 0 and address in regions[at]:
                name = regions[at].name or f"({regions[at].kind})"
                span = Range(max(starts[at], window.start), min(regions[at].end, window.end))
            else:  # unmapped since
                behind = starts[at + 1] if at + 1 < len(starts) else window.end
                name, span = "(no longer mapped)", Range(address, min(behind, window.end))
            behind = matches.bisect(span.end)
            yield Row(span, name, behind - index, index)
            index = behind


def _cells(row: Row, matches: Matches) -> list[int]:
    if row.matches <= MAX_COUNTED:
        cells = [0] * CELLS
        for address in matches.addresses(row.first, row.matches):
            cells[(address - row.span.start) * CELLS // row.span.size] += 1
        return cells
    edges = [row.span.start + row.span.size * cell // CELLS for cell in range(CELLS + 1)]
    before = [matches.bisect(edge) for edge in edges]
    return [behind - first for first, behind in pairwise(before)]


MAP = Command(
    name="map",
    category=Category.MATCHES,
    summary="draw where in the target the matches lie",
    details="Draws each region that holds matches as a line: where it begins, its size, how many "
    f"matches lie in it, and {CELLS} columns from its start to its end, higher where there are "
    "more. The scale is logarithmic and the same for all lines; a dot is a part without a match. "
    f"The {MAX_ROWS} regions with the most matches are drawn, or of those that the filter WHERE "
    "names; help where names the filters.",
    examples=("map", "map heap", "map module:libc.so.6"),
    run=run,
    arguments=(Argument("where", FILTER, "WHERE", optional=True),),
    needs=Needs.MATCHES,
    answers="total not_drawn regions",
)
