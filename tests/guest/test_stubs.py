"""System call 505 on 6.12 and on arm64. Slow: `make test-stubs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from guest import arm64_guest, kernels, prerequisites, rig
from guest.prerequisites import MissingError


def test_system_call_on_6_12(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        outcome = rig.boot(
            kernels.get("patched-6.12"),
            tmp_path,
            ["-q", *(str(rig.INSIDE / test) for test in rig.MODULE_TESTS)],
            timeout=2400,
            qemu=["-cpu max,la57=on"],
        )
    except MissingError as missing:
        prerequisites.give_up(missing)
    if not outcome.ok:
        pytest.fail(str(outcome), pytrace=False)
    with capsys.disabled():
        print(
            f"patched-6.12: {outcome.output.splitlines()[-1]}; guest time {outcome.seconds:.0f} s"
        )


def test_system_call_on_arm64(tmp_path: Path) -> None:
    try:
        kernel = kernels.get("patched-6.1-arm64")
        console = arm64_guest.smoke(kernel, tmp_path, timeout=600)
    except MissingError as missing:
        prerequisites.give_up(missing)
    assert "system call and device" in console
    assert "# walk, by the system call" in console
    assert "# gup, by the system call" in console


def test_arm64_system_call_tables_of_6_12(tmp_path: Path) -> None:
    try:
        slots = arm64_guest.stub_slots("6.12", tmp_path)
    except MissingError as missing:
        prerequisites.give_up(missing)
    assert slots == {"sys": [505], "sys32": [505]}
