"""Calls of every kind on memory of every kind, drawn from a seed: see ../torture/main.c.

``FARFETCH_TORTURE_SECONDS`` is how long it lasts, ``FARFETCH_TORTURE_SEED`` what all is drawn
from, ``FARFETCH_TORTURE_ROUND`` the one round to play, again, step by step.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guest.inside.programs import DEBUG_KERNEL, MODULE, WAYS

TORTURE = os.environ["FARFETCH_TORTURE"]
SECONDS = os.environ.get("FARFETCH_TORTURE_SECONDS", "15")
SEED = os.environ.get("FARFETCH_TORTURE_SEED", "1")
ROUND = os.environ.get("FARFETCH_TORTURE_ROUND")
# Shared with the machine outside, so that it tells the last round even if the kernel dies in it.
PLAYED = Path(os.environ["FARFETCH_OUT"]) / "torture.txt"
HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")
NUMA_BALANCING = Path("/proc/sys/kernel/numa_balancing")


@contextmanager
def _set(path: Path, value: str) -> Iterator[None]:
    """Set what not every kernel has, for a while."""
    if not path.exists():
        yield
        return
    before = path.read_text()
    path.write_text(value)
    yield
    path.write_text(before)


@pytest.fixture
def kernel(swap: None) -> Iterator[None]:  # noqa: ARG001
    """Have the kernel give out huge pages, and swap, and move pages to those who use them."""
    with _set(HUGE_PAGES, "8"), _set(NUMA_BALANCING, "1"):
        yield


def test_torture(kernel: None) -> None:  # noqa: ARG001
    ways = ",".join([*WAYS, "gup", "walk", "process_vm"])
    how = ["--round", ROUND, "--verbose"] if ROUND else ["--seconds", SECONDS]
    if DEBUG_KERNEL:  # on Debian's 6.12 pages stay where they are, whoever has touched them
        how.append("--moving")
    with PLAYED.open("w") as file:
        done = subprocess.run(
            [TORTURE, "--seed", SEED, "--ways", ways, *how], stdout=file, check=False
        )
    lines = PLAYED.read_text().splitlines()
    assert not done.returncode, "\n".join(lines[-40:])
    print("\n".join(lines[-40:]))
    if not ROUND:
        sums = dict(line.split("=") for line in lines if "=" in line)
        assert int(sums["copied"])
        assert int(sums["refused"])
    # Nothing of it is left in the module.
    subprocess.run(["rmmod", "farfetch"], check=True)
    subprocess.run(["insmod", MODULE], check=True)
