"""Why there are no breakpoints, and what helps: as each machine would say."""

from __future__ import annotations

import errno
import platform
from pathlib import Path

import pytest
from farfetch.scanner import AccessDenied, TargetGone, WatchpointError
from farfetch.scanner.debug import refusals
from farfetch.scanner.debug.refusals import machine_refusal, target_refusal, traced_refusal
from farfetch.scanner.memory.base import Memory
from farfetch.scanner.memory.buffer import Buffer


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a test writes what the kernel says."""
    monkeypatch.setattr(refusals, "_PARANOID", tmp_path / "perf_event_paranoid")
    monkeypatch.setattr(refusals, "_STATUS", tmp_path / "status")
    monkeypatch.setattr(refusals, "_YAMA", tmp_path / "ptrace_scope")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    (tmp_path / "perf_event_paranoid").write_text("2\n")
    (tmp_path / "status").write_text("Seccomp:\t0\nCapEff:\t0000000000000000\n")
    return tmp_path


@pytest.mark.parametrize("level", [3, 4])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_paranoid_levels(machine: Path, level: int, code: int) -> None:
    (machine / "perf_event_paranoid").write_text(f"{level}\n")
    said = machine_refusal(code)
    assert f"is {level}, which lets root alone watch" in said
    assert "cap_perfmon" not in said  # these kernels ask for more
    assert "sysctl kernel.perf_event_paranoid=2" in said
    assert 'by="ptrace"' in said
    assert "stops it at each hit" in said


def test_with_the_capability_the_level_is_no_reason(machine: Path) -> None:
    (machine / "perf_event_paranoid").write_text("4\n")
    (machine / "status").write_text("Seccomp:\t2\nCapEff:\t0000004000000000\n")
    assert "is 4, which lets root alone watch" in machine_refusal(errno.EPERM)
    (machine / "status").write_text("Seccomp:\t2\nCapEff:\t0000000000200000\n")
    assert machine_refusal(errno.EPERM).startswith("a seccomp filter refuses")


def test_filters(machine: Path) -> None:
    (machine / "status").write_text("Seccomp:\t2\nCapEff:\t0\n")
    for code in (errno.EPERM, errno.EACCES, errno.ENOSYS):
        assert "--cap-add PERFMON" in machine_refusal(code)


def test_other_reasons(machine: Path) -> None:
    assert "security module" in machine_refusal(errno.EPERM)
    assert machine_refusal(errno.ENOSYS).startswith("this kernel has no perf_event_open(2); or ask")
    for code in (errno.ENOTSUP, errno.ENODEV, errno.ENOENT):
        assert "never fire" in machine_refusal(code)
        assert "ptrace" not in machine_refusal(code)  # which has the same registers
    assert "ulimit -n" in machine_refusal(errno.EMFILE)
    (machine / "perf_event_paranoid").unlink()
    (machine / "status").unlink()
    assert "security module" in machine_refusal(errno.EPERM)


def test_there_is_no_second_way_elsewhere(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "perf_event_paranoid").write_text("4\n")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "ptrace" not in machine_refusal(errno.EPERM)
    assert machine_refusal(errno.ENOSYS, "ptrace") == "by ptrace values are watched on x86-64 only"


def test_by_ptrace(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "security module" in machine_refusal(errno.EPERM, "ptrace")
    assert "never fire" in machine_refusal(errno.ENOTSUP, "ptrace")
    assert "was killed" in machine_refusal(errno.ECHILD, "ptrace")
    (machine / "status").write_text("Seccomp:\t2\nCapEff:\t0\n")
    for code in (errno.EPERM, errno.ENOSYS):
        assert "--cap-add SYS_PTRACE" in machine_refusal(code, "ptrace")
    monkeypatch.setattr(refusals, "GUARDIAN", machine / "farfetch-guardian")
    assert "install it anew" in machine_refusal(errno.ENOENT, "ptrace")


def test_of_a_target_by_ptrace(machine: Path) -> None:
    memory: Memory = Buffer(bytes(8))
    memory.pid = 2**22 + 1
    assert "another program traces it" in str(traced_refusal(errno.EALREADY, memory, 0x10, 4))
    assert "does not stop" in str(traced_refusal(errno.ETIMEDOUT, memory, 0x10, 4))
    assert "was killed" in str(traced_refusal(errno.ECHILD, memory, 0x10, 4))
    assert isinstance(traced_refusal(errno.EPERM, memory, 0x10, 4), AccessDenied)
    (machine / "ptrace_scope").write_text("1\n")
    said = str(traced_refusal(errno.EPERM, memory, 0x10, 4))
    assert "is 1, which lets a program be traced by those alone that have started it" in said
    assert "sudo setcap cap_sys_ptrace+ep /" in said
    assert "security module" in machine_refusal(errno.EPERM, "ptrace")  # a child may be traced


@pytest.mark.parametrize(
    ("scope", "why", "cure"),
    [
        (2, "lets those alone trace that have CAP_SYS_PTRACE", "setcap cap_sys_ptrace+ep /"),
        (3, "lets nobody look into other programs", "start this machine anew"),
    ],
)
def test_where_not_even_a_child_may_be_traced(
    machine: Path, scope: int, why: str, cure: str
) -> None:
    (machine / "ptrace_scope").write_text(f"{scope}\n")
    said = machine_refusal(errno.EPERM, "ptrace")
    assert f"ptrace_scope is {scope}, which {why}" in said
    assert cure in said


def test_of_a_target() -> None:
    memory: Memory = Buffer(bytes(8))
    memory.pid, memory.title = 12, "game"
    said = {
        code: target_refusal(code, memory, 0x1000, 4)
        for code in (errno.ESRCH, errno.EACCES, errno.ENOSPC, errno.E2BIG, errno.EMFILE, errno.EIO)
    }
    assert isinstance(said[errno.ESRCH], TargetGone)
    assert isinstance(said[errno.EACCES], AccessDenied)
    for code in (errno.ENOSPC, errno.E2BIG, errno.EMFILE, errno.EIO):
        assert isinstance(said[code], WatchpointError)
    assert "ulimit -Hn" in str(said[errno.EMFILE])
    assert "debug registers are in use" in str(said[errno.ENOSPC])
