"""Tables from files of any kind: farfetch's own and Cheat Engine's, told apart by their content."""

from __future__ import annotations

import os
from typing import Final

from .. import arguments
from .cheat_engine import Taken, import_table
from .ct_kinds import may_be_one
from .table import Table
from .table_file import read_file

_SUFFIXES: Final = (".ct", ".cetrainer")


def read_table(path: str | os.PathLike[str]) -> tuple[Table, list[Taken]]:
    """Read a table, whichever program wrote it.

    Args:
        path: of a file of :meth:`Table.save`, or a Cheat Engine table or trainer.

    Returns:
        The table, and what became of each entry.

    Raises:
        TableError: it cannot be read, or is neither.

    >>> import tempfile
    >>> table = Table()
    >>> table.put(Entry("health", "game+0x4010", "i32"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table.save(f"{folder}/game")
    ...     len(read_table(f"{folder}/game")[0])
    1
    """
    name = arguments.path("path", path)
    if name.lower().endswith(_SUFFIXES) or may_be_one(read_file(name)):
        return import_table(name)
    table = Table.load(name)
    report = [Taken(entry.name, True, "") for entry in table]
    return table, report + [Taken(script.name, True, "", "script") for script in table.scripts]
