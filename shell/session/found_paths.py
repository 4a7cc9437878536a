"""Pointer paths that were found, as they are shown: pages of them, and how many there are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, format_address

from ..answers import quantities, values
from ..answers.result import Column, Json, Result, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farfetch.scanner import PointerMap, PointerPath

    from .pointer_scan import Limits
    from .session import Session

_BLOCK = 1 << 12  # paths that are listed between two looks at the clock
#: Paths of a page.
ROWS = 10
_COLUMNS = (
    Column("INDEX", right=True),
    Column("PATH"),
    Column("ADDRESS", right=True, style="cyan"),
    Column("VALUE", right=True, style="bold"),
)


def page(session: Session, wanted: range) -> Result:
    """A page of the paths, with where they lead and what is there now."""
    found = session.hunt
    paths = listed_paths(session, wanted)
    found.listed = range(wanted.start, wanted.start + len(paths))
    led = [_led(session, path) for path in paths]
    rows = tuple(
        (str(index), str(path), format_address(address) if address is not None else "?", shown)
        for index, path, (address, shown, _) in zip(found.listed, paths, led, strict=True)
    )
    listed: list[Json] = [
        {
            "index": index,
            "path": str(path),
            "base": path.base,
            "offsets": list(path.offsets),
            "address": None if address is None else format_address(address),
            "value": values.as_json(value),
        }
        for index, path, (address, _, value) in zip(found.listed, paths, led, strict=True)
    ]
    answer: dict[str, Json] = {**fields(session), "start": wanted.start, "paths": listed}
    return Result(answer, (Table(_COLUMNS, rows),) if rows else ())


def listed_paths(session: Session, wanted: range) -> Sequence[PointerPath]:
    """Some of the paths, however long finding them takes: what was listed is kept by a cancel."""
    found, meter, started = session.hunt, session.meter, time.monotonic()
    stop = min(wanted.stop, found.total)
    try:
        for at in range(0, stop, _BLOCK):
            found.page(range(at, min(stop, at + 1)))
            meter.count(at, stop, time.monotonic() - started, "paths listed")
        return found.page(wanted)
    finally:
        meter.clear()


def _led(session: Session, path: PointerPath) -> tuple[int | None, str, object]:
    """Where a path leads in the target, and what is there; nothing without one."""
    target, kind = session.target, session.hunt.type
    kind = session.settings.type if kind is None else kind
    address: int | None = None
    try:
        if target is not None:
            address = path.resolve(target)
            value = target.read(address, kind)
            return address, values.shown(kind, value), value
    except FarfetchError:
        pass
    return address, "?", None


def fields(session: Session) -> dict[str, Json]:
    """What every answer about them has."""
    found = session.hunt
    return {"total": found.total, "exact": found.exact, "paths": []}


def map_fields(pointers: PointerMap) -> Json:
    """A pointer map, for programs."""
    known = pointers.info
    return {
        "name": known.name,
        "pointers": known.pointers,
        "bits": known.bits,
        "where": known.where,
        "bytes": known.bytes,
        "unreadable": known.unreadable,
        "seconds": round(known.seconds, 6),
        "goal": None if pointers.goal is None else format_address(pointers.goal),
    }


def map_said(pointers: PointerMap) -> str:
    """A pointer map, for people."""
    known = pointers.info
    said = (
        f"{quantities.count(known.pointers, 'pointer')} of {known.name} "
        f"({quantities.size(known.bytes)} in {quantities.seconds(known.seconds)})"
    )
    if known.unreadable:
        said += f", {quantities.size(known.unreadable)} could not be read"
    return said


def counted(session: Session, limits: Limits | None = None) -> list[str]:
    """How many paths there are, and from where."""
    found = session.hunt
    said = ("" if found.exact else "more than ") + quantities.count(found.total, "path")
    if limits is not None:
        said += f" of up to {limits.depth} pointers, offsets up to {limits.max_offset}"
    if len(found.modules) > 1:
        parts = sorted(found.modules.items(), key=lambda part: -part[1])
        most = ", ".join(f"{name or 'elsewhere'} {count:,}" for name, count in parts[:4])
        said += f" ({most}{', …' if len(parts) > 4 else ''})"
    return [said]


def footer(session: Session) -> list[str]:
    """Which of them are shown, where not all are."""
    found = session.hunt
    if not found.total:
        return ["no paths"]
    listed = found.listed
    if not listed:
        return [f"0 of {quantities.count(found.total, 'path')}"]
    if len(listed) == found.total:
        return []
    said = f"{listed.start:,} to {listed[-1]:,} of {quantities.count(found.total, 'path')}"
    more = (
        "; pointers list + shows more" if session.interactive and listed.stop < found.total else ""
    )
    return [said + more]
