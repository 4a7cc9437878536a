"""Scans of one target, as ratios to the raw copy limit of the same run.

    python bench/scan.py [--size MIB] [--threads N] [--rounds N] [--json]

The target is ``big``: half zeros, a quarter small integers, a quarter random, a rare i32 every
256 KiB. All cases run once a round, in turn, each beside a raw read of its own; medians count.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from farfetch.scanner import Progress, Scan, ScanResult, Target, attach, isa
from raw import raw_rate

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from live.targets import TargetProcess  # the tests start targets so too

MIB: Final = 1 << 20
GIB: Final = 1 << 30


def anonymous_memory() -> int:
    """Bytes of anonymous memory this process has resident; see proc_pid_status(5)."""
    found = re.search(r"RssAnon:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@dataclass
class Case:
    """One thing to measure.

    Attributes:
        name: in the table.
        align: of the scan.
        steps: predicates, one a scan; the last one is what counts.
        ratios: of each round, to the raw rate.
        seconds: of each round.
        matches: of the last round.
        memory: the most anonymous memory gained while scanning, in bytes.
        disk: bytes of old values.
    """

    name: str
    align: int
    steps: tuple[str, ...]
    ratios: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    matches: int = 0
    memory: int = 0
    disk: int = 0

    def run(self, target: Target, where: str, threads: int, raw: Callable[[], float]) -> None:
        """Measure once."""
        before = anonymous_memory()

        def watch(_progress: Progress) -> None:
            self.memory = max(self.memory, anonymous_memory() - before)

        limit = raw()
        with target.scan("i32", align=self.align, where=where, threads=threads) as scan:
            for result in self._scan(scan, watch):
                latest = result
            self.memory = max(self.memory, anonymous_memory() - before)
            self.disk = scan.disk
        self.ratios.append(latest.bytes / latest.seconds / limit)
        self.seconds.append(latest.seconds)
        self.matches = latest.matches

    def _scan(self, scan: Scan, watch: Callable[[Progress], None]) -> Iterator[ScanResult]:
        for index, step in enumerate(self.steps):
            yield scan.next(step, progress=watch) if index else scan.first(step, progress=watch)

    def row(self) -> dict[str, Any]:
        """The case as one object of the report."""
        return {
            "case": self.name,
            "ratio": round(statistics.median(self.ratios), 3),
            "seconds": round(statistics.median(self.seconds), 4),
            "matches": self.matches,
            "memory_mib": round(self.memory / MIB, 1),
            "disk_mib": round(self.disk / MIB, 1),
        }


def cases(needle: int) -> list[Case]:
    """What is measured of a target with that needle."""
    return [
        Case("i32 == rare, align 4", 4, (f"now == {needle}",)),
        Case("i32 == rare, align 1", 1, (f"now == {needle}",)),
        Case("i32 in a..b", 4, (f"now in {needle - 9}..{needle + 9}",)),
        Case("i32 > a and < b", 4, (f"now > {needle - 9} and now < {needle + 9}",)),
        Case("i32 == 0", 4, ("now == 0",)),
        Case("unknown value", 4, ("unknown",)),
        Case("then unchanged", 4, ("unknown", "unchanged")),
    ]


def main() -> int:
    """Run the benchmark. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Scans as ratios to the raw copy limit.")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the target")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    options = parser.parse_args()

    rates = []
    with TargetProcess("big", str(options.size)) as process, attach(process.pid) as target:
        start, end = (process.greeting.number(name) for name in ("start", "end"))
        listed = cases(process.greeting.number("needle"))

        def raw() -> float:
            rates.append(raw_rate(process.pid, start, end, options.threads))
            return rates[-1]

        for _ in range(options.rounds):
            for case in listed:
                case.run(target, f"{start:#x}..{end:#x}", options.threads, raw)

    report = {
        "size_mib": options.size,
        "threads": options.threads,
        "rounds": options.rounds,
        "isa": isa(),
        "raw_gib_per_second": round(statistics.median(rates) / GIB, 2),
        "cases": [case.row() for case in listed],
    }
    print(json.dumps(report) if options.json else table(report))
    return 0


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['size_mib']} MiB, {report['threads']} threads, {report['isa']}, "
        f"medians of {report['rounds']}; raw {report['raw_gib_per_second']} GiB/s",
        f"{'case':<22} {'to raw':>6} {'seconds':>8} {'matches':>11} {'memory':>10} {'disk':>11}",
    ]
    lines += [
        f"{row['case']:<22} {row['ratio']:>6.2f} {row['seconds']:>8.3f} {row['matches']:>11,} "
        f"{row['memory_mib']:>6.1f} MiB {row['disk_mib']:>7.1f} MiB"
        for row in report["cases"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
