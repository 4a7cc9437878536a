"""What a call leaves behind in the target: nothing that was not asked for."""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import PAGE, WAYS, Caller, Route

SIZE = 64 << 20
SLACK = 4 << 20  # The rest of the guest breathes, too.


def _anonymous() -> int:
    """Return the bytes of anonymous memory there are, on the whole machine."""
    found = re.search(r"AnonPages:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    assert found
    return int(found[1]) << 10


def _footprint(pid: int) -> dict[str, int]:
    """Return what a process holds, in KiB by kind."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kinds = "Rss|Anonymous|Private_Dirty|Private_Clean|Shared_Dirty|Referenced|AnonHugePages|Swap"
    return {key: int(kib) for key, kib in re.findall(rf"^({kinds}):\s+(\d+) kB", text, re.M)}


@contextmanager
def _forked(area: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield a child that shares all of an area and does nothing, and the area's address."""
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    child = os.fork()
    if not child:
        signal.pause()
    while " S " not in Path(f"/proc/{child}/stat").read_text():
        os.sched_yield()
    try:
        yield child, address
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.fixture
def filled() -> mmap.mmap:
    area = mmap.mmap(-1, SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(mmap.MADV_NOHUGEPAGE)
    area[:] = b"\xa5" * SIZE
    return area


def test_reading_a_forked_child_grows_nobody(gup: Route, filled: mmap.mmap) -> None:
    chunk = 1 << 20
    with _forked(filled) as (child, address):
        # The buffer exists before anything is counted.
        gup.read(child, address, chunk)
        before = (_footprint(child)["Anonymous"], _anonymous())
        line = f"bench {gup.word} {child} {address:#x} {SIZE:#x} {chunk:#x} 1"
        gup.caller.ask(line)
        after = (_footprint(child)["Anonymous"], _anonymous())
    assert after[0] == before[0]
    assert after[1] - before[1] < SLACK


def test_reading_a_forked_child_keeps_its_pages_shared(gup: Route, filled: mmap.mmap) -> None:
    with _forked(filled) as (child, address):
        before = _footprint(child)
        gup.caller.ask(f"bench {gup.word} {child} {address:#x} {SIZE:#x} {SIZE:#x} 1")
        after = _footprint(child)
    assert after["Private_Dirty"] - before["Private_Dirty"] < SLACK >> 10
    assert before["Shared_Dirty"] >= SIZE >> 10


def test_growth_would_be_seen(gup: Route, filled: mmap.mmap) -> None:
    """The same measure, of writes: they have to make the pages the child's own."""
    with _forked(filled) as (child, address):
        before = _anonymous()
        for at in range(0, SIZE // 4, 1 << 20):
            assert gup.write(child, address + at, b"x" * 16384).done == 16384
        private = _footprint(child)["Private_Dirty"]
        after = _anonymous()
    assert private >= (SIZE // 4 >> 20) * 16
    assert after - before >= (SIZE // 4 >> 20) * 16384


def test_walk_leaves_the_target_as_it_is(walk: Route, start: Start, swap: None) -> None:  # noqa: ARG001
    bag = start("bag")
    resident = bag.ask("resident")
    before = _footprint(bag.pid)
    for kind in resident:
        address = int(bag.greeting[kind], 16)
        walk.read(bag.pid, address, PAGE)
        walk.read(bag.pid, address - PAGE, 1)
        walk.caller.call(walk.word, "write", bag.pid, address, 0)
    assert _footprint(bag.pid) == before
    assert bag.ask("resident") == resident


def test_walk_of_a_half_touched_area(walk: Route) -> None:
    area = mmap.mmap(-1, 128 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(mmap.MADV_NOHUGEPAGE)
    for number in range(0, 128, 2):
        area[number * PAGE] = number + 1
    with _forked(area) as (child, address):
        before = _footprint(child)["Rss"]
        for number in range(128):
            got = walk.read(child, address + number * PAGE, 1)
            assert got.error == ("" if number % 2 == 0 else "EFAULT")
            assert got.content == (bytes([number + 1]) if number % 2 == 0 else b"")
        assert _footprint(child)["Rss"] == before


@pytest.mark.parametrize("below", [1, 16, 256])
def test_stack_is_not_grown(gup: Route, start: Start, below: int) -> None:
    target = start("twecho", "word")
    maps = Path(f"/proc/{target.pid}/maps")
    [line] = [line for line in maps.read_text().splitlines() if line.endswith("[stack]")]
    bottom = int(line.split("-")[0], 16)
    assert gup.read(target.pid, bottom - below * PAGE, 8).error == "EFAULT"
    assert line in maps.read_text().splitlines()


def test_what_an_exiting_target_leaves_is_not_kept(start: Start) -> None:
    """A caller holds the target's memory for the length of a call, no longer."""
    with Caller() as caller:
        for way in WAYS:
            before = _anonymous()
            big = start("big", "128")
            caller.send(f"storm {way} read {big.pid} {big.address('start'):#x} 0x400000 1 2")
            big.process.kill()
            big.process.wait()
            assert int(caller.answer()["failed"])
            assert _anonymous() - before < SLACK + (8 << 20)
