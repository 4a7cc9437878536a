"""Memory whose every byte a test knows: of a process that obeys, or of this one."""

from __future__ import annotations

import os
import signal
from typing import Protocol

from farfetch.scanner import Buffer, Target, attach

from support.puppet import NONE, PAGE, READ, READ_WRITE, Puppet
from torture.model import Contents

PAGES = 3
_EDGE = 96  # bytes before and behind an edge between pages that are scanned


class Known(Protocol):
    """Three pages, what is in them, and how one gets at them.

    Attributes:
        base: the first address.
        there: what is in them.
        protections: of each page.
        gone: what has become of it, as :class:`.TargetGone` says it; "" while it is there.
    """

    base: int
    there: bytearray
    protections: list[int]
    gone: str

    def attach(self, memory: str) -> Target: ...
    def change(self, at: int, raw: bytes) -> None: ...
    def close(self) -> None: ...


def windows(known: Known) -> list[tuple[int, int]]:
    """What scans look at: the bytes around the two edges between the pages."""
    edges = [known.base + PAGE, known.base + 2 * PAGE]
    return [(edge - _EDGE, edge + _EDGE) for edge in edges]


def where(known: Known) -> str:
    """The same for :class:`.Where`."""
    return ",".join(f"{start:#x}..{end:#x}" for start, end in windows(known))


def ranges(known: Known) -> list[tuple[int, int]]:
    """What a first scan looks at of that: what the process may read itself, in pieces."""
    found: list[tuple[int, int]] = []
    for start, end in windows(known):
        for index, protection in enumerate(known.protections):
            page = known.base + index * PAGE
            low, high = max(start, page), min(end, page + PAGE)
            if low < high and protection != NONE:
                if found and found[-1][1] == low:
                    found[-1] = (found[-1][0], high)
                else:
                    found.append((low, high))
    return found


def contents(known: Known, memory: str) -> Contents:
    """What can be read now, in some way; /proc/pid/mem asks for no page's leave."""
    pages = {
        known.base // PAGE + index: bytes(known.there[index * PAGE : (index + 1) * PAGE])
        for index, protection in enumerate(known.protections)
        if protection != NONE or memory == "proc_mem"
    }
    return Contents(pages, PAGE)


class Process:
    """Memory of a process that obeys; see :mod:`live.puppet`."""

    _spare: Puppet | None = None

    def __init__(self) -> None:
        self._puppet = Process._spare or Puppet()
        Process._spare = None
        self.base = self._puppet.reserve(PAGES)
        self._puppet.map(self.base, PAGES)
        self.there = bytearray(PAGES * PAGE)
        self.protections = [READ_WRITE] * PAGES
        self.gone = ""

    def attach(self, memory: str) -> Target:
        return attach(self._puppet.pid, memory=memory)

    def change(self, at: int, raw: bytes) -> None:
        self.there[at : at + len(raw)] = raw
        self._puppet.write(self.base + at, raw)

    def seen(self, at: int, size: int) -> bytes:
        """What the process itself sees."""
        return self._puppet.read(self.base + at, size)

    def protect(self, page: int, protection: int) -> None:
        self.protections[page] = protection
        self._puppet.protect(self.base + page * PAGE, 1, protection)

    def end(self, how: str) -> None:
        """Have it exit, become another program, or be killed."""
        if how == "killed":
            os.kill(self._puppet.pid, signal.SIGKILL)
            os.waitid(os.P_PID, self._puppet.pid, os.WEXITED | os.WNOWAIT)
        elif how == "replaced":
            self._puppet.exec()
        else:
            self._puppet.exit()
            os.waitid(os.P_PID, self._puppet.pid, os.WEXITED | os.WNOWAIT)
        self.gone = "replaced" if how == "replaced" else "exited"

    def close(self) -> None:
        if self.gone or Process._spare:
            self._puppet.__exit__(None, None, None)
        else:
            self._puppet.unmap(self.base, PAGES)
            Process._spare = self._puppet

    @classmethod
    def end_spare(cls) -> None:
        """End the process that is kept for the next example."""
        spare, cls._spare = cls._spare, None
        if spare is not None:
            spare.__exit__(None, None, None)


class Own:
    """A buffer of this process."""

    gone = ""

    def __init__(self) -> None:
        self.base = 0x10_0000
        self.there = bytearray(PAGES * PAGE)
        self.protections = [READ_WRITE] * PAGES

    def attach(self, memory: str) -> Target:
        del memory
        return attach(Buffer(self.there, base=self.base))

    def change(self, at: int, raw: bytes) -> None:
        self.there[at : at + len(raw)] = raw

    def close(self) -> None:
        """Nothing to do."""


__all__ = ["NONE", "PAGE", "PAGES", "READ", "READ_WRITE", "Known", "Own", "Process"]
