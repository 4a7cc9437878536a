"""Loading that fails, while callers are at the door."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import MODULE, WAYS, Caller

pytestmark = pytest.mark.skipif("syscall" not in WAYS, reason="this kernel has no stub")

SYS_FINIT_MODULE = 313
DEVICE = Path("/dev/farfetch")
LONG = 4 << 20

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


@pytest.fixture
def calling(start: Start) -> Iterator[Callable[[str], None]]:
    """Start three threads that make long calls, again and again, or try to."""
    big = start("big", "16")
    callers = []

    def call(way: str) -> None:
        caller = Caller()
        callers.append(caller)
        caller.send(f"storm {way} read {big.pid} {big.address('start'):#x} {LONG:#x} 600 3")

    yield call
    for caller in callers:
        caller.close()


@pytest.mark.usefixtures("unloaded")
def test_system_call_is_taken(calling: Callable[[str], None], start: Start) -> None:
    """The device is there for a moment, and must not be left open by anybody."""
    subprocess.run(["insmod", os.environ["FARFETCH_HOLDER"]], check=True)
    try:
        calling("device")
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
