"""attach: choose the process to work on."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import TargetNotFound

from ..answers.result import Result
from ..command import Command
from ..complete import offers
from ..line.words import Words

if TYPE_CHECKING:
    from farfetch.scanner import Target

    from ..session.session import Session

_TICK = 0.05
_WAIT = re.compile(r"\s--wait(?:\s+|=)(\S+)\s*$")


class Arguments(NamedTuple):
    """Whom to attach to, and how many seconds to wait for it to appear."""

    wanted: str
    patience: float


def parse(words: Words) -> Arguments:
    """Read the pid or name, which may hold blanks, and ``--wait``."""
    wanted = words.phrase()
    found = _WAIT.search(f" {wanted}")
    patience = 0.0
    if found:
        wanted = f" {wanted}"[: found.start()].strip()
        try:
            patience = float(found[1])
        except ValueError:
            patience = math.nan
        if not 0 <= patience <= 1e9:
            raise words.error(f"--wait takes seconds from 0 on, not {found[1]!r}")
    if not wanted:
        raise words.error("PID or NAME is missing")
    return Arguments(wanted, patience)


def _attach(session: Session, arguments: Arguments) -> Target:
    until = time.monotonic() + arguments.patience
    while True:
        try:
            return session.attach(arguments.wanted)
        except TargetNotFound:
            left = until - time.monotonic()
            if left <= 0:
                raise
        time.sleep(min(_TICK, left))


def run(session: Session, words: Words) -> Result:
    """Attach to a process in place of the present target."""
    target = _attach(session, parse(words))
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
    usage="attach PID|NAME [--wait SECONDS]",
    summary="choose the process to work on",
    details="NAME is a program's name or that of the script that an interpreter runs. When "
    "several processes have it, they are listed: give the pid of one. The target runs on "
    "undisturbed. Matches and frozen entries of the target before it are let go. --wait waits that "
    "long for a process of that name to appear.",
    examples=("attach game", "attach 1234", "attach game --wait 60"),
    run=run,
    complete=offers.process,
)
