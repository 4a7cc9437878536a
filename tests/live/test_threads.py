"""Everything from several threads: closed under one another, in turns, and at random."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import faulthandler
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from farfetch.scanner import (
    Buffer,
    FarfetchError,
    MatchIndexError,
    Progress,
    Scan,
    ScanCancelled,
    ScanClosed,
    ScanOrderError,
    Target,
    TargetClosed,
    attach,
    i32,
    now,
)
from farfetch.scanner.engine import shared_cache
from farfetch.scanner.scan import state
from farfetch.scanner.scan.disk import Store

from support import apart
from support.targets import TargetProcess
from support.waiting import at_rest, threads, wait_for

#: On every byte offset of 256 MiB it takes a while.
SLOW = "now * 3 % 1000003 == 77"


@pytest.fixture(scope="module")
def big() -> Iterator[TargetProcess]:
    with TargetProcess("big", "256", timeout=60) as running:
        yield at_rest(running)


@pytest.fixture
def scan(big: TargetProcess) -> Iterator[Scan]:
    """A scan of all byte offsets that has found the needles."""
    with attach(big.pid) as target, target.scan(i32, align=1) as scan:
        scan.first(now == big.greeting.number("needle"))
        yield scan


class Background:
    """A call in a thread of its own; as a context manager it is waited for."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._thread = threading.Thread(target=self._run)
        self.result: object = None
        self.error: BaseException | None = None

    def _run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Background:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive(), "it hangs"


class Running(Background):
    """A step that has begun, and goes on for long."""

    def __init__(self, scan: Scan, step: str) -> None:
        self._began = threading.Event()

        def progress(_: Progress) -> None:
            self._began.set()

        if step == "next":
            scan.first()
        super().__init__(lambda: getattr(scan, step)(SLOW, progress=progress))

    def __enter__(self) -> Running:
        super().__enter__()
        assert self._began.wait(60)
        return self


CLOSERS: list[tuple[str, Callable[[Scan], None], type[FarfetchError]]] = [
    ("Target.close", lambda scan: scan.target.close(), TargetClosed),
    ("Scan.close", lambda scan: scan.close(), ScanClosed),
    ("Scan.reset", lambda scan: scan.reset(), ScanCancelled),
    ("Scan.cancel", lambda scan: scan.cancel(), ScanCancelled),
]
every_closer = pytest.mark.parametrize(
    ("close", "error"), [closer[1:] for closer in CLOSERS], ids=[closer[0] for closer in CLOSERS]
)


@every_closer
@pytest.mark.parametrize("step", ["first", "next"])
def test_a_step_that_runs(
    scan: Scan, step: str, close: Callable[[Scan], None], error: type[FarfetchError]
) -> None:
    before = threads()
    with Running(scan, step) as running:
        close(scan)
        if error is not ScanCancelled or not scan.steps:
            assert threads() <= before + 1  # its workers are no more, but perhaps its thread
    assert type(running.error) is error


@every_closer
def test_inside_of_a_step(
    scan: Scan, close: Callable[[Scan], None], error: type[FarfetchError]
) -> None:
    with pytest.raises(error) as raised:
        scan.first(SLOW, progress=lambda _: close(scan))
    assert type(raised.value) is error
    with pytest.raises(error) if error is not ScanCancelled else pytest.raises(ScanOrderError):
        scan.next("@lunch == now")


@every_closer
def test_steps_that_wait(
    scan: Scan, close: Callable[[Scan], None], error: type[FarfetchError]
) -> None:
    at_the_door = threading.Barrier(3)

    def waits() -> object:
        at_the_door.wait()
        return scan.next(SLOW)

    with Running(scan, "first") as running, Background(waits) as one, Background(waits) as two:
        at_the_door.wait()
        close(scan)
    # those that came after the cancel have a step to do, or none to narrow
    assert type(running.error) is error
    for waiting in (one, two):
        assert waiting.error is None or isinstance(waiting.error, (error, ScanOrderError))


def test_two_steps_at_once_are_two_steps(big: TargetProcess) -> None:
    with attach(big.pid) as target, target.scan(i32) as scan:
        scan.first(now == big.greeting.number("needle"))
        together = threading.Barrier(4)

        def narrows() -> object:
            together.wait()
            return scan.next("unchanged")

        with Background(narrows) as one, Background(narrows) as two, Background(narrows) as three:
            together.wait()
        assert not any(each.error for each in (one, two, three))
        assert [step.parent for step in scan.steps] == [None, 1, 2, 3]


def test_undo_waits_for_the_step(scan: Scan, big: TargetProcess) -> None:
    began, go_on = threading.Event(), threading.Event()

    def progress(_: Progress) -> None:
        began.set()
        go_on.wait(60)

    with Background(lambda: scan.first("now * 3 % 1000003 != 77", progress=progress)) as step:
        assert began.wait(60)
        with Background(scan.undo) as undo:
            assert len(scan) == big.greeting.number("needles")  # looking does not wait
            assert len(scan.steps) == 1
            go_on.set()
    assert (step.error, undo.error) == (None, None)
    assert (len(scan.steps), len(scan.history)) == (0, 1)


@pytest.mark.parametrize("change", ["undo", "forget", "next", "first", "snapshot"])
def test_inside_of_a_step_nothing_else_is_changed(scan: Scan, change: str) -> None:
    arguments = {"next": ["unchanged"], "snapshot": ["tea"]}.get(change, [])
    steps = scan.steps
    with pytest.raises(ScanOrderError, match="a step of a scan is running in this thread"):
        scan.first(SLOW, progress=lambda _: getattr(scan, change)(*arguments))
    assert scan.steps == steps


def test_scans_that_close_each_other_from_inside(big: TargetProcess) -> None:
    """Nobody waits for somebody who waits for him."""
    with attach(big.pid) as one, attach(big.pid) as two:
        targets = (one, two)
        scans = [target.scan(i32, align=1, threads=1) for target in targets]
        met = threading.Barrier(2)

        def closes(other: int) -> Callable[[Progress], None]:
            def progress(_: Progress) -> None:
                met.wait(60)
                targets[other].close()

            return progress

        with (
            Background(lambda: scans[0].first(SLOW, progress=closes(1))) as first,
            Background(lambda: scans[1].first(SLOW, progress=closes(0))) as second,
        ):
            pass
        assert {type(first.error), type(second.error)} == {TargetClosed}
        for scan in scans:
            scan.close()


def test_a_signal_handler_may_cancel_and_close(big: TargetProcess) -> None:
    for _, close, error in CLOSERS:
        with attach(big.pid) as target, target.scan(i32, align=1) as scan:
            before = signal.signal(signal.SIGUSR1, lambda *_, c=close, s=scan: c(s))
            try:
                with pytest.raises(error):
                    scan.first(SLOW, progress=lambda _: signal.raise_signal(signal.SIGUSR1))
            finally:
                signal.signal(signal.SIGUSR1, before)


def test_a_user_interface(big: TargetProcess) -> None:
    """The pattern of all that have an event loop: steps beside it, looks in it."""

    async def looks(scan: Scan, done: asyncio.Event) -> int:
        count = 0
        while not done.is_set():
            total = len(scan.matches)
            seen = scan.matches[:20]
            assert len(seen) <= 20
            assert all(match.previous == match.value for match in seen)
            assert total in (0, big.greeting.number("needles"))
            scan.matches.column("previous")
            count += 1
            await asyncio.sleep(0)
        return count

    async def lives(scan: Scan) -> int:
        done = asyncio.Event()
        looking = asyncio.create_task(looks(scan, done))
        for _ in range(5):
            await asyncio.to_thread(scan.first, now == big.greeting.number("needle"))
            await asyncio.to_thread(scan.next, "unchanged")
            await asyncio.to_thread(scan.reset)
        done.set()
        return await looking

    with attach(big.pid) as target, target.scan(i32) as scan:
        assert asyncio.run(lives(scan)) > 10


def test_an_iteration_is_about_one_step() -> None:
    memory = bytearray(b"\x07\0\0\0" * 5000)
    with attach(Buffer(memory, base=0x10000)) as target, target.scan(i32) as scan:
        scan.first(now == 7)
        walk = iter(scan)
        next(walk)
        scan.first(now == 8)
        assert len(scan) == 0
        assert sum(1 for _ in walk) == 4999
        scan.first(now == 7)
        walk = iter(scan)
        next(walk)
        scan.close()
        with pytest.raises(ScanClosed):
            list(walk)


def test_columns_outlive_all() -> None:
    memory = bytearray(b"\x07\0\0\0" * 5000)
    with attach(Buffer(memory, base=0x10000)) as target, target.scan(i32) as scan:
        scan.first(now == 7)
        columns = [scan.matches.column(what) for what in ("now", "previous", "first")]
    del scan, target
    assert [set(column) for column in columns] == [{7}] * 3


def interrupted() -> list[Any]:
    """Ctrl-C at any moment of anything leaves all as it should be, for other threads too."""
    faulthandler.enable()
    memory = (ctypes.c_int32 * 4096)(*[7] * 4096)
    draw = random.Random(7)
    at = ctypes.addressof(memory)

    armed: list[None] = []

    def interrupt(*_: object) -> None:
        if armed:  # it may come late
            armed.clear()
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    interrupts = 0
    with attach(os.getpid()) as target:
        scan = target.scan(i32, where=f"{at:#x}..{at + 4 * 4096:#x}", threads=2)
        calls: list[Callable[[], object]] = [
            *(lambda: scan.first(now == 7), lambda: scan.next("unchanged"), scan.undo),
            *(scan.forget, scan.reset, lambda: scan.snapshot("tea"), scan.cancel),
            *(lambda: target.freeze(at, i32, 7, interval=0.001).stop(), lambda: scan[5]),
            *(lambda: list(scan), lambda: scan.matches.column("now")),
            lambda: target.patch(at, b"\x07").undo(),
        ]
        for _ in range(1500):
            try:
                armed.append(None)
                signal.setitimer(signal.ITIMER_REAL, draw.uniform(1e-5, 3e-3))
                with contextlib.suppress(ScanOrderError, MatchIndexError):
                    draw.choice(calls)()
                    draw.choice(calls)()
                armed.clear()
            except (KeyboardInterrupt, ScanCancelled):
                interrupts += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
        with Background(lambda: [scan.first(now == 7), scan.forget()]) as free:
            pass
        with Background(lambda: target.freeze(at, i32, 7).stop()) as thawed:
            pass
        found = [str(free.error), str(thawed.error), scan.first(now == 7).matches, interrupts > 99]
        scan.close()
    return found


def test_interrupts_at_any_moment() -> None:
    assert apart.run(interrupted) == ["None", "None", 4096, True]


@pytest.mark.parametrize("what", ["reset", "first"])
def test_what_is_let_go_is_led_to_by_nothing(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C behind the end of the old values, of which nobody may hear any more."""
    let_go = Store.close

    def interrupted_there(store: Store) -> None:
        let_go(store)
        raise KeyboardInterrupt

    with attach(Buffer(bytearray(4096), base=0x10000)) as target, target.scan(i32) as scan:
        scan.first("unknown")
        scan.next("unchanged")
        monkeypatch.setattr(Store, "close", interrupted_there)
        with pytest.raises(KeyboardInterrupt):
            scan.reset() if what == "reset" else scan.first("now == 0")
        monkeypatch.undo()
        for call in (lambda: scan.next("unchanged"), lambda: scan.snapshot("tea"), scan.undo):
            with pytest.raises(ScanOrderError):
                call()
        assert (len(scan), scan.steps, len(scan.history), scan.forget()) == (0, (), 0, 0)
        assert scan.first("unknown").matches == 1024


#: What may be said while others close, reset and undo.
EXPECTED = (TargetClosed, ScanClosed, ScanCancelled, ScanOrderError, MatchIndexError)


def all_of(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()


def calls_of(target: Target, scan: Scan, at: int) -> list[Callable[[], object]]:
    """Calls that threads draw; those that end all come seldom."""
    return [
        *(lambda: scan.first(now == 7), scan.first, lambda: scan.next("unchanged")),
        *(lambda: scan.next("now == first and now == 7"), lambda: scan.snapshot("tea")),
        *(lambda: scan.next("now == @tea"), lambda: scan.drop("tea"), scan.undo, scan.redo),
        *(lambda: scan.go_to(1), scan.forget, lambda: scan.history.clear(), scan.cancel),
        *(lambda: scan[0], lambda: scan[:40], lambda: list(scan), lambda: len(scan)),
        *(lambda: scan.matches.column("now"), lambda: scan.matches.column("first")),
        *(lambda: [step.memory for step in scan.steps], lambda: scan.memory, lambda: scan.disk),
        *(lambda: [step.value(at, 4, "/tmp") for step in scan.history], lambda: scan.write_all(7)),
        *(lambda: target.read(at, i32), lambda: target.write(at, i32, 7), target.regions),
        *(lambda: target.freeze(at, i32, 7, interval=0.001), lambda: target.frozen),
        *(
            lambda: all_of(frozen.stop for frozen in target.frozen),
            lambda: target.patch(at + 4, b"\x07"),
        ),
        *(lambda: all_of(patch.undo for patch in target.patches), lambda: target.locate(at)),
        *(lambda: target.watch([(at, i32)]).look(), lambda: scan[0].region, lambda: scan.steps),
        *(lambda: scan.matches.addresses(), lambda: scan.matches.bisect(at), scan.reset),
    ]


def schedule(seed: int, at: int, size: int) -> list[str]:
    """One draw: three threads do a dozen things each, and one of them may close."""
    draw = random.Random(seed)
    target = attach(os.getpid(), memory=draw.choice(["auto", "proc_mem"]))
    scan = target.scan(i32, where=f"{at:#x}..{at + size:#x}", threads=draw.choice([1, 2]))
    calls = calls_of(target, scan, at)
    wrong: list[str] = []
    together = threading.Barrier(3)

    def lives(draw: random.Random) -> None:
        chosen = draw.choices(calls, k=12)
        if draw.random() < 0.5:
            chosen[draw.randrange(12)] = draw.choice([scan.close, target.close])
        together.wait()
        for call in chosen:
            try:
                call()
            except EXPECTED:
                pass
            except BaseException as error:
                wrong.append(f"seed {seed}: {error!r}")

    living = [
        threading.Thread(target=lives, args=(random.Random(draw.random()),)) for _ in range(3)
    ]
    for thread in living:
        thread.start()
    for thread in living:
        thread.join(60)
        if thread.is_alive():
            faulthandler.dump_traceback(all_threads=True)
            os._exit(3)
    target.close()
    scan.close()
    return wrong


def schedules(count: int) -> list[Any]:
    faulthandler.enable()
    seed = int(os.environ.get("FARFETCH_SEED", "0")) or time.time_ns() % (1 << 32)
    memory = (ctypes.c_int32 * 8192)(*[7] * 8192)
    at = ctypes.addressof(memory)
    before = len(os.listdir("/proc/self/fd")), threads()  # noqa: PTH208
    wrong: list[str] = []
    for one in range(count):
        wrong += schedule(seed + one, at, ctypes.sizeof(memory))
    wait_for(lambda: threads() <= before[1])
    return [wrong[:5], len(os.listdir("/proc/self/fd")) - before[0]]  # noqa: PTH208


def test_random_schedules() -> None:
    """Any finding names its seed; FARFETCH_SEED draws the same calls again."""
    assert apart.run(schedules, 300) == [[], 0]


@pytest.mark.parametrize(
    ("cache", "threads", "chunk"),
    [
        (0, 4, 512),  # nothing is known of it
        (8 << 10, 8, 512),
        (32 << 10, 2, 2048),
        (32 << 10, 9, 1024),
        (24 << 10, 6, 2048),
        (1 << 20, 1, 2048),
        (32 << 10, 1024, 512),
    ],
)
def test_all_threads_chunks_take_half_of_the_cache_at_most(
    cache: int, threads: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a few threads each takes what is read fastest; of many, as little as it ever takes."""
    monkeypatch.setattr(state, "shared_cache", lambda: cache << 10)
    assert state.chunk_of(None, threads) == chunk << 10
    assert state.chunk_of(4096, threads) == 4096


def test_the_cache_is_that_of_this_machine() -> None:
    cache = shared_cache()
    assert not cache or 1 << 16 <= cache <= 1 << 34
