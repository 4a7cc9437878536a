"""attach: choose the process to work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import completion
from ..command import Command
from ..result import Result
from ..words import Words

if TYPE_CHECKING:
    from ..session import Session


def parse(words: Words) -> str:
    """Read the pid or name, which may hold blanks."""
    wanted = words.phrase()
    if not wanted:
        raise words.error("PID or NAME is missing")
    return wanted


def run(session: Session, words: Words) -> Result:
    """Attach to a process in place of the present target."""
    target = session.attach(parse(words))
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
    usage="attach PID|NAME",
    summary="choose the process to work on",
    details="NAME is a program's name or that of the script that an interpreter runs. When "
    "several processes have it, they are listed: give the pid of one. The target runs on "
    "undisturbed. Matches and frozen entries of the target before it are let go.",
    examples=("attach game", "attach 1234"),
    run=run,
    complete=completion.process,
)
