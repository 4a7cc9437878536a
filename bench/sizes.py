"""How scans scale: some cases on targets of several sizes, one target at a time."""

from __future__ import annotations

import re
import statistics
from pathlib import Path
from typing import Any, Final, TypedDict

from cases import MIB, cases
from farfetch.scanner import attach

from support.targets import TargetProcess

CASES: Final = ("i32 == rare, align 4", "i32 == 0", "unknown value", "then changed")
#: How much longer the slowest size may take for a GiB than the fastest.
SPREAD: Final = 1.25


class SizeReport(TypedDict):
    """What was measured.

    Attributes:
        sizes_mib: of the targets.
        left_out_mib: sizes that this machine has no room for.
        cases: an object each, with a list by size of each thing.
    """

    sizes_mib: list[int]
    left_out_mib: list[int]
    cases: list[dict[str, Any]]


def sizes(wanted: list[int], threads: int, rounds: int) -> SizeReport:
    """Measure targets of so many MiB each."""
    report = SizeReport(sizes_mib=[], left_out_mib=[], cases=[{"case": one} for one in CASES])
    for size in wanted:
        if size * MIB > _available() * 3 // 4:  # old values want some of the page cache
            report["left_out_mib"].append(size)
            continue
        report["sizes_mib"].append(size)
        with TargetProcess("big", str(size), timeout=600) as process, attach(process.pid) as target:
            every = {one.name: one for one in cases(process.greeting.number("needle"))}
            for _ in range(rounds):
                for name in CASES:
                    every[name].run(process, target, threads, alone=False)
        for column in report["cases"]:
            case = every[column["case"]]
            row = case.row()
            seconds = statistics.median(case.seconds) * 1024 / size
            column.setdefault("seconds_per_gib", []).append(round(seconds, 4))
            for name in ("ratio", "memory_mib", "memory_is_allowed", "values_mib", "disk_mib"):
                column.setdefault(name, []).append(row[name])
    for column in report["cases"]:
        taken = column.get("seconds_per_gib") or [0.0]
        column["spread"] = round(max(taken) / min(taken), 2) if min(taken) else None
        column["is_linear"] = column["spread"] is not None and column["spread"] <= SPREAD
        column["is_flat"] = all(column.get("memory_is_allowed", ()))
    return report


def sizes_table(report: SizeReport) -> str:
    """The report for people."""
    heads = "".join(f"{size:>8} MiB" for size in report["sizes_mib"])
    lines = [f"\n{'by size':<24} {'':<10}{heads}"]
    for case in report["cases"]:
        linear = f"slowest {case['spread']} times the fastest{'' if case['is_linear'] else ' !'}"
        flat = "no more than the budget, 128 MiB and a bit a slot"
        for name, what, verdict in (
            ("seconds_per_gib", "s/GiB", linear),
            ("memory_mib", "memory MiB", flat if case["is_flat"] else "too much !"),
            ("values_mib", "values MiB", ""),
            ("disk_mib", "disk MiB", ""),
        ):
            digits = 4 if name == "seconds_per_gib" else 1
            cells = "".join(f"{value:>12.{digits}f}" for value in case.get(name, ()))
            title = case["case"] if name == "seconds_per_gib" else ""
            lines.append(f"{title:<24} {what:<10}{cells}  {verdict}".rstrip())
    lines += [f"{size} MiB left out: too little memory" for size in report["left_out_mib"]]
    return "\n".join(lines)


def _available() -> int:
    """Bytes that this machine has room for; see proc_meminfo(5)."""
    found = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text())
    assert found is not None
    return int(found[1]) * 1024
