"""Waiting: for a process, a value, matches, an end; in threads and in coroutines."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    ExpressionError,
    PointerPath,
    ScanOrderError,
    TargetClosed,
    TargetGone,
    TargetNotFound,
    WaitTimeout,
    attach,
    attach_async,
    c_struct,
    i32,
    now,
    pointer,
    prev,
    u8,
)
from farfetch.scanner.lifetime import waiting
from farfetch.scanner.lifetime.waiting import Waiting, wait_async

from support.targets import ROOT, Spawn, TargetProcess, build_targets

BASE = 0x1000
LONG = 60  # seconds in which everything comes
SHORT = 0.05


@pytest.fixture
def game(spawn: Spawn) -> TargetProcess:
    return spawn("game")


def health(game: TargetProcess) -> int:
    return game.command("addresses").number("health_addr")


def end(game: TargetProcess) -> None:
    os.kill(game.pid, signal.SIGKILL)


class Soon:
    """Does something on another thread once a wait has looked for the first time."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._thread = threading.Thread(target=self._run)
        self._work = work
        self._patch = pytest.MonkeyPatch()
        self._looked = threading.Event()

    def _run(self) -> None:
        if self._looked.wait(LONG):
            self._work()

    def __enter__(self) -> Soon:
        tell_looks(self._patch, self._looked.set)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._patch.undo()


def tell_looks(patch: pytest.MonkeyPatch, tell: Callable[[], object]) -> None:
    """Call a function once a wait that begins from now on has looked for the first time."""
    own = waiting._pauses

    def pauses(until: float, interval: float) -> Iterator[float]:
        tell()
        yield from own(until, interval)

    patch.setattr(waiting, "_pauses", pauses)


def test_a_value_that_comes_to_be(game: TargetProcess) -> None:
    at = health(game)
    with attach(game.pid) as target:
        before = target.read(at, i32)
        with Soon(lambda: game.command("hit 7")):
            assert target.wait_for(at, i32, now < prev, timeout=LONG) == before - 7
        with Soon(lambda: game.command("hit 3")):
            assert target.wait_for(at, "i32", f"now == {before - 10}", timeout=LONG) == before - 10


def test_first_is_what_the_first_look_saw() -> None:
    memory = bytearray([5])
    target = attach(Buffer(memory, base=BASE))

    def count() -> None:
        for _ in range(3):
            memory[0] += 1
            time.sleep(0.02)  # so that it is seen in between, too

    with Soon(count):
        assert target.wait_for(BASE, u8, "now == first + 3", timeout=LONG, interval=0.005) == 8


def test_what_is_not_there_is_waited_for() -> None:
    memory = bytearray(64)
    target = attach(Buffer(memory, base=BASE))
    path = PointerPath.parse(f"{BASE:#x} -> 4")
    memory[20] = 9
    with Soon(lambda: target.write(BASE, pointer, BASE + 16)):
        assert target.wait_for(path, u8, "now == 9", timeout=LONG) == 9
    with pytest.raises(WaitTimeout, match="cannot read 1 byte"):
        target.wait_for(PointerPath.parse(f"{BASE + 32:#x} -> 0"), u8, "now == 9", timeout=SHORT)
    player = c_struct("struct player { int hp; int max_hp; };")
    assert target.wait_for(BASE + 40, player, "hp == max_hp", timeout=LONG).hp == 0


def test_what_does_not_come_says_what_was_there(game: TargetProcess) -> None:
    at = health(game)
    with attach(game.pid) as target:
        there = target.read(at, i32)
        with pytest.raises(TimeoutError) as raised:
            target.wait_for(at, i32, now > 1_000_000, timeout=SHORT)
        assert str(raised.value) == f"waited in vain for now > 1000000: it is {there} at {at:#x}"
        with pytest.raises(WaitTimeout):
            target.wait_exit(timeout=SHORT)


def test_what_cannot_be_waited_for_is_refused_at_once() -> None:
    target = attach(Buffer(bytearray(8), base=BASE))
    for predicate, error in (
        ("now >", ExpressionError),
        ("now == @lunch", ScanOrderError),
        (5, ArgumentError),
    ):
        with pytest.raises(error):
            target.wait_for(BASE, u8, predicate)  # type: ignore[arg-type]
    for seconds in (0, -1, "1", float("nan")):
        with pytest.raises(ArgumentError, match="timeout"):
            target.wait_for(BASE, u8, "now == 0", timeout=seconds)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="wait"):
        attach("nobody is called so", wait=-1)


def test_the_end_of_a_process_ends_waits(game: TargetProcess) -> None:
    at = health(game)
    with attach(game.pid) as target:
        with Soon(lambda: end(game)), pytest.raises(TargetGone):
            target.wait_for(at, i32, now > 1_000_000, timeout=LONG)
        target.wait_exit(timeout=LONG)


def test_closing_ends_waits() -> None:
    target = attach(Buffer(bytearray(8), base=BASE))
    with Soon(target.close), pytest.raises(TargetClosed):
        target.wait_for(BASE, u8, "now == 1")
    other = attach(Buffer(bytearray(8), base=BASE))
    with Soon(other.close), pytest.raises(TargetClosed):
        other.wait_exit()


def test_matches_that_come_to_fulfil_it() -> None:
    memory = bytearray([1, 5, 9])
    scan = attach(Buffer(memory, base=BASE)).scan(u8)
    with pytest.raises(ScanOrderError):
        scan.until("changed", timeout=SHORT)
    assert scan.first().matches == 3
    with pytest.raises(WaitTimeout, match="none of 3 matches"):
        scan.until("changed", timeout=SHORT, interval=0.01)
    assert (len(scan), len(scan.steps)) == (3, 1)

    def change() -> None:
        memory[1] = 6

    with Soon(change):
        assert scan.until("now > prev", timeout=LONG, interval=0.01).matches == 1
    assert (scan[0].address, scan[0].previous, len(scan.steps)) == (BASE + 1, 6, 2)


def test_a_process_that_is_started_later(tmp_path: Any) -> None:
    program = build_targets("pie") / "game"
    own = tmp_path / "aplayedgame"
    own.write_bytes(program.read_bytes())
    own.chmod(0o755)
    with pytest.raises(TargetNotFound):
        attach(own.name, wait=SHORT)
    started: list[subprocess.Popen[bytes]] = []
    pipe = subprocess.PIPE
    with Soon(lambda: started.append(subprocess.Popen([own], stdin=pipe, stdout=pipe))):
        target = attach(own.name, wait=LONG)
    with started[0] as process, target:
        assert target.pid == process.pid
        with attach(process) as again:
            assert again.pid == process.pid
        process.communicate()
        target.wait_exit(timeout=LONG)
    with pytest.raises(TargetNotFound):
        attach(process)


def test_coroutines_wait_side_by_side(game: TargetProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    at = health(game)
    looks = threading.Semaphore(0)

    async def play() -> list[Any]:
        # no other place: what the program leaves of it on its stack changes by itself
        where = f"{at:#x}..{at + 4:#x}"
        with (
            await attach_async(game.pid, wait=LONG) as target,
            target.scan(i32, where=where) as scan,
        ):
            before = target.read(at, i32)
            scan.first(now == before)
            tell_looks(monkeypatch, looks.release)
            value = asyncio.create_task(target.wait_for_async(at, i32, now < prev, timeout=LONG))
            found = asyncio.create_task(scan.until_async("now < prev", timeout=LONG))
            for _ in range(2):
                await asyncio.to_thread(looks.acquire)
            with pytest.raises(WaitTimeout):
                await target.wait_exit_async(timeout=SHORT)
            forever = asyncio.create_task(target.wait_for_async(at, i32, now > 1_000_000))
            await asyncio.to_thread(game.command, "hit 7")
            seen = await asyncio.gather(value, found)
            found_at = scan.matches.addresses()
            assert len(found_at) == seen[1].matches == 1
            forever.cancel()
            with pytest.raises(asyncio.CancelledError):
                await forever
            ended = asyncio.create_task(target.wait_exit_async(timeout=LONG))
            end(game)
            await ended
            return [seen[0] - before, at in found_at]

    assert asyncio.run(play()) == [-7, True]


def test_what_comes_for_nobody_any_more_is_let_go() -> None:
    begun, goes_on = threading.Event(), threading.Event()
    closed: list[str] = []

    def looks() -> Waiting[str]:
        yield 0.001
        begun.set()
        assert goes_on.wait(LONG)
        return "found"

    async def play() -> None:
        waits = asyncio.create_task(wait_async(looks(), let_go=closed.append))
        assert await asyncio.to_thread(begun.wait, LONG)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        assert closed == []
        goes_on.set()

    asyncio.run(play())  # which waits for its threads
    assert closed == ["found"]


def test_what_has_come_as_nobody_waits_any_more_is_let_go() -> None:
    """The last look is over, and the loop is told so behind being told to cancel the task."""
    over = threading.Event()
    closed: list[str] = []

    class Loop(asyncio.SelectorEventLoop):
        def call_soon_threadsafe(self, *given: Any, **options: Any) -> Any:  # type: ignore[override]
            try:
                return super().call_soon_threadsafe(*given, **options)
            finally:
                over.set()

    def looks() -> Waiting[str]:
        yield from ()
        return "found"

    async def play() -> None:
        waits = asyncio.create_task(wait_async(looks(), let_go=closed.append))
        await asyncio.sleep(0)
        assert over.wait(LONG)  # the loop itself stands still
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits

    loop = Loop()
    try:
        loop.run_until_complete(play())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
    assert closed == ["found"]


SUITE = """
from farfetch.scanner import Buffer, i32, attach
import pytest, os, ctypes

there = (ctypes.c_int32 * 64)(*[5] * 64)
at = ctypes.addressof(there)
text = ctypes.create_string_buffer(b"gold", 8)
kept = []
memory = bytearray(20)

def test_clean_up(farfetch_target):
    target = farfetch_target(os.getpid())
    kept.append(target)
    target.freeze(at, i32, 77)
    target.patch(at + 16, b"abcd")
    assert there[0] == 77
    target = farfetch_target(Buffer(memory, base=16))
    target.script("10:\\n db 'abcd'").enable()
    target.patch(32, b"abcd")
    target.script("20:\\n db 'efgh'").enable()
    target.patch(16, b"efgh")
    assert memory == b"efgh".ljust(16, b"\\0") + b"efgh"

def test_a_patch_that_is_gone_keeps_none_of_the_rest(farfetch_target):
    for place in (32, 48):
        target = farfetch_target(os.getpid())
        kept.append(target)
        target.patch(at + place, b"abcd")
        target.patch(at + place + 4, b"abcd")
        there[place // 4 + 1] = 9

def test_after_it(farfetch_target, assert_value):
    assert not any(target.alive for target in kept)
    assert there[8] == there[12] == 5 and there[9] == there[13] == 9
    assert there[4] == 5 and memory == bytes(20)
    assert not kept[0].alive
    target = farfetch_target(os.getpid())
    assert assert_value(target, at + 4, i32, 5) == 5
    assert assert_value(target, at + 4, "i32", "now in 1..5", timeout=1) == 5
    assert assert_value(target, ctypes.addressof(text), "text[8]", "gold") == "gold"
    assert_value(target, at + 4, i32, 6, timeout=0.05)

def test_of_a_failure_that_is_no_number(farfetch_target, assert_value):
    target = farfetch_target(os.getpid())
    assert_value(target, ctypes.addressof(text), "text[8]", "iron")

def test_no_target(assert_value):
    assert_value(None, at, i32, 5)
"""


def pytest_of(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly"]
    command += ["-c", "/dev/null", "--import-mode=importlib", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def test_the_plugin_cleans_up_and_says_what_was_there(tmp_path: Any) -> None:
    (tmp_path / "test_own.py").write_text(SUITE)
    done = pytest_of(str(tmp_path), cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout
    assert "3 failed" in done.stdout, done.stdout
    assert "target takes a target, such as farfetch_target(what) gives, not None" in done.stdout
    assert "1 error" in done.stdout, done.stdout
    told = done.stdout.partition("short test summary")[0]  # which CI says twice
    assert told.count("farfetch_target: the patch at 0x") == 2
    assert "wanted now == 6 after 0.05 s, but it is 5 at 0x" in done.stdout
    assert 'wanted now == "iron", but it is "gold" at 0x' in done.stdout


def test_the_example_suite_tests_the_game() -> None:
    program = build_targets("pie") / "game"
    environment = {"GAME": str(program), "PATH": "/usr/bin:/bin"}
    done = pytest_of(str(ROOT / "docs/examples"), env=environment, cwd=ROOT)
    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_a_session_without_a_fixture_does_not_load_the_library(tmp_path: Any) -> None:
    text = "import sys\n\ndef test_it():\n    assert 'farfetch.scanner' not in sys.modules\n"
    (tmp_path / "test_own.py").write_text(text)
    assert "1 passed" in pytest_of(str(tmp_path), cwd=tmp_path).stdout
