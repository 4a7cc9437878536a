"""Why there are no breakpoints, and what helps: as each machine would say."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from farfetch.scanner import AccessDenied, TargetGone, WatchpointError
from farfetch.scanner.debug import refusals
from farfetch.scanner.debug.refusals import machine_refusal, target_refusal
from farfetch.scanner.memory.base import Memory
from farfetch.scanner.memory.buffer import Buffer


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a test writes what the kernel says."""
    monkeypatch.setattr(refusals, "_PARANOID", tmp_path / "perf_event_paranoid")
    monkeypatch.setattr(refusals, "_STATUS", tmp_path / "status")
    (tmp_path / "perf_event_paranoid").write_text("2\n")
    (tmp_path / "status").write_text("Seccomp:\t0\nCapEff:\t0000000000000000\n")
    return tmp_path


@pytest.mark.parametrize("level", [3, 4])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_paranoid_levels(machine: Path, level: int, code: int) -> None:
    (machine / "perf_event_paranoid").write_text(f"{level}\n")
    said = machine_refusal(code)
    assert f"is {level}, which lets root alone watch" in said
    assert "sudo setcap cap_perfmon+ep /" in said
    assert "sysctl kernel.perf_event_paranoid=2" in said


def test_with_the_capability_the_level_is_no_reason(machine: Path) -> None:
    (machine / "perf_event_paranoid").write_text("4\n")
    (machine / "status").write_text("Seccomp:\t2\nCapEff:\t0000004000000000\n")
    assert machine_refusal(errno.EPERM).startswith("a seccomp filter refuses")


def test_filters(machine: Path) -> None:
    (machine / "status").write_text("Seccomp:\t2\nCapEff:\t0\n")
    for code in (errno.EPERM, errno.EACCES, errno.ENOSYS):
        assert "--cap-add PERFMON" in machine_refusal(code)


def test_other_reasons(machine: Path) -> None:
    assert "security module" in machine_refusal(errno.EPERM)
    assert machine_refusal(errno.ENOSYS) == "this kernel has no perf_event_open(2)"
    for code in (errno.ENOTSUP, errno.ENODEV, errno.ENOENT):
        assert "never fire" in machine_refusal(code)
    assert "ulimit -n" in machine_refusal(errno.EMFILE)
    (machine / "perf_event_paranoid").unlink()
    (machine / "status").unlink()
    assert "security module" in machine_refusal(errno.EPERM)


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
