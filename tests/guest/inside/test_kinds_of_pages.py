"""Pages that a copy must not touch, though the target has them mapped.

Each is mapped by the test itself, which is the target. What gup may is what process_vm_readv(2)
may; the walk may less.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import re
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from guest.inside.programs import PAGE, Caller, Program, Result, Route, denied

SYS_MEMFD_SECRET = 447
MADV_HWPOISON = 100
MADV_GUARD_INSTALL = 102
MAP_HUGETLB = 0x40000
HUGE = 2 << 20
SOL_PACKET, PACKET_RX_RING = 263, 5
IORESOURCE_MEM = 0x200
TEXT = b"what was in it"
NEW = b"something else"
RELEASE = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.syscall.restype = ctypes.c_long


class Kind(NamedTuple):
    """A page, and who may touch it.

    Attributes:
        address: where it is.
        gup_reads: gup reads ``content`` there.
        gup_writes: gup writes there.
        content: what it holds, if the test can say.
        look: the target may look itself whether it still holds that.
    """

    address: int
    gup_reads: bool
    gup_writes: bool
    content: bytes = TEXT
    look: bool = True


def _map(
    stack: ExitStack,
    file: int = -1,
    length: int = PAGE,
    flags: int = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,
    protection: int = mmap.PROT_READ | mmap.PROT_WRITE,
) -> int:
    size = ctypes.c_size_t(length)
    address = _libc.mmap(None, size, protection, flags, file, ctypes.c_long(0))
    assert address != ctypes.c_void_p(-1).value, os.strerror(ctypes.get_errno())
    stack.callback(_libc.munmap, ctypes.c_void_p(address), size)
    return int(address)


def _advise(address: int, advice: int) -> int:
    done = _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(PAGE), advice)
    return ctypes.get_errno() if done else 0


def _filled(stack: ExitStack) -> int:
    address = _map(stack)
    ctypes.memmove(address, TEXT, len(TEXT))
    return address


def secret(stack: ExitStack) -> Kind:
    """Return a page that the kernel has taken out of its own mapping of memory."""
    file = _libc.syscall(ctypes.c_long(SYS_MEMFD_SECRET), 0)
    if file < 0 and RELEASE < (5, 14):
        pytest.skip("this kernel has no memfd_secret(2)")
    assert file >= 0, os.strerror(ctypes.get_errno())
    stack.callback(os.close, file)
    os.ftruncate(file, PAGE)
    address = _map(stack, file, flags=mmap.MAP_SHARED)
    ctypes.memmove(address, TEXT, len(TEXT))
    return Kind(address, gup_reads=False, gup_writes=False)


def poisoned(stack: ExitStack) -> Kind:
    """Return a page of broken memory: for the kernel, that is."""
    address = _filled(stack)
    # From 6.11 on, who breaks a page is told by a signal that may be handled, not ignored.
    signal.signal(signal.SIGBUS, lambda *_: None)
    stack.callback(signal.signal, signal.SIGBUS, signal.SIG_DFL)
    error = _advise(address, MADV_HWPOISON)
    if error == errno.EINVAL and not Path("/proc/sys/vm/memory_failure_early_kill").exists():
        pytest.skip("this kernel does not handle broken memory")
    assert not error, os.strerror(error)
    return Kind(address, gup_reads=False, gup_writes=False, look=False)


def guard(stack: ExitStack) -> Kind:
    """Return a page that faults on purpose, inside a mapping that may be read and written."""
    address = _filled(stack)
    error = _advise(address, MADV_GUARD_INSTALL)
    if error == errno.EINVAL and RELEASE < (6, 13):
        pytest.skip("this kernel has no guard regions")
    assert not error, os.strerror(error)
    return Kind(address, gup_reads=False, gup_writes=False, look=False)


def vvar(_: ExitStack) -> Kind:
    """Return what the kernel tells the vDSO: no ordinary memory."""
    found = re.search(r"^(\w+)-.*\[vvar\]$", Path("/proc/self/maps").read_text(), re.MULTILINE)
    assert found
    return Kind(int(found[1], 16), gup_reads=False, gup_writes=False, look=False)


def device_registers(stack: ExitStack) -> Kind:
    """Return the registers of a PCI device: to read them can do things."""
    for device in sorted(Path("/sys/bus/pci/devices").iterdir()):
        for bar, line in enumerate((device / "resource").read_text().splitlines()[:6]):
            first, last, flags = (int(word, 16) for word in line.split())
            if flags & IORESOURCE_MEM and last - first + 1 >= PAGE:
                file = os.open(device / f"resource{bar}", os.O_RDWR)
                stack.callback(os.close, file)
                address = _map(stack, file, flags=mmap.MAP_SHARED)
                return Kind(address, gup_reads=False, gup_writes=False, look=False)
    pytest.fail("no PCI device has memory")


def packet_ring(stack: ExitStack) -> Kind:
    """Return memory of a driver's own: ordinary pages in a mapping that need not have any."""
    try:
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise
        pytest.skip("this kernel has no packet sockets")
    stack.callback(packets.close)
    packets.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("4I", PAGE, 1, PAGE, 1))
    address = _map(stack, packets.fileno(), flags=mmap.MAP_SHARED)
    return Kind(address, gup_reads=True, gup_writes=True, content=bytes(len(TEXT)))


def huge(stack: ExitStack) -> Kind:
    """Return a page from the pool of huge ones."""
    Path("/proc/sys/vm/nr_hugepages").write_text("2")
    stack.callback(Path("/proc/sys/vm/nr_hugepages").write_text, "0")
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_HUGETLB
    address = _map(stack, length=HUGE, flags=flags)
    ctypes.memmove(address, TEXT, len(TEXT))
    return Kind(address, gup_reads=True, gup_writes=True)


def zero(stack: ExitStack) -> Kind:
    """Return a page that was read and never written to: the kernel's page of zeros."""
    address = _map(stack)
    assert ctypes.string_at(address, len(TEXT)) == bytes(len(TEXT))
    return Kind(address, gup_reads=True, gup_writes=True, content=bytes(len(TEXT)))


KINDS: list[Callable[[ExitStack], Kind]] = [
    *(secret, poisoned, guard, vvar, device_registers, packet_ring, huge, zero),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    with ExitStack() as stack:
        yield request.param(stack)


def _expected(done: bool, content: bytes) -> Result:
    return Result("", len(TEXT), content) if done else denied("EFAULT")


def test_read(route: Route, kind: Kind) -> None:
    got = route.read(os.getpid(), kind.address, len(TEXT))
    assert got == _expected(kind.gup_reads and not route.walks, kind.content)


def test_write(route: Route, kind: Kind) -> None:
    got = route.write(os.getpid(), kind.address, NEW)
    done = kind.gup_writes and not route.walks
    assert got == _expected(done, b"")
    if kind.look:
        assert ctypes.string_at(kind.address, len(TEXT)) == (NEW if done else kind.content)


@pytest.mark.parametrize("operation", ["read", "write"])
def test_gup_may_what_process_vm_may(gup: Route, kind: Kind, operation: str) -> None:
    call = gup.caller.call
    content = NEW if operation == "write" else b""
    got, theirs = (
        call(way, operation, os.getpid(), kind.address, len(TEXT), content=content)
        for way in (gup.word, "process_vm")
    )
    assert got == theirs


def test_target_and_caller_go_on_after_a_refusal(route: Route, kind: Kind) -> None:
    """No lock is left held: the target maps and unmaps, and the caller's next call succeeds."""
    route.write(os.getpid(), kind.address, NEW)
    with ExitStack() as stack:
        address = _filled(stack)
        assert route.read(os.getpid(), address, len(TEXT)).content == TEXT
        assert route.write(os.getpid(), address, NEW).done == len(NEW)
        assert ctypes.string_at(address, len(NEW)) == NEW


def test_secret_page_beside_others(gup: Route) -> None:
    """A copy is short where the secret begins."""
    with ExitStack() as stack:
        area = _map(stack, length=2 * PAGE)
        ctypes.memset(area, ord("x"), 2 * PAGE)
        hidden = secret(stack).address
        MREMAP_MAYMOVE_FIXED = 3  # noqa: N806 - as mremap(2) spells it
        moved = _libc.mremap(
            *(ctypes.c_void_p(hidden), ctypes.c_size_t(PAGE), ctypes.c_size_t(PAGE)),
            *(MREMAP_MAYMOVE_FIXED, ctypes.c_void_p(area + PAGE)),
        )
        assert moved != -1, os.strerror(ctypes.get_errno())
        got = gup.read(os.getpid(), area, 2 * PAGE)
    assert (got.error, got.done) == ("", PAGE)


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "with-a-child"])
def test_forced_write_to_a_read_only_huge_page(gup: Route, forced: None, shared: bool) -> None:  # noqa: ARG001
    """Where it is allowed it can go round in the fault handler for good: it is killed then."""
    with ExitStack() as stack:
        kind = huge(stack)
        read_only = ctypes.c_void_p(kind.address), ctypes.c_size_t(HUGE), mmap.PROT_READ
        assert not _libc.mprotect(*read_only), os.strerror(ctypes.get_errno())
        if shared:
            child = os.fork()
            if not child:
                signal.pause()
            stack.callback(os.waitpid, child, 0)
            stack.callback(os.kill, child, signal.SIGKILL)
        caller = stack.enter_context(Caller())
        killer = threading.Timer(120, caller.process.kill)
        killer.start()
        stack.callback(killer.cancel)
        got = Route(gup.way, "gup", caller).write(os.getpid(), kind.address, NEW)
        assert got == denied("EFAULT")
        assert ctypes.string_at(kind.address, len(TEXT)) == TEXT


SAMPLED_PAGES = 512
# Two threads, so that the pages on the thread's own node are sampled as well. The thread that
# burns does not touch them: what is marked stays so.
SAMPLED = f"""
import ctypes, mmap, os, threading
area = mmap.mmap(-1, {SAMPLED_PAGES} * {PAGE}, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
area.madvise(mmap.MADV_NOHUGEPAGE)
for number in range({SAMPLED_PAGES}):
    area[number * {PAGE}] = 1 + number % 255
def burn():
    while True:
        pass
threading.Thread(target=burn, daemon=True).start()
address = ctypes.addressof(ctypes.c_char.from_buffer(area))
print(f"pid={{os.getpid()}}", f"addr={{address:#x}}", "", sep="\\n", flush=True)
input()
"""
SAMPLING = Path("/sys/kernel/debug/sched/numa_balancing")


def _word(path: Path, name: str) -> int:
    found = re.search(rf"^{re.escape(name)}\W+(\d+)$", path.read_text(), re.MULTILINE)
    assert found, f"{path} has no {name}"
    return int(found[1])


def _marked() -> int:
    return _word(Path("/proc/vmstat"), "numa_pte_updates")


@pytest.fixture
def balancing() -> Iterator[None]:
    """Have pages sampled as soon and as often as can be."""
    words = {
        SAMPLING / "scan_delay_ms": "1",
        SAMPLING / "scan_period_min_ms": "1",
        Path("/proc/sys/kernel/numa_balancing"): "1",
    }
    before = {path: path.read_text() for path in words}
    for path, word in words.items():
        path.write_text(word)
    yield
    for path, word in before.items():
        path.write_text(word)


@pytest.mark.skipif(
    not (Path("/sys/devices/system/node/node1").exists() and SAMPLING.exists()),
    reason="this guest has one node, or does not say how it samples pages",
)
def test_walk_reads_what_numa_balancing_samples(balancing: None) -> None:  # noqa: ARG001
    before = _marked()
    with Caller() as caller, Program([sys.executable, "-c", SAMPLED]) as target:
        sched = Path(f"/proc/{target.pid}/sched")
        first = _word(sched, "mm->numa_scan_seq")
        deadline = time.monotonic() + 120
        # The first of two rounds may have begun before the pages were there.
        while _word(sched, "mm->numa_scan_seq") < first + 2:
            assert time.monotonic() < deadline, "the target's memory has not been sampled"
            os.sched_yield()
        assert _marked() - before >= SAMPLED_PAGES
        for number in range(SAMPLED_PAGES):
            got = caller.call("walk", "read", target.pid, target.address() + number * PAGE, 1)
            assert got == Result("", 1, bytes([1 + number % 255])), number
