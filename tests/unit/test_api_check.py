"""The check of what is public against the last tag, on a small repository of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.targets import ROOT

FIRST = '__all__ = ["one", "two"]\n\ndef one(a, b): ...\n\ndef two(): ...\n'


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *who, *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools/api_check.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_what_has_gone_since_the_tag_has_to_be_said(tmp_path: Path) -> None:
    package = tmp_path / "scanner"
    package.mkdir()
    file = package / "__init__.py"
    file.write_text(FIRST)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "scanner")
    git(tmp_path, "commit", "-qm", "first")
    done = check(tmp_path)
    assert (done.returncode, "there is no tag yet" in done.stdout) == (0, True), done.stderr
    git(tmp_path, "tag", "v1")
    assert check(tmp_path).returncode == 0
    file.write_text(FIRST + "\ndef three(): ...\n")
    assert check(tmp_path).returncode == 0
    file.write_text('__all__ = ["one"]\n\ndef one(a): ...\n')
    done = check(tmp_path)
    assert done.returncode == 1
    assert "2 since v1" in done.stdout, done.stdout
    changelog = "## [Unreleased]\n\n### Removed\n- `two`.\n- The argument `b` of `one`.\n\n## 1\n"
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    assert check(tmp_path).returncode == 0
