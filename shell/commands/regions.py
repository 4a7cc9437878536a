"""regions: the target's memory map."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from farfetch.scanner import Region, Where
from farfetch.scanner.addresses import format_address

from .. import completion, quantities
from ..command import Command, needs_target
from ..result import Column, Result, Table
from ..words import Words

if TYPE_CHECKING:
    from farfetch.scanner import Target

    from ..session import Session

_COLUMNS = (
    Column("START", right=True, style="cyan"),
    Column("END", right=True, style="cyan"),
    Column("SIZE", right=True),
    Column("PERMS"),
    Column("KIND"),
    Column("NAME", style="bold"),
)


def parse(words: Words) -> Where | None:
    """Read the filter; None when there is none."""
    text = words.rest()
    return Where.parse(text) if text else None


@needs_target
def run(session: Session, words: Words) -> Result:
    """List regions, those that a filter touches when there is one."""
    where = parse(words)
    regions = _chosen(session.attached, where)
    rows = tuple(
        (
            format_address(one.start),
            format_address(one.end),
            quantities.size(one.size),
            one.perms,
            one.kind,
            one.name + (" (deleted)" if one.deleted else ""),
        )
        for one in regions
    )
    total = sum(one.size for one in regions)
    return Result(
        {
            "total": len(regions),
            "bytes": total,
            "regions": [
                {
                    "start": format_address(one.start),
                    "end": format_address(one.end),
                    "size": one.size,
                    "perms": one.perms,
                    "offset": one.offset,
                    "device": one.device,
                    "inode": one.inode,
                    "kind": one.kind,
                    "name": one.name,
                    "deleted": one.deleted,
                }
                for one in regions
            ],
        },
        (
            Table(_COLUMNS, rows),
            f"{quantities.count(len(regions), 'region')}, {quantities.size(total)}",
        ),
    )


def _chosen(target: Target, where: Where | None) -> list[Region]:
    regions = target.regions()
    if where is None:
        return regions
    ranges = where.select(regions, target.modules())
    starts = [one.start for one in ranges]
    chosen = []
    for region in regions:
        before = bisect_right(starts, region.end - 1) - 1
        if before >= 0 and ranges[before].end > region.start:
            chosen.append(region)
    return chosen


REGIONS = Command(
    name="regions",
    usage="regions [WHERE]",
    summary="list the target's memory regions",
    details="Lists all regions, or those that a first scan with the filter WHERE would look at; "
    "help where names the filters.",
    examples=("regions", "regions heap", "regions module:libc.so.6"),
    run=run,
    complete=completion.where_words,
)
