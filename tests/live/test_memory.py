"""What scanning costs the scanner: its own memory, its disk and its open files."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import Budget, Progress, ScanResult, attach, i32, now

from support import apart
from support.targets import Spawn, TargetProcess
from support.waiting import at_rest

MIB = 1 << 20


@pytest.fixture(scope="module")
def big() -> Iterator[TargetProcess]:
    with TargetProcess("big", "1024", timeout=60) as running:
        yield at_rest(running)


def anonymous() -> int:
    """Bytes of this process that are no file's."""
    found = re.search(r"^RssAnon:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def open_files() -> list[str]:
    """What this process holds open, other than the listing of it."""
    links = Path("/proc/self/fd").iterdir()
    return sorted(str(link.readlink()) for link in links if os.path.lexists(link))


def on_disk(folder: str) -> int:
    """Bytes of disk that the nameless files of a folder take, which this process holds open."""
    links = [link for link in Path("/proc/self/fd").iterdir() if os.path.lexists(link)]
    held = [link.stat() for link in links if str(link.readlink()).startswith(f"{folder}/")]
    # there may be two descriptors of one, by the page cache and past it
    return sum({one.st_ino: one.st_blocks * 512 for one in held}.values())


class Peak:
    """The most memory seen, beyond what there was at first."""

    def __init__(self) -> None:
        self.before = self.most = anonymous()

    def look(self, _: Progress | None = None) -> None:
        self.most = max(self.most, anonymous())

    @property
    def growth(self) -> int:
        self.look()
        return self.most - self.before


def allow_more(size: int) -> None:
    """Let the kernel refuse this process any more than that of memory of its own, at any moment."""
    found = re.search(r"^VmData:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    most = int(found[1]) * 1024 + size
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def scan_a_gibibyte(pid: int, start: int, needle: int, folder: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    with attach(pid) as target:
        where = f"{start:#x}..{start + (1 << 30):#x}"
        scan = target.scan(i32, where=where, directory=folder, budget=Budget(values=0))
        peak = Peak()
        allow_more(128 * MIB)
        steps: list[tuple[str, Callable[..., ScanResult], Any]] = [
            *(("rare", scan.first, now == needle), ("rare next", scan.next, "unchanged")),
            *(("unknown", scan.first, None), ("unchanged", scan.next, "unchanged")),
        ]
        for name, step, predicate in steps:
            said[name] = {
                "matches": step(predicate, progress=peak.look).matches,
                "growth": peak.growth,
                "disk": on_disk(folder),
            }
        scan.close()
        said["closed"] = on_disk(folder)
    return said


def test_a_gibibyte_takes_little_memory(big: TargetProcess, tmp_path: Path) -> None:
    given = (big.pid, big.greeting.number("start"), big.greeting.number("needle"), str(tmp_path))
    said = apart.run(scan_a_gibibyte, *given)
    needles = big.greeting.number("needles")
    assert said["rare"]["matches"] == said["rare next"]["matches"] == needles
    assert said["unknown"]["matches"] == said["unchanged"]["matches"] == (1 << 30) // 4
    for step in ("rare", "rare next", "unknown", "unchanged"):
        assert said[step]["growth"] < 128 * MIB, step
    # the old bytes are on disk, once: not the half that is zeros, the small quarter packed
    assert said["rare next"]["disk"] < MIB
    assert 384 * MIB <= said["unknown"]["disk"] < 432 * MIB
    assert said["unchanged"]["disk"] < said["unknown"]["disk"] + MIB
    assert said["closed"] == 0


def scan_often(pid: int, needle: int, folder: str) -> dict[str, Any]:
    """Attach and scan again and again; what it takes early on, and at the end."""

    def once() -> None:
        with attach(pid) as target, target.scan(i32, directory=folder) as scan:
            scan.first()
            scan.next(now == needle)
            scan.next("unchanged")
            assert list(scan[:5])
            scan.undo()
            scan.first(now != 0)

    for _ in range(50):
        once()
    files, memory = open_files(), anonymous()
    for _ in range(200):
        once()
    return {"files": [files, open_files()], "memory": [memory, anonymous()]}


def test_nothing_grows_over_many_scans(spawn: Spawn, tmp_path: Path) -> None:
    big = spawn("big", "1")
    given = (big.pid, big.greeting.number("needle"), str(tmp_path))
    said = apart.run(scan_often, *given)
    before, after = said["files"]
    assert before == after
    first, last = said["memory"]
    assert last - first < 2 * MIB


def scan_on(pid: int, folder: str) -> list[int]:
    """One scan narrowed and undone for long takes no more than at first."""
    taken = []
    budget = Budget(values=0)  # of steps that are not forgotten, which are there to go back to
    with attach(pid) as target, target.scan(i32, directory=folder, budget=budget) as scan:
        scan.first()
        for turn in range(200):
            scan.next("changed or unchanged")
            scan.next("now == first")
            scan.undo(2)
            if turn % 100 == 99:
                taken += [anonymous(), len(open_files())]
    return taken


def test_nothing_grows_over_many_steps(spawn: Spawn, tmp_path: Path) -> None:
    memory, files, memory_at_the_end, files_at_the_end = apart.run(
        scan_on, spawn("big", "1").pid, str(tmp_path)
    )
    assert files == files_at_the_end
    assert memory_at_the_end - memory < 2 * MIB
