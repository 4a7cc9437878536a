"""attach: choose the process to work on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, TargetAmbiguous, TargetNotFound, processes

from ..answers import values
from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Option
from ..command.kinds import FILE, PROCESS, seconds
from ..errors import UsageError, noted
from ..session import processes as choice

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
            if given.process is None:
                return _again(session)
            return named(session, given.process, newest=given.newest)
        except TargetNotFound:
            left = until - time.monotonic()
            if left <= 0:
                raise
        time.sleep(min(_TICK, left))


def named(session: Session, name: str, *, newest: bool = False) -> Target:
    """Attach to what has a name; at a prompt a part of it will do.

    Args:
        session: to attach in.
        name: a pid, or what a process is called.
        newest: of several, take the one that was started last.

    Raises:
        TargetNotFound: nothing is called so.
        TargetAmbiguous: several are; at a prompt they are said.
    """
    try:
        return session.attach(name)
    except TargetAmbiguous as error:
        found = [info for info in processes() if info.pid in {one.pid for one in error.candidates}]
        problem: FarfetchError = error
    except TargetNotFound as error:
        found = choice.like(name) if session.interactive else []
        if not found or name.strip().isdecimal():
            raise
        problem = error
    if not found:
        raise problem
    if len(found) == 1 or newest:
        return session.attach(str(choice.newest(found).pid))
    if session.interactive and session.say is not None:
        for line in choice.described(found):
            session.say(line)
    raise TargetAmbiguous(name, found)


def _again(session: Session) -> Target:
    """Attach to the next run of what was attached."""
    last, target = session.last, session.target
    if last is None:
        raise UsageError("attach takes PID or NAME, or --core FILE")
    if target is not None and target.alive:
        raise UsageError(f"{values.target_label(target)} is attached, and runs")
    info = choice.next_run(last)
    if info is None:
        raise TargetNotFound(last.name)
    return session.attach(str(info.pid))


def run(session: Session, given: Given) -> Result:
    """Attach to a process, or to a core file, in place of the present target."""
    if given.process is not None and given.core is not None:
        raise UsageError("attach takes PID or NAME, or --core FILE, not both")
    try:
        target = _attach(session, given)
    except (FarfetchError, OSError) as error:
        before = session.target
        is_asked_for = given.process is not None or given.core is not None
        if before is not None and before.alive and is_asked_for:
            noted(error, f"{values.target_label(before)} is still attached")
        raise
    session.follows = given.follow
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
    "several processes have it, they are listed: give the pid of one, or --newest. At a prompt "
    "the beginning of a name will do, or a part of it or of the command line that ps shows, "
    "where it is the only one. Alone it takes the next run of the program that was attached and "
    "has ended; with --follow the prompt does so by itself, and the table's entries are of the "
    "new run. The target runs on undisturbed. Matches and frozen entries of the target before it "
    "are let go; when the new one cannot be attached to, the one before stays, which is said. "
    "--wait waits that long for a process of that name to appear. --core takes a core file in "
    "place of a process: "
    "of Linux, also packed with zstd or lz4, or a Windows minidump. All works that needs no "
    "process: scans, structures, pointer maps, hex. Nothing can be written to it.",
    examples=(
        "attach game",
        "attach 1234",
        "attach game --wait 60",
        "attach game --newest",
        "attach --core game.core",
    ),
    run=run,
    arguments=(Argument("process", PROCESS, optional=True),),
    options=(
        Option("--wait", "for it to appear", seconds(), default=0.0),
        Option("--core", "a core file instead", FILE),
        Option("--newest", "of several, the one that was started last"),
        Option("--follow", "attach to its next run by itself"),
    ),
    answers="pid name memory bits",
)
