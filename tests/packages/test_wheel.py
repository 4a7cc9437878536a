"""The wheel as it is published: built by zig, installed where nothing else is, and played with."""

from __future__ import annotations

import platform
import subprocess
import venv
from pathlib import Path

import pytest
from farfetch.scanner import isas

from packages.building import ROOT, build_wheels
from support.targets import target_path


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the wheel, and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    build_wheels(folder / "dist", platform.machine())
    [wheel] = (folder / "dist").glob("*.whl")
    assert wheel.name.split("-", 2)[2] == (
        f"cp310-abi3-manylinux2014_{platform.machine()}.manylinux_2_17_{platform.machine()}.whl"
    )
    venv.create(folder / "venv", with_pip=True, symlinks=True)
    made = folder / "venv" / "bin" / "python"
    subprocess.run([made, "-m", "pip", "install", "--quiet", wheel], check=True)
    return made


def said(python: Path, *words: str | Path) -> str:
    done = subprocess.run(
        [python, *words], cwd=python.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_finds_the_vectors_that_the_build_of_this_machine_finds(python: Path) -> None:
    assert said(python, "-c", "from farfetch.scanner import isas; print(*isas())").split() == [
        *isas()
    ]


def test_it_plays(python: Path) -> None:
    played = said(python, ROOT / "demo" / "health.py", target_path("game", "static"))
    assert "farfetch> freeze 0 9999" in played
    assert played.endswith("      health=9999  alive=1\n")
