"""Files of comma-separated values, as RFC 4180 has them, for spreadsheets."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from .. import arguments
from ..declarations.files import is_there, put, refusing, replaced
from ..errors import TableError

_PART = 1024  # rows that are put together before they are written
_ENDS = "\r\n"  # where a reader may see the end of a line


def write_csv(
    file: str | os.PathLike[str],
    names: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    force: bool = False,
) -> int:
    """Write rows to a file, all of them or nothing.

    Args:
        file: its name.
        names: of the columns: the first line.
        rows: what is in them; None is an empty cell. They are asked for as they are
            written.
        force: replace a file that is there.

    Returns:
        How many rows were written.

    Raises:
        TableError: it cannot be written, or is there; that is untouched.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(f"{folder}/it.csv", ["address", "name"], [(0x1000, "Ada, of Lovelace")])
    ...     print(Path(folder, "it.csv").read_text(), end="")
    1
    address,name
    4096,"Ada, of Lovelace"
    """
    name = arguments.path("file", file)
    names = arguments.several("names", names, str, "names of columns")
    arguments.like("rows", rows, ("__iter__",), "rows, each with its cells")
    error = partial(TableError, what="file")
    if not arguments.flag("force", force) and is_there(name):
        raise error(name, "is there: write to another file, or force it")
    count = 0
    try:
        with refusing(name, error), replaced(name) as out:
            for lines, text in _parts(names, rows):
                put(out, text)
                count += lines
    except _OfRowsError as stopped:
        raise stopped.error from None
    return count


class _OfRowsError(Exception):
    """What whoever gives the rows has raised: it says nothing of the file."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _parts(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[tuple[int, bytes]]:
    """The lines of the file, so many rows at a time."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=_ENDS)  # of which cells that have any are quoted
    writer.writerow(names)
    yield 0, _taken(text)
    try:
        ahead = iter(rows)
        while part := [_cells(row) for row in islice(ahead, _PART)]:
            writer.writerows(part)
            if text.getvalue().count(_ENDS) == len(part):
                yield len(part), _taken(text, _ENDS)
                continue
            text.seek(0)  # some are in cells, and stay what they are
            text.truncate()
            for row in part:
                writer.writerow(row)
                yield 1, _taken(text)
    except Exception as error:
        raise _OfRowsError(error) from None


def _cells(row: Sequence[object]) -> Sequence[object]:
    if type(row) is tuple or type(row) is list:
        return row
    return arguments.several("rows", row, object, "rows, each with its cells")


def _taken(text: io.StringIO, ends: str = "") -> bytes:
    """The lines that were written, each with the end that lines have in a file."""
    lines = text.getvalue()
    lines = lines.replace(ends, "\n") if ends else lines.removesuffix(_ENDS) + "\n"
    text.seek(0)
    text.truncate()
    return lines.encode("utf-8", "backslashreplace")
