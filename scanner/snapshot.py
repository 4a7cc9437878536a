"""Steps: what each scan of a history found, and the bytes it found it with."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import SnapshotError
from .native import ffi, lib
from .predicates import Predicate
from .regions import Range


class FaultSet(NamedTuple):
    """Pages that a scan could not read.

    Attributes:
        ranges: half-open addresses, ascending, merged.
    """

    ranges: tuple[Range, ...]

    @property
    def bytes(self) -> int:
        """How many bytes they are."""
        return sum(end - start for start, end in self.ranges)


class ScanResult(NamedTuple):
    """What a scan did.

    Attributes:
        matches: how many there are now.
        bytes: read from the target.
        unreadable: bytes that could not be read.
        seconds: it took.
        faults: where they could not be read.
    """

    matches: int
    bytes: int
    unreadable: int
    seconds: float
    faults: FaultSet


class Progress(NamedTuple):
    """How far a scan is.

    Attributes:
        done: bytes looked at.
        total: bytes to look at.
        matches: found so far.
        seconds: since it began.
    """

    done: int
    total: int
    matches: int
    seconds: float


class Store:
    """The unlinked file that a history's old bytes are in.

    Args:
        directory: that it is made in.

    Raises:
        SnapshotError: it cannot be made there.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        out = ffi.new("struct ff_store **")
        code = lib.ff_store_create(os.fsencode(directory), out)
        if code:
            raise SnapshotError(directory, -code, "cannot make a file for old values")
        self.handle = ffi.gc(out[0], lib.ff_store_put)

    @property
    def bytes(self) -> int:
        """Of disk that it takes."""
        return int(lib.ff_store_bytes(self.handle))


@dataclass(frozen=True)
class Step:
    """One scan of a history.

    Attributes:
        predicate: that its matches fulfil.
        result: what it did.
    """

    predicate: Predicate
    result: ScanResult
    matches: Any
    snapshot: Any

    @classmethod
    def take(cls, predicate: Predicate, result: ScanResult, matches: Any, snapshot: Any) -> Step:
        """A step that owns the core's match set and snapshot."""

        def destroy(handle: Any) -> None:
            # the snapshot looks at the match set until it is gone
            lib.ff_snapshot_destroy(handle)
            lib.ff_matchset_destroy(matches)

        return cls(predicate, result, matches, ffi.gc(snapshot, destroy))

    def release(self) -> None:
        """Free it; the newest step of a history goes first."""
        ffi.release(self.snapshot)

    def value(self, address: int, size: int, directory: str) -> bytes:
        """The bytes that its match at an address had.

        Raises:
            SnapshotError: they cannot be read back.
        """
        out = ffi.new("uint8_t[]", size)
        code = lib.ff_snapshot_value(self.snapshot, address, out)
        if code:
            raise SnapshotError(directory, -code, "cannot read old values back")
        return bytes(ffi.buffer(out))


def snapshot_directory(wanted: str | None = None) -> str:
    """Where the files of old values go: as asked, FARFETCH_TMPDIR, TMPDIR, or /var/tmp.

    /tmp comes last: it is often kept in memory, which these files are there to save.
    """
    for directory in (wanted, os.environ.get("FARFETCH_TMPDIR"), os.environ.get("TMPDIR")):
        if directory:
            return directory
    return "/var/tmp" if os.access("/var/tmp", os.W_OK | os.X_OK) else "/tmp"


def store_error(directory: str, code: int) -> SnapshotError:
    """The error of a scan that could not keep old values."""
    what = "cannot read old values back" if code == errno.EIO else "no room for old values"
    return SnapshotError(directory, code, what)
