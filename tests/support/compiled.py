"""Programs of one file of C, compiled for a test under a name that nobody else's programs have."""

from __future__ import annotations

import subprocess
from pathlib import Path


def compiled(source: Path, folder: Path, bits: int = 64) -> Path:
    """Compile a program of 32 or 64 bits; its name is the file's and the bits."""
    program = folder / f"ff{source.stem}{bits}"
    flags = [f"-m{bits}", "-O1", "-pthread", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"]
    if bits == 32:  # gcc's own multilib may have no <asm/>
        machine = subprocess.run(
            ["gcc", "-print-multiarch"], capture_output=True, text=True, check=True
        )
        flags += ["-idirafter", f"/usr/include/{machine.stdout.strip()}"]
    command = ["gcc", *flags, "-o", str(program), str(source)]
    subprocess.run(command, check=True, timeout=60)
    return program
