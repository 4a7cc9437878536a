"""Children that os.fork() makes: what they inherit is their parent's, what they make is theirs."""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from farfetch.scanner import ForkedError, Freeze, Progress, Scan, Target, attach, decode, i32, now

from support import apart

#: So many that old values are in files, and never the same twice.
COUNT = 1 << 19


def values(count: int = COUNT) -> Any:
    return (ctypes.c_int32 * count)(*range(1, count + 1))


def at(there: Any) -> int:
    return ctypes.addressof(there)


def scan_of(target: Target, there: Any) -> Scan:
    return target.scan(i32, where=f"{at(there):#x}..{at(there) + ctypes.sizeof(there):#x}")


def child(work: Callable[[], object]) -> None:
    """Fork, and see the child end well; a minute means that it hangs."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            signal.alarm(60)
            work()
            status = 0
        finally:
            if status:
                sys.excepthook(*sys.exc_info())
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    assert not status, f"the child ended with {status}"


def whole(scan: Scan, there: Any) -> list[Any]:
    """Nothing is lost: all old values are what is there, which never changed."""
    matches = scan.next("unchanged").matches
    previous = scan.matches.column("previous").tolist()
    return [matches, previous == list(there)]


def refuses(work: Callable[[], object], owner: int) -> None:
    with pytest.raises(ForkedError) as raised:
        work()
    assert raised.value.owner == owner


def loses_nothing() -> list[Any]:
    """A child lets go of a scan in every way; the parent has all its old values still."""
    faulthandler.enable()
    there, parent = values(), os.getpid()
    found: list[Any] = []
    with attach(parent) as target:
        scan = scan_of(target, there)
        assert scan.first().matches == COUNT
        scan.next("unchanged")
        scan.undo()

        def lets_go() -> None:
            refuses(lambda: scan.next("unchanged"), parent)
            refuses(scan.undo, parent)
            refuses(scan.forget, parent)
            refuses(scan.reset, parent)
            refuses(lambda: scan.steps, parent)
            scan.close()

        for work in (lets_go, lambda: None):
            child(work)
            found.append(whole(scan, there))
    return found


def test_a_parent_loses_nothing_to_its_child() -> None:
    assert apart.run(loses_nothing) == [[COUNT, True]] * 2


def collected_in_a_child() -> list[Any]:
    """The last references to a scan's steps go in a child, where nothing may be freed in files."""
    faulthandler.enable()
    there = values()
    target = attach(os.getpid())
    scans = [scan_of(target, there)]
    scans[0].first()
    scans[0].next("unchanged")

    def collects() -> None:
        scans.clear()
        gc.collect()

    child(collects)
    found = whole(scans[0], there)
    target.close()
    return found


def test_what_a_child_collects_stays_the_parents() -> None:
    assert apart.run(collected_in_a_child) == [COUNT, True]


def released_in_a_child() -> list[Any]:
    """A child lets go of a step that nothing else has; its parent can go back to it."""
    faulthandler.enable()
    there = values()
    with attach(os.getpid()) as target, scan_of(target, there) as scan:
        scan.first()
        for number in (1, 2):
            for place in range(0, COUNT, 8):
                there[place] = -number
            scan.next("changed")
        middle = scan.steps[1]

        def releases() -> None:
            middle.release()
            gc.collect()

        child(releases)
        scan.undo()
        return sorted(set(scan.matches.column("previous").tolist()))


def test_what_a_child_releases_stays_the_parents() -> None:
    assert apart.run(released_in_a_child) == [-1]


def makes_anew() -> list[Any]:
    """With a scan, a frozen value and a lock held all around, a child begins anew."""
    faulthandler.enable()
    there, parent = values(4096), os.getpid()
    with attach(parent) as target, target.freeze(at(there), i32, 1) as frozen:
        scan = scan_of(target, there)
        scan.first(now == 7)

        def works() -> None:
            refuses(lambda: frozen.active, parent)
            refuses(frozen.stop, parent)
            refuses(lambda: target.frozen, parent)
            refuses(lambda: target.freeze(at(there), i32, 1), parent)
            with attach(parent) as again, scan_of(again, there) as own:
                assert own.first(now == 7).matches == 1
                assert own.next("unchanged").matches == 1
                with again.freeze(at(there) + 4, i32, 2, interval=0.001) as kept:
                    assert kept.active
                    again.write(at(there) + 4, i32, 2)
                assert not again.frozen
            # of itself, too
            with attach(os.getpid()) as itself:
                assert itself.read(at(there), i32) == 1

        child(works)
        assert frozen.active
        return [scan.next("unchanged").matches, target.read(at(there), i32)]


def test_what_a_child_makes_anew_works() -> None:
    assert apart.run(makes_anew) == [1, 1]


def in_the_middle(where: str) -> list[Any]:
    """A process forks while a scan runs: from its progress function, or from another thread."""
    faulthandler.enable()
    there, parent = (ctypes.c_int32 * (16 << 20))(), os.getpid()
    ctypes.memset(there, 1, ctypes.sizeof(there))
    there[1] = 7
    with attach(parent) as target:
        scan = target.scan(i32, align=1, threads=1, where=scan_of(target, there).where)
        scan.first(now == 7)
        slow = "now * 3 % 1000003 != 77"
        began, go_on = threading.Event(), threading.Event()

        def looks() -> None:
            refuses(lambda: len(scan), parent)
            with attach(parent) as again, scan_of(again, there) as own:
                assert own.first(now == 7).matches == 1
            scan.close()
            target.close()
            gc.collect()

        if where == "progress":
            forked: list[int] = []

            def fork(_: Progress) -> None:
                if forked:
                    return
                forked.append(os.fork())
                if not forked[0]:
                    signal.alarm(60)

            try:
                scan.first(slow, progress=fork)
            except ForkedError as error:
                # this is the child: its parent goes on with the scan
                status = 1
                if not forked[0] and error.owner == parent:
                    looks()
                    status = 0
                os._exit(status)
            if not forked[0]:
                os._exit(2)
            return [len(scan) > 0, os.waitpid(forked[0], 0)[1]]

        def progress(_: Progress) -> None:
            began.set()
            go_on.wait()

        done: list[int] = []
        thread = threading.Thread(
            target=lambda: done.append(scan.first(slow, progress=progress).matches)
        )
        thread.start()
        try:
            assert began.wait(60)
            child(looks)
        finally:
            go_on.set()
            thread.join()
        return [done[0] > 0, 0]


def test_a_fork_inside_of_a_step() -> None:
    assert apart.run(in_the_middle, "progress") == [True, 0]


def test_a_fork_beside_a_step() -> None:
    assert apart.run(in_the_middle, "thread") == [True, 0]


def from_threads() -> int:
    """Forks at any moment of what other threads do; children look, make, let go and exit."""
    faulthandler.enable()
    there, parent = values(1 << 14), os.getpid()
    stop = threading.Event()
    with attach(parent) as target, scan_of(target, there) as scan:
        scan.first()
        frozen = target.freeze(at(there), i32, 1, interval=0.0005)

        def steps() -> None:
            while not stop.is_set():
                scan.next("unchanged")
                scan.snapshot("tea")
                scan.undo()
                scan.forget()

        def looks() -> None:
            while not stop.is_set():
                scan.matches.column("previous")
                target.read(at(there), i32)
                target.freeze(at(there) + 8, i32, 3, interval=0.0005).stop()

        def lives() -> None:
            refuses(lambda: scan[0], parent)
            refuses(lambda: scan.next("unchanged"), parent)
            refuses(frozen.stop, parent)
            refuses(lambda: target.read(at(there), i32), parent)
            scan.close()
            target.close()
            gc.collect()
            with attach(parent) as again, scan_of(again, there) as own:
                assert own.first(now == 7).matches == 1

        threads = [threading.Thread(target=work) for work in (steps, looks, looks)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                child(lives)
                forker = threading.Thread(target=child, args=(lives,))
                forker.start()
                forker.join()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        return scan.next("unchanged").matches


def test_forks_at_any_moment() -> None:
    assert apart.run(from_threads) == 1 << 14


def exits(how: str) -> list[Any]:
    """A child that ends with everything inherited, by the interpreter's own end."""
    faulthandler.enable()
    there = values(1 << 16)
    target = attach(os.getpid())
    scan = scan_of(target, there)
    scan.first()
    frozen: Freeze = target.freeze(at(there), i32, 1)
    there_, here = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(here, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        signal.alarm(60)
        if how == "with":
            with target, scan, frozen:
                sys.exit(0)
        sys.exit(0)
    os.close(here)
    with os.fdopen(there_) as said:
        noise = said.read()
    status = os.waitpid(pid, 0)[1]
    step = scan.steps[0]
    first = decode(i32, step.value(at(there), 4, scan.directory))
    found = [noise, status, frozen.active, scan.next("unchanged").matches, first]
    scan.close()
    target.close()
    return found


def test_a_child_that_just_exits() -> None:
    assert apart.run(exits, "at once") == ["", 0, True, 1 << 16, 1]


def test_a_child_that_leaves_the_blocks() -> None:
    assert apart.run(exits, "with") == ["", 0, True, 1 << 16, 1]


def _work(parent: int, address: int, wanted: int) -> list[int]:
    """What a pool's process does: on its own."""
    with attach(parent) as target:
        where = f"{address:#x}..{address + 4 * 4096:#x}"
        with target.scan(i32, where=where, threads=1) as scan:
            return [scan.first(now == wanted).matches, scan[0].value or 0]


def pool() -> list[Any]:
    faulthandler.enable()
    there = values(4096)
    with attach(os.getpid()) as target, scan_of(target, there) as scan:
        scan.first()
        target.freeze(at(there), i32, 1)
        context = multiprocessing.get_context("fork")
        with context.Pool(4) as workers:
            given = [(os.getpid(), at(there), wanted) for wanted in range(1, 41)]
            found = workers.starmap(_work, given)
        return [found == [[1, n] for n in range(1, 41)], scan.next("unchanged").matches]


def test_multiprocessing() -> None:
    assert apart.run(pool) == [True, 4096]
