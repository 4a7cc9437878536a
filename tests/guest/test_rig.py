"""What guests are booted with, before one is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from guest import prerequisites, rig
from guest.prerequisites import MissingError


def test_the_emulator_is_told(tmp_path: Path) -> None:
    """What begins with a dash is QEMU's, whatever options the launcher has."""
    try:
        prerequisites.require("qemu-system-x86_64", "vng")
    except MissingError as missing:
        prerequisites.give_up(missing)
    image = tmp_path / "image"
    image.touch()
    done = subprocess.run(
        [*rig.guest_command(image, qemu=[rig.EMULATOR, "-cpu max,la57=off"]), "--dry-run"],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": prerequisites.search_path()},
        check=True,
    )
    assert done.stdout.endswith(f" {rig.EMULATOR} -cpu max,la57=off\n")
