"""What is pinned in package/lock fits pyproject.toml, has hashes, and says nothing of any host."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "package" / "lock"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
BUILDING: list[str] = PROJECT["build-system"]["requires"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
ASKED = {
    "dev.txt": [
        *BUILDING,
        *PROJECT["project"]["dependencies"],
        *(each for each in EXTRAS["dev"] + EXTRAS["docs"] if not each.startswith("farfetch")),
    ],
    "packaging.txt": [*BUILDING, *PROJECT["dependency-groups"]["packaging"]],
}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lock: str) -> dict[str, list[str]]:
    """The versions in a lock, by name."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", (LOCK / lock).read_text(), re.MULTILINE):
        versions.setdefault(canonical(name), []).append(version)
    return versions


@pytest.mark.parametrize("lock", ASKED)
def test_all_that_is_asked_for_is_pinned(lock: str) -> None:
    versions = pinned(lock)
    stale = [
        asked
        for asked in map(Requirement, ASKED[lock])
        if not any(asked.specifier.contains(one) for one in versions.get(canonical(asked.name), []))
    ]
    assert not stale, "pyproject.toml has changed: run make lock"


@pytest.mark.parametrize("lock", ASKED)
def test_each_has_its_hashes(lock: str) -> None:
    text = "\n" + "".join(
        line for line in (LOCK / lock).read_text().splitlines(keepends=True) if line[0] != "#"
    )
    for entry in re.split(r"\n(?=\S)", text)[1:]:
        first, *hashes = entry.rstrip("\n").split(" \\\n")
        assert re.fullmatch(r"[\w.-]+==[\w.+!]+( ; [\w .<>=!'()*]+)?", first), first
        assert hashes, first
        for line in hashes:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line), entry
