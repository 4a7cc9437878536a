"""The wheels where nothing else is: Debian's roots without a compiler, and arm64's, emulated."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from farfetch.scanner import isas

from guest.prerequisites import MissingError, give_up, require
from packages.building import LOGS, ROOT, build_wheels, wheelhouse
from packages.chroot import play
from support.debian import Suite, root, unpacked
from support.targets import target_path

PLAY = """
for name in cc gcc clang make; do
    if command -v $name; then echo "not bare: $name"; exit 1; fi
done
cd /tmp
python3 -m venv venv
venv/bin/pip install --quiet --no-index --find-links /wheels farfetch
uname -m
venv/bin/farfetch --version
venv/bin/python -c 'from farfetch.scanner import isas; print("isas:", *isas())'
venv/bin/python /demo/health.py /game
venv/bin/pip uninstall --quiet --yes farfetch
if venv/bin/python -c 'import farfetch'; then exit 1; fi
echo "all well"
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build_wheels(folder)
    return folder


def wheel(dist: Path, processor: str) -> Path:
    [made] = dist.glob(f"*_{processor}.whl")
    return made


def test_two_builds_are_the_same(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    build_wheels(tmp_path / "again")
    names = sorted(file.name for file in dist.iterdir())
    assert len(names) == 3
    assert sorted(file.name for file in (tmp_path / "again").iterdir()) == names
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (dist / name).read_bytes(), name


def assert_played(said: str) -> None:
    assert "farfetch> freeze 0 9999" in said
    assert "      health=9999  alive=1\n" in said
    assert said.endswith("\nall well\n")


@pytest.mark.parametrize(("suite", "python"), [("bookworm", "3.11"), ("trixie", "3.13")])
def test_debian(dist: Path, tmp_path: Path, suite: str, python: str) -> None:
    house = wheelhouse(wheel(dist, "x86_64"), tmp_path / "wheels", python, "x86_64")
    try:
        bare = root(Suite(suite), ["python3-venv"])
    except MissingError as missing:
        give_up(missing)
    binds = {house: "/wheels", ROOT / "demo": "/demo", target_path("game", "static"): "/game"}
    said = play(bare, PLAY, binds, LOGS / f"wheel-{suite}.log")
    assert_played(said)
    assert f"\nisas: {' '.join(isas())}\n" in said


def test_arm64(dist: Path, tmp_path: Path) -> None:
    house = wheelhouse(wheel(dist, "aarch64"), tmp_path / "wheels", "3.11", "aarch64")
    try:
        require("aarch64-linux-gnu-gcc-12")
        bare = unpacked(Suite("bookworm"), "arm64", ["python3-venv", "coreutils", "dash"])
        compiler = ["CC=aarch64-linux-gnu-gcc-12", "BUILDS=static", f"OUT={tmp_path}"]
        subprocess.run(["make", "-s", "-C", ROOT / "targets", *compiler], check=True)
        binds = {house: "/wheels", ROOT / "demo": "/demo", tmp_path / "static" / "game": "/game"}
        said = play(bare, PLAY, binds, LOGS / "wheel-arm64.log", arch="arm64")
    except MissingError as missing:
        give_up(missing)
    assert_played(said)
    assert "\naarch64\n" in said
    assert "\nisas: neon scalar\n" in said
