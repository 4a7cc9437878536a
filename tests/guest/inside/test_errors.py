"""Every errno of farfetch(2), at its edges."""

from __future__ import annotations

import ctypes
import errno
import gc
import mmap
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import (
    MODULE,
    PAGE,
    SLOW_WAYS,
    TARGETS,
    WAYS,
    Caller,
    Program,
    Result,
    Route,
    denied,
    result,
)

# Where user memory ends: with 5 levels of page tables it is further up.
LEVELS_5 = " la57 " in Path("/proc/cpuinfo").read_text().replace("\n", " ")
TASK_SIZE = ((1 << 56) if LEVELS_5 else (1 << 47)) - PAGE
LAST = (1 << 64) - 1
GIB = 1 << 30


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["gup", "walk"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def target() -> Iterator[Program]:
    """One for all: no test here changes it."""
    with Program([TARGETS / "mmap"]) as program:
        yield program


def test_no_bytes_are_no_error(route: Route, target: Program) -> None:
    assert route.read(target.pid, target.address(), 0) == ("", 0, b"")
    assert route.write(target.pid, target.address(), b"") == ("", 0, b"")


def test_no_bytes_need_no_buffer(route: Route, target: Program) -> None:
    assert route.read(target.pid, target.address(), 0, "null") == ("", 0, b"")


def test_one_byte(route: Route, target: Program) -> None:
    assert route.read(target.pid, target.address() + 1, 1) == ("", 1, b"a")


def test_last_byte_of_a_page(route: Route, target: Program) -> None:
    assert route.read(target.pid, target.address() + PAGE - 1, 1) == ("", 1, b"\0")


def test_to_the_end_of_the_page(route: Route, target: Program) -> None:
    assert route.read(target.pid, target.address() + 100, PAGE - 100).done == PAGE - 100


def test_across_the_end_of_the_page(route: Route, start: Start) -> None:
    malloc = start("malloc")
    end = (malloc.address() | (PAGE - 1)) + 1
    got = route.read(malloc.pid, end - 10, 20)
    assert got == ("", 10, b"." * 10) if route.walks else ("", 20, b"." * 20)


def test_one_gib_is_short_where_the_mapping_ends(route: Route, start: Start) -> None:
    bag = start("bag")
    got = route.read(bag.pid, bag.address("touched"), GIB)
    assert got.done == PAGE
    assert got.content.startswith(b"a touched page\0")


@pytest.mark.parametrize("gup", SLOW_WAYS, indirect=True)
def test_one_gib_is_read_whole(gup: Route) -> None:
    with mmap.mmap(-1, GIB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as area:
        first = ctypes.addressof(ctypes.c_char.from_buffer(area))
        got = gup.read(os.getpid(), first, GIB)
        gc.collect()  # The address held the area's buffer.
    assert got == ("", GIB, bytes(len(got.content)))


def test_length_is_clamped(gup: Route, start: Start) -> None:
    """To want more than one call moves is not an error; the buffer holds what it moves."""
    bag = start("bag")
    got = gup.read(bag.pid, bag.address("touched"), 1 << 46, f"half:{2 << 30:#x}")
    assert got.done == PAGE


@pytest.mark.parametrize("length", [0, 1, PAGE])
@pytest.mark.parametrize("address", [TASK_SIZE, TASK_SIZE + 1, 1 << 62, 1 << 63])
def test_address_beyond_user_memory(
    route: Route, target: Program, address: int, length: int
) -> None:
    assert route.read(target.pid, address, length) == denied("EFAULT")


def test_last_address_of_user_memory(route: Route, target: Program) -> None:
    assert route.read(target.pid, TASK_SIZE - 1, 0) == ("", 0, b"")
    assert route.read(target.pid, TASK_SIZE - 1, 1) == denied("EFAULT")
    assert route.read(target.pid, TASK_SIZE - 1, 2) == denied("EFAULT")


def test_top_of_the_stack_is_read_up_to_its_end(route: Route, start: Start) -> None:
    still = start("twecho", "word", wrapper=("setarch", "-R"))
    top = 0x7FFF_FFFF_F000
    assert route.read(still.pid, top - 8, 8).done == 8
    assert route.read(still.pid, top - 8, 16).done == 8


@pytest.mark.parametrize("past", [0, 1, PAGE])
def test_range_that_wraps(route: Route, target: Program, past: int) -> None:
    address = target.address()
    length = LAST - address + 1 + past
    assert route.read(target.pid, address, length, "null") == denied("EFAULT")


def test_range_that_just_does_not_wrap(gup: Route, start: Start) -> None:
    bag = start("bag")
    address = bag.address("touched")
    assert gup.read(bag.pid, address, LAST - address, f"half:{2 << 30:#x}").done == PAGE


@pytest.mark.parametrize("buffer", ["null", "kernel", "0x10", "readonly"])
def test_bad_buffer_to_read_into(route: Route, target: Program, buffer: str) -> None:
    assert route.read(target.pid, target.address(), 8, buffer) == denied("EFAULT")


@pytest.mark.parametrize("buffer", ["null", "kernel", "0x10"])
def test_bad_buffer_to_write_from(route: Route, target: Program, buffer: str) -> None:
    call = route.caller.call
    got = call(route.word, "write", target.pid, target.address(), 8, buffer)
    assert got == denied("EFAULT")
    assert target.ask()["text"] == target.greeting["text"]


@pytest.mark.parametrize("good", [1, 100, PAGE - 1])
def test_half_bad_buffer_to_read_into(route: Route, target: Program, good: int) -> None:
    got = route.read(target.pid, target.address(), PAGE, f"half:{good}")
    text = target.greeting["text"].encode().ljust(PAGE, b"\0")
    assert got.done == good
    assert got.content == text[:good]


def test_half_bad_buffer_of_many_pages(gup: Route, start: Start) -> None:
    big = start("big", "1")
    good = 40 * PAGE + 5
    assert gup.read(big.pid, big.address("start") + 3, 100 * PAGE, f"half:{good}").done == good


def test_half_bad_buffer_to_write_from(route: Route, start: Start) -> None:
    target = start("mmap")
    got = route.caller.call(
        route.word, "write", target.pid, target.address(), PAGE, "half:3", b"new"
    )
    assert got.done == 3
    assert target.ask()["text"] == "new" + target.greeting["text"][3:]


@pytest.mark.parametrize("command", [2, 3, 0x7FFFFFFF, 0xFFFFFFFF])
def test_unknown_command(route: Route, target: Program, command: int) -> None:
    got = route.caller.call(route.word, command, target.pid, target.address(), 8)
    assert got == denied("EINVAL")


@pytest.mark.parametrize("pid", [0, -1, 4_194_304, 2**31 - 1, -(2**31)])
def test_no_such_process(route: Route, pid: int) -> None:
    assert route.read(pid, 0x1000, 8) == denied("ESRCH")


def test_kernel_thread(route: Route) -> None:
    assert Path("/proc/2/comm").read_text() == "kthreadd\n"
    assert route.read(2, 0x1000, 8) == denied("ESRCH")


def test_zombie(route: Route) -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert route.read(child, 0x1000, 8) == denied("ESRCH")
    os.waitpid(child, 0)
    assert route.read(child, 0x1000, 8) == denied("ESRCH")


def test_reused_pid_is_the_new_process(route: Route, start: Start) -> None:
    old = start("mmap")
    old.process.kill()
    old.process.wait()
    assert route.read(old.pid, old.address(), 8) == denied("ESRCH")
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(old.pid - 1))
    new = start("malloc")
    assert new.pid == old.pid
    assert route.read(new.pid, new.address(), 8).content == b"farfetch"


def test_thread_is_a_name_for_its_process(route: Route, start: Start) -> None:
    game = start("game")
    thread = max(int(path.name) for path in Path(f"/proc/{game.pid}/task").iterdir())
    assert thread != game.pid
    address = int(game.ask("addresses")["name_addr"], 16)
    name = "Brünhilde".encode()
    assert route.read(thread, address, len(name)).content == name


def test_self(route: Route) -> None:
    caller = route.caller
    assert route.read(caller.pid, caller.address(), 7).content == b"planted"
    assert route.write(caller.pid, caller.address(), b"changed").done == 7
    assert caller.ask("touch")["text"] == "changed in the caller"
    assert route.write(caller.pid, caller.address(), b"planted").done == 7


def test_self_into_itself(way: str, mode: str) -> None:
    """Caller, target, buffer and page are all the same."""
    with Caller() as caller:
        _into_itself(Route(way, mode, caller))


def _into_itself(route: Route) -> None:
    caller = route.caller
    address = caller.address()
    got = route.read(caller.pid, address, 7, f"{address + 11:#x}")
    assert got.done == 7
    assert caller.ask("touch")["text"] == "planted in plantedler"


def test_fatal_signal_ends_a_call_that_waits(way: str) -> None:
    """A call that waits for the target's mmap lock, or copies on and on, can be killed."""
    with Caller() as caller, Program([TARGETS / "big", "64"]) as big:
        first = big.address("start")
        caller.send(f"storm {way} read {big.pid} {first:#x} {64 << 20:#x} 600 2")
        caller.process.send_signal(signal.SIGKILL)
        assert caller.process.wait(60) == -signal.SIGKILL


def _request(caller: Caller, flags: int, reserved: int, pid: int, address: int) -> Result:
    return result(caller.ask(f"request 0 {flags:#x} {reserved:#x} {pid} {address:#x} 8"))


@pytest.mark.parametrize("flags", [3, 4, 5, 0x80000000, 0xFFFFFFFC])
def test_unknown_flags(caller: Caller, target: Program, flags: int) -> None:
    assert _request(caller, flags, 0, target.pid, target.address()) == denied("EINVAL")


@pytest.mark.parametrize("reserved", [1, 0x80000000])
def test_reserved_word(caller: Caller, target: Program, reserved: int) -> None:
    assert _request(caller, 0, reserved, target.pid, target.address()) == denied("EINVAL")


@pytest.mark.parametrize("flags", [0, 1, 2])
def test_known_flags(caller: Caller, target: Program, flags: int) -> None:
    assert _request(caller, flags, 0, target.pid, target.address()).done == 8


@pytest.mark.parametrize("number", [0, 0x4028_66FB, 0x8028_66FA, 0x4020_66FA])
def test_unknown_ioctl(caller: Caller, number: int) -> None:
    assert result(caller.ask(f"ioctl {number:#x}")) == denied("ENOTTY")


def test_device_is_for_root_alone() -> None:
    status = Path("/dev/farfetch").stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o600, 0, 0)


@pytest.mark.parametrize("mode", ["", "WALK", "walking", "2"])
def test_unknown_mode_is_refused(mode: str) -> None:
    parameter = Path("/sys/module/farfetch/parameters/mode")
    with pytest.raises(OSError, match="Invalid argument"):
        parameter.write_text(f"{mode}\n")
    assert parameter.read_text() == "gup\n"


def test_without_the_module_the_system_call_is_not_there(caller: Caller, target: Program) -> None:
    caller.ask("close")
    subprocess.run(["rmmod", "farfetch"], check=True)
    try:
        got = caller.call("syscall", "read", target.pid, target.address(), 8)
        assert got == denied("ENOSYS")
        assert not Path("/dev/farfetch").exists()
    finally:
        subprocess.run(["insmod", MODULE], check=True)
    if "syscall" in WAYS:
        assert caller.call("syscall", "read", target.pid, target.address(), 8).done == 8


@pytest.mark.skipif("syscall" not in WAYS, reason="this kernel has no stub")
def test_module_is_not_removed_under_a_call(caller: Caller, start: Start) -> None:
    caller.ask("close")
    big = start("big", "64")
    first = big.address("start")
    caller.send(f"storm syscall read {big.pid} {first:#x} {64 << 20:#x} 3 2")
    while not int(Path("/sys/module/farfetch/refcnt").read_text()):
        pass
    # delete_module(2) on x86-64: by the time that rmmod had started, the calls might be over
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.syscall(ctypes.c_long(176), b"farfetch", os.O_NONBLOCK) == -1
    assert ctypes.get_errno() == errno.EWOULDBLOCK
    assert int(caller.answer()["failed"]) == 0


@pytest.mark.skipif("syscall" not in WAYS, reason="this kernel has no stub")
def test_libc_knows_nothing_and_the_number_is_enough(target: Program) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    buffer = ctypes.create_string_buffer(8)
    address = ctypes.c_ulong(target.address())
    length = ctypes.c_size_t(8)
    assert libc.syscall(ctypes.c_long(505), 0, buffer, target.pid, address, length) == 8
    assert buffer.raw == b"farfetch"
