"""Files of comma-separated values, as RFC 4180 has them, for spreadsheets."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .. import arguments
from ..declarations.files import put, refusing, replaced
from ..errors import TableError

_PART = 1 << 16  # bytes that are put together before they are written
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
        rows: what is in them; None is an empty cell. They are asked for one by one.
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
    if not arguments.flag("force", force) and Path(name).exists():
        raise TableError(name, "is there: write to another file, or force it")
    count = -1  # the first line is no row
    try:
        with refusing(name, TableError), replaced(name) as out:
            part = bytearray()
            for line in _lines(names, rows):
                part += line
                count += 1
                if len(part) >= _PART:
                    put(out, bytes(part))
                    part = bytearray()
            put(out, bytes(part))
    except _OfRowsError as stopped:
        raise stopped.error from None
    return count


class _OfRowsError(Exception):
    """What whoever gives the rows has raised: it says nothing of the file."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _lines(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=_ENDS)  # of which cells that have any are quoted
    writer.writerow(names)
    yield _taken(text)
    try:
        for row in rows:
            writer.writerow(arguments.several("rows", row, object, "rows, each with its cells"))
            yield _taken(text)
    except Exception as error:
        raise _OfRowsError(error) from None


def _taken(text: io.StringIO) -> bytes:
    line = text.getvalue().removesuffix(_ENDS) + "\n"
    text.seek(0)
    text.truncate()
    return line.encode("utf-8", "backslashreplace")
