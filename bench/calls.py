"""What small calls cost: reads and writes, many at once, looks, iteration, values that are held.

python bench/calls.py [--rounds N] [--json FILE]

Processor time a call, the lowest of some rounds, beside PyMemoryEditor where it is there, and
pread(2) of /proc/pid/mem. The target is a Python process that keeps some arrays.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from farfetch.scanner import Target, attach, i32

APART: Final = 12292  # bytes between scattered values: three pages and one value
MANY: Final = 1000
MATCHES: Final = 20_000
HELD: Final = 77
INTERVAL: Final = 0.001

_TARGET: Final = """
import ctypes, random, sys, time
spread = (ctypes.c_int32 * (3 << 20))(*[1] * 1024)
for at in range(0, len(spread), 64): spread[at] = at
dense = (ctypes.c_int32 * 20000)(*[123454321] * 20000)
held = (ctypes.c_int32 * 6400)(*[77] * 6400)
print(*map(ctypes.addressof, (spread, dense, held)), flush=True)
for line in sys.stdin:
    count, times = int(line), []
    for _ in range(200):
        time.sleep(random.uniform(0.003, 0.006))
        at = random.randrange(count) * 64
        held[at], begin = 5, time.perf_counter()
        while held[at] != 77: pass
        times.append(time.perf_counter() - begin)
    print(*times, flush=True)
"""


class Case(NamedTuple):
    """What was measured.

    Attributes:
        name: of what is called.
        unit: of the rest.
        ours: what it costs.
        needed: what it may cost.
        theirs: what PyMemoryEditor takes for it, or pread(2).
    """

    name: str
    unit: str
    ours: float
    needed: float
    theirs: float | None = None


@contextmanager
def process() -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Start the target; it comes with where its arrays are."""
    command = [sys.executable, "-c", _TARGET]
    pipes = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipes, stdout=pipes, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, [int(word) for word in running.stdout.readline().split()]
        finally:
            running.kill()


def cost(call: Callable[[], object], times: int, rounds: int) -> float:
    """Microseconds of processor time that a call takes."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        for _ in range(times):
            call()
        best = min(best, time.process_time() - begin)
    return best / times * 1e6


def small(target: Target, at: int, rounds: int) -> list[Case]:
    """One value, and a thousand that are scattered."""
    places = [at + index * APART for index in range(MANY)]
    watch = target.watch((place, i32) for place in places)
    read_theirs: float | None = None
    write_theirs: float | None = None
    with suppress(ImportError):
        from PyMemoryEditor import OpenProcess

        assert target.pid is not None
        with OpenProcess(pid=target.pid) as theirs:
            read_theirs = cost(lambda: theirs.read_process_memory(at, int, 4), 2000, rounds)
            write_theirs = cost(lambda: theirs.write_process_memory(at, int, 4, 5), 2000, rounds)
    file = os.open(f"/proc/{target.pid}/mem", os.O_RDONLY)
    raw = cost(lambda: [os.pread(file, 4, place) for place in places], 20, rounds)
    os.close(file)
    values = [5] * MANY
    return [
        Case(
            "read one i32", "us", cost(lambda: target.read(at, i32), 2000, rounds), 4, read_theirs
        ),
        Case(
            "write one i32",
            "us",
            cost(lambda: target.write(at, i32, 5), 2000, rounds),
            4,
            write_theirs,
        ),
        Case(
            "read_many, 1,000 scattered",
            "us",
            cost(lambda: target.read_many(places, i32), 20, rounds),
            900,
            raw,
        ),
        Case(
            "write_many, 1,000 scattered",
            "us",
            cost(lambda: target.write_many(places, i32, values), 20, rounds),
            1800,
        ),
        Case("look at 1,000 watched places", "us", cost(watch.look, 20, rounds), 1500),
    ]


def iteration(target: Target, rounds: int) -> Case:
    """All matches of a scan, one after the other."""
    with target.scan(i32) as scan:
        scan.first("now == 123454321")
        matches = scan.matches
        spent = cost(lambda: [match.value for match in matches], 1, rounds)
        return Case("iterate 20,000 matches", "ms", spent / 1000 * MATCHES / len(matches), 20)


def holding(
    target: Target, running: subprocess.Popen[str], at: int, count: int, seconds: float
) -> list[Case]:
    """Values that are frozen: how soon one is put back, and what holding them costs."""
    assert running.stdin is not None
    assert running.stdout is not None
    held = [target.freeze(at + index * 256, i32, HELD, interval=INTERVAL) for index in range(count)]
    spent, begin = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    share = (time.process_time() - spent) / (time.perf_counter() - begin) * 100
    running.stdin.write(f"{count}\n")
    running.stdin.flush()
    back = statistics.median(map(float, running.stdout.readline().split())) * 1000
    for one in held:
        one.stop()
    return [
        Case(f"freeze {count} at 1 ms: put back, median", "ms", back, 0.3),
        Case(f"freeze {count} at 1 ms: processor", "%", share, 3),
    ]


def main() -> int:
    """Measure. Returns the exit code."""
    parser = argparse.ArgumentParser(description="What small calls cost.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0, help="that a frozen value is held")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with process() as (running, (spread, _, held)), attach(running.pid) as target:
        cases = small(target, spread, chosen.rounds)
        cases.append(iteration(target, chosen.rounds))
        for count in (1, 100):
            cases += holding(target, running, held, count, chosen.seconds)
    for case in cases:
        other = "" if case.theirs is None else f"  others {case.theirs:9.2f}"
        missed = "" if case.ours <= case.needed else " !"
        print(f"{case.name:<36}{case.ours:9.2f} {case.unit}  needed {case.needed:g}{missed}{other}")
    if chosen.json:
        chosen.json.write_text(json.dumps([case._asdict() for case in cases], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
