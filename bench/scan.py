"""Scans of one target, as ratios to the raw copy limit of the same run.

    python bench/scan.py [--size MIB] [--sizes MIB,MIB] [--threads N] [--rounds N] [--cases TEXT]
                         [--peers] [--json FILE]

The target is ``big``: half zeros, a quarter small integers, a quarter random, a rare i32 every
256 KiB. All cases run once a round, in turn, each beside a raw read of its own, and again with one
thread; medians count. ``--sizes`` measures some of them on targets of these sizes, too.

What bounds a rare value, ranges, ``and`` and patterns: reading. A loop in C that reads chunks by
the same call with two threads, looks at all of each for one value and does nothing else comes to
0.93 to 1.03 of raw at 128 KiB to 1 MiB, and 0.92 at 64 KiB; with the chunk asked for ahead 0.94 to
1.00, in huge pages 0.94 to 0.97, a part of a chunk looked at as soon as it is read 0.89, one thread
that reads while the other looks 0.49 to 0.53, as the kernel's copying is what takes the time, and
it takes both. That was at 12.7 GiB/s, medians of five rounds. At 17 GiB/s, on a Zen 4 with 1 MiB of
second-level cache, looking takes 0.06 to 0.1 of raw's time, and it is the calls that differ: 1 GiB
by one thread takes 0.147 s in calls of 128 KiB, 0.132 in such of 512 KiB and 0.112 in such of
2 MiB; the kernel copies faster to where that cache does not have the lines (0.132 to the same
512 KiB over and over, 0.117 to 2 MiB in turn).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from cases import cases
from farfetch.scanner import attach, isa
from peers import peers
from sizes import SizeReport, sizes, sizes_table

from support.targets import TargetProcess

GIB: Final = 1 << 30
ONE_THREAD: Final = 0.9  # what each of the threads is to give, of its share


def measure(size: int, threads: int, rounds: int, wanted: str, with_peers: bool) -> dict[str, Any]:
    """Run all cases whose name has the words, on a target of so many MiB."""
    rates = []
    with TargetProcess("big", str(size), timeout=120) as process, attach(process.pid) as target:
        every = cases(process.greeting.number("needle"))
        listed = [case for case in every if wanted in case.name]
        for _ in range(rounds):
            rates += [case.run(process, target, threads, alone=True) for case in listed]
        others = peers(process, target, threads) if with_peers else []
    return {
        "size_mib": size,
        "threads": threads,
        "rounds": rounds,
        "isa": isa(),
        "one_thread_needed": round(ONE_THREAD / threads, 3),
        "raw_gib_per_second": round(statistics.median(rates) / GIB, 2),
        "cases": [case.row() for case in listed],
        "peers": [peer.row() for peer in others],
    }


def main() -> int:
    """Run the benchmark. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Scans as ratios to the raw copy limit.")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the target")
    parser.add_argument("--sizes", default="", help="MiB of more targets, such as 256,1024,4096")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", default="", help="only those with this in their name")
    parser.add_argument("--peers", action="store_true", help="scanmem and PyMemoryEditor too")
    parser.add_argument("--json", type=Path, help="write the report to this file as well")
    options = parser.parse_args()
    report = measure(options.size, options.threads, options.rounds, options.cases, options.peers)
    print(table(report), flush=True)
    if options.sizes:
        wanted = [int(size) for size in options.sizes.split(",")]
        scaled: SizeReport = sizes(wanted, options.threads, min(options.rounds, 3))
        report["sizes"] = scaled
        print(sizes_table(scaled), flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['size_mib']} MiB, {report['threads']} threads, {report['isa']}, "
        f"medians of {report['rounds']}; raw {report['raw_gib_per_second']} GiB/s",
        f"{'case':<27} {'to raw':>6} {'needed':>7} {'1 thread':>8} {'seconds':>8} {'matches':>11} "
        f"{'read':>10} {'memory':>10} {'allowed':>7} {'old values':>11} {'disk':>11}",
    ]
    lines += [
        f"{row['case']:<27} {row['ratio']:>6.2f} {_needed(row, 'ratio'):>7} "
        f"{_alone(row, report['one_thread_needed']):>8} {row['seconds']:>8.4f} "
        f"{row['matches']:>11,} {row['read_mib']:>6.0f} MiB {row['memory_mib']:>6.1f} MiB "
        f"{'yes' if row['memory_is_allowed'] else 'no !':>7} {row['values_mib']:>7.1f} MiB "
        f"{row['disk_mib']:>7.1f} MiB"
        for row in report["cases"]
    ]
    lines += [
        f"{row['job']:<30} {row['times']:>7.1f} times as fast, needed {_needed(row, 'times')}: "
        f"{row['their_seconds']:.2f} s against {row['our_seconds']:.3f} s"
        for row in report["peers"]
    ]
    return "\n".join(lines)


def _alone(row: dict[str, Any], needed: float) -> str:
    """How fast one thread is, of all."""
    if row["one_thread"] is None:
        return ""
    return f"{row['one_thread']:.2f}{'' if row['one_thread'] >= needed else ' !'}"


def _needed(row: dict[str, Any], what: str) -> str:
    return f"{row['needed']:g}{'' if row[what] >= row['needed'] else ' !'}"


if __name__ == "__main__":
    raise SystemExit(main())
