"""A disk that fills up soon, where this user may mount one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_SIZE = 1 << 18
_CLONE_NEWNS = 0x20000


def in_mounts_of_its_own() -> None:
    """Have this process see its own mounts alone; they end with it. Only root can."""
    if os.geteuid() == 0 and not ctypes.CDLL(None).unshare(_CLONE_NEWNS):
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)


@contextlib.contextmanager
def small_disk(folder: str) -> Iterator[str]:
    """A folder in another, on a disk of its own; "" where none can be mounted."""
    full = Path(folder) / "full"
    full.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(full)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        yield ""
        return
    try:
        yield str(full)
    finally:
        subprocess.run(["umount", "--lazy", str(full)], check=True)
