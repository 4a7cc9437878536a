"""attach: choose the process to work on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, TargetNotFound

from ..answers import values
from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Option
from ..command.kinds import FILE, PROCESS, seconds
from ..errors import UsageError, noted

if TYPE_CHECKING:
    from farfetch.scanner import Target

    from ..session.session import Session

_TICK = 0.05


def _attach(session: Session, given: Given) -> Target:
    until = time.monotonic() + given.wait
    while True:
        try:
            if given.core is not None:
                return session.attach_core(given.core)
            return session.attach(given.process)
        except TargetNotFound:
            left = until - time.monotonic()
            if left <= 0:
                raise
        time.sleep(min(_TICK, left))


def run(session: Session, given: Given) -> Result:
    """Attach to a process, or to a core file, in place of the present target."""
    if (given.process is None) == (given.core is None):
        raise UsageError("attach takes PID or NAME, or --core FILE")
    try:
        target = _attach(session, given)
    except (FarfetchError, OSError) as error:
        before = session.target
        if before is not None and before.alive:
            noted(error, f"{values.target_label(before)} is still attached")
        raise
    return Result(
        {
            "pid": target.pid,
            "name": target.name,
            "memory": target.memory.name,
            "bits": target.bits,
        },
        (f"attached to {values.target_label(target)}, {target.bits}-bit, {target.memory.name}",),
    )


ATTACH = Command(
    name="attach",
    category=Category.TARGET,
    summary="choose the process, or the core file, to work on",
    details="NAME is a program's name or that of the script that an interpreter runs. When "
    "several processes have it, they are listed: give the pid of one. The target runs on "
    "undisturbed. Matches and frozen entries of the target before it are let go; when the "
    "new one cannot be attached to, the one before stays, which is said. --wait waits that "
    "long for a process of that name to appear. --core takes a core file in place of a process: "
    "of Linux, also packed with zstd or lz4, or a Windows minidump. All works that needs no "
    "process: scans, structures, pointer maps, hex. Nothing can be written to it.",
    examples=("attach game", "attach 1234", "attach game --wait 60", "attach --core game.core"),
    run=run,
    arguments=(Argument("process", PROCESS, optional=True),),
    options=(
        Option("--wait", "for it to appear", seconds(), default=0.0),
        Option("--core", "a core file instead", FILE),
    ),
    answers="pid name memory bits",
)
