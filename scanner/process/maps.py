"""A process's regions, as the kernel lists them in /proc/pid/maps; see proc_pid_maps(5)."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..errors import AccessDenied, TargetGone
from ..memory.regions import DELETED, Region
from .processes import has_exited
from .threads import read_file

_LINE: Final = re.compile(
    r"([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-][ps]) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+)"
    r"(?: +(.*))?",
    re.ASCII | re.DOTALL,
)

_NEWLINE: Final = r"\012"


def parse_maps(text: str | bytes) -> list[Region]:
    """The regions that the text of a maps file lists, in its order.

    Args:
        text: all of it, or some whole lines; file names that are not UTF-8 are kept as
            os.fsdecode() has them.

    Raises:
        ValueError: a line is not one of a maps file; it names the line.

    >>> [region] = parse_maps("55d0c000-55d0d000 rw-p 00002000 08:01 42  /opt/my game (deleted)")
    >>> region.path, region.deleted, region.size
    ('/opt/my game', True, 4096)
    """
    lines = (os.fsdecode(text) if isinstance(text, bytes) else text).split("\n")
    return [_parse_line(number, line) for number, line in enumerate(lines, 1) if line]


class RegionReader:
    """Reads a process's regions again and again; a line that it knows is not parsed again.

    With ten thousand regions parsing takes ten times as long as all the rest.

    Args:
        pid: the process.
        name: what to call it in errors.
    """

    def __init__(self, pid: int, name: str = "") -> None:
        self._pid, self._name = pid, name
        self._known: dict[str, Region] = {}

    def read(self) -> list[Region]:
        """The regions by ascending address.

        Raises:
            AccessDenied: the kernel does not let us.
            TargetGone: it has exited.
        """
        try:
            text = os.fsdecode(read_file(self._pid, "maps"))
        except PermissionError:
            raise AccessDenied(self._pid, self._name, "read the regions of") from None
        lines, known = text.removesuffix("\n").split("\n") if text else [], self._known
        regions = [
            known.get(line) or self._named(line, _parse_line(number, line))
            for number, line in enumerate(lines, 1)
        ]
        if not regions and has_exited(self._pid):  # kernel threads have no regions either
            raise TargetGone(self._pid, self._name, "exited")
        self._known = dict(zip(lines, regions, strict=True))
        return regions

    def _named(self, line: str, region: Region) -> Region:
        r"""A region with its file's own name, where its line can be read in two ways.

        The kernel writes a newline as ``\012`` and a backslash as itself, and puts " (deleted)"
        behind the name of a file that is gone, be that the end of another's own name or not.
        """
        path = region.path
        if _NEWLINE in line:
            link = f"/proc/{self._pid}/map_files/{region.start:x}-{region.end:x}"
            with contextlib.suppress(OSError, ValueError):
                name = str(Path(link).readlink())
                if name.replace("\n", _NEWLINE) == region.name.replace("\n", _NEWLINE):
                    path = name.removesuffix(DELETED) if region.deleted else name
        if region.deleted and self._is_file(path + DELETED, region.inode):
            return replace(region, path=path + DELETED, deleted=False)
        return region if path == region.path else replace(region, path=path)

    def _is_file(self, path: str, inode: int) -> bool:
        """Whether the target has a file of that name, and it is this one."""
        with contextlib.suppress(OSError, ValueError):
            return Path(f"/proc/{self._pid}/root{path}").stat().st_ino == inode
        return False


def _parse_line(number: int, line: str) -> Region:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"line {number} is not one of a maps file: {line!r}")
    start, end, perms, offset, device, inode, path = match.groups()
    # The kernel writes a newline in a name so, and nothing else: backslashes are left alone.
    path = (path or "").replace(_NEWLINE, "\n")
    deleted = path.endswith(DELETED)
    return Region(
        *(int(start, 16), int(end, 16), perms, int(offset, 16), device, int(inode)),
        *(path.removesuffix(DELETED) if deleted else path, deleted),
    )
