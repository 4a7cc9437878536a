"""The wheel, installed into an environment of its own: what is imported, and from where."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import farfetch
import pytest

ROOT = Path(__file__).resolve().parents[2]

SAY = """
import importlib.util, farfetch
print(farfetch.__version__)
for name in ("farfetch", "farfetch.scanner", "farfetch.shell.cli"):
    print(importlib.util.find_spec(name).origin)
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder),
        f"--config-settings=build-dir={folder}/build",
        # what is in it does not depend on that
        "--config-settings=cmake.define.CMAKE_C_FLAGS_RELEASE=-O0",
        ROOT,
        cwd=folder,
    )
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture
def python(wheel: Path, tmp_path: Path) -> Path:
    """An environment in which nothing but the wheel is installed."""
    venv.create(tmp_path / "venv", symlinks=True)
    made = tmp_path / "venv" / "bin" / "python"
    pip(made, "install", "--no-deps", wheel)
    return made


def pip(python: Path, *arguments: str | Path) -> None:
    done = run(
        *(sys.executable, "-m", "pip", "--python", python, "--quiet", *arguments),
        cwd=python.parent,
    )
    assert done.returncode == 0, done.stderr


def test_what_is_installed_is_imported(python: Path, tmp_path: Path) -> None:
    clone = tmp_path / "farfetch"
    clone.symlink_to(ROOT)
    # beside a clone, in it, and anywhere else
    for folder in (tmp_path, clone, tmp_path / "venv"):
        said = run(python, "-c", SAY, cwd=folder)
        assert said.returncode == 0, said.stderr
        version, *origins = said.stdout.splitlines()
        assert version == farfetch.__version__
        assert all(origin.startswith(f"{tmp_path}/venv/lib/") for origin in origins), origins
        for command in ([python, "-m", "farfetch"], [tmp_path / "venv" / "bin" / "farfetch"]):
            assert run(*command, "--version", cwd=folder).stdout == f"farfetch {version}\n"


def test_nothing_is_left_when_it_is_uninstalled(python: Path, tmp_path: Path) -> None:
    assert run(python, "-m", "farfetch", "--help", cwd=tmp_path).returncode == 0  # has compiled it
    pip(python, "uninstall", "--yes", "farfetch")
    for folder in (tmp_path, ROOT):
        said = run(python, "-c", "import farfetch", cwd=folder)
        assert said.returncode == 1
        assert said.stderr.endswith("ModuleNotFoundError: No module named 'farfetch'\n")


def test_the_editable_one() -> None:
    assert Path(farfetch.__file__).is_relative_to(ROOT)
    assert run(sys.executable, "-m", "farfetch", "--version", cwd=ROOT).stdout == (
        f"farfetch {farfetch.__version__}\n"
    )
