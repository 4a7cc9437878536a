"""Where old bytes are kept: in memory, then in unlinked files, so that nothing is left behind."""

from __future__ import annotations

import errno
import os
from typing import Any

from .. import arguments
from ..engine import cell, content, lib
from ..errors import ArgumentError, ScanClosed, SnapshotError
from ..lifetime.life import Held
from .arena import Arena


class Store:
    """The memory and the unlinked files that a history's old bytes are in.

    Args:
        directory: that files are made in.
        writers: threads that write at a time.
        limit: bytes of disk that they may take.
        arena: the memory; none if None.
        values: bytes that all of that may hold.

    Raises:
        SnapshotError: they cannot be made there.
    """

    def __init__(
        self,
        directory: str,
        writers: int,
        limit: int,
        *,
        arena: Arena | None = None,
        values: int = 0,
    ) -> None:
        self.directory = directory
        out = cell("store")
        code = lib.ff_store_create(os.fsencode(directory), writers, limit, out)
        if code:
            raise SnapshotError(directory, -code, "cannot make a file for old values")
        memory = arena.handle if arena and values else None
        if memory is not None:
            lib.ff_arena_trim(memory, values)
            lib.ff_store_use(content(out), memory, values)
        self._held = Held(content(out), lambda: ScanClosed("scan"))

    @property
    def handle(self) -> Any:
        """The core's."""
        return self._held.get()

    @property
    def bytes(self) -> int:
        """Bytes of disk that the old values take."""
        return int(lib.ff_store_bytes(self.handle))

    @property
    def memory(self) -> int:
        """Bytes of memory that the old values take."""
        return int(lib.ff_store_memory(self.handle))

    def close(self) -> None:
        """Store nothing more. The files go with the last step that has bytes in them."""
        self._held.let_go()


def snapshot_directory(wanted: str | os.PathLike[str] | None = None) -> str:
    """Where the files of old values go: as asked, FARFETCH_TMPDIR, TMPDIR, or /var/tmp.

    /tmp comes last: it is often kept in memory, which these files are there to save.

    Raises:
        ArgumentError: what is asked for is no name of a folder.
    """
    if wanted is not None:
        wanted = _folder(wanted)
    for directory in (wanted, os.environ.get("FARFETCH_TMPDIR"), os.environ.get("TMPDIR")):
        if directory:
            return directory
    return "/var/tmp" if os.access("/var/tmp", os.W_OK | os.X_OK) else "/tmp"


def _folder(wanted: str | os.PathLike[str]) -> str:
    name = arguments.path("directory", wanted)
    try:
        raw = os.fsencode(name)
    except UnicodeEncodeError:
        raw = b"\0"
    if b"\0" in raw:
        raise ArgumentError("directory", wanted, "the name of a folder")
    return name


def store_error(directory: str, code: int) -> SnapshotError:
    """The error of a scan that could not keep old values."""
    what = "cannot read old values back" if code == errno.EIO else "no room for old values"
    return SnapshotError(directory, code, what)
