"""What a scan did, and how far it is."""

from __future__ import annotations

from typing import NamedTuple

from ..memory.regions import Range


class FaultSet(NamedTuple):
    """Pages that a scan could not read.

    Attributes:
        ranges: half-open addresses, ascending, merged.
        blocked: those of them that somebody was to bring and did not: the process that serves a
            userfaultfd(2), a file system, a device. See :attr:`.Target.patience`.
    """

    ranges: tuple[Range, ...]
    blocked: tuple[Range, ...] = ()

    @property
    def bytes(self) -> int:
        """How many bytes they are."""
        return sum(end - start for start, end in self.ranges)

    @property
    def blocked_bytes(self) -> int:
        """How many bytes nobody brought."""
        return sum(end - start for start, end in self.blocked)


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
