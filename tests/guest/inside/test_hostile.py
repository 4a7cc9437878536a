"""What somebody would try who means ill, with the device open to all."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from guest.inside.cast import SIZE, USER, Cast, as_user
from guest.inside.conftest import Start
from guest.inside.programs import HOP, MODULE, PAGE, STALL, WAYS, Caller, Program, denied

COPY = 0x4028_66FA
DEVICE = Path("/dev/farfetch")
WORDS = ["gup", "walk", *(["syscall"] if "syscall" in WAYS else [])]
HOPS_SECONDS = 3
SYS_DELETE_MODULE = 176

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


@pytest.fixture(params=WORDS)
def word(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _remove() -> int:
    """Remove the module if nobody is in it; return 0 or the errno."""
    done = _libc.syscall(ctypes.c_long(SYS_DELETE_MODULE), b"farfetch", os.O_NONBLOCK)
    return ctypes.get_errno() if done else 0


@contextlib.contextmanager
def _stalled(word: str, target: Program) -> Iterator[Program]:
    """Have a call on a target that stays inside the module."""
    with Program([STALL, word, str(target.pid), hex(target.address())]) as stall:
        deadline = time.monotonic() + 60
        while stall.ask("look")["inside"] == "0":
            assert time.monotonic() < deadline, "no call has come as far as the buffer"
        yield stall


def test_stalled_call_holds_nobody_up(word: str, start: Start, caller: Caller) -> None:
    """It waits without a lock: the target goes on, and so do others' calls on it."""
    target = start("mutate")
    with _stalled(word, target) as stall:
        for line in ("protect read", "protect write", "fork", "reap", "set 1"):
            assert "error" not in target.ask(line)
        assert caller.call("process_vm", "read", target.pid, target.address(), 8).done == 8
        assert caller.call(word, "read", target.pid, target.address(), 8).done == 8
        assert caller.call(word, "write", target.pid, target.address(), 8).done == 8
        words = stall.ask("wake")
    assert (words["result"], words["errno"]) == ("8", "0")


def test_stalled_call_ends_with_its_caller(word: str, start: Start, caller: Caller) -> None:
    """The module cannot be removed under it; once it is killed nothing is left of it."""
    caller.ask("close")
    target = start("malloc")
    with _stalled(word, target) as stall:
        assert _remove() == errno.EWOULDBLOCK
        stall.process.send_signal(signal.SIGKILL)
        assert stall.process.wait(60) == -signal.SIGKILL
    assert not _remove()
    subprocess.run(["insmod", MODULE], check=True)


def test_target_ends_under_a_stalled_call(word: str, start: Start) -> None:
    target = start("malloc")
    with _stalled(word, target) as stall:
        target.process.kill()
        assert target.process.wait(60) == -signal.SIGKILL
        words = stall.ask("wake")
    assert (words["result"], words["errno"]) == ("8", "0")


def test_call_that_waits_for_the_targets_page_is_killed(start: Start, caller: Caller) -> None:
    """A target can let whoever looks at it wait, by userfaultfd(2); not for good."""
    bystander = start("malloc")
    with Program([STALL, "gup", str(bystander.pid), hex(bystander.address())]) as target:
        page = int(target.greeting["page"], 16)
        with Caller() as waiting:
            waiting.send(f"call gup read {target.pid} {page:#x} 8 good")
            assert caller.call("walk", "read", target.pid, page, 8) == denied("EFAULT")
            waiting.process.send_signal(signal.SIGKILL)
            assert waiting.process.wait(60) == -signal.SIGKILL


@pytest.fixture
def hop(cast: Cast, tmp_path: Path) -> Iterator[Program]:
    """Have a user's process become root's and the user's again, by its program's file."""
    plain, special = tmp_path / "plain", tmp_path / "special"
    for path, mode in ((plain, 0o755), (special, 0o4755)):
        shutil.copy(HOP, path)
        path.chmod(mode)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    del cast  # What it has set is wanted: Yama, the module, the device.
    with Program([plain, plain, special], prepare=as_user(USER)) as program:
        yield program


def test_setuid_programs_memory_is_never_read(cast: Cast, hop: Program, word: str) -> None:
    """What is decided about the user's program is never done to root's."""
    reader = cast.start(USER)
    storm = f"{hop.pid} {hop.address():#x} {len('public')}"
    words = reader.ask(f"storm {word} check {storm} {HOPS_SECONDS} 2")
    assert int(words["copied"])
    assert int(words["failed"])
    assert int(words["wrong"]) == 0
    assert hop.process.poll() is None


def test_open_device_gives_no_rights(cast: Cast) -> None:
    """Who calls is asked, not who has opened the device."""
    target = cast.start()
    caller = cast.start()
    assert caller.call("gup", "read", target.pid, target.address(), SIZE).done == SIZE
    for line in ("groups", f"resgid {USER} {USER} {USER}", f"resuid {USER} {USER} {USER}"):
        caller.must(line)
    assert caller.call("gup", "read", target.pid, target.address(), SIZE) == denied("EPERM")


@pytest.fixture
def device() -> Iterator[int]:
    file = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    yield file
    os.close(file)


@pytest.mark.parametrize("use", [lambda file: os.read(file, 8), lambda file: os.write(file, b"8")])
def test_device_is_not_read_nor_written(device: int, use: Callable[[int], object]) -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        use(device)


def test_device_is_not_mapped(device: int) -> None:
    with pytest.raises(OSError, match="No such device"):
        mmap.mmap(device, PAGE)


@pytest.mark.parametrize("request_at", [0, 1, PAGE - 1, (1 << 47) - PAGE, 1 << 63, -PAGE, -1])
def test_bad_request(device: int, request_at: int) -> None:
    address = ctypes.c_ulong(request_at)
    assert _libc.ioctl(device, ctypes.c_ulong(COPY), address) == -1
    assert ctypes.get_errno() == errno.EFAULT


def test_request_that_ends_too_soon(device: int) -> None:
    with ExitStack() as stack:
        area = mmap.mmap(-1, 2 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        first = ctypes.addressof(ctypes.c_char.from_buffer(area))
        assert not _libc.mprotect(ctypes.c_void_p(first + PAGE), ctypes.c_size_t(PAGE), 0)
        stack.callback(
            _libc.mprotect, ctypes.c_void_p(first + PAGE), ctypes.c_size_t(PAGE), mmap.PROT_READ
        )
        for size in (1, 39):
            address = ctypes.c_ulong(first + PAGE - size)
            assert _libc.ioctl(device, ctypes.c_ulong(COPY), address) == -1
            assert ctypes.get_errno() == errno.EFAULT


def test_device_in_a_forked_child(device: int) -> None:
    """It has no state: who has it from a parent is itself whom calls are about."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.setresuid(USER, USER, USER)
        request = bytearray(40)
        request[4] = 1
        request[8:12] = os.getppid().to_bytes(4, "little")
        try:
            fcntl.ioctl(device, COPY, request)
        except OSError as error:
            os.write(write, errno.errorcode[error.errno or 0].encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"EPERM"
    os.close(read)
    os.close(write)
