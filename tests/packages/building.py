"""Packages, built as `make` builds them, and where the tests keep what they said."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.cache import run

ROOT = Path(__file__).resolve().parents[2]
#: What was said in chroots, by suite.
LOGS = Path(os.environ.get("FARFETCH_LOGS") or ROOT / "build" / "packages")


def build_wheels(out: Path, *processors: str) -> None:
    """Build the source distribution, and wheels of the processors or of all."""
    # the environment is kept by the Python that it is made with: not by one that passes
    python = str(Path(sys.executable).resolve())
    command = ["tools/packaging.sh", "python", "tools/wheels.py"]
    run([*command, "--out", out, *processors], cwd=ROOT, environment={"PYTHON": python})


def wheelhouse(wheel: Path, out: Path, python: str, processor: str) -> Path:
    """Fetch a wheel's dependencies as well, as wheels for a Python and a processor.

    Args:
        wheel: farfetch's.
        out: a new folder.
        python: the version, such as ``3.11``.
        processor: ``x86_64`` or ``aarch64``.
    """
    platforms = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
    options = [f"--platform={platform}_{processor}" for platform in platforms]
    options += ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    run([sys.executable, "-m", "pip", "download", "--quiet", *options, "--dest", out, wheel])
    return out
