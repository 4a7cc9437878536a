"""Whether the table is in a file, and a copy of it for as long as it is not.

The copies lie in a folder of ours. A session keeps one, which it writes anew when the table has
changed; it outlasts the session, and a crash. ``load --unsaved`` takes the newest up again.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from farfetch.scanner import FarfetchError, Table

from . import state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import CodeEntry, Entry, Script

    _Content = tuple["Entry | Script | CodeEntry", ...]

#: So many copies are kept.
MOST: Final = 10
_OURS: Final = "unsaved-*.json"
_TOLD: Final = "told-"


class Unsaved:
    """What would be lost with the table."""

    def __init__(self) -> None:
        self._saved: _Content = ()
        self._file = ""
        self._copied: _Content = ()
        self._copy: Path | None = None

    def is_saved(self, table: Table) -> bool:
        """Whether nothing would be lost with it: what is frozen is no loss."""
        return _is_empty(table) or _content(table) == self._saved

    def saved(self, table: Table, file: os.PathLike[str]) -> None:
        """It is in a file now."""
        self._saved, self._file = _content(table), _real(file)
        self._forget()

    def other(self, table: Table, file: os.PathLike[str]) -> Table | None:
        """The table in a file, when it is neither the one that is saved nor where that is from."""
        if _real(file) == self._file:
            return None
        try:
            there = Table.load(file)
        except FarfetchError:
            return None  # saving says what is wrong with it
        is_lost = not _is_empty(there) and _content(there) != _content(table)
        return there if is_lost else None

    def keep(self, table: Table) -> bool:
        """Write the copy, if anything has changed. Returns whether there is one."""
        if self.is_saved(table):
            self._forget()
            return False
        content: _Content = (*table, *table.scripts, *table.code)
        if content == self._copied:
            return self._copy is not None
        self._copied = content
        try:
            copy = self._copy or _new_copy()
            table.save(copy)
            state.give_to_owner_of_its_folder(copy)
        except (FarfetchError, OSError, RuntimeError):
            return False
        self._copy = copy
        return True

    def leave(self, table: Table) -> bool:
        """The table goes, and is told of. Returns whether there is a copy of it."""
        is_kept = self.keep(table)
        copy, self._copy, self._copied = self._copy, None, ()
        return is_kept and copy is not None and _told(copy)

    def _forget(self) -> None:
        copy, self._copy, self._copied = self._copy, None, ()
        if copy is not None:
            with suppress(OSError):
                copy.unlink()


def _real(file: os.PathLike[str]) -> str:
    """A file's name without links; as it is where the folder that we are in is gone."""
    try:
        return os.path.realpath(file)
    except OSError:
        return os.fspath(file)


def put_aside(table: Table) -> bool:
    """Keep a copy of a table that is written over. Returns whether there is one."""
    return Unsaved().leave(table)


def take() -> tuple[Table, Path] | None:
    """The newest copy that no session writes to, and its file; None when there is none."""
    for copy in _copies():
        with suppress(FarfetchError):
            return Table.load(copy), copy
    return None


def news() -> Table | None:
    """What a session left that did not come to say so; it is said once."""
    for copy in _copies():
        if not copy.name.startswith(_TOLD):
            with suppress(FarfetchError):
                table = Table.load(copy)
                _told(copy)
                return table
    return None


def drop(copy: Path) -> None:
    """A copy was taken up, by a session that keeps one of its own."""
    with suppress(OSError):
        copy.unlink()


def _is_empty(table: Table) -> bool:
    return not (table or table.scripts or table.code)


def _content(table: Table) -> _Content:
    held = (replace(entry, frozen=None, allow=None) for entry in table)
    return (*held, *table.scripts, *table.code)


def _folder() -> Path:
    return state.folder() / "unsaved"


def _new_copy() -> Path:
    folder = _folder()
    state.make(folder)
    for old in list(_copies())[MOST - 1 :]:
        old.unlink()
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number = 0
    while True:
        copy = folder / f"unsaved-{os.getpid()}-{stamp}-{number}.json"
        if not copy.exists() and not copy.with_name(_TOLD + copy.name).exists():
            return copy
        number += 1


def _told(copy: Path) -> bool:
    if copy.name.startswith(_TOLD):
        return True
    with suppress(OSError):
        copy.rename(copy.with_name(_TOLD + copy.name))
        return True
    return False


def _copies() -> Iterator[Path]:
    """The copies that no session writes to, the newest first."""
    found: list[tuple[float, Path]] = []
    with suppress(OSError, RuntimeError):
        for copy in (*_folder().glob(_OURS), *_folder().glob(_TOLD + _OURS)):
            with suppress(OSError):
                found.append((copy.stat().st_mtime_ns, copy))
    for _, copy in sorted(found, reverse=True):
        if copy.name.startswith(_TOLD) or not _is_running(copy.name.split("-")[1]):
            yield copy


def _is_running(pid: str) -> bool:
    return Path("/proc", pid).exists()
