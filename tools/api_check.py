"""Whether what is public still is as it was at the last tag, or the changelog says that it is not.

    python tools/api_check.py [FOLDER]

Compares the public names of scanner/ with those of the newest tag that leads here, without running
either. What has gone or takes other arguments has to stand in CHANGELOG.md, under "### Removed" of
what is not released yet. Where there is no tag there is nothing to compare with, which is said.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import griffe

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = "scanner"


def last_tag(root: Path) -> str | None:
    """The newest tag that leads to what is checked out; None where there is none."""
    command = ["git", "-C", str(root), "describe", "--tags", "--abbrev=0"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def removed(root: Path) -> str:
    """What the changelog says is removed since the last release."""
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text() if changelog.exists() else ""
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    sections = re.split(r"^### ", unreleased[1] if unreleased else "", flags=re.MULTILINE)
    return "\n".join(section for section in sections if section.startswith("Removed"))


def left_out(root: Path, tag: str) -> set[str]:
    """The methods that the tag's reference leaves out, and that so are not public."""
    command = ["git", "-C", str(root), "grep", "-h", ":exclude-members:", tag, "--", "docs"]
    done = subprocess.run(command, capture_output=True, text=True)
    return set(re.findall(r"\w+", done.stdout.replace("exclude-members", "")))


def changes(old: griffe.Object | griffe.Alias, new: griffe.Object | griffe.Alias) -> Iterator[str]:
    """What is different for callers, a line each, of each public name wherever it now is."""
    for name in old.exports or ():
        if name not in (new.exports or ()):
            yield f"{name}: is no longer public"
            continue
        try:
            was, now = old[str(name)], new[str(name)]
        except KeyError:  # it is loaded when it is asked for, and no checker of code finds it
            continue
        if was.is_function and now.is_function:
            yield from (f"{name}: {said}" for said in arguments(was, now))
        for breakage in griffe.find_breaking_changes(was, now):
            yield f"{breakage.obj.path}: {breakage.kind.value.lower()}"


def arguments(was: Any, now: Any) -> list[str]:
    """What a function's callers would stumble over in its arguments."""
    before = {one.name: one for one in was.parameters}
    after = {one.name: one for one in now.parameters}
    said = [f"takes no {name}" for name in before if name not in after]
    said += [f"needs {name}" for name, one in after.items() if name not in before and one.required]
    for name, one in before.items():
        here = after.get(name)
        if here is not None and one.kind is not here.kind:
            said.append(f"takes {name} in another way")
    return said


def broken(root: Path, tag: str) -> list[str]:
    """What callers of the tag's package would stumble over, and nothing says so."""
    old = griffe.load_git(PACKAGE, ref=tag, repo=root, search_paths=["."])
    new = griffe.load(PACKAGE, search_paths=[root], try_relative_path=False)
    known, hidden, found = removed(root), left_out(root, tag), []
    for line in changes(old, new):
        name = line.partition(":")[0].partition("(")[0].rpartition(".")[2]
        if name not in hidden and not re.search(rf"\b{re.escape(name)}\b", known):
            found.append(line)
    return found


def main() -> int:
    """Check. Returns the exit code."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    tag = last_tag(root)
    if tag is None:
        print("public names: there is no tag yet, so nothing to compare them with")
        return 0
    lines = broken(root, tag)
    for line in lines:
        print(line)
    if lines:
        print(f"{len(lines)} since {tag}: deprecate first, or say it under Removed in CHANGELOG.md")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
