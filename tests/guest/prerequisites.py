"""What the rig needs of the machine, and how a test says that it is missing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

PACKAGES = {
    "apt-get": "apt",
    "bc": "bc",
    "bison": "bison",
    "cmake": "cmake",
    "debootstrap": "debootstrap",
    "dpkg-deb": "dpkg",
    "flex": "flex",
    "gcc": "build-essential",
    "kmod": "kmod",
    "mount": "mount",
    "make": "build-essential",
    "qemu-aarch64": "qemu-user",
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-x86_64": "qemu-user",
    "rsync": "rsync",
    "sparse": "sparse",
    "unshare": "util-linux",
    "aarch64-linux-gnu-gcc-12": "gcc-12-aarch64-linux-gnu libc6-dev-arm64-cross",
    "vng": "virtme-ng (from PyPI)",
}


class MissingError(RuntimeError):
    """Something the rig needs is not on this machine."""


def search_path() -> str:
    """Return PATH with the programs of the running Python's environment before it."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def require(*programs: str) -> None:
    """Raise MissingError, naming the packages, unless all programs are there."""
    path = search_path()
    missing = [program for program in programs if shutil.which(program, path=path) is None]
    if missing:
        packages = " ".join(dict.fromkeys(PACKAGES[program] for program in missing))
        raise MissingError(f"not found: {' '.join(missing)}; install {packages}")


def is_forced() -> bool:
    """Say whether a missing prerequisite fails a test instead of skipping it."""
    return bool(os.environ.get("CI"))


def give_up(reason: MissingError) -> NoReturn:
    """Skip the running test, or fail it where prerequisites are promised (CI=true)."""
    import pytest

    if is_forced():
        pytest.fail(str(reason))
    pytest.skip(f"{reason} (CI=true makes this a failure)")
