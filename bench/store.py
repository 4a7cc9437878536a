"""What keeping old values costs: by kind of data, by density of matches, first and warm.

    python bench/store.py [--size MIB] [--threads N] [--rounds N] [--cases TEXT] [--real]
                          [--json FILE]

Each ratio is to a raw read of the same memory just before; cpu is that of the processor time, which
tells more where others use the machine too. A target that has just begun is read twice before, as
the second read of a page costs half as much again as all later ones. Before each case as much
memory as it may take is touched and freed: on virtual machines memory that was free for some
seconds comes from the host again, which costs many times what is measured here. ``first`` is a
target's first scan, ``again`` its second one, while the first's values are still held, and ``warm``
a third one. Peak is the most memory that this process had meanwhile, Python's own included; ! marks
what is above the budget for old values, 128 MiB and a bit a slot. ``beyond`` has room in memory for
a quarter of what it keeps; its ratio, and its seconds a GiB, are to writing the rest past the page
cache just before, to files of the same folder. Of small values less goes there, as what is oldest
in memory is packed first. ``--real`` scans processes of Python, and of Node.js where there is one,
with much memory, too.

What bounds a first scan of unknown values: the kernel clears the pages that it gives. Two threads
that read straight to new huge pages and do nothing else come to 0.72 of raw, a scan to 0.58 to
0.73; with a third that populates them ahead (MADV_POPULATE_WRITE) to 0.45, as it takes its time
from the two, and where each populates its own before it reads to 0.72 again. Fewer pages would
help: with a base and a width of bits for each piece 20-bit numbers took 0.63 of their bytes, floats
0.84, pointers by their halves 0.42; the memory of real programs, in which next to no piece is of
small integers, CPython's 0.81 (54 % of the pieces) and Node.js's 0.84 (26 %). On a thread of its
own ff_kernels' frame(), which finds base and width, goes through 85 GB/s of what is in the cache
with AVX-512 for both widths of words, 39 with AVX2, 8.6 with SSE2, frame_pack() through 72, 48 and
24, frame_unpack() through 67, 45 and 22; from memory, with AVX-512, 18, 17 and 10; two threads read
raw at 14. So where there is room values are kept as they were read. They are packed only when they
would leave memory, where that saves a quarter (packed.c): a first scan of small values with room
for a third of them took 1.6 times the processor time, and 0.63 of the disk.

What is packed is widened 16 pages at a time in the cache, and compared there. A step that finds all
unchanged took 1.04 and 1.05 times what it takes where values lie as they were (0.29 s a GiB beside
0.28; 0.07 s of it not the kernel's, beside 0.06; others used the machine too), a twelfth of them on
disk: that is the most that comparing them as they come out of the bits could spare.

A next scan of few of the values took 1.4 times a raw read's processor time, and 2.7 times where it
compared values by an amount, as ff_values_scatter() spread the old ones over the chunk to compare
all of it. Side by side (thin.c) 0.3 % to 1 % take 1.0 to 1.1 times, 3 % 1.1, and 10 %, which are
pieces, 1.4.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from cases import MEMORY, MIB, anonymous_memory, begin_peak, peak_memory, warm
from farfetch.scanner import Budget, Scan, ScanResult, Target, attach
from raw import disk_rate, raw_seconds, settle

from support.targets import TargetProcess

#: Kinds of data, the type they are scanned as, and what is aimed at: first, warm, and a next scan.
KINDS: Final = {
    "mixed": ("i32", 0.70, 0.80, 0.70),
    "small": ("i32", 0.58, 0.75, 0.70),
    "random": ("i32", 0.50, 0.75, 0.70),
    "floats": ("f32", 0.50, 0.75, 0.70),
    "pointers": ("u64", 0.58, 0.75, 0.70),
    "text": ("i32", 0.45, 0.75, 0.70),
}
#: Percent of the values that match, of the small ones.
DENSITIES: Final = (0.001, 0.01, 0.1, 0.3, 0.5, 1.0, 3.0, 10.0, 30.0, 100.0)
STEPS: Final = ("unchanged", "changed", "decreased")
#: What the last round tells; peak is the most that the process had, from allowed on it is too much.
KEPT: Final = ("needed", "matches", "memory_mib", "disk_mib", "peak_mib", "allowed_mib")
#: Seconds that a stored GiB takes beyond the tier, and takes the disk alone.
BY_GIB: Final = ("seconds_a_stored_gib", "disk_seconds_a_gib")
GIB: Final = 1 << 30
SMALL: Final = 1 << 20  # all values of that kind are below

#: Programs that make much memory of their objects, when told how many MiB.
REAL: Final = {
    "python3": (
        "import sys; n = int(sys.argv[1]) * 4096; "
        "kept = [{'id': i, 'hp': i % 100, 'at': (i * 0.5, i * 0.25)} for i in range(n // 2)]; "
        "print('ready', flush=True); sys.stdin.read()"
    ),
    "node": (
        "const n = +process.argv[1] * 4096; const kept = [];"
        "for (let i = 0; i < n; i++) kept.push({id: i, hp: i % 100, at: [i * 0.5, i * 0.25]});"
        "console.log('ready'); process.stdin.resume(); process.stdin.on('end', () => kept.length)"
    ),
}


class Bench:
    """Ratios of each case, by round.

    Attributes:
        rows: of each case: what is aimed at, and what it came to.
        rates: raw ones, in bytes a second.
        budget: bytes of memory for old values.
    """

    def __init__(self, threads: int, wanted: str) -> None:
        self.threads = threads
        self.wanted = wanted
        self.rows: dict[str, dict[str, Any]] = {}
        self.rates: list[float] = []
        self.budget = Budget().of("/var/tmp").values

    def wants(self, *names: str) -> bool:
        """Whether any of some cases is asked for."""
        return any(self.wanted in name for name in names)

    def take(
        self, name: str, needed: float, scan: Scan, step: str, pid: int, *, first: bool = False
    ) -> ScanResult:
        """Take a step of a scan beside a raw read, and note what it came to.

        Args:
            name: of the case.
            needed: the ratio that is aimed at.
            scan: that takes the step.
            step: its predicate.
            pid: of the target.
            first: it is a first one, whatever there was before.
        """
        ranges = selected(scan)
        size = sum(end - start for start, end in ranges)
        warm(size)
        used = processor_time()
        raw = raw_seconds(pid, ranges, self.threads)
        used_raw, used = processor_time() - used, processor_time()
        begin_peak()
        result = scan.first(step) if first else scan.next(step)
        self.rates.append(size / raw)
        self.note(
            name, needed, scan, result, raw, used_raw / (processor_time() - used), self.budget
        )
        return result

    def note(
        self,
        name: str,
        needed: float,
        scan: Scan,
        result: ScanResult,
        limit: float,
        cpu: float,
        budget: int,
    ) -> dict[str, Any]:
        """Note what a step came to beside what took so many seconds, and what memory it took.

        Args:
            name: of the case.
            needed: the ratio that is aimed at.
            scan: that took the step.
            result: of the step.
            limit: seconds of what it is compared with.
            cpu: what that took of processor time, to what the step took.
            budget: bytes of memory for old values.

        Returns:
            The case's row.
        """
        row = self.rows.setdefault(name, {"needed": needed, "ratio": [], "cpu": [], "seconds": []})
        row["ratio"].append(limit / result.seconds)
        row["cpu"].append(cpu)
        row["seconds"].append(result.seconds)
        row["matches"] = result.matches
        row["memory_mib"] = round(anonymous_memory() / MIB, 1)
        row["disk_mib"] = round(scan.disk / MIB, 1)
        row["peak_mib"] = max(row.get("peak_mib", 0.0), round(peak_memory() / MIB, 1))
        row["allowed_mib"] = round((budget + MEMORY + result.bytes // scan.align // 8) / MIB, 1)
        return row

    def report(self) -> list[dict[str, Any]]:
        """The cases with their medians."""
        return [
            {
                "case": name,
                "ratio": round(statistics.median(row["ratio"]), 3),
                "cpu": round(statistics.median(row["cpu"]), 3),
                "seconds": round(statistics.median(row["seconds"]), 4),
                **{key: row[key] for key in KEPT},
                **{key: round(statistics.median(row[key]), 3) for key in BY_GIB if key in row},
            }
            for name, row in self.rows.items()
        ]


def processor_time() -> float:
    """Seconds of processor time that this process has taken; waiting is not in it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def selected(scan: Scan) -> Sequence[tuple[int, int]]:
    """The ranges that a scan looks at, as the target is now."""
    regions = scan.target.regions()
    return scan.where.select(regions, scan.target.modules(regions))


@contextmanager
def scanning(target: Target, type_: str, where: str, bench: Bench) -> Iterator[Scan]:
    """A scan that reads all there is: soft-dirty bits would spare most of it."""
    options: dict[str, Any] = {"threads": bench.threads, "soft_dirty": False}
    budget = Budget(values=bench.budget)
    with target.scan(type_, where=where, budget=budget, **options) as scan:
        yield scan


def kinds(bench: Bench, size: int) -> None:
    """All kinds of data, once."""
    for kind, (type_, first, warmed, following) in KINDS.items():
        names = [f"{kind}: {what}" for what in ("first", "again", "warm", *STEPS)]
        if not bench.wants(*names):
            continue
        with TargetProcess("values", str(size), kind, timeout=120) as process:
            where = "{start}..{end}".format(**process.greeting)
            with attach(process.pid) as target, scanning(target, type_, where, bench) as s:
                settle(process.pid, selected(s), bench.threads)
                bench.take(names[0], first, s, "unknown", process.pid, first=True)
                bench.take(names[1], first, s, "unknown", process.pid, first=True)
                bench.take(names[2], warmed, s, "unknown", process.pid, first=True)
                process.command("dirty 1")
                for step in STEPS:
                    bench.take(f"{kind}: {step}", following, s, step, process.pid)
                    s.undo()
                    s.forget()


def densities(bench: Bench, size: int) -> None:
    """Each share of the values, once: a first scan, a warm one, and a next one."""
    with TargetProcess("values", str(size), "small", timeout=120) as process:
        where = "{start}..{end}".format(**process.greeting)
        for percent in DENSITIES:
            names = [f"{percent:g} %: {what}" for what in ("first", "warm", "next")]
            if not bench.wants(*names):
                continue
            step = f"now < {round(SMALL * percent / 100)}"
            with attach(process.pid) as target, scanning(target, "i32", where, bench) as s:
                settle(process.pid, selected(s), bench.threads)
                bench.take(names[0], 0.55, s, step, process.pid, first=True)
                s.first("now == -1")
                bench.take(names[1], 0.70, s, step, process.pid, first=True)
                if 0.3 <= percent <= 10:
                    bench.take(names[2], 0.71, s, "unchanged", process.pid)


def beyond(bench: Bench, size: int) -> None:
    """Values of which a quarter has room in memory: random ones, and small ones, which pack."""
    kept = size * MIB // 4
    for kind in ("random", "small"):
        name = f"beyond, {kind}: first"
        if not bench.wants(name):
            continue
        with TargetProcess("values", str(size), kind, timeout=120) as process:
            where = "{start}..{end}".format(**process.greeting)
            options: dict[str, Any] = {"threads": bench.threads, "soft_dirty": False}
            with (
                attach(process.pid) as target,
                target.scan("i32", where=where, budget=Budget(values=kept), **options) as scan,
            ):
                _beyond(bench, name, scan, kept, size * MIB - kept)


def _beyond(bench: Bench, name: str, scan: Scan, kept: int, rest: int) -> None:
    """A first scan that has room in memory for some bytes, and none for so many more."""
    warm(kept)
    used = processor_time()
    raw = GIB / disk_rate(scan.directory, rest, bench.threads)
    used_raw, used = processor_time() - used, processor_time()
    begin_peak()
    result = scan.first("unknown")
    cpu = used_raw / (processor_time() - used)
    stored = rest / GIB
    row = bench.note(name, 0.8, scan, result, raw * stored, cpu, kept)
    for key, seconds in zip(BY_GIB, (result.seconds / stored, raw), strict=True):
        row.setdefault(key, []).append(seconds)


def real(bench: Bench, size: int) -> None:
    """Processes of programs that people run."""
    for program, source in REAL.items():
        names = [f"{program}: {what}" for what in ("first", "again", "warm", *STEPS)]
        path = sys.executable if program == "python3" else shutil.which(program)
        if path is None or not bench.wants(*names):
            continue
        option = "-c" if program == "python3" else "-e"
        command = [path, option, source, str(size)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            with (
                attach(process.pid) as target,
                scanning(target, "i32", "writable", bench) as scan,
            ):
                settle(process.pid, selected(scan), bench.threads)
                for name, needed in zip(names, (0.5, 0.5, 0.75), strict=False):
                    bench.take(name, needed, scan, "unknown", process.pid, first=True)
                for step in STEPS:
                    bench.take(f"{program}: {step}", 0.70, scan, step, process.pid)
                    scan.undo()
                    scan.forget()
            process.stdin.close()


def main() -> int:
    """Run the benchmark. Returns the exit code."""
    parser = argparse.ArgumentParser(description="What keeping old values costs, to a raw copy.")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the targets")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", default="", help="only those with this in their name")
    parser.add_argument("--real", action="store_true", help="programs with objects, too")
    parser.add_argument("--json", type=Path, help="write the report to this file as well")
    options = parser.parse_args()
    bench = Bench(options.threads, options.cases)
    for _ in range(options.rounds):
        kinds(bench, options.size)
        densities(bench, options.size)
        beyond(bench, options.size)
        if options.real:
            real(bench, options.size)
    report = {
        "size_mib": options.size,
        "threads": options.threads,
        "rounds": options.rounds,
        "raw_gib_per_second": round(statistics.median(bench.rates or [0.0]) / GIB, 2),
        "memory_mib": MEMORY // MIB,
        "cases": bench.report(),
    }
    print(table(report), flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['size_mib']} MiB, {report['threads']} threads, medians of {report['rounds']}; "
        f"raw {report['raw_gib_per_second']} GiB/s",
        f"{'case':<22} {'to raw':>6} {'needed':>8} {'cpu':>5} {'seconds':>8} {'matches':>11} "
        f"{'memory':>11} {'disk':>11} {'peak':>11}",
    ]
    lines += [
        f"{row['case']:<22} {row['ratio']:>6.2f} "
        f"{row['needed']:>6.2f} {' ' if row['ratio'] >= row['needed'] else '!'} "
        f"{row['cpu']:>5.2f} {row['seconds']:>8.4f} {row['matches']:>11,} "
        f"{row['memory_mib']:>7.1f} MiB {row['disk_mib']:>7.1f} MiB "
        f"{row['peak_mib']:>7.1f} MiB{'' if row['peak_mib'] <= row['allowed_mib'] else ' !'}"
        for row in report["cases"]
    ]
    lines += [
        f"{row['case']:<22} {row[BY_GIB[0]]:.2f} s a stored GiB; "
        f"the disk alone {row[BY_GIB[1]]:.2f}"
        for row in report["cases"]
        if BY_GIB[0] in row
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
