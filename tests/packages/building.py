"""Packages, built as `make` builds them, and where the tests keep what they said."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.cache import run

ROOT = Path(__file__).resolve().parents[2]
#: What was said in chroots, by suite.
LOGS = Path(os.environ.get("FARFETCH_LOGS") or ROOT / "build" / "packages")
#: The environment of tools is kept by the Python that it is made with: not by one that passes.
PYTHON = {"PYTHON": str(Path(sys.executable).resolve())}


def build_wheels(out: Path, *processors: str) -> None:
    """Build the source distribution, and wheels of the processors or of all."""
    command = ["tools/packaging.sh", "python", "tools/wheels.py"]
    run([*command, "--out", out, *processors], cwd=ROOT, environment=PYTHON)


def wheelhouse(wheel: Path, out: Path, python: str, processor: str) -> Path:
    """Fetch a wheel's dependencies as well, as wheels for a Python and a processor.

    Args:
        wheel: farfetch's.
        out: a new folder.
        python: the version, such as ``3.11``.
        processor: ``x86_64`` or ``aarch64``.
    """
    # which of them a processor needs, uv can say of another one than this
    out.mkdir()
    asked, pinned = out / "asked.txt", out / "pinned.txt"
    asked.write_text(f"farfetch @ {wheel.as_uri()}\n")
    compile_ = ["tools/packaging.sh", "uv", "pip", "compile", "--quiet", "--no-header"]
    machine = [f"--python-platform={processor}-manylinux_2_28", f"--python-version={python}"]
    run([*compile_, *machine, asked, "--output-file", pinned], cwd=ROOT, environment=PYTHON)
    platforms = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
    options = [f"--platform={platform}_{processor}" for platform in platforms]
    options += ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *options]
    run([*download, "--dest", out, "--requirement", pinned])
    return out
