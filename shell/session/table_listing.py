"""The table as it is shown: its entries with their values now, its scripts and its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import Entry, PathGroup, format_address

from ..answers import values
from ..answers.result import Column, Json, Result, Table
from . import codes, entries, groups, scripts, table_symbols
from .waiting import Waiting

if TYPE_CHECKING:
    from .session import Session

_COLUMNS = (
    Column("GROUP"),
    Column("NAME", style="bold"),
    Column("VALUE", right=True, style="bold"),
    Column("TYPE"),
    Column("WHERE"),
    Column("ADDRESS", right=True, style="cyan"),
    Column("FROZEN"),
    Column("NOTE"),
)
_SCRIPTS = (Column("GROUP"), Column("SCRIPT", style="bold"), Column("ON"), Column("NOTE"))
_CODE = (
    Column("GROUP"),
    Column("CODE", style="bold"),
    Column("KIND"),
    Column("WHERE"),
    Column("ON"),
    Column("NOTE"),
)


def listing(session: Session, *, every: bool) -> Result:
    """The table as it is now.

    Args:
        session: whose table it is.
        every: also what its groups hide.
    """
    hidden = groups.Hidden(session)
    left_out = 0
    fields: list[Json] = []
    rows = []
    entries.settle(session)
    table_symbols.register(session)
    waiting = Waiting(session.table)
    for entry in session.table:
        live = entries.live(session, entry)
        shown = values.shortened(entries.shown(entry, live.value))
        address = None if live.address is None else format_address(live.address)
        # what cannot be read is not held, though the freezer may not have noticed yet
        holding = live.held is not None and live.held.holding and live.value is not None
        held = "" if entry.frozen is None else entry.frozen if holding else f"({entry.frozen})"
        place = (_where(entry), address or "?")
        reason = live.reason or (str(live.held.error or "") if live.held else "")
        said = entry.note or waiting.waits_for(live.reason) or reason
        is_hidden = hidden(entry.group)
        left_out += is_hidden
        if every or not is_hidden:
            rows.append((entry.group, entry.name, shown, entry.type, *place, held, said))
        fields.append(
            {
                **fields_of(entry),
                "address": address,
                "value": values.as_json(live.value),
                "active": holding,
                "hidden": is_hidden,
                "error": reason or None,
            }
        )
    blocks: list[Table | str] = [Table(_COLUMNS, tuple(rows))] if rows else []
    known = scripts.listing(session)
    on = tuple(
        (one.group, one.name, "on" if one.on else "", one.note)
        for one in known
        if every or not hidden(one.group)
    )
    left_out += len(known) - len(on) if not every else 0
    if on:
        blocks.append(Table(_SCRIPTS, on))
    made = [codes.fields(session, code) for code in session.table.code]
    if made:
        shown_ = tuple(
            (one.group, one.name, one.kind, one.where, "on" if said["on"] else "", one.note)
            for one, said in zip(session.table.code, made, strict=True)
        )
        blocks.append(Table(_CODE, shown_))
    if left_out and not every:
        what = "entry or script is" if left_out == 1 else "entries and scripts are"
        blocks.append(f"{left_out} {what} hidden by a group: table all shows all")
    listed: list[Json] = [one.fields for one in known]
    told: dict[str, Json] = {"entries": fields, "scripts": listed, "code": [*made]}
    return Result(told, tuple(blocks) or ("no entries",))


def _where(entry: Entry) -> str:
    """Where an entry is; of several paths the first."""
    path = entry.path
    if isinstance(path, PathGroup):
        return f"{path.paths[0]} | {len(path.paths) - 1} more"
    return entry.where


def fields_of(entry: Entry) -> dict[str, Json]:
    """An entry, for programs."""
    return {
        "name": entry.name,
        "where": entry.where,
        "type": entry.type,
        "group": entry.group,
        "note": entry.note,
        "frozen": entry.frozen,
        "allow": entry.allow,
        "bits": entry.bits or None,
    }
