"""attach: choose the process to work on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, TargetNotFound

from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Option
from ..command.kinds import PROCESS, seconds
from ..errors import noted

if TYPE_CHECKING:
    from farfetch.scanner import Target

    from ..session.session import Session

_TICK = 0.05


def _attach(session: Session, given: Given) -> Target:
    until = time.monotonic() + given.wait
    while True:
        try:
            return session.attach(given.process)
        except TargetNotFound:
            left = until - time.monotonic()
            if left <= 0:
                raise
        time.sleep(min(_TICK, left))


def run(session: Session, given: Given) -> Result:
    """Attach to a process in place of the present target."""
    try:
        target = _attach(session, given)
    except (FarfetchError, OSError) as error:
        before = session.target
        if before is not None and before.alive:
            noted(error, f"{before.name} ({before.pid}) is still attached")
        raise
    return Result(
        {
            "pid": target.pid,
            "name": target.name,
            "memory": target.memory.name,
            "bits": target.bits,
        },
        (f"attached to {target.name} ({target.pid}), {target.bits}-bit, {target.memory.name}",),
    )


ATTACH = Command(
    name="attach",
    category=Category.TARGET,
    summary="choose the process to work on",
    details="NAME is a program's name or that of the script that an interpreter runs. When "
    "several processes have it, they are listed: give the pid of one. The target runs on "
    "undisturbed. Matches and frozen entries of the target before it are let go; when the "
    "new one cannot be attached to, the one before stays, which is said. --wait waits that "
    "long for a process of that name to appear.",
    examples=("attach game", "attach 1234", "attach game --wait 60"),
    run=run,
    arguments=(Argument("process", PROCESS),),
    options=(Option("--wait", "for it to appear", seconds(), default=0.0),),
    answers="pid name memory bits",
)
