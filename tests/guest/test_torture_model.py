"""The torture's model, held against what this machine's own kernel does: process_vm_readv(2).

The module itself is tortured in guests: ``inside/test_torture.py``.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guest import prerequisites, rig
from guest.kernels import KMOD
from guest.prerequisites import MissingError


@pytest.fixture(scope="module")
def torture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        prerequisites.require("gcc")
    except MissingError as missing:
        prerequisites.give_up(missing)
    command = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    command += ["-I", str(KMOD / "uapi")]
    return rig.build_torture(command, tmp_path_factory.mktemp("torture"))


def test_process_vm_readv_is_as_the_model_says(torture: Path) -> None:
    command = [str(torture), "--seed", "1", "--seconds", "2", "--ways", "process_vm"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert not done.returncode, done.stdout
    sums = dict(line.split("=") for line in done.stdout.splitlines() if "=" in line)
    assert int(sums["copied"])
    assert int(sums["refused"])


def test_a_round_is_played_the_same_again(torture: Path) -> None:
    """The second of seed 1 is a quiet one."""
    command = [str(torture), "--seed", "1", "--round", "2", "--verbose"]
    first, second = (subprocess.run(command, stdout=subprocess.PIPE, check=True) for _ in range(2))
    assert first.stdout == second.stdout
    assert first.stdout.count(b"\n") > 100
