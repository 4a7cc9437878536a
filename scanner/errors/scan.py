"""Errors of scans and their steps. The whole tree is drawn in :mod:`.errors`."""

from __future__ import annotations

import os
from errno import EMFILE
from typing import Literal

from .base import FarfetchError, count


class ScanOrderError(FarfetchError):
    """A step that needs an earlier one.

    Args:
        what: the whole complaint, with the step that is missing.

    >>> attach(Buffer(b"abc")).scan(u8, where="all").next("now == 97")
    Traceback (most recent call last):
    farfetch.scanner.ScanOrderError: there is no scan to narrow: begin with a first scan
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class MatchIndexError(FarfetchError, IndexError):
    """No match, or no pointer path, has that index.

    Args:
        index: the index asked for.
        total: how many there are.
        what: ``"match"``, ``"path"``.

    >>> scan = attach(Buffer(b"abc")).scan(u8, where="all")
    >>> scan.first("now == 97").matches
    1
    >>> scan[5]
    Traceback (most recent call last):
    farfetch.scanner.MatchIndexError: no match 5: there are 1, from 0 to 0
    """

    def __init__(self, index: int, total: int, what: Literal["match", "path"] = "match") -> None:
        super().__init__(index, total, what)
        self.index = index
        self.total = total
        self.what = what

    def _message(self) -> str:
        if not self.total:
            return f"no {self.what} {self.index}: there are none"
        return f"no {self.what} {self.index}: there are {self.total}, from 0 to {self.total - 1}"


class ScanCancelled(FarfetchError):
    """A scan was stopped before its end; the earlier matches are kept.

    Args:
        done: bytes that had been looked at.
        total: bytes there were to look at.

    >>> print(ScanCancelled(done=4096, total=65536))
    the scan was cancelled after 4096 of 65536 bytes; the earlier matches are kept
    """

    def __init__(self, done: int, total: int) -> None:
        super().__init__(done, total)
        self.done = done
        self.total = total

    def _message(self) -> str:
        part = f"after {self.done} of {count(self.total, 'byte')}"
        return f"the scan was cancelled {part}; the earlier matches are kept"


class ScanClosed(FarfetchError):
    """The scan was closed, here or by another thread, or one of its steps was let go.

    Args:
        what: ``"scan"``, ``"step"``.

    >>> with attach(Buffer(b"abc")).scan(u8, where="all") as scan:
    ...     scan.first().matches
    3
    >>> scan.first()
    Traceback (most recent call last):
    farfetch.scanner.ScanClosed: this scan was closed: begin another one of its target
    """

    def __init__(self, what: Literal["scan", "step"]) -> None:
        super().__init__(what)
        self.what = what

    def _message(self) -> str:
        if self.what == "step":
            return (
                "these matches and old values were let go, as close, reset, forget, drop and a new "
                "first scan do: look at the steps that the scan has now"
            )
        return "this scan was closed: begin another one of its target"


class SnapshotError(FarfetchError):
    """Old values could not be stored or read back; the earlier matches are kept.

    Args:
        directory: where the snapshot files are.
        errno: what the kernel said.
        what: what could not be done.

    >>> import errno
    >>> print(SnapshotError("/var/tmp", errno.ENOSPC, "cannot store old values"))
    cannot store old values in /var/tmp: No space left on device; make room there or set
    FARFETCH_TMPDIR to another directory; the earlier matches are kept
    """

    def __init__(self, directory: str, errno: int, what: str) -> None:
        super().__init__(directory, errno, what)
        self.directory = directory
        self.errno = errno
        self.what = what

    def _message(self) -> str:
        helps = "make room there or set FARFETCH_TMPDIR to another directory"
        if self.errno == EMFILE:
            helps = "raise the limit with ulimit -n"
        reason = os.strerror(self.errno)
        return f"{self.what} in {self.directory}: {reason}; {helps}; the earlier matches are kept"


class BudgetError(FarfetchError):
    """A scan would have kept more than it may; the earlier matches are kept.

    Args:
        of: ``"memory"`` or ``"disk"``.
        directory: where the snapshot files are.

    >>> print(BudgetError("memory", "/var/tmp"))
    matches and old values would take more than the scan's budget of memory; look at fewer
    regions, forget undone steps, allow more; the earlier matches are kept
    """

    def __init__(self, of: str, directory: str) -> None:
        super().__init__(of, directory)
        self.of = of
        self.directory = directory

    def _message(self) -> str:
        where = f" in {self.directory}" if self.of == "disk" else ""
        room = "make room there or set FARFETCH_TMPDIR" if self.of == "disk" else "allow more"
        return (
            f"matches and old values would take more than the scan's budget of {self.of}{where}; "
            f"look at fewer regions, forget undone steps, {room}; the earlier matches are kept"
        )
