"""Rows of files of comma-separated values: matches, and pointer paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from farfetch.scanner import Match, Member, MemoryFault, PointerPath, format_address, write_csv

from ..answers import values
from .found_paths import listed_paths

if TYPE_CHECKING:
    from pathlib import Path

    from farfetch.scanner import Scan

    from .session import Session

#: Matches that are read at a time.
_BLOCK = 1 << 14
_TIMES = ("value", "previous", "first")


def write_matches(
    session: Session, file: Path, wanted: range, fields: Sequence[Member], *, force: bool
) -> int:
    """Write some matches to a file.

    Args:
        session: whose they are.
        file: to be written.
        wanted: their indexes.
        fields: of a structure, each of which has columns of its own.
        force: replace a file that is there.

    Returns:
        How many were written.
    """
    scan = session.scan
    assert scan is not None
    inner = [field.name for field in fields]
    names = [f"{time} {name}" for time in _TIMES for name in inner] if inner else [*_TIMES]
    typed = ["type"] if scan.layout.parts else []

    def rows() -> Iterator[Sequence[object]]:
        for start in range(wanted.start, wanted.stop, _BLOCK):
            stop = min(wanted.stop, start + _BLOCK)
            plain = None if inner or typed else _plain_rows(scan, range(start, stop))
            if plain is not None:
                yield from plain
                continue
            for match in scan[start:stop]:
                head = (match.index, format_address(match.address), str(match.location))
                yield (*head, *_cells(match, fields), *([" ".join(match.types)] if typed else []))

    return write_csv(file, ["index", "address", "where", *names, *typed], rows(), force=force)


def _plain_rows(scan: Scan[Any], indexes: range) -> Iterator[Sequence[object]] | None:
    """The rows of matches whose values are numbers as this machine has them, column by column.

    Returns:
        None of others, and where some are no longer there: each is looked at then.
    """
    if not scan.layout.buffer_format:
        return None
    matches, start, count = scan.matches, indexes.start, len(indexes)
    try:
        now = matches.column("now", start, count)
    except MemoryFault:
        return None
    then = (matches.column("previous", start, count), matches.column("first", start, count))
    columns = [column.tolist() for column in (now, *then)]
    addresses = map("0x{:x}".format, matches.addresses(start, count))
    return zip(indexes, addresses, matches.locations(start, count), *columns, strict=True)


def write_paths(session: Session, file: Path, wanted: range, *, force: bool) -> int:
    """Write some pointer paths to a file; takes and returns what :func:`write_matches` does."""
    paths = listed_paths(session, wanted)
    most = max((len(path.offsets) for path in paths), default=0)

    def row(index: int, path: PointerPath) -> Sequence[object]:
        offsets = [f"{'-' if one < 0 else ''}0x{abs(one):x}" for one in path.offsets]
        return (index, str(path), path.base, *offsets, *[None] * (most - len(offsets)))

    names = ["index", "path", "base", *(f"offset {number}" for number in range(1, most + 1))]
    rows = (row(index, path) for index, path in enumerate(paths, wanted.start))
    return write_csv(file, names, rows, force=force)


def _cells(match: Match[Any], fields: Sequence[Member]) -> Iterator[object]:
    for time in _TIMES:
        whole = getattr(match, time)
        if fields:
            for field in fields:
                yield _cell(field.type, values.field(whole, field.name))
        else:
            yield _cell(match.type, whole)


def _cell(kind: Any, value: object) -> object:
    if value is None or isinstance(value, int | float | str):
        return value
    return values.shown(kind, value)
