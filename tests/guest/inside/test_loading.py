"""Loading that fails, while callers are at both doors."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import DEBUG_KERNEL, MODULE, WAYS, Caller, Program

pytestmark = pytest.mark.skipif("syscall" not in WAYS, reason="this kernel has no stub")

SYS_FINIT_MODULE = 313
DEVICE = Path("/dev/farfetch")
LONG = 4 << 20
# More than the allocations of misc_register(), and fewer than would reach back to the loading of
# the module's sections, whose failures the kernel itself warns of.
LAST_ALLOCATIONS = 20

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _load() -> int:
    """Load the module, by one system call; return 0 or the errno."""
    file = os.open(MODULE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        done = _libc.syscall(ctypes.c_long(SYS_FINIT_MODULE), file, b"", 0)
        return ctypes.get_errno() if done else 0
    finally:
        os.close(file)


def _loaded() -> bool:
    return Path("/sys/module/farfetch").exists()


def _unload(name: str = "farfetch") -> None:
    """Remove a module when the last call in it is over."""
    while subprocess.run(["rmmod", name], stderr=subprocess.DEVNULL, check=False).returncode:
        os.sched_yield()


@pytest.fixture
def unloaded() -> Iterator[None]:
    """Have the module removed for a test, and loaded again after it."""
    _unload()
    yield
    if not _loaded():
        assert not _load()


class Calls:
    """Threads of other processes that make long calls, again and again, or try to."""

    def __init__(self, stack: ExitStack, target: Program) -> None:
        self._stack = stack
        self._target = target
        self._callers: list[Caller] = []

    def begin(self, way: str) -> None:
        """Start three of them."""
        caller = Caller()
        self._stack.callback(caller.close)
        start = self._target.address("start")
        caller.send(f"storm {way} read {self._target.pid} {start:#x} {LONG:#x} 600 3")
        self._callers.append(caller)

    def pause(self) -> None:
        """Wait until none of them is in a call: a module they never leave cannot be removed."""
        for caller in self._callers:
            caller.process.send_signal(signal.SIGSTOP)
            # It has stopped when its last thread has.
            os.waitid(os.P_PID, caller.pid, os.WSTOPPED)

    def go_on(self) -> None:
        for caller in self._callers:
            caller.process.send_signal(signal.SIGCONT)


@pytest.fixture
def calls(start: Start) -> Iterator[Calls]:
    with ExitStack() as stack:
        yield Calls(stack, start("big", "16"))


@pytest.mark.usefixtures("unloaded")
def test_system_call_is_taken(calls: Calls, start: Start) -> None:
    """The device is there for a moment, and must not be left open by anybody."""
    subprocess.run(["insmod", os.environ["FARFETCH_HOLDER"]], check=True)
    try:
        calls.begin("device")
        for _ in range(10):
            assert _load() == errno.EBUSY
            assert not DEVICE.exists()
            assert not _loaded()
    finally:
        _unload("holder")
    assert not _load()
    target = start("malloc")
    with Caller() as caller:
        for way in WAYS:
            assert caller.call(way, "read", target.pid, target.address(), 8).content == b"farfetch"


@pytest.mark.skipif(not DEBUG_KERNEL, reason="this kernel cannot inject faults")
@pytest.mark.usefixtures("unloaded", "faults")
def test_an_allocation_fails(calls: Calls) -> None:
    """One after the other, of the last ones there are: those of the registrations."""
    calls.begin("syscall")
    failed = 0
    with Caller() as loader:

        def load(nth: int) -> dict[str, str]:
            calls.go_on()
            words = loader.ask(f"load {MODULE} {nth}")
            calls.pause()
            return words

        many = 1_000_000
        last = many - int(load(many)["left"])
        for number in range(last, last - LAST_ALLOCATIONS, -1):
            if _loaded():
                subprocess.run(["rmmod", "farfetch"], check=True)
            error = int(load(number)["errno"])
            assert error in (0, errno.ENOMEM), os.strerror(error)
            failed += bool(error)
            assert DEVICE.exists() == _loaded() == (not error)
    assert failed
