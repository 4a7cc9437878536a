"""The target ``duel`` in the builds that this machine can run, and its table."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.machine import give_up
from support.targets import ROOT, TargetProcess, build_targets, make_targets

WINE: Final = next(filter(None, map(shutil.which, ("/usr/lib/wine/wine64", "wine64", "wine"))), "")
#: What runs a 32-bit program for Windows, as ``chroot /i386 /usr/lib/wine/wine`` where the root
#: has wine32 and sees these folders; else what wine32 has installed.
WINE32: Final = os.environ.get("FARFETCH_TEST_WINE32") or (
    shutil.which("/usr/lib/i386-linux-gnu/wine/wine") or ""
)
SERVER: Final = next(
    filter(None, map(shutil.which, ("/usr/lib/wine/wineserver64", "wineserver"))), ""
)
_RUNNERS: Final = {
    "windows": (WINE, "x86_64-w64-mingw32-gcc"),
    "windows32": (WINE32, "i686-w64-mingw32-gcc"),
}
KINDS: Final = ("pie", "static", "m32", "windows", "windows32")
TABLE: Final = ROOT / "targets" / "duel.CT"


def table(kind: str, folder: Path) -> Path:
    """The table for a build: that of 32 bits calls the register otherwise."""
    text = TABLE.read_text()
    if kind in ("m32", "windows32"):
        text = re.sub(r"\brsi\b", "esi", text)
    file = folder / f"duel-{kind}.CT"
    file.write_text(text)
    return file


@contextmanager
def duel(kind: str, prefix: Path) -> Iterator[TargetProcess]:
    """Run it; skipped where its build cannot be run here.

    Args:
        kind: one of ``KINDS``.
        prefix: where Wine keeps what it needs, and nobody else's Wine.
    """
    if kind not in _RUNNERS:
        build_targets(kind)
        with TargetProcess("duel", build=kind) as running:
            yield running
        return
    runner, compiler = _RUNNERS[kind]
    if not runner or not shutil.which(compiler):
        give_up(f"Wine of that width and {compiler}")
    environment = {**os.environ, "WINEPREFIX": str(prefix / kind), "WINEDEBUG": "-all"}
    environment |= {"WINEDLLOVERRIDES": "mscoree,mshtml=", "DISPLAY": ""}
    words = tuple(shlex.split(runner))
    program = make_targets(kind) / kind / "duel.exe"
    with TargetProcess(
        "duel", prefix=words, program=program, env=environment, timeout=120.0
    ) as running:
        yield running


def end_wine(kind: str, prefix: Path) -> None:
    """End the Wine of a prefix, which outlives its programs by some seconds."""
    if kind not in _RUNNERS or not (prefix / kind).exists():
        return
    changed = {**os.environ, "WINEPREFIX": str(prefix / kind)}
    words = shlex.split(_RUNNERS[kind][0])
    server = [*words[:-1], "/usr/lib/wine/wineserver32"] if len(words) > 1 else [SERVER]
    for option in ("-k", "-w"):
        subprocess.run([*server, option], env=changed, check=False, timeout=60)
