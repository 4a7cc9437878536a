"""The same job by scanmem (Debian's) and by PyMemoryEditor (PyPI's), on the same target."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from farfetch.scanner import Target

from support.targets import TargetProcess


@dataclass
class Peer:
    """One job, by another program and by us.

    Attributes:
        name: in the table.
        needed: how many times as fast we are to be.
        theirs: seconds.
        ours: seconds.
    """

    name: str
    needed: float
    theirs: float
    ours: float

    def row(self) -> dict[str, Any]:
        """The job as one object of the report."""
        return {
            "job": self.name,
            "times": round(self.theirs / self.ours, 1),
            "needed": self.needed,
            "their_seconds": round(self.theirs, 2),
            "our_seconds": round(self.ours, 3),
        }


def _ours(target: Target, steps: list[str], threads: int, where: str) -> float:
    """Seconds that some scans take us, from the first to the last."""
    options: dict[str, Any] = {"threads": threads, "soft_dirty": False}
    best = []
    for _ in range(3):
        with target.scan("i32", where=where, **options) as scan:
            seconds = scan.first(steps[0]).seconds
            seconds += sum(scan.next(step).seconds for step in steps[1:])
            best.append(seconds)
    return sorted(best)[1]


def _scanmem(pid: int, commands: str) -> float:
    """Seconds of a run of scanmem, without those that starting and ending it take."""

    def run(words: str) -> float:
        begin = time.perf_counter()
        subprocess.run(
            ["scanmem", f"--pid={pid}", f"--command={words};exit"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        return time.perf_counter() - begin

    setting = "option scan_data_type int32;option region_scan_level 2"
    return run(f"{setting};{commands}") - run(setting)


def _editor(pid: int, value: int) -> float:
    from PyMemoryEditor import OpenProcess

    with OpenProcess(pid=pid) as process:
        begin = time.perf_counter()
        for _ in process.search_by_value(int, 4, value, writeable_only=True):
            pass
        return time.perf_counter() - begin


def peers(process: TargetProcess, target: Target, threads: int) -> list[Peer]:
    """Measure all jobs once; this takes minutes."""
    needle, where = process.greeting.number("needle"), "writable"
    rare = _ours(target, [f"now == {needle}"], threads, where)
    found = []
    if shutil.which("scanmem"):
        again = _ours(target, ["unknown", "unchanged"], threads, where)
        found += [
            Peer("scanmem: rare i32", 15, _scanmem(process.pid, f"{needle}"), rare),
            Peer("scanmem: unknown, unchanged", 100, _scanmem(process.pid, "snapshot;="), again),
        ]
    zeros = _ours(target, ["now == 0"], threads, where)
    found += [
        Peer("PyMemoryEditor: rare i32", 15, _editor(process.pid, needle), rare),
        Peer("PyMemoryEditor: i32 == 0", 100, _editor(process.pid, 0), zeros),
    ]
    return found
