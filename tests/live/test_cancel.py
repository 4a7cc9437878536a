"""Scans that are stopped before their end, and what they tell until then."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from farfetch.scanner import Progress, Scan, ScanCancelled, attach, i32, now

from support import apart
from support.child import tell
from support.targets import TargetProcess
from support.waiting import at_rest, threads, wait_for

#: On every byte offset of 1 GiB it takes seconds, so it is stopped long before its end.
SLOW = "now * 3 % 1000003 == 77"


@pytest.fixture(scope="module")
def big() -> Iterator[TargetProcess]:
    with TargetProcess("big", "1024", timeout=60) as running:
        yield at_rest(running)


@pytest.fixture
def scan(big: TargetProcess) -> Iterator[Scan]:
    """A scan that has found the needles."""
    with attach(big.pid) as target, target.scan(i32) as scan:
        scan.first(now == big.greeting.number("needle"))
        yield scan


class Kept:
    """What a scan had found, to hold against what it has."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self.before = self.look()
        assert len(scan)

    def look(self) -> Any:
        scan = self.scan
        return (scan.matches.addresses(), scan.steps, scan[0], scan[len(scan) // 2 :][:50])

    def check(self) -> None:
        assert self.look() == self.before
        assert self.scan.next("unchanged").matches == len(self.before[0])
        self.scan.undo()


def test_from_another_thread(scan: Scan) -> None:
    kept = Kept(scan)
    running, before = threads(), []
    at_work, was_told = threading.Event(), threading.Event()

    def cancel() -> None:
        at_work.wait()
        scan.cancel()
        was_told.set()

    def progress(seen: Progress) -> None:
        before.append(seen)
        at_work.set()
        was_told.wait()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    scan.align = 1
    with pytest.raises(ScanCancelled) as raised:
        scan.first(SLOW, progress=progress)
    canceller.join()
    assert len(before) == 1
    assert before[0].done <= raised.value.done < raised.value.total == before[0].total
    assert raised.value.total >= 1 << 30
    wait_for(lambda: threads() <= running)  # no worker goes on; the canceller ends behind its join
    kept.check()


@pytest.mark.parametrize("step", ["first", "next"])
def test_from_its_own_progress_function(scan: Scan, step: str) -> None:
    scan.align = 1
    if step == "next":
        scan.first()
    matches, steps = len(scan), scan.steps

    def progress(seen: Progress) -> None:
        if seen.done:
            scan.cancel()

    with pytest.raises(ScanCancelled) as raised:
        getattr(scan, step)(SLOW, progress=progress)
    assert 0 < raised.value.done < raised.value.total
    assert (len(scan), scan.steps) == (matches, steps)
    assert scan[0].first == scan[0].value


def test_cancelling_what_does_not_run_does_nothing(scan: Scan) -> None:
    kept = Kept(scan)
    scan.cancel()
    kept.check()


def test_progress_rises_to_the_end(scan: Scan, big: TargetProcess) -> None:
    told: list[Progress] = []
    scan.threads = 1
    result = scan.first(
        "now * 3 == 1483966475 and now > 7 or now == 0x1d7b3359", progress=told.append
    )
    assert told
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert [progress.seconds for progress in told] == sorted(progress.seconds for progress in told)
    assert [progress.matches for progress in told] == sorted(progress.matches for progress in told)
    assert len({progress.total for progress in told}) == 1
    assert 0 <= told[0].done <= told[-1].done <= told[0].total
    assert told[-1].seconds <= result.seconds
    assert told[-1].matches <= result.matches == big.greeting.number("needles")


class Stop(Exception):
    """Of the test's own."""


def test_a_progress_function_that_fails_stops_the_scan(scan: Scan) -> None:
    kept, running = Kept(scan), threads()

    def progress(_: Progress) -> None:
        raise Stop

    scan.align = 1
    with pytest.raises(Stop):
        scan.first(SLOW, progress=progress)
    wait_for(lambda: threads() <= running)
    kept.check()


def test_many_cancels_at_any_moment(big: TargetProcess) -> None:
    """Whatever the moment: a scan is either whole or changes nothing."""
    start = big.greeting.number("start")
    where = f"{start:#x}..{start + (4 << 20):#x}"
    with attach(big.pid) as target, target.scan(i32, where=where, threads=2) as scan:
        needle = big.greeting.number("needle")
        planted = scan.first(now == needle).matches
        assert planted == 16
        stop = threading.Event()

        def cancel() -> None:
            while not stop.is_set():
                scan.cancel()

        def some_are_cancelled() -> bool:
            cancelled = 0
            for _ in range(100):
                try:
                    scan.first(now == needle)
                except ScanCancelled:
                    cancelled += 1
                assert len(scan) == planted
            return cancelled > 0

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        canceller = threading.Thread(target=cancel)
        canceller.start()
        try:
            wait_for(some_are_cancelled)
        finally:
            stop.set()
            canceller.join()
            sys.setswitchinterval(interval)
        assert [match.value for match in scan] == [needle] * planted


def scan_until_interrupted(pid: int, needle: int, by_itself: bool) -> dict[str, Any]:
    """Run apart: press Ctrl-C in a scan, and then scan on."""
    with attach(pid) as target, target.scan(i32) as scan:
        kept_matches = scan.first(now == needle).matches
        kept = Kept(scan)
        dones: list[int] = []

        def progress(seen: Progress) -> None:
            if dones or not seen.done:
                return
            dones.append(seen.done)
            if by_itself:
                signal.raise_signal(signal.SIGINT)
            else:
                tell("at work")

        scan.align = 1
        try:
            scan.first(SLOW, progress=progress)
        except ScanCancelled as error:
            kept.check()
            scan.align = 4
            return {
                "done": error.done,
                "total": error.total,
                "told": dones,
                "threads": threads(),
                "kept": kept_matches,
                "again": scan.first(now == needle).matches,
            }
        return {"missed": True}


@pytest.mark.parametrize("by_itself", [True, False])
def test_by_ctrl_c(big: TargetProcess, by_itself: bool) -> None:
    needles = big.greeting.number("needles")
    with apart.Apart(
        scan_until_interrupted, big.pid, big.greeting.number("needle"), by_itself
    ) as scanner:
        if not by_itself:
            assert scanner.next() == "at work"
            scanner.interrupt()
        result = scanner.next()
        assert 0 < result["told"][0] <= result["done"] < result["total"]
        assert result["threads"] == 1
        assert result["kept"] == result["again"] == needles
