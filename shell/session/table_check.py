"""What can be said of a table's file without its program, for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..answers import quantities, values
from ..answers.result import Column, Json, Result, Table
from ..loading import thaw

if TYPE_CHECKING:
    from pathlib import Path

    from farfetch.scanner import Checked

_COLUMNS = (
    Column("NAME", style="bold"),
    Column("KIND"),
    Column("STATUS"),
    Column("REASON"),
)
_MOST = 12  # reasons that are told without being asked


def check_file(file: Path, *, every: bool, lua: bool) -> Result:
    """Check a table's file.

    Args:
        file: of the table.
        every: whether each value and script is listed.
        lua: whether scripts may have Lua that only computes.
    """
    from farfetch.scanner import check_table  # reads assembly, which others do without

    thaw()
    check = check_table(file, lua=lua)
    counts = check.counts
    values = quantities.count(counts["values"], "value", "values")
    lines = [
        f"{values}: {counts['known']} with a known place, {counts['waiting']} that wait for a "
        f"script that can run, {counts['refused']} refused",
        f"{quantities.count(counts['scripts'], 'script', 'scripts')}: {counts['runnable']} can run",
    ]
    if not every:
        lines += _by_cause(check.entries)
    rows = tuple(map(_row, check.entries)) if every else ()
    listed = (Table(_COLUMNS, rows),) if rows else ()
    fields: dict[str, Json] = {
        "file": str(file),
        "counts": dict(counts),
        "entries": [_fields(entry) for entry in check.entries],
    }
    return Result(fields, (*lines, *listed))


def _by_cause(entries: tuple[Checked, ...]) -> list[str]:
    """How many are refused for which reason, the most first."""
    causes = Counter((entry.kind, entry.cause) for entry in entries if entry.status == "refused")
    lines = [
        f"  {quantities.count(number, kind, f'{kind}s')} refused: {cause}"
        for (kind, cause), number in causes.most_common(_MOST)
    ]
    if len(causes) > _MOST:
        lines.append(f"  and for {len(causes) - _MOST} more reasons; --list shows each")
    return lines


def _row(entry: Checked) -> tuple[str, ...]:
    return (values.shortened(entry.name), entry.kind, entry.status, entry.reason)


def _fields(entry: Checked) -> dict[str, Json]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "status": entry.status,
        "reason": entry.reason,
    }
