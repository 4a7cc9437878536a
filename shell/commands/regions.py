"""regions: the target's memory map."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from farfetch.scanner import Footprint, Where, format_address

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import FILTER

if TYPE_CHECKING:
    from farfetch.scanner import Target

    from ..session.session import Session

_COLUMNS = (
    Column("START", right=True, style="cyan"),
    Column("END", right=True, style="cyan"),
    Column("SIZE", right=True),
    Column("RESIDENT", right=True),
    Column("DIRTY", right=True),
    Column("PERMS"),
    Column("NAME", style="bold"),
)


def run(session: Session, given: Given) -> Result:
    """List regions, those that a filter touches when there is one."""
    chosen = _chosen(session.attached, given.where)
    total = sum(footprint.region.size for footprint in chosen)
    resident = sum(footprint.resident for footprint in chosen)
    dirty = sum(footprint.dirty for footprint in chosen)
    return Result(
        {
            "total": len(chosen),
            "bytes": total,
            "resident": resident,
            "dirty": dirty,
            "regions": [_fields(footprint) for footprint in chosen],
        },
        (
            Table(_COLUMNS, tuple(_row(footprint) for footprint in chosen)),
            f"{quantities.count(len(chosen), 'region')}, {quantities.size(total)}: "
            f"{quantities.size(resident)} in memory, {quantities.size(dirty)} dirty",
        ),
    )


def _row(footprint: Footprint) -> tuple[str, ...]:
    region, resident, dirty = footprint
    return (
        format_address(region.start),
        format_address(region.end),
        quantities.size(region.size),
        quantities.share(resident, region.size),
        quantities.share(dirty, region.size),
        region.perms,
        region.name or f"({region.kind})",
    )


def _fields(footprint: Footprint) -> Json:
    region, resident, dirty = footprint
    return {
        "start": format_address(region.start),
        "end": format_address(region.end),
        "size": region.size,
        "resident": resident,
        "dirty": dirty,
        "perms": region.perms,
        "offset": region.offset,
        "device": region.device,
        "inode": region.inode,
        "kind": region.kind,
        "name": region.name,
        "deleted": region.deleted,
    }


def _chosen(target: Target, where: Where | None) -> list[Footprint]:
    footprints = target.footprints()
    if where is None:
        return footprints
    ranges = where.select([footprint.region for footprint in footprints], target.modules())
    starts = [window.start for window in ranges]
    chosen = []
    for footprint in footprints:
        before = bisect_right(starts, footprint.region.end - 1) - 1
        if before >= 0 and ranges[before].end > footprint.region.start:
            chosen.append(footprint)
    return chosen


REGIONS = Command(
    name="regions",
    category=Category.TARGET,
    summary="list the target's memory regions",
    details="Lists all regions, or those that a first scan with the filter WHERE would look at; "
    "help where names the filters. RESIDENT is the share of a region that is in memory, DIRTY the "
    "share that was written and is in no file, or not yet.",
    examples=("regions", "regions heap", "regions module:libc.so.6"),
    run=run,
    arguments=(Argument("where", FILTER, "WHERE", optional=True),),
    needs=Needs.TARGET,
    answers="total bytes resident dirty regions",
)
