"""System call 505 on our patched kernels, and the matrix of Debian's. Slow: `make test-kernels`."""

from __future__ import annotations

from pathlib import Path

import pytest

from guest import kernels, prerequisites, rig
from guest.prerequisites import MissingError
from live.targets import target_path

TARGETS = ["test_targets.py"]
STOCK = [*TARGETS, "test_errors.py", "test_permission.py"]
ALL = [*STOCK, "test_footprint.py", "test_races.py"]
# The main job, by the library, through either way.
HUNT = ["-k", "not test_hunt or ((syscall or device) and pie)"]
RUNS = {
    "patched-6.1": [*ALL, "../../live/test_hunt.py"],
    "patched-6.1-debug": [*TARGETS, "test_races.py"],
    "stock-5.10": STOCK,
    "stock-6.12": STOCK,
    "stock-sid": STOCK,
}


@pytest.mark.parametrize("name", RUNS)
def test_guest(name: str, tmp_path: Path) -> None:
    target_path("game", "pie")  # built here: emulated, the compiler takes minutes
    try:
        outcome = rig.boot(
            kernels.get(name),
            tmp_path,
            ["-q", *(str(rig.INSIDE / test) for test in RUNS[name]), *HUNT],
            timeout=1800,
        )
    except MissingError as missing:
        prerequisites.give_up(missing)
    if not outcome.ok:
        pytest.fail(str(outcome), pytrace=False)


def test_module_is_built_for_arm64(tmp_path: Path) -> None:
    try:
        prerequisites.require("aarch64-linux-gnu-gcc-12")
        kernel = kernels.get("stock-6.1-arm64")
    except MissingError as missing:
        prerequisites.give_up(missing)
    assert rig.build_module(kernel, tmp_path / "kmod").exists()
