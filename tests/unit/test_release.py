"""A release is prepared as a whole or not at all, and hooks look at what is committed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import farfetch
import pytest

ROOT = Path(__file__).resolve().parents[2]
AUTHOR = ("-c", "user.name=nobody", "-c", "user.email=nobody@farfetch.example")


def git(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *AUTHOR, "-C", str(clone), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def commit(clone: Path) -> None:
    assert git(clone, "add", "--all").returncode == 0
    done = git(clone, "commit", "--quiet", "--message", "all")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The tree as it stands here, in a repository of its own that has a home."""
    made = tmp_path / "clone"
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, made / name)
    assert git(made, "init", "--quiet").returncode == 0
    project = made / "pyproject.toml"
    project.write_text(project.read_text().replace("farfetch.example", "farfetch.test"))
    commit(made)
    return made


def release(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/release.py", *words]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)


def test_a_release(clone: Path) -> None:
    done = release(clone, "7.8.9", "--date", "2027-01-02")
    assert done.returncode == 0, done.stderr
    assert "git tag -s v7.8.9" in done.stdout
    changed = git(clone, "diff", "--name-only").stdout.split()
    assert changed == [
        "CHANGELOG.md",
        "kmod/README.md",
        "kmod/dkms.conf",
        "kmod/main.c",
        "package/farfetch/__init__.py",
    ]
    for name in changed[1:]:
        text = (clone / name).read_text()
        assert "7.8.9" in text
        assert farfetch.__version__ not in text
    headings = re.findall(r"^## .*", (clone / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["## [Unreleased]", "## [7.8.9] - 2027-01-02"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("1.2", "'1.2': a version is three numbers, as 1.2.3 or 1.2.3rc1"),
        ("0.0.1", f"0.0.1: is lower than {farfetch.__version__}, which the tree has"),
        (f"{farfetch.__version__}rc1", f"is lower than {farfetch.__version__}"),
    ],
)
def test_versions_that_are_refused(clone: Path, words: str, reason: str) -> None:
    done = release(clone, words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("release: ")
    assert reason in done.stderr
    assert git(clone, "status", "--porcelain").stdout == ""


def test_trees_that_are_refused(clone: Path) -> None:
    changelog = clone / "CHANGELOG.md"
    assert git(clone, "tag", "v7.0.0").returncode == 0
    assert "7.0.0: is tagged already" in release(clone, "7.0.0").stderr

    kept = changelog.read_text()
    changelog.write_text(kept.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.0.9]\n"))
    assert "the work tree has changes" in release(clone, "7.8.9").stderr
    commit(clone)
    assert "nothing stands under [Unreleased]" in release(clone, "7.8.9").stderr

    changelog.write_text(kept)
    project = clone / "pyproject.toml"
    project.write_text(project.read_text().replace("farfetch.test", "farfetch.example"))
    commit(clone)
    assert "the URLs lead nowhere" in release(clone, "7.8.9").stderr
    assert git(clone, "status", "--porcelain").stdout == ""


def test_hooks_refuse_what_lint_would(clone: Path) -> None:
    (clone / ".venv").symlink_to(ROOT / ".venv")
    made = clone / "tools" / "made.py"
    run = [sys.executable, "-m", "pre_commit", "run", "--files", "tools/made.py"]
    for text, expected in (('"""Made."""\n', 0), ("import os,sys\n", 1)):
        made.write_text(text)
        git(clone, "add", "--all")
        done = subprocess.run(run, cwd=clone, capture_output=True, text=True, check=False)
        assert done.returncode == expected, done.stdout + done.stderr
    assert "ruff" in (clone / ".pre-commit-config.yaml").read_text()
    assert "style" in done.stdout
    assert "F401" in done.stdout
