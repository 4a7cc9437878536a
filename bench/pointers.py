"""Pointer maps and scans, beside the raw copy limit and PyMemoryEditor.

    python bench/pointers.py [--sizes MIB,MIB] [--threads N] [--rounds N] [--peer] [--json FILE]

The target is ``web``: objects of 128 bytes with a pointer to a random other in each, and 4,097
bases in .bss. Medians count; what depends on the machine's memory is said as a ratio to a raw read
of the same bytes, in the same round. ``to reach`` is for two threads of a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from farfetch.scanner import PointerMap, Target, attach
from raw import raw_rate

from support.targets import Answer, TargetProcess

T = TypeVar("T")

BEST: Final = 1000  # paths of a first look
PEER_DEPTH: Final = 6
PEER_OFFSET: Final = 2048
OF_OURS: Final = 5  # rounds; the other one takes too long for more than one
SPAN: Final = ("start", "end")
HEAD: Final = f"{'case':<38} {'seconds':>8} {'to raw':>7} {'number':>16} {'B/pointer':>9}  to reach"


class Row(NamedTuple):
    """One case.

    Attributes:
        case: in words.
        seconds: median.
        to_raw: times the raw read of the same bytes; None where that says nothing.
        number: of pointers or paths.
        to_reach: in words.
        bytes: of memory and disk for each pointer; None where nothing was measured.
    """

    case: str
    seconds: float
    to_raw: float | None
    number: int
    to_reach: str
    bytes: float | None


class Bench:
    """The cases, on one target.

    Args:
        web: what the target said.
        other: another of the same web, in another place.
        threads: that work.
        rounds: of which medians are taken.
    """

    def __init__(self, web: Answer, other: Answer, threads: int, rounds: int) -> None:
        self._web, self._other = web, other
        self._threads, self._rounds = threads, rounds
        self.rows: list[Row] = []

    def run(self, target: Target, twin: Target) -> None:
        """All of them."""
        pointers = self._make(target)
        goal = self._web.number("goal")
        self._total(pointers, goal, 7, "<= 0.25 s for 1 GiB")
        self._all(pointers, goal, 6)
        self._best(pointers, goal, 12)
        self._compare(pointers, goal, twin, 7)
        self._file(pointers)

    def _median(self, work: Callable[[], T]) -> tuple[float, T]:
        took = []
        for _ in range(self._rounds):
            begin = time.perf_counter()
            made = work()
            took.append(time.perf_counter() - begin)
        return statistics.median(took), made

    def _add(
        self,
        case: str,
        seconds: float,
        count: int,
        to_reach: str = "",
        to_raw: float | None = None,
        per_pointer: float | None = None,
    ) -> None:
        row = Row(case, seconds, to_raw, count, to_reach, per_pointer)
        self.rows.append(row)
        print(said(row), flush=True)

    def _make(self, target: Target) -> PointerMap:
        start, end = map(self._web.number, SPAN)
        ratios, took = [], []
        for _ in range(self._rounds):
            raw = (end - start) / raw_rate(self._web.number("pid"), start, end, self._threads)
            begin = time.perf_counter()
            pointers = target.pointer_map(threads=self._threads)
            took.append(time.perf_counter() - begin)
            ratios.append(took[-1] / raw)
        self._add(
            "a map, sorted",
            statistics.median(took),
            len(pointers),
            "<= 4 x raw",
            statistics.median(ratios),
            _per_pointer(pointers),
        )
        return pointers

    def _total(self, pointers: PointerMap, goal: int, depth: int, to_reach: str) -> None:
        seconds, paths = self._median(lambda: pointers.scan(goal, depth, threads=self._threads))
        self._add(f"the total of depth {depth}", seconds, paths.total, to_reach)

    def _all(self, pointers: PointerMap, goal: int, depth: int) -> None:
        def every() -> int:
            return sum(1 for _ in pointers.scan(goal, depth, threads=self._threads))

        seconds, count = self._median(every)
        self._add(f"all paths of depth {depth}", seconds, count, "<= 0.5 s for 256 MiB")

    def _best(self, pointers: PointerMap, goal: int, depth: int) -> None:
        def best() -> float:
            with pointers.scan(goal, depth, threads=self._threads) as paths:
                assert len(paths[:BEST]) == BEST
                totals.append(paths.total)
                return _per_pointer(pointers)

        totals: list[int] = []
        seconds, per_pointer = self._median(best)
        case = f"the total and best {BEST:,} of depth {depth}"
        self._add(case, seconds, totals[0], "<= 1 s for 1 GiB", None, per_pointer)

    def _compare(self, pointers: PointerMap, goal: int, twin: Target, depth: int) -> None:
        second = twin.pointer_map(threads=self._threads)
        other = self._other.number("goal")

        def both() -> int:
            paths = second.scan(other, depth, threads=self._threads, compare=[(pointers, goal)])
            return sum(1 for _ in paths)

        seconds, count = self._median(both)
        self._add(f"two maps compared, all of depth {depth}", seconds, count, "<= 2 s")

    def _file(self, pointers: PointerMap) -> None:
        with tempfile.TemporaryDirectory() as folder:
            name = Path(folder, "web.ffmap")
            seconds, _ = self._median(lambda: pointers.save(name))
            self._add("saved", seconds, len(pointers))
            seconds, loaded = self._median(lambda: PointerMap.load(name, threads=self._threads))
            self._add("loaded, and looked at", seconds, len(loaded))


def peer(web: Answer, target: Target, threads: int) -> list[str]:
    """PyMemoryEditor's pointer scan, once, and the median of ours, of the same depth and offset.

    Each begins with nothing.
    """
    from PyMemoryEditor import OpenProcess

    goal = web.number("goal")
    with OpenProcess(pid=web.number("pid")) as process:
        begin = time.perf_counter()
        theirs = sum(
            1
            for _ in process.scan_pointer_paths(goal, max_depth=PEER_DEPTH, max_offset=PEER_OFFSET)
        )
        their_seconds = time.perf_counter() - begin
    took = []
    for _ in range(OF_OURS):
        begin = time.perf_counter()
        with target.pointer_map(threads=threads) as pointers:
            paths = pointers.scan(goal, PEER_DEPTH, max_offset=PEER_OFFSET, threads=threads)
            ours = sum(1 for _ in paths)
        took.append(time.perf_counter() - begin)
    our_seconds = statistics.median(took)
    return [
        f"PyMemoryEditor, depth {PEER_DEPTH}, offset {PEER_OFFSET}: {their_seconds:.2f} s for "
        f"{theirs:,} paths; ours {our_seconds:.3f} s for {ours:,}: "
        f"{their_seconds / our_seconds:.0f} times as fast, needed 50"
    ]


def said(row: Row) -> str:
    """A row for people."""
    raw = f"{row.to_raw:.2f}" if row.to_raw is not None else ""
    per_pointer = f"{row.bytes:.1f}" if row.bytes is not None else ""
    return (
        f"{row.case:<38} {row.seconds:>8.3f} {raw:>7} {row.number:>16,} {per_pointer:>9}  "
        f"{row.to_reach}"
    )


def _per_pointer(pointers: PointerMap) -> float:
    info = pointers.info
    return (info.memory + info.disk) / max(1, len(pointers))


def main() -> int:
    """Run the benchmark. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Pointer maps and scans.")
    parser.add_argument("--sizes", default="256,1024", help="MiB of the targets")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", action="store_true", help="PyMemoryEditor too, on the smallest")
    parser.add_argument("--json", type=Path, help="write the rows to this file as well")
    options = parser.parse_args()
    report: dict[str, Any] = {"threads": options.threads, "rounds": options.rounds}
    for size in options.sizes.split(","):
        with ExitStack() as stack:
            webs = [stack.enter_context(TargetProcess("web", size, timeout=120)) for _ in range(2)]
            targets = [stack.enter_context(attach(web.pid)) for web in webs]
            print(f"{size} MiB, {options.threads} threads, medians of {options.rounds}")
            print(HEAD, flush=True)
            bench = Bench(webs[0].greeting, webs[1].greeting, options.threads, options.rounds)
            bench.run(*targets)
            report[size] = [row._asdict() for row in bench.rows]
            if options.peer:
                print("\n".join(peer(webs[0].greeting, targets[0], options.threads)))
                options.peer = False
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
