"""What is measured, and how one case is: beside a raw read of its own, in the same round."""

from __future__ import annotations

import mmap
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from farfetch.scanner import Budget, Progress, Scan, ScanResult, Target
from raw import page_rate, raw_rate, settle

from support.targets import TargetProcess  # the tests start targets so too

MIB: Final = 1 << 20
#: Bytes of memory that a scan is to stay below, beside what old values may take and one bit a slot.
MEMORY: Final = 128 * MIB


def warm(size: int) -> None:
    """Touch and free so much memory, so that this machine has it when it is wanted next."""
    with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as room:
        room.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, size, mmap.PAGESIZE):
            room[at] = 1


def anonymous_memory() -> int:
    """Bytes of anonymous memory this process has resident; see proc_pid_status(5)."""
    return _status("RssAnon")


def begin_peak() -> None:
    """Have peak_memory() count from now on."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """The most bytes of memory, Python's among them, that this process has had resident."""
    return _status("VmHWM")


def _status(name: str) -> int:
    found = re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@dataclass
class Case:
    """One thing to measure.

    Attributes:
        name: in the table.
        needed: the ratio to the raw rate that is aimed at.
        step: the predicate that counts.
        before: those of the steps before it.
        type: of the values.
        align: of the scan.
        dirtied: percent of the pages that the target writes to before the step.
        pages: compare with reading only the pages of the matches.
        ratios: of each round, to the raw rate.
        seconds: of each round.
        alone: of each round, the speed of one thread to that of all.
        slots: addresses that are looked at.
        matches: of the last round.
        read: bytes of the target, in the last round.
        memory: the most anonymous memory gained while scanning, in bytes.
        budget: bytes of memory that old values may take before they go to disk.
        values: those that they take.
        disk: bytes of disk that they take.
    """

    name: str
    needed: float
    step: str
    before: tuple[str, ...] = ()
    type: str = "i32"
    align: int | None = None
    dirtied: int = 0
    pages: bool = False
    ratios: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    slots: int = 0
    matches: int = 0
    read: int = 0
    memory: int = 0
    budget: int = 0
    values: int = 0
    disk: int = 0

    def run(self, process: TargetProcess, target: Target, threads: int, *, alone: bool) -> float:
        """Measure once, and with one thread if that is wanted.

        Returns the raw rate of all memory, in bytes a second.
        """
        start, end = (process.greeting.number(name) for name in ("start", "end"))
        if not self.ratios:
            settle(process.pid, [(start, end)], threads)
        raw = raw_rate(process.pid, start, end, threads)
        if "unknown" in (self.step, *self.before):
            warm(min(end - start, Budget().of("/var/tmp").values))
            # the host may be busy with what was freed
            raw = max(raw, raw_rate(process.pid, start, end, threads))
        result, limit = self._scan(process, target, threads)
        seconds = result.matches / limit if limit else (end - start) / raw
        self.ratios.append(seconds / result.seconds)
        self.seconds.append(result.seconds)
        self.matches, self.read = result.matches, result.bytes
        if alone and threads > 1:
            single, _ = self._scan(process, target, 1)
            self.alone.append(result.seconds / single.seconds)
        return raw

    def _scan(
        self, process: TargetProcess, target: Target, threads: int
    ) -> tuple[ScanResult, float]:
        """What the step did; and the raw rate of reading the matches' pages, if that is asked."""
        start, end = (process.greeting.number(name) for name in ("start", "end"))
        before, limit = anonymous_memory(), 0.0

        def watch(_progress: Progress) -> None:
            self.memory = max(self.memory, anonymous_memory() - before)

        where = f"{start:#x}..{end:#x}"
        # soft-dirty bits would spare most of the reading that is to be measured
        options: dict[str, Any] = {"align": self.align, "threads": threads, "soft_dirty": False}
        self.budget = self.budget or Budget().of("/var/tmp").values
        options["budget"] = Budget(values=self.budget)
        with target.scan(self.type, where=where, **options) as scan:
            for one in self.before:
                _take(scan, one, watch)
            if self.dirtied:
                process.command(f"dirty {self.dirtied}")
            if self.pages:
                limit = page_rate(process.pid, scan.matches.addresses(), threads)
            self.memory = max(self.memory, anonymous_memory() - before)
            result = _take(scan, self.step, watch)
            self.memory = max(self.memory, anonymous_memory() - before)
            self.values, self.disk = scan.values_memory, scan.disk
            self.slots = (end - start) // scan.align
        return result, limit

    @property
    def ratio(self) -> float:
        """The median of the rounds'."""
        return statistics.median(self.ratios)

    @property
    def allowed(self) -> int:
        """Bytes of anonymous memory that it is to stay below."""
        return MEMORY + self.budget + self.slots // 8

    def row(self) -> dict[str, Any]:
        """The case as one object of the report."""
        return {
            "case": self.name,
            "ratio": round(self.ratio, 3),
            "needed": self.needed,
            "seconds": round(statistics.median(self.seconds), 4),
            "one_thread": round(statistics.median(self.alone), 3) if self.alone else None,
            "matches": self.matches,
            "read_mib": round(self.read / MIB, 1),
            "memory_mib": round(self.memory / MIB, 1),
            "memory_allowed_mib": round(self.allowed / MIB, 1),
            "memory_is_allowed": self.memory <= self.allowed,
            "values_mib": round(self.values / MIB, 1),
            "disk_mib": round(self.disk / MIB, 1),
        }


def _take(scan: Scan, predicate: str, watch: Callable[[Progress], None]) -> ScanResult:
    if scan.steps:
        return scan.next(predicate, progress=watch)
    return scan.first(predicate, progress=watch)


def cases(needle: int) -> list[Case]:
    """What is measured of a target with that needle."""
    low, high = needle - 9, needle + 9
    first, *rest = (f"{byte:02X}" for byte in needle.to_bytes(4, "little"))
    pattern = " ".join([first, *rest, "?? ??", "5A A5"])
    return [
        Case("i32 == rare, align 4", 0.85, f"now == {needle}"),
        Case("i32 == rare, align 1", 0.6, f"now == {needle}", align=1),
        Case("i32 in a..b", 0.8, f"now in {low}..{high}"),
        Case("f32 in a..b", 0.8, "now in 1234.5..1234.625", type="f32"),
        Case("i32 > a and < b", 0.8, f"now > {low} and now < {high}"),
        Case("i32 == 0", 0.7, "now == 0"),
        Case("number == rare, align 4", 0.5, f"now == {needle}", type="number", align=4),
        Case("any == rare", 0.4, f"now == {needle}", type="any"),
        Case("pattern of 8 bytes, 2 wild", 0.8, pattern, type="bytes"),
        Case("unknown value", 0.5, "unknown"),
        Case("then unchanged", 0.45, "unchanged", ("unknown",), dirtied=1),
        Case("then changed", 0.45, "changed", ("unknown",), dirtied=1),
        Case("then decreased", 0.45, "decreased", ("unknown",), dirtied=1),
        Case("next, a match a page", 0.5, "unchanged", (f"now == {needle}",), pages=True),
        Case(
            *("number, a match a page", 0.5, "unchanged", (f"now == {needle}",)),
            type="number",
            align=4,
            pages=True,
        ),
        Case(
            *("any, a match a page", 0.5, "unchanged", (f"now == {needle}",)),
            type="any",
            pages=True,
        ),
    ]
