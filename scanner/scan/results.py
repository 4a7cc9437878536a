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

    >>> faults = FaultSet((Range(0x1000, 0x3000), Range(0x5000, 0x6000)))
    >>> faults.bytes, faults.blocked_bytes
    (12288, 0)
    """

    ranges: tuple[Range, ...]
    blocked: tuple[Range, ...] = ()

    @property
    def bytes(self) -> int:
        """How many bytes could not be read."""
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

    >>> result = attach(Buffer(bytes(64))).scan(u8, where="all").first("now == 0")
    >>> result.matches, result.bytes, result.unreadable, result.faults.ranges
    (64, 64, 0, ())
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

    >>> def show(progress):  # for scan.first("now == 5", progress=show)
    ...     print(f"{progress.done / progress.total:.0%}, {progress.matches} matches so far")
    >>> show(Progress(done=512, total=2048, matches=3, seconds=0.1))
    25%, 3 matches so far
    """

    done: int
    total: int
    matches: int
    seconds: float
