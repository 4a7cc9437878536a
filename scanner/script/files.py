"""Files beside a table that its scripts read: what they include, and bytes that they load."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

from ..declarations.files import NotRegular, read_regular
from ..errors import ScriptError
from ..errors.code import IncludedLine
from .commands import command_of
from .source import MAX_LINES, MAX_TEXT, SourceLine, read_source

#: Bytes of one file.
MAX_FILE: Final = 1 << 20
#: Bytes that a script loads in all.
MAX_LOADED: Final = 16 << 20
#: Of included files that are named without one.
_SUFFIX: Final = ".CEA"
_MAX_NESTED: Final = 8
_MAX_INCLUDED: Final = 256


class Files:
    """The files of one script, and how much of them it has read.

    Args:
        folder: of the table; no file is read if None.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._folder = None if folder is None else Path(folder)
        self._loaded = 0
        self._included = 0
        self._lines = 0
        self._characters = 0

    def load(self, name: str, line: int) -> bytes:
        """The bytes of a file.

        Args:
            name: as the script has it.
            line: of the script.

        Raises:
            ScriptError: it is not in the table's folder, cannot be read, or is too much.
        """
        raw = _read(self._folder, name, line)
        self._loaded += len(raw)
        if self._loaded > MAX_LOADED:
            mib = MAX_LOADED >> 20
            raise ScriptError(line, f"{name:.80}: more than {mib} MiB are read in all")
        return raw

    def included(self, lines: tuple[SourceLine, ...], depth: int = 0) -> Iterator[SourceLine]:
        """Lines, with those of each file that one of them includes in its place.

        Raises:
            ScriptError: a file is none that is read, includes itself, or has what is not run.
        """
        for line in lines:
            command = None if line.lua else command_of(line.text)
            if command is None or command[0].lower() != "include":
                yield line
                continue
            if depth == _MAX_NESTED:
                raise ScriptError(line.number, f"include(): nested more than {_MAX_NESTED} deep")
            name = command[1].strip().strip("\"'")
            yield from self.included(self._lines_of(name, line), depth + 1)

    def _lines_of(self, name: str, line: SourceLine) -> tuple[SourceLine, ...]:
        self._included += 1
        if self._included > _MAX_INCLUDED:
            raise ScriptError(line.number, f"include(): more than {_MAX_INCLUDED} files")
        name = self._suffixed(name)
        text = _read(self._folder, name, line.number).decode("utf-8", "replace")
        try:
            inner = read_source(text)
        except ScriptError as error:
            raise ScriptError(line.number, f"{name:.80}: {error}") from None
        for refused in inner.refused:
            raise ScriptError(_inside(line, name, refused.line), refused.reason)
        for one in inner.lines:
            if one.lua:
                reason = "Lua in what is included is not run"
                raise ScriptError(_inside(line, name, one.lua), reason)
        self._lines += len(inner.lines)
        self._characters += len(text)
        if self._lines > MAX_LINES or self._characters > MAX_TEXT:
            raise ScriptError(line.number, f"{name:.80}: more is included than a script may have")
        return tuple(
            SourceLine(
                _inside(line, name, one.number), one.text, line.section, one.bits or line.bits
            )
            for one in inner.lines
        )

    def _suffixed(self, name: str) -> str:
        """The name of a file, with what Cheat Engine puts behind one that ends in nothing."""
        whole = f"{name.removesuffix('.')}{_SUFFIX}"
        if self._folder is None or PurePath(name).suffix or "\0" in name:
            return name
        is_there = os.path.lexists(self._folder / whole.replace("\\", "/"))
        return whole if is_there else name


def _inside(line: SourceLine, name: str, number: int) -> IncludedLine:
    """The line that includes a file, for what is in a line of that."""
    return IncludedLine(int(line.number), f"{name:.80}, line {number}")


def _read(folder: Path | None, name: str, line: int) -> bytes:
    if folder is None:
        raise ScriptError(line, "files are only read from a table's folder, and there is none")
    try:
        home = folder.resolve()
        path = (home / name.replace("\\", "/")).resolve()
        if not path.is_relative_to(home):
            raise ScriptError(line, f"{name:.80}: only files in the table's folder are read")
        raw = read_regular(str(path), MAX_FILE + 1)
    except NotRegular as error:
        raise ScriptError(line, f"{name:.80}: {error.strerror}") from None
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle
        reason = error.strerror if isinstance(error, OSError) else "no file is called so"
        raise ScriptError(line, f"{name:.80} cannot be read: {reason}") from None
    if len(raw) > MAX_FILE:
        raise ScriptError(line, f"{name:.80} is larger than {MAX_FILE >> 20} MiB")
    return raw
