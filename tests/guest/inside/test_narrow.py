"""32-bit programs on a 64-bit kernel, as callers and as targets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import CALLER_32, WAYS, Caller, Route, denied

TEXT = b"planted in the caller"
END = 0xFFFF_E000  # of a 32-bit program's user memory


@pytest.fixture(scope="module")
def narrow() -> Iterator[Caller]:
    with Caller([CALLER_32]) as program:
        yield program


@pytest.fixture
def target() -> Iterator[Caller]:
    with Caller([CALLER_32]) as program:
        yield program


@pytest.fixture(params=list(itertools.product(WAYS, ["gup", "walk"])), ids="-".join)
def narrow_route(request: pytest.FixtureRequest, narrow: Caller) -> Route:
    way, mode = request.param
    return Route(way, mode, narrow)


def test_narrow_reads_and_writes_narrow(narrow_route: Route, target: Caller) -> None:
    address = target.address()
    target.ask("touch")
    assert narrow_route.read(target.pid, address, len(TEXT)) == ("", len(TEXT), TEXT)
    assert narrow_route.write(target.pid, address, b"changed").done == 7
    assert target.ask("touch")["text"] == "changed in the caller"


def test_narrow_reads_wide(narrow_route: Route, caller: Caller) -> None:
    caller.ask("touch")
    assert caller.address() < 1 << 32
    got = narrow_route.read(caller.pid, caller.address(), len(TEXT))
    assert got == ("", len(TEXT), TEXT)


def test_narrow_reaches_everything_by_the_device(narrow: Caller, start: Start) -> None:
    """The system call's address is as wide as the caller; the device's has 64 bits."""
    wide = start("mmap")
    assert wide.address() >= 1 << 32
    for word in ("gup", "walk"):
        assert narrow.call(word, "read", wide.pid, wide.address(), 8).content == b"farfetch"


def test_wide_reads_and_writes_narrow(route: Route, target: Caller) -> None:
    address = target.address()
    target.ask("touch")
    assert route.read(target.pid, address, len(TEXT)) == ("", len(TEXT), TEXT)
    assert route.write(target.pid, address, b"changed").done == 7
    assert target.ask("touch")["text"] == "changed in the caller"


@pytest.mark.parametrize("address", [END, 1 << 32, (1 << 32) + 0x8048000])
def test_narrow_target_ends_before_4_gib(route: Route, target: Caller, address: int) -> None:
    assert route.read(target.pid, address, 1) == denied("EFAULT")


def test_errors_of_narrow(narrow_route: Route, target: Caller) -> None:
    call = narrow_route.caller.call
    word, address = narrow_route.word, target.address()
    assert narrow_route.read(target.pid, END, 1) == denied("EFAULT")
    assert narrow_route.read(target.pid, 0, 1) == denied("EFAULT")
    assert narrow_route.read(target.pid, address, 8, "null") == denied("EFAULT")
    assert narrow_route.read(target.pid, address, 8, "kernel") == denied("EFAULT")
    assert narrow_route.read(-1, address, 8) == denied("ESRCH")
    assert narrow_route.read(2**31 - 1, address, 8) == denied("ESRCH")
    assert call(word, 2, target.pid, address, 8) == denied("EINVAL")
    assert call(word, 0xFFFFFFFF, target.pid, address, 8) == denied("EINVAL")


def test_longest_length_of_narrow(narrow_route: Route, target: Caller) -> None:
    """What is not mapped ends the copy; a length beyond 2 GiB is no error and no negative one."""
    got = narrow_route.read(target.pid, target.address(), 0xFFFF_FFFF, "half:100")
    assert got.done == 100


@pytest.mark.skipif("syscall" in WAYS, reason="this kernel has the stub")
def test_narrow_is_told_that_there_is_no_system_call(narrow: Caller, target: Caller) -> None:
    assert narrow.call("syscall", "read", target.pid, target.address(), 8) == denied("ENOSYS")
