"""Calls while the target, or the module, changes under them.

What is asked for is mostly that nothing happens: the kernel's log says if something did.
``FARFETCH_RACE_SECONDS`` is how long each lasts.
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import DEBUG_KERNEL, MODULE, PAGE, WAYS, Caller, Program, lasting

SECONDS = float(os.environ.get("FARFETCH_RACE_SECONDS", "1"))
WORDS = ["gup", "walk", *(["syscall"] if "syscall" in WAYS else [])]
MIB = 1 << 20

SYS_PIDFD_OPEN = 434
SYS_PROCESS_MADVISE = 440
SYS_MIGRATE_PAGES = 256
MADV_PAGEOUT = 21
MADV_COLLAPSE = 25

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _Range(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _advise(pid: int, address: int, length: int, advice: int) -> int:
    """Advise about another process's memory; return 0 or the errno."""
    pidfd = _libc.syscall(SYS_PIDFD_OPEN, pid, 0)
    assert pidfd >= 0, os.strerror(ctypes.get_errno())
    try:
        area = _Range(address, length)
        done = _libc.syscall(
            SYS_PROCESS_MADVISE, pidfd, ctypes.byref(area), ctypes.c_ulong(1), advice, 0
        )
        return 0 if done >= 0 else ctypes.get_errno()
    finally:
        os.close(pidfd)


class Weather:
    """Storms of calls from processes of their own."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._callers: list[Caller] = []

    def blow(self, operation: str, pid: int, address: int, length: int, words: list[str]) -> None:
        """Start a storm by each of some ways, of two threads."""
        for word in words:
            caller = Caller()
            self._stack.callback(caller.close)
            caller.send(f"storm {word} {operation} {pid} {address:#x} {length:#x} {SECONDS} 2")
            self._callers.append(caller)

    def while_it_blows(self, change: Callable[[], object]) -> None:
        """Change something until the storms are over, and a few times at least."""
        for _ in lasting(SECONDS):
            change()

    def calm(self) -> dict[str, int]:
        """Wait for the storms; return the sums of what they counted."""
        total: dict[str, int] = {}
        for caller in self._callers:
            for key, value in caller.answer().items():
                total[key] = total.get(key, 0) + int(value)
        assert total["calls"]
        assert total["wrong"] == 0
        return total


@pytest.fixture
def weather() -> Iterator[Weather]:
    with ExitStack() as stack:
        yield Weather(stack)


def _each(target: Program, *lines: str) -> Callable[[], None]:
    def change() -> None:
        for line in lines:
            words = target.ask(line)
            assert "error" not in words, words

    return change


CHANGES = {
    "munmap": ("unmap", "map"),
    "mprotect": ("protect none", "protect write", "protect read", "protect write"),
    "grow": ("grow 4", "unmap", "map"),
    "fork": ("fork", "set 1", "reap"),
    "exec": ("exec",),
}


@pytest.mark.parametrize("operation", ["read", "write"])
@pytest.mark.parametrize("name", CHANGES)
def test_target_changes(weather: Weather, start: Start, name: str, operation: str) -> None:
    mutate = start("mutate")
    weather.blow(operation, mutate.pid, mutate.address(), 4 * PAGE, WORDS)
    weather.while_it_blows(_each(mutate, *CHANGES[name]))
    weather.calm()
    assert mutate.process.poll() is None


@pytest.mark.parametrize("operation", ["read", "write"])
def test_target_churns(weather: Weather, start: Start, operation: str) -> None:
    mutate = start("mutate")
    mutate.ask("churn")
    weather.blow(operation, mutate.pid, mutate.address(), 16 * PAGE, WORDS)
    assert weather.calm()["copied"]
    mutate.ask("calm")


def test_target_exits(weather: Weather, start: Start) -> None:
    """Each is gone while calls on it are under way; the next has the same pid."""
    last = Path("/proc/sys/kernel/ns_last_pid")
    target = start("mutate")
    pid = target.pid
    weather.blow("read", pid, target.address(), 4 * PAGE, WORDS)

    def again() -> None:
        nonlocal target
        target.send("exit")
        target.process.wait()
        last.write_text(str(pid - 1))
        target = start("mutate")

    weather.while_it_blows(again)
    assert weather.calm()["failed"]


def _steady(start: Start, weather: Weather, words: list[str]) -> tuple[int, int, int]:
    """Start calls that must always find the same bytes in a target of 8 MiB."""
    big = start("big", "8")
    first = -(-big.address("start") // (2 * MIB)) * 2 * MIB
    length = (int(big.greeting["end"], 16) - first) // (2 * MIB) * 2 * MIB
    weather.blow("check", big.pid, first, length, words)
    return big.pid, first, length


def test_pages_are_swapped_out(weather: Weather, start: Start, swap: None) -> None:  # noqa: ARG001
    pid, first, length = _steady(start, weather, WORDS)

    def push_out() -> None:
        assert _advise(pid, first, length, MADV_PAGEOUT) in (0, errno.EAGAIN)

    weather.while_it_blows(push_out)
    assert weather.calm()["copied"]


def test_pages_become_huge_and_small_again(
    weather: Weather,
    start: Start,
    swap: None,  # noqa: ARG001
) -> None:
    pid, first, length = _steady(start, weather, WORDS)
    if _advise(pid, first, length, MADV_COLLAPSE) == errno.EINVAL:
        pytest.skip("this kernel cannot be told to make huge pages of another's")

    def collapse() -> None:
        _advise(pid, first, length, MADV_COLLAPSE)
        _advise(pid, first, length, MADV_PAGEOUT)

    weather.while_it_blows(collapse)
    assert weather.calm()["copied"]


def test_pages_are_migrated(weather: Weather, start: Start) -> None:
    pid, _, _ = _steady(start, weather, WORDS)
    nodes = len(list(Path("/sys/devices/system/node").glob("node[0-9]*")))
    home = 0

    def migrate() -> None:
        nonlocal home
        if nodes == 1:
            Path("/proc/sys/vm/compact_memory").write_text("1")
            return
        old, new = ctypes.c_ulong(1 << home), ctypes.c_ulong(1 << (1 - home))
        home = 1 - home
        moved = _libc.syscall(
            SYS_MIGRATE_PAGES, pid, ctypes.c_ulong(64), ctypes.byref(old), ctypes.byref(new)
        )
        assert moved >= 0, os.strerror(ctypes.get_errno())

    weather.while_it_blows(migrate)
    assert weather.calm()["copied"]


def test_two_callers_write_to_one_target(weather: Weather, start: Start) -> None:
    target = start("malloc")
    for _ in range(2):
        weather.blow("write", target.pid, target.address(), PAGE, WORDS)
    assert weather.calm()["failed"] == 0
    assert target.ask()["text"].startswith("Z" * 100)


@pytest.mark.parametrize("operation", ["read", "write"])
@pytest.mark.parametrize("word", WORDS)
def test_caller_is_the_target(operation: str, word: str) -> None:
    with Caller() as caller:
        address = caller.address()
        words = caller.ask(f"storm {word} {operation} {caller.pid} {address:#x} 16 {SECONDS} 2")
        assert int(words["failed"]) == 0


@pytest.mark.skipif("syscall" not in WAYS, reason="this kernel has no stub")
def test_module_comes_and_goes_under_the_system_call(weather: Weather, start: Start) -> None:
    target = start("malloc")
    weather.blow("read", target.pid, target.address(), 64, ["syscall"])
    removed = 0

    def reload() -> None:
        nonlocal removed
        if subprocess.run(["rmmod", "farfetch"], stderr=subprocess.DEVNULL, check=False).returncode:
            return
        removed += 1
        subprocess.run(["insmod", MODULE], check=True)

    weather.while_it_blows(reload)
    while not removed:
        reload()
    assert weather.calm()["copied"]


def test_module_comes_and_goes_under_the_device(start: Start) -> None:
    target = start("malloc")
    for _ in lasting(SECONDS):
        with Caller() as caller:
            assert caller.call("device", "read", target.pid, target.address(), 8).done == 8
            busy = subprocess.run(["rmmod", "farfetch"], stderr=subprocess.DEVNULL, check=False)
            assert busy.returncode
        subprocess.run(["rmmod", "farfetch"], check=True)
        subprocess.run(["insmod", MODULE], check=True)


@pytest.mark.skipif(not DEBUG_KERNEL, reason="this kernel cannot inject faults")
@pytest.mark.parametrize("operation", ["read", "write"])
@pytest.mark.parametrize("word", ["gup", "walk", "syscall"])
@pytest.mark.parametrize("length", [64, 100 * PAGE])
def test_injected_faults(
    start: Start,
    faults: None,  # noqa: ARG001
    word: str,
    operation: str,
    length: int,
) -> None:
    if word == "walk":
        length = min(length, 64)
    big = start("big", "1")
    with Caller() as caller:
        address = big.address("start")
        words = caller.ask(f"inject {word} {operation} {big.pid} {address:#x} {length:#x}")
        count = int(words["faults"])
        assert count
        for nth in range(1, count + 1):
            done, error = map(int, words[str(nth)].split())
            # A fault costs the call, or what is left of it, or nothing.
            assert 0 < done <= length or error in (errno.ENOMEM, errno.EFAULT), words
        assert caller.call(word, "read", big.pid, address, 64).done == 64
