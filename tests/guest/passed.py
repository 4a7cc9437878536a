"""Guests that have passed on this machine: with the same inputs they need not run again."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from guest import kernels
from support.cache import cache

REPOSITORY = kernels.KMOD.parent
#: What a guest's tests are about and are made of. The library above the readers is tested
#: natively; what a guest adds is the module under them.
INPUTS = (
    "kmod/**/*",
    "targets/*",
    "tests/guest/**/*",
    "tests/live/*.py",
    "tests/support/*.py",
    "scanner/core/read/*",
    "scanner/memory/*.py",
    "scanner/process/*.py",
    "shell/farfetchd/*.py",
)
BUILT = (".o", ".ko", ".mod", ".cmd", ".pyc", ".symvers", ".order")


def files(patterns: Iterable[str]) -> Iterator[Path]:
    """Give the files of the repository that patterns name, but those that were built."""
    found = {path for pattern in patterns for path in REPOSITORY.glob(pattern)}
    for path in sorted(found):
        if path.is_file() and not path.name.endswith((*BUILT, ".mod.c")):
            yield path


def digest(kernel: kernels.Kernel, how: object, inputs: Iterable[str] = INPUTS) -> str:
    """Return a digest of all that a guest's outcome depends on.

    Args:
        kernel: what is booted; the cache names it by all that it was made from.
        how: it is booted, and what is run.
        inputs: patterns of the repository's files that bear on it.
    """
    total = hashlib.sha256(repr((kernel, how, sys.version)).encode())
    for path in files(inputs):
        contents = path.read_bytes()
        total.update(f"{path.relative_to(REPOSITORY)}\0{len(contents)}\0".encode() + contents)
    return total.hexdigest()


def _record(name: str) -> Path:
    folder = cache() / "passed"
    folder.mkdir(exist_ok=True)
    return folder / name


def has_passed(name: str) -> str:
    """Return what a guest of this digest came to when it passed; empty if none has.

    ``FARFETCH_GUESTS=all`` lets each run, whatever has passed.
    """
    if os.environ.get("FARFETCH_GUESTS") == "all":
        return ""
    try:
        return _record(name).read_text()
    except FileNotFoundError:
        return ""


def note(name: str, outcome: str) -> None:
    """Keep that a guest of this digest has passed.

    Args:
        name: the digest.
        outcome: a line about it, for :func:`has_passed`.
    """
    _record(name).write_text(outcome)
