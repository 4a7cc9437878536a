"""Who touches a value, under what Debian's kernels forbid: each time the one line that helps.

The last test takes Yama to its highest level, which nothing takes back: it is the guest's last.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from farfetch.scanner import FarfetchError, attach
from farfetch.scanner.debug import watchpoint as _  # noqa: F401  (once, and not in each child)

from guest.inside.cast import CAP_SYS_PTRACE, USER, YAMA
from guest.inside.programs import TARGETS, Caller, Program

PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
CAP_PERFMON, CAP_SYS_ADMIN = 1 << 38, 1 << 21
PERF_EVENT_OPEN, PTRACE = 298, 101
TIMES = 5

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="as debug registers are")


@pytest.fixture(autouse=True)
def _levels() -> Iterator[None]:
    """Begin where nothing is forbidden, and leave the levels as they were."""
    before = {path: path.read_text() for path in (PARANOID, YAMA)}
    PARANOID.write_text("2")
    YAMA.write_text("0")
    yield
    for path, value in before.items():
        with contextlib.suppress(OSError):  # Yama's highest level stays
            path.write_text(value)


def become(uid: int, capabilities: int) -> None:
    """Be a user with these capabilities and no others, who may be looked at by others like it."""
    libc = ctypes.CDLL(None)
    assert libc.prctl(8, 1, 0, 0, 0) == 0  # PR_SET_KEEPCAPS
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    low, high = capabilities & 0xFFFFFFFF, capabilities >> 32
    sets = struct.pack("6I", low, low, 0, high, high, 0)
    assert libc.capset(struct.pack("Ii", 0x20080522, 0), sets) == 0
    assert libc.prctl(4, 1, 0, 0, 0) == 0  # PR_SET_DUMPABLE


def refuse(number: int) -> None:
    """Have a filter of seccomp refuse a system call from now on, with EPERM."""
    rules = struct.pack(
        "HBBIHBBIHBBIHBBI",
        *(0x20, 0, 0, 0, 0x15, 0, 1, number, 6, 0, 0, 0x50001, 6, 0, 0, 0x7FFF0000),
    )
    kept = ctypes.create_string_buffer(rules, len(rules))
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, struct.pack("HxxxxxxQ", 4, ctypes.addressof(kept)), 0, 0) == 0


def in_child(work: Callable[[], str]) -> str:
    """What a child of ours says, which may become whom it likes."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            said = work()
        except BaseException as error:
            said = repr(error)
        os.write(theirs, said.encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def of_started(by: str) -> str:
    """How many hits a program has that this process starts; or why it is not watched."""
    with Program([TARGETS / "touch"]) as program:
        try:
            with attach(program.pid) as target:
                at = program.address()
                with target.watchpoint(at, 4, loss=1, by=by) as hits:  # type: ignore[arg-type]
                    program.ask(f"write {TIMES} 0")
                return str(sum(hit.count for hit in hits))
        except FarfetchError as error:
            return str(error)


def of_reserved(by: str) -> str:
    """The same of one that does not let everybody trace it, as those of ``targets/`` do."""
    with Caller() as program:
        try:
            with attach(program.pid) as target:
                target.watchpoint(program.address(), 4, by=by).close()  # type: ignore[arg-type]
            return "watched"
        except FarfetchError as error:
            return str(error)


def of_itself(by: str) -> str:
    """The same of this process, which may look at itself whatever is forbidden."""
    value = (ctypes.c_int64 * 64)()
    at = ctypes.addressof(value) + 256
    try:
        with attach(os.getpid()) as target:
            with target.watchpoint(at, 8, loss=1, by=by) as hits:  # type: ignore[arg-type]
                for number in range(TIMES):
                    value[32] = number
            return str(sum(hit.count for hit in hits))
    except FarfetchError as error:
        return str(error)


def is_watched(said: str) -> bool:
    """Whether all hits were seen. An emulator of processors may make more of them."""
    return said.isdigit() and int(said) >= TIMES


def as_user(
    of: Callable[[str], str], by: str, *, capabilities: int = 0, refused: int | None = None
) -> str:
    """What a user is told who watches by one of both ways."""

    def work() -> str:
        become(USER, capabilities)
        if refused is not None:
            refuse(refused)
        return of(by)

    return in_child(work)


def test_what_perf_is_set_to() -> None:
    """Debian's third level is a patch of theirs, and so is Ubuntu's fourth: they ask the same.

    That is CAP_SYS_ADMIN, and no less.
    """
    assert is_watched(as_user(of_started, "perf"))
    for level in (3, 4):
        PARANOID.write_text(str(level))
        said = as_user(of_started, "perf")
        assert f"{PARANOID} is {level}, which lets root alone watch: run with sudo, or sudo" in said
        assert "sudo sysctl kernel.perf_event_paranoid=2" in said
        assert 'or ask for it by="ptrace"' in said
        assert "\n" not in said
    said = as_user(of_started, "perf", capabilities=CAP_PERFMON)
    assert "is 4, which lets root alone watch" in said or is_watched(said)
    assert is_watched(as_user(of_started, "perf", capabilities=CAP_SYS_ADMIN))
    assert is_watched(as_user(of_started, "ptrace"))
    assert is_watched(in_child(lambda: of_started("perf")))  # root's


def test_under_filters_of_system_calls() -> None:
    said = as_user(of_itself, "perf", refused=PERF_EVENT_OPEN)
    assert ": a seccomp filter refuses perf_event_open(2)" in said
    assert "--cap-add PERFMON" in said
    assert is_watched(as_user(of_itself, "ptrace", refused=PERF_EVENT_OPEN))
    said = as_user(of_itself, "ptrace", refused=PTRACE)
    assert ": a seccomp filter refuses ptrace(2)" in said
    assert "--cap-add SYS_PTRACE" in said


def attached(pid: int) -> str:
    """What a user is told who looks into a process."""

    def work() -> str:
        become(USER, 0)
        try:
            attach(pid).close()
        except FarfetchError as error:
            return str(error)
        return "attached"

    return in_child(work)


def test_programs_of_others() -> None:
    with Program([TARGETS / "touch"]) as program:
        said = attached(program.pid)
    assert f"cannot attach to touch ({program.pid}): permission denied; run as the user" in said


def test_whom_yama_lets_trace() -> None:
    """What a user has started it may look into; but what traces for us has not started it."""
    assert is_watched(as_user(of_started, "ptrace"))
    YAMA.write_text("1")
    assert as_user(of_reserved, "perf") == "watched"
    said = as_user(of_reserved, "ptrace")
    assert f"{YAMA} is 1, which lets a program be traced by those alone that have" in said
    assert "sudo sysctl kernel.yama.ptrace_scope=0, or sudo setcap cap_sys_ptrace+ep /" in said
    assert as_user(of_reserved, "ptrace", capabilities=CAP_SYS_PTRACE) == "watched"
    assert is_watched(as_user(of_started, "ptrace"))  # it allows that
    assert is_watched(as_user(of_itself, "ptrace"))
    YAMA.write_text("2")
    said = as_user(of_started, "ptrace")
    assert f"permission denied; run as the user it runs as, or with sudo; {YAMA} is 2" in said
    said = as_user(of_itself, "ptrace")
    assert f"{YAMA} is 2, which lets those alone trace that have CAP_SYS_PTRACE: sudo" in said
    assert is_watched(as_user(of_itself, "perf"))
    assert is_watched(as_user(of_started, "ptrace", capabilities=CAP_SYS_PTRACE))


def test_where_yama_lets_nobody_trace() -> None:
    YAMA.write_text("3")
    for said in (
        in_child(lambda: of_itself("ptrace")),
        in_child(lambda: of_started("perf")),
        as_user(of_itself, "ptrace"),
    ):
        assert f"{YAMA} is 3, which lets nobody look into other programs, not even root" in said
        assert "\n" not in said
    assert is_watched(as_user(of_itself, "perf"))
