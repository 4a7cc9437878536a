"""What is fetched or built once and kept outside of the repository; and commands that make it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path


def cache() -> Path:
    """Return the folder for everything that can be fetched or built again."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("FARFETCH_CACHE") or Path(home) / "farfetch")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command and return what it printed; if it fails, say all of it."""
    result = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode:
        words = " ".join(map(str, command))
        raise RuntimeError(f"{words}\nexit status {result.returncode}\n{result.stdout}")
    return result.stdout


@contextmanager
def locked(name: str) -> Iterator[None]:
    with (cache() / f"{name}.lock").open("w") as file:
        flock(file, LOCK_EX)
        yield


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return a finished cache folder, making it first if it is not there."""
    with locked(folder.name):
        done = folder / ".done"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            done.touch()
    return folder
