"""Loading that fails, while callers are at the door."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import MODULE, STALL, WAYS, Caller, Program

pytestmark = pytest.mark.skipif("syscall" not in WAYS, reason="this kernel has no stub")

SYS_FINIT_MODULE = 313
DEVICE = Path("/dev/farfetch")
HOLDERS = Path(os.environ.get("FARFETCH_HOLDERS", ""))
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


def _wait_in(process: subprocess.Popen[str], function: str) -> None:
    """Wait until a process is in a function of the kernel; it must come there."""
    stack = Path(f"/proc/{process.pid}/stack")
    deadline = time.monotonic() + 120
    while f" {function}+" not in (where := stack.read_text()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"not in {function}() but in\n{where}"
        time.sleep(0.01)


@pytest.fixture
def no_minors() -> Iterator[Path]:
    """Let no device be made, and whoever tries wait until ``N`` is written to a file."""
    subprocess.run(["insmod", HOLDERS / "minors.ko"], check=True)
    shut = Path("/sys/module/minors/parameters/shut")
    opener = subprocess.Popen(["cat", "/dev/minor0"], stderr=subprocess.PIPE, text=True)
    try:
        _wait_in(opener, "minors_open")
        yield shut
    finally:
        shut.write_text("N")
        opener.communicate()
        _unload("minors")


@pytest.mark.usefixtures("unloaded")
def test_device_cannot_be_made(no_minors: Path, start: Start) -> None:
    """Who gets into the module meanwhile is still there when its text is gone."""
    target = start("malloc")
    with Program([STALL, "syscall", str(target.pid), hex(target.address())]) as stall:
        loading = subprocess.Popen(["insmod", MODULE], stderr=subprocess.PIPE, text=True)
        _wait_in(loading, "misc_register")
        before = int(stall.ask("look")["calls"])
        words = stall.ask("look")
        while words["inside"] == "0" and int(words["calls"]) < before + 1000:
            words = stall.ask("look")
        no_minors.write_text("N")
        _, said = loading.communicate()
        assert (loading.returncode, os.strerror(errno.EBUSY) in said) == (1, True), said
        words = stall.ask("wake")
    assert words["inside"] == "0"
    assert words["errno"] == str(errno.ENOSYS)
    assert not _loaded()


@pytest.mark.usefixtures("unloaded")
def test_system_call_is_taken(calling: Callable[[str], None], start: Start) -> None:
    """The device is there for a moment, and must not be left open by anybody."""
    subprocess.run(["insmod", HOLDERS / "holder.ko"], check=True)
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
