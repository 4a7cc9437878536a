"""Write package/lock/: what is installed to work on farfetch and to make packages of it.

    tools/packaging.sh python tools/lock.py

For every Python and machine at once, with the hash of each file, and without a word of where they
come from: any index of PyPI's files will do. What is pinned stays so, unless it no longer fits
pyproject.toml; to have the newest of everything delete the files first.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "package" / "lock"
OPTIONS: Final = (
    *("--universal", "--python-version", "3.10", "--generate-hashes"),
    *("--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet"),
    *("--custom-compile-command", "make lock"),
)
#: What builds the core where it is not built in isolation.
BUILDERS: Final = ("cmake>=3.20", "ninja>=1.5")


def compile_lock(name: str, sources: list[str], extra: list[str]) -> None:
    """Pin what the sources ask for, and more beside it."""
    command = ["uv", "pip", "compile", "-", *sources, *OPTIONS, "--output-file", str(LOCK / name)]
    subprocess.run(command, cwd=ROOT, input="\n".join(extra), text=True, check=True)


def main() -> int:
    """Write both. Returns the exit code."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    LOCK.mkdir(exist_ok=True)
    building = [*project["build-system"]["requires"], *BUILDERS]
    compile_lock("dev.txt", ["pyproject.toml", "--extra", "dev"], building)
    compile_lock("packaging.txt", [], [*building, *project["dependency-groups"]["packaging"]])
    return 0


if __name__ == "__main__":
    sys.exit(main())
