"""Errors of pointer maps and pointer scans. The whole tree is drawn in :mod:`.errors`."""

from __future__ import annotations

from typing import Literal

from .base import FarfetchError, called
from .scan import ScanCancelled


class PointerMapError(FarfetchError):
    """A pointer map, or its file, that cannot be used.

    Args:
        file: its name; "" for what is not in a file.
        reason: what is wrong, and what to do.

    >>> print(PointerMapError("game.ffmap", "is no pointer map"))
    the pointer map game.ffmap: is no pointer map
    """

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file = file
        self.reason = reason

    def _message(self) -> str:
        return f"the pointer map {called(self.file)}: {self.reason}" if self.file else self.reason


class PointersClosed(FarfetchError):
    """The pointer map, or a scan of it, was closed.

    Args:
        what: ``"map"``, ``"paths"``.

    >>> print(PointersClosed("paths"))
    these pointer paths were closed: scan the pointer map again
    """

    def __init__(self, what: Literal["map", "paths"]) -> None:
        super().__init__(what)
        self.what = what

    def _message(self) -> str:
        if self.what == "paths":
            return "these pointer paths were closed: scan the pointer map again"
        return "this pointer map was closed: make another one, or load it from a file"


class PointersCancelled(ScanCancelled):
    """Making a pointer map, or scanning one, was stopped before its end.

    Args:
        what: ``"map"`` or ``"scan"``.
        done: bytes, or steps, that had been looked at.
        total: how many there were to look at.

    >>> print(PointersCancelled("scan", 0, 0))
    the pointer scan was cancelled; the map and the paths listed so far are kept
    """

    def __init__(self, what: Literal["map", "scan"], done: int, total: int) -> None:
        super().__init__(done, total)
        self.args = (what, done, total)
        self.what = what

    def _message(self) -> str:
        if self.what == "scan":
            return "the pointer scan was cancelled; the map and the paths listed so far are kept"
        return (
            f"making the pointer map was cancelled after {self.done} of {self.total} bytes; "
            "nothing was kept"
        )
