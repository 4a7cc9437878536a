"""Pages that need not be read are not, and what is found is the same.

Soft-dirty bits are in Debian's kernels, so in those of the guests, whatever this machine has.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import Scan, Target, attach, i32
from farfetch.scanner.process.dirty_pages import keeps_soft_dirty

from support.apart import Apart
from support.mapped import PAGE, RESERVED, WRITTEN, gives_back, mostly_untouched, reservation
from support.targets import Spawn, TargetProcess

MIB = 1 << 20

needs_soft_dirty = pytest.mark.skipif(
    not keeps_soft_dirty() and "FARFETCH_GUEST" not in os.environ,
    reason="this kernel keeps no soft-dirty bits; the guest's does",
)


@pytest.fixture
def small_pages() -> Iterator[None]:
    """Start programs without huge pages, of which one write makes all dirty; see prctl(2)."""
    set_thp_disable = 41
    libc = ctypes.CDLL(None)
    assert libc.prctl(set_thp_disable, 1, 0, 0, 0) == 0
    yield
    assert libc.prctl(set_thp_disable, 0, 0, 0, 0) == 0


@pytest.mark.usefixtures("small_pages")
def test_memory_that_nobody_touched_is_not_read() -> None:
    size = 512 * MIB
    with Apart(mostly_untouched, size) as child:
        start = child.next()
        resident = resident_bytes(child.pid)
        with attach(child.pid) as target:
            scan = target.scan(i32, where=f"{start:#x}..{start + size:#x}")
            result = scan.first("now == 7")
            assert result.matches == 16
            assert result.bytes < size // 100
            assert result.unreadable == 0
            assert [match.address for match in scan] == [
                start + offset + 40 for offset in range(0, size, size // 16)
            ]
            result = scan.first("now == 0")
            assert result.matches == size // 4 - 16
            assert result.bytes < size // 100
            assert scan.first().matches == size // 4
            assert scan.values_memory == 16 * PAGE  # zeros are not stored
            assert scan.next("now == first").matches == size // 4
            # all this has not made the target any bigger
            assert resident_bytes(child.pid) - resident < MIB


@pytest.mark.usefixtures("small_pages")
def test_a_reservation_costs_what_was_touched_of_it() -> None:
    with Apart(reservation) as child:
        start = child.next()
        tables = page_tables(child.pid)
        where = f"{start:#x}..{start + RESERVED:#x}"
        with attach(child.pid) as target:
            scan = target.scan(i32, where=where)
            aligned = [start + offset for offset in WRITTEN if offset % 4 == 0]
            assert scan.first("now == 7").matches == len(aligned)
            assert [match.address for match in scan] == aligned
            every = target.scan(i32, where=where, align=1)
            assert every.first("now == 7").matches == len(WRITTEN)
            assert [match.address - start for match in every] == list(WRITTEN)
            assert every.next("unchanged").matches == len(WRITTEN)
            several = target.scan("number", where=where)
            assert several.first("now == 7").matches == len(aligned)
            slots = RESERVED // 4
            assert scan.first().matches == slots
            assert scan.memory < RESERVED // 1024
            child.go_on()
            child.next()
            assert scan.next("unchanged").matches == slots - 2
            scan.undo()
            result = scan.next("changed")
            assert result.bytes < MIB
            assert [(match.address - start, match.first, match.value) for match in scan] == [
                (0, 7, 0),
                (3 << 30, 0, 7),
            ]
            scan.undo()
            assert scan.next("now == first and now == 0").matches == slots - 1 - len(WRITTEN)
            assert scan[slots // 2].value == scan[slots // 2].previous == 0
        # all this has not made the target any bigger
        assert page_tables(child.pid) - tables < MIB


def page_tables(pid: int) -> int:
    (line,) = re.findall(r"^VmPTE:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    return int(line) * 1024


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


class Twins:
    """Two scans of the same memory, of which one leaves out what is clean."""

    def __init__(self, target: Target, where: str, type_: str = "i32") -> None:
        self.scan, self.full = (
            target.scan(type_, where=where, soft_dirty=soft_dirty) for soft_dirty in (True, False)
        )

    def step(self, predicate: str) -> float:
        """Let both take a step; they find the same. Returns the share of bytes that one read."""
        results = []
        for scan in (self.scan, self.full):
            take = scan.next if scan.steps else scan.first
            results.append(take(predicate))
        assert self.found(self.scan) == self.found(self.full)
        return results[0].bytes / (results[1].bytes or 1)

    def found(self, scan: Scan) -> tuple[int, list[tuple[int, int, int]]]:
        some = scan[:: len(scan) // 500 + 1]
        return len(scan), [(one.address, one.previous, one.first) for one in some]

    def undo(self, steps: int) -> None:
        self.scan.undo(steps)
        self.full.undo(steps)


@pytest.fixture
def big(small_pages: None, spawn: Spawn) -> TargetProcess:  # noqa: ARG001
    return spawn("big", "32")


@pytest.fixture
def twins(big: TargetProcess) -> Iterator[Twins]:
    with attach(big.pid) as target:
        where = f"{big.greeting['start']}..{big.greeting['end']}"
        yield Twins(target, where)


def test_this_kernel_is_one_of_the_guests() -> None:
    if "FARFETCH_GUEST" in os.environ:
        assert keeps_soft_dirty()


@needs_soft_dirty
def test_clean_pages_are_not_read_again(big: TargetProcess, twins: Twins) -> None:
    assert twins.step("unknown") == 1
    big.command("dirty 1")
    assert twins.step("changed") <= 0.02
    twins.undo(1)
    assert twins.step("unchanged") <= 0.02
    twins.undo(1)
    big.command("dirty 5")
    assert twins.step("now >= first") <= 0.12
    big.command("dirty 5")
    assert twins.step("now != prev or now % 2 == 0") <= 0.24
    twins.undo(2)  # to what was there when pages were last all dirty
    assert twins.step("changed") <= 0.24


@needs_soft_dirty
def test_huge_pages(spawn: Spawn) -> None:
    big = spawn("big", "32")
    with attach(big.pid) as target:
        twins = Twins(target, f"{big.greeting['start']}..{big.greeting['end']}")
        twins.step("unknown")
        for _ in range(3):
            big.command("dirty 1")
            twins.step("changed or now % 3 == 0")


@needs_soft_dirty
def test_when_most_has_been_written_to_it_begins_anew(big: TargetProcess, twins: Twins) -> None:
    twins.step("unknown")
    big.command("dirty 80")
    assert twins.step("now == now") > 0.5
    assert twins.step("now == now") == 1
    big.command("dirty 1")
    assert twins.step("changed") <= 0.02
    twins.undo(3)  # to a step from before it
    assert twins.step("changed") == 1


@needs_soft_dirty
def test_another_user_of_the_bits_is_seen(big: TargetProcess, twins: Twins) -> None:
    twins.step("unknown")
    big.command("dirty 2")
    assert twins.step("now == now") <= 0.05
    big.command("dirty 3")
    Path(f"/proc/{big.pid}/clear_refs").write_text("4")
    assert twins.step("changed") == 1
    twins.undo(1)
    assert twins.step("now == now") == 1  # from now on never again


@needs_soft_dirty
def test_two_who_look_at_one_process(big: TargetProcess, twins: Twins) -> None:
    with attach(big.pid) as target:
        other = Twins(target, f"{big.greeting['start']}..{big.greeting['end']}")
        twins.step("unknown")
        big.command("dirty 2")
        other.step("unknown")
        assert twins.step("changed") <= 0.05
        big.command("dirty 2")
        assert other.step("changed") == 1  # it leaves the bits to the other
    twins.undo(1)
    assert twins.step("now == now") <= 0.05


@needs_soft_dirty
def test_a_page_that_was_given_back_is_not_clean() -> None:
    size = 2 * MIB
    with Apart(gives_back, size) as child:
        start = child.next()
        with attach(child.pid) as target:
            twins = Twins(target, f"{start:#x}..{start + size:#x}")
            twins.step("unknown")
            child.go_on()
            assert child.next() == 0
            twins.step("changed")
            assert len(twins.scan) == PAGE // 4


@needs_soft_dirty
def test_memory_that_was_mapped_anew_is_not_clean(spawn: Spawn) -> None:
    mutate = spawn("mutate")
    start = mutate.greeting.number("addr")
    with attach(mutate.pid) as target:
        twins = Twins(target, f"{start:#x}..{start + 16 * PAGE:#x}", "u8")
        twins.step("unknown")
        mutate.command("unmap")
        mutate.command("map")
        twins.step("changed or unchanged")
        mutate.command("set 77")
        twins.step("changed")
