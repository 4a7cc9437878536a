"""Loading that fails, while callers are at both doors."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import DEBUG_KERNEL, MODULE, WAYS, Caller

pytestmark = pytest.mark.skipif("syscall" not in WAYS, reason="this kernel has no stub")

SYS_FINIT_MODULE = 313
DEVICE = Path("/dev/farfetch")
LONG = 16 << 20
# More than the allocations of misc_register(), and fewer than would reach back to the loading of
# the module's sections, whose failures the kernel itself warns of.
LAST_ALLOCATIONS = 30

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


def _knock() -> None:
    """Open the device as often as it is there, for good."""
    while True:
        with contextlib.suppress(OSError):
            os.close(os.open(DEVICE, os.O_RDWR))


@pytest.fixture
def knocking() -> Iterator[None]:
    """Have three processes at the device."""
    children = []
    for _ in range(3):
        child = os.fork()
        if not child:
            _knock()
        children.append(child)
    yield
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.fixture
def calling(start: Start) -> Iterator[Callable[[], Caller]]:
    """Start three threads that make long system calls, again and again."""
    big = start("big", "16")
    callers = []

    def call() -> Caller:
        caller = Caller()
        callers.append(caller)
        caller.send(f"storm syscall read {big.pid} {big.address('start'):#x} {LONG:#x} 600 3")
        return caller

    yield call
    for caller in callers:
        caller.close()


@pytest.mark.usefixtures("unloaded", "knocking")
def test_system_call_is_taken(calling: Callable[[], Caller], start: Start) -> None:
    """The device is there for a moment, and must not be left open by anybody."""
    subprocess.run(["insmod", os.environ["FARFETCH_HOLDER"]], check=True)
    try:
        calling()
        for _ in range(50):
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
@pytest.mark.usefixtures("unloaded", "knocking", "faults")
def test_an_allocation_fails(calling: Callable[[], Caller]) -> None:
    """One after the other, of the last ones there are: those of the registrations."""
    calling()
    failed = 0
    with Path("/proc/thread-self/fail-nth").open("r+b", buffering=0) as nth:
        many = 1_000_000
        nth.write(b"%d" % many)
        assert not _load()
        last = many - int(os.pread(nth.fileno(), 16, 0))
        os.pwrite(nth.fileno(), b"0", 0)
        _unload()
        for number in range(last, last - LAST_ALLOCATIONS, -1):
            os.pwrite(nth.fileno(), b"%d" % number, 0)
            error = _load()
            os.pwrite(nth.fileno(), b"0", 0)
            assert error in (0, errno.ENOMEM), os.strerror(error)
            failed += bool(error)
            assert DEVICE.exists() == _loaded() == (not error)
            if not error:
                _unload()
    assert failed
    # What is left of the callers' calls comes to its end.
    assert not _load()
