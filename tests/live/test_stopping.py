"""What is done by stopping threads is not noticed by the process, whatever these are doing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from farfetch.scanner import MemoryUnavailable, StopError, Target, TargetGone, attach, i32
from farfetch.scanner.memory.changes import Change

from support.child import Child, is_traced
from support.machine import only_x86, yama
from support.resting import ANEW, ENDLESS, EXACT, Resting, TooSoonError, build, patiently
from support.sequence import Sequence
from support.sequence import build as build_sequence
from support.waiting import wait_for

pytestmark = only_x86

ROUNDS = 20


@pytest.fixture(scope="module", params=[64, 32])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("resting"), request.param)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("resting"))


def allocates(target: Target, code: int) -> None:
    memory = target.memory
    address = memory.allocate(100, near=code)
    target.write_bytes(address, b"abc")
    assert target.read_bytes(address, 4) == b"abc\0"
    memory.release(address, 100)
    assert target.locate(address).region is None


def changes(target: Target, code: int) -> None:
    """Bytes of its code, and back."""
    before = target.read_bytes(code, 3)
    there = Change(code, before, b"\x90\x90\xcc")
    target.memory.change([there])
    assert target.read_bytes(code, 3) == b"\x90\x90\xcc"
    target.memory.change([there.back])
    assert target.read_bytes(code, 3) == before


def while_it_waits(resting: Resting, target: Target, way: Callable[[Target, int], None]) -> None:
    """Do it often, unless the call is over before."""
    try:
        for _ in range(ROUNDS):
            way(target, resting.code)
    except TargetGone as error:
        raise TooSoonError from error


DONE = {"allocates": allocates, "changes": changes}
every_way = pytest.mark.parametrize("way", DONE.values(), ids=DONE)


@every_way
@pytest.mark.parametrize("kind", EXACT)
def test_waits_go_on_for_the_rest_of_their_time(
    program: Path, kind: str, way: Callable[[Target, int], None]
) -> None:
    """If each stop made one begin anew it would never end."""

    def stops(milliseconds: int) -> None:
        with Resting(program, kind, milliseconds) as resting, resting.attach() as target:
            count = 0
            with contextlib.suppress(TargetGone):
                while not resting.over():
                    way(target, resting.code)
                    count += 1
            if not count:
                raise TooSoonError
            assert resting.result() == f"{EXACT[kind]} 0"

    patiently(stops)


@every_way
@pytest.mark.parametrize("kind", ANEW)
def test_waits_that_are_begun_again_hear_of_no_signal(
    program: Path, kind: str, way: Callable[[Target, int], None]
) -> None:
    def stops(milliseconds: int) -> None:
        with Resting(program, kind, milliseconds) as resting, resting.attach() as target:
            while_it_waits(resting, target, way)
            assert not is_traced(resting.pid)
            assert resting.result() == f"{ANEW[kind]} 0"

    patiently(stops)


@every_way
@pytest.mark.parametrize("kind", ENDLESS)
def test_waits_without_an_end(program: Path, kind: str, way: Callable[[Target, int], None]) -> None:
    with Resting(program, kind) as resting, attach(resting.pid) as target:
        for _ in range(ROUNDS):
            way(target, resting.code)
        assert resting.result("x") == f"{ENDLESS[kind]} 0"


@every_way
@pytest.mark.parametrize("kind", ["suspend", "loop"])
def test_a_signal_is_still_waited_for(
    program: Path, kind: str, way: Callable[[Target, int], None]
) -> None:
    """Code that runs, and a wait in which another set of signals is blocked."""
    with Resting(program, kind) as resting, attach(resting.pid) as target:
        for _ in range(ROUNDS):
            way(target, resting.code)
        os.kill(resting.pid, signal.SIGUSR1)
        ends = {"suspend": "-1 EINTR 1", "loop": "1 0 1"}
        assert resting.result() == ends[kind]


@every_way
@pytest.mark.parametrize("kind", ["read", "poll"])
def test_the_first_thread_may_have_ended(
    program: Path, kind: str, way: Callable[[Target, int], None]
) -> None:
    def stops(milliseconds: int) -> None:
        with (
            Resting(program, kind, milliseconds, leaderless=True) as resting,
            resting.attach() as target,
        ):
            while_it_waits(resting, target, way)
            said = "x" if kind == "read" else ""
            assert resting.result(said) == {**EXACT, **ENDLESS}[kind] + " 0"

    patiently(stops)


@every_way
@pytest.mark.parametrize("kind", ["read", "nanosleep", "epoll", "loop"])
def test_what_was_stopped_stays_so(
    program: Path, kind: str, way: Callable[[Target, int], None]
) -> None:
    """As by Ctrl-Z; its parent hears of it once, and it goes on when it is told to."""

    def stops(milliseconds: int) -> None:
        with Resting(program, kind, milliseconds) as resting, resting.attach() as target:
            os.kill(resting.pid, signal.SIGSTOP)
            _, status = os.waitpid(resting.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                raise TooSoonError
            for _ in range(ROUNDS):
                way(target, resting.code)
                wait_for(lambda: resting.state(0) == "T")
            assert os.waitpid(resting.pid, os.WUNTRACED | os.WNOHANG) == (0, 0)
            os.kill(resting.pid, signal.SIGCONT)
            if kind == "loop":
                os.kill(resting.pid, signal.SIGUSR1)
            assert resting.result("x").startswith(("1 0", "0 0"))

    patiently(stops)


def test_what_was_continued_goes_on(program: Path) -> None:
    """SIGSTOP and SIGCONT come while one of its threads is stepped; the last word is SIGCONT's."""
    with Resting(program, "loop") as resting, attach(resting.pid) as target:
        for _ in range(ROUNDS):
            meanwhile = subprocess.Popen([sys.executable, "-c", STOP_AND_GO, str(resting.pid)])
            while meanwhile.poll() is None:
                allocates(target, resting.code)
            wait_for(lambda: resting.state(0) == "R")
        os.kill(resting.pid, signal.SIGUSR1)
        assert resting.result() == "1 0 1"


@every_way
def test_a_thread_that_nothing_wakes_does_not_hold_the_others(
    program: Path, way: Callable[[Target, int], None]
) -> None:
    """It waits for a child of vfork(2), and one beside it reads."""
    with Resting(program, "vfork_beside") as resting, attach(resting.pid) as target:
        for _ in range(ROUNDS):
            way(target, resting.code)
        assert resting.state(-1) == "D"
        assert not is_traced(resting.pid)
        resting.process.communicate("xy", timeout=60)
        assert resting.process.returncode == 0


def test_nothing_can_be_asked_of_threads_that_nothing_wakes(program: Path) -> None:
    with Resting(program, "vfork") as resting, attach(resting.pid) as target:
        with pytest.raises(StopError, match=r"sleep where nothing wakes them \(state D\)"):
            target.memory.allocate(100)
        changes(target, resting.code)
        assert not is_traced(resting.pid)
        assert resting.result("x") == "3 0 0"


def test_a_child_that_runs_in_its_memory_is_waited_for(program: Path) -> None:
    """A process of its own, so nobody stops it; it may be anywhere in the code."""
    with Resting(program, "vfork_loop") as resting, attach(resting.pid) as target:
        task = Path(f"/proc/{resting.pid}/task/{resting.pid}/children")
        if not task.exists():
            pytest.skip("this kernel has no lists of children")
        before = target.read_bytes(resting.code, 3)
        try:
            with pytest.raises(StopError, match="does not leave the code that is to change"):
                target.memory.change([Change(resting.code, before, b"\x90\x90\x90")])
            assert target.read_bytes(resting.code, 3) == before
        finally:
            os.kill(int(task.read_text()), signal.SIGKILL)
        assert resting.result() == "9 0 0"


def test_a_handler_of_a_signal_returns_to_what_was_there(program: Path) -> None:
    """It runs, and what it has interrupted is in the middle of what is to change."""
    with Resting(program, "handler") as resting, attach(resting.pid) as target:
        before = target.read_bytes(resting.code, 3)
        with pytest.raises(StopError, match="does not leave the code that is to change"):
            target.memory.change([Change(resting.code, before, b"\x90\x90\x90")])
        assert target.read_bytes(resting.code, 3) == before
        beside = target.read_bytes(resting.code + 3, 3)
        target.memory.change([Change(resting.code + 3, beside, b"\x66\x66\x90")])
        assert resting.result("x") == "2 0 1"


def test_a_filter_that_would_kill_is_not_asked(program: Path) -> None:
    with Resting(program, "filtered") as resting, attach(resting.pid) as target:
        with pytest.raises(MemoryUnavailable, match="seccomp filter watches its system calls"):
            target.memory.allocate(100)
        changes(target, resting.code)
        assert resting.result("x") == "1 0 0"


def test_a_thread_without_a_filter_is_asked(program: Path) -> None:
    with Resting(program, "filtered_beside") as resting, attach(resting.pid) as target:
        for _ in range(ROUNDS):
            allocates(target, resting.code)
        resting.process.communicate("xy", timeout=60)
        assert resting.process.returncode == 0


STOP_AND_GO = """
import os, signal, sys, time
for _ in range(3):
    os.kill(int(sys.argv[1]), signal.SIGSTOP)
    time.sleep(0.0001)
    os.kill(int(sys.argv[1]), signal.SIGCONT)
"""
TRACE = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0x4206, int(sys.argv[1]), None, None) == 0, ctypes.get_errno()
print("seized", flush=True)
sys.stdin.read()
"""


#: A filter that refuses us processes, but not threads, and an allocation then.
FILTERED = """
import ctypes, struct, sys
from farfetch.scanner import attach
libc = ctypes.CDLL(None, use_errno=True)
lines = (  # clone(2) without CLONE_THREAD is EPERM
    (0x20, 0, 0, 0), (0x15, 0, 3, 56), (0x20, 0, 0, 16),
    (0x45, 1, 0, 0x10000), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000),
)
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code)))
libc.prctl(38, 1, 0, 0, 0)
if libc.prctl(22, 2, ctypes.byref(program)):
    sys.exit(print("no filter"))
assert libc.syscall(56, 17, 0, 0, 0, 0) == -1, "it does not refuse"
with attach(int(sys.argv[1])) as target:
    target.free(target.allocate(100, near=int(sys.argv[2])))
print("done")
"""


@every_way
def test_another_tracer_is_named(wide: Path, way: Callable[[Target, int], None]) -> None:
    with Resting(wide, "read") as resting, attach(resting.pid) as target:
        command = [sys.executable, "-c", TRACE, str(resting.pid)]
        pipe = subprocess.PIPE
        tracer = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        with Child(tracer):
            assert tracer.stdout
            assert tracer.stdout.readline() == "seized\n"
            before = target.read_bytes(resting.code, 3)
            with pytest.raises(StopError) as raised:
                way(target, resting.code)
            assert f"({tracer.pid}) traces it: let it detach first" in str(raised.value)
            assert target.read_bytes(resting.code, 3) == before
        way(target, resting.code)
        assert resting.result("x") == "1 0 0"


@pytest.mark.skipif(yama(), reason="what we started may be traced by none but us here")
@every_way
def test_nobody_in_our_process_takes_a_stop_for_the_end(
    wide: Path, way: Callable[[Target, int], None]
) -> None:
    """Popen.poll() in another thread would: it is told of the stops of what its process traces."""
    with Resting(wide, "read") as resting, attach(resting.pid) as target:
        over = threading.Event()
        seen: list[object] = []

        def look() -> None:
            while not over.is_set():
                seen.append(resting.process.poll())
                seen.append(os.waitpid(resting.pid, os.WNOHANG))

        looking = threading.Thread(target=look)
        looking.start()
        try:
            for _ in range(ROUNDS):
                way(target, resting.code)
        finally:
            over.set()
            looking.join()
        assert {str(one) for one in seen} == {"None", "(0, 0)"}
        assert resting.result("x") == "1 0 0"


def test_where_no_process_can_be_made_a_thread_traces(wide: Path) -> None:
    with Resting(wide, "read") as resting:
        command = [sys.executable, "-c", FILTERED, str(resting.pid), str(resting.code)]
        got = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
        assert got.stdout in ("done\n", "no filter\n"), got.stderr
        assert not is_traced(resting.pid)
        assert resting.result("x") == "1 0 0"


def test_a_restartable_sequence_is_begun_anew(tmp_path: Path) -> None:
    """A thread in the middle of one is made to allocate, and the other counts meanwhile."""
    with Sequence(build_sequence(tmp_path)) as running:
        if not running.known:
            pytest.skip("no restartable sequences here")
        with attach(running.pid) as target:
            for _ in range(100):
                allocates(target, running.code)
            target.write(running.stop, i32, 1)
        own, together = running.counted()
        assert own == together > 0


def test_a_process_does_not_stop_itself() -> None:
    with attach(os.getpid()) as target, pytest.raises(StopError, match="cannot stop itself"):
        target.memory.allocate(100)
