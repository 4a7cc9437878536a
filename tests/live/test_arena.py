"""Old values in memory: as they were, within their budget, used again, and given back."""

from __future__ import annotations

import ctypes
import os
import re
import resource
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import Budget, ForkedError, Progress, Scan, attach, i32

from support import apart
from support.targets import Spawn, TargetProcess

MIB = 1 << 20
KINDS = ("mixed", "small", "random", "floats", "pointers", "text")
PR_SET_THP_DISABLE = 41


def anonymous() -> int:
    """Bytes of this process that are no file's."""
    found = re.search(r"^RssAnon:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def where_of(process: TargetProcess) -> str:
    return f"{process.greeting['start']}..{process.greeting['end']}"


def old_of(scan: Scan) -> list[tuple[int, Any, Any]]:
    """Some matches with their old values, from everywhere."""
    return [(match.address, match.previous, match.first) for match in scan[:: len(scan) // 997 + 1]]


def steps_of(scan: Scan, process: TargetProcess) -> Iterator[Any]:
    """What each of some steps leaves: equal wherever old values lie."""
    yield scan.first().matches, old_of(scan)
    process.command("dirty 30")
    for step in ("changed", "unchanged", "now > prev", "changed or unchanged"):
        yield scan.next(step).matches, old_of(scan)
        if step != "changed or unchanged":
            scan.undo()
    process.command("dirty 100")
    scan.snapshot("lunch")
    yield scan.next("now == @lunch and now != first").matches, old_of(scan)
    scan.undo()
    yield scan.next("now < 524288").matches, old_of(scan)
    for step in ("now != prev or now == prev", "now in 0..60000", "unchanged", "now < first + 9"):
        yield scan.next(step).matches, old_of(scan)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", [None, 12_000])
def test_where_old_values_lie_makes_no_difference(
    kind: str, chunk: int | None, spawn: Spawn
) -> None:
    """On disk, in memory, and in both: the same bytes change in the same order in each."""
    seen = []
    for values in (0, 6 * MIB, 256 * MIB):
        process = spawn("values", "16", kind)
        size, start = 16 * MIB, process.greeting.number("start")
        with attach(process.pid) as target:
            options: dict[str, Any] = {"threads": 2, "chunk": chunk, "soft_dirty": False}
            budget = Budget(values=values)
            scan = target.scan(i32, where=where_of(process), budget=budget, **options)
            left = list(steps_of(scan, process))
            assert (scan.values_memory > 0) == (values > 0)
            assert (scan.disk > 0) == (values < size)
            if kind == "pointers":  # each target's are its own
                left = [matches for matches, _ in left]
            else:
                left = [
                    (matches, [(address - start, *old) for address, *old in listed])
                    for matches, listed in left
                ]
            seen.append(left)
            scan.close()
    if kind != "pointers":
        assert all(one == other for one, other in pairwise(seen))
    assert all(one[0] == other[0] for one, other in pairwise(seen))


@pytest.mark.parametrize("values", [0, 256 * MIB])
def test_few_for_their_chunk_take_what_they_are(values: int, spawn: Spawn) -> None:
    process = spawn("values", "16", "small")
    options: dict[str, Any] = {"threads": 2, "chunk": 1 << 19, "soft_dirty": False}
    with (
        attach(process.pid) as target,
        target.scan(i32, where=where_of(process), budget=Budget(values=values), **options) as scan,
    ):
        found = scan.first("now < 52428").matches  # a twentieth
        kept = scan.values_memory + scan.disk
        assert 4 * found <= kept <= 4 * found + 33 * 4096
        old = old_of(scan)
        assert all(previous == first and previous < 52428 for _, previous, first in old)
        assert scan.next("unchanged").matches == found
        assert scan.values_memory + scan.disk == kept  # nothing twice
        assert old_of(scan) == old
        scan.next("now < 20000")
        assert [old[1:] for old in old_of(scan)] == [
            (match.value,) * 2 for match in scan[:: len(scan) // 997 + 1]
        ]
        scan.first("now < 0")
        assert (scan.values_memory, scan.disk) == (0, 0)


def measured(pid: int, where: str, values: int) -> dict[str, Any]:
    """What scans take of this process's memory, over and over."""
    said: dict[str, Any] = {"growth": [], "kept": []}
    with attach(pid) as target:
        before = anonymous()

        def look(_: Progress) -> None:
            said["growth"].append(anonymous() - before)

        budget = Budget(values=values)
        with target.scan(i32, where=where, budget=budget, soft_dirty=False) as scan:
            for _ in range(6):
                scan.first(progress=look)
                said["growth"].append(anonymous() - before)
                said["kept"].append([scan.values_memory, scan.disk])
            scan.next("changed or unchanged")
            scan.undo(2)
            scan.forget()
            said["forgotten"] = [scan.values_memory, scan.disk]
            scan.first()
        said["closed"] = anonymous() - before
    said["detached"] = anonymous() - before
    return said


@pytest.mark.parametrize("values", [8 * MIB, 100 * MIB])
def test_it_stays_within_its_budget_and_goes_with_the_target(values: int, spawn: Spawn) -> None:
    process = spawn("values", "64", "random")
    said = apart.run(measured, process.pid, where_of(process), values)
    assert max(said["growth"]) < values + 24 * MIB
    for memory, disk in said["kept"]:
        assert memory <= values
        assert 64 * MIB <= memory + disk < 66 * MIB
    assert said["kept"][0][0] > min(values, 64 * MIB) - 8 * MIB  # it is made use of
    assert said["forgotten"] == [0, 0]
    assert said["closed"] > values // 2  # for the next scan
    assert said["detached"] < 16 * MIB


def test_a_lower_limit_holds_from_the_next_first_scan_on(spawn: Spawn) -> None:
    process = spawn("values", "32", "random")
    with attach(process.pid) as target:
        where = where_of(process)
        scan = target.scan(i32, where=where, budget=Budget(values=64 * MIB))
        scan.first()
        assert target._arena.bytes >= 32 * MIB
        kept = old_of(scan)
        low = target.scan(i32, where=where, budget=Budget(values=4 * MIB))
        low.first()
        # what the other one has in memory is more than that, and goes to disk for it
        assert low.values_memory + scan.values_memory <= 4 * MIB
        assert low.disk >= 28 * MIB
        assert old_of(low) == old_of(scan) == kept
        scan.close()
        low.first()
        low.first()
        assert target._arena.bytes <= 4 * MIB
        assert low.disk + low.values_memory >= 32 * MIB
        assert [first for _, _, first in old_of(low)] == [first for _, _, first in kept]


def test_what_was_found_stays_when_the_target_is_closed(spawn: Spawn) -> None:
    process = spawn("values", "8", "random")
    target = attach(process.pid)
    scan = target.scan(i32, where=where_of(process), budget=Budget(values=64 * MIB))
    scan.first()
    step, before = scan.steps[0], process.greeting.number("start")
    value = step.value(before, 4, scan.directory)
    assert scan.values_memory == 8 * MIB
    target.close()
    assert target._arena.handle is None
    assert step.value(before, 4, scan.directory) == value
    scan.close()


def looked_at_by_a_child(pid: int, where: str) -> list[Any]:
    """What a child of the scanner has of the memory, and what the scanner has before it."""
    with attach(pid) as target:
        scan = target.scan(i32, where=where, budget=Budget(values=64 * MIB))
        scan.first()
        before = old_of(scan)
        reading, writing = os.pipe()
        ours = anonymous()
        child = os.fork()
        if not child:
            os.write(writing, f"{anonymous()} {len(refused(scan))}".encode())
            scan.close()
            target.close()
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = os.read(reading, 100).decode().split()
        again = scan.next("unchanged").matches
        return [status, *map(int, told), old_of(scan) == before, again, ours]


def refused(scan: Scan) -> list[str]:
    """What a child is told that asks for old values."""
    said = []
    for ask in (lambda: scan.values_memory, lambda: scan[0].previous):
        try:
            ask()
        except ForkedError as error:
            said.append(str(error))
    return said


def test_a_child_has_none_of_it(spawn: Spawn) -> None:
    process = spawn("values", "32", "random")
    status, childs, errors, same, left, ours = apart.run(
        looked_at_by_a_child, process.pid, where_of(process)
    )
    assert (status, errors, same, left) == (0, 2, True, 32 * MIB // 4)
    assert childs < ours - 31 * MIB  # and a little that is its own


def without_huge_pages(pid: int, where: str, start: int) -> Any:
    assert ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0
    return scanned(pid, where, start)


def with_little_address_space(pid: int, where: str, start: int) -> Any:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    return scanned(pid, where, start)


def with_no_more_memory(pid: int, where: str, start: int) -> Any:
    found = re.search(r"^VmData:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    most = int(found[1]) * 1024 + 64 * MIB
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return scanned(pid, where, start)


def scanned(pid: int, where: str, start: int) -> Any:
    with attach(pid) as target, target.scan(i32, where=where) as scan:
        scan.first()
        scan.next("unchanged")
        return [len(scan), scan.steps[0].value(start, 4, scan.directory).hex()]


@pytest.mark.parametrize(
    "refused", [without_huge_pages, with_little_address_space, with_no_more_memory]
)
def test_what_the_kernel_refuses_is_done_without(refused: Any, spawn: Spawn) -> None:
    process = spawn("values", "128", "random")
    start = process.greeting.number("start")
    found = apart.run(refused, process.pid, where_of(process), start)
    with attach(process.pid) as target:
        assert found == [128 * MIB // 4, target.read_bytes(start, 4).hex()]


def test_it_can_be_closed_amid_a_step(spawn: Spawn) -> None:
    process = spawn("values", "256", "random")
    with attach(process.pid) as target:
        arena = target._arena

        def close(_: Progress) -> None:
            arena.close()

        scan = target.scan(i32, where=where_of(process), threads=1, budget=Budget(values=1 << 30))
        scan.first(progress=close)
        arena.close()
        assert scan.values_memory + scan.disk == 256 * MIB
        assert scan.next("unchanged").matches == 256 * MIB // 4
        assert (arena.handle, arena.bytes) == (None, 0)
        scan.close()
