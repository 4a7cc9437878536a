"""``unset``: put back what was written over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from farfetch.scanner import format_address

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.kinds import ALL, number_or_all
from ..complete.cursor import Choice
from ..errors import NotWritten
from ..session import writes
from ..session.overwritten import PutBack

if TYPE_CHECKING:
    from ..session.session import Session

STEPS = number_or_all(
    lambda _: [Choice(ALL, "all writes")], sample="1", unknown=("99", "NotWritten")
)


def run(session: Session, given: Given) -> Result:
    """Undo writes, the last one first."""
    target, force = session.attached, given.force
    count = None if given.writes == ALL else given.writes
    last = session.writes.last(count, left=force)
    if not last and count != 0:
        raise NotWritten("nothing was written that could be put back")
    if count is not None and count > len(last):
        raise NotWritten(f"cannot unset {count:,} writes: there are {len(last)}")
    target.check()
    done, begin = PutBack(), time.monotonic()

    def step(more: PutBack) -> None:
        nonlocal done
        done, seconds = done.plus(more), time.monotonic() - begin
        session.meter.count(done.total, total, seconds, "values put back")
        if session.interrupted():
            raise KeyboardInterrupt

    total = sum(written.kept.count for written in last)
    try:
        with session.whole():
            for written in last:
                written.put_back(target, force=force, step=step)
                session.writes.undone(written)
    except KeyboardInterrupt:
        said = f"{quantities.count(done.restored, 'value')} put back, unset goes on"
        raise KeyboardInterrupt(said) from None
    finally:
        session.meter.clear()
    return Result(
        {
            "writes": len(last),
            "restored": done.restored,
            "changed": done.changed,
            "failed": done.failed,
            "refused": writes.as_json([(format_address(at), why) for at, why in done.refused]),
        },
        (_said(done, force=force),),
    )


def _said(done: PutBack, *, force: bool) -> str:
    line = f"{quantities.count(done.restored, 'value')} put back"
    if done.changed:
        line += f", {done.changed:,} left that something else has changed since"
        line += "" if force else " (unset --force puts those back, too)"
    if done.failed:
        line += f", {done.failed:,} could not be read or written: {done.refused[0][1]}"
    return line


UNSET = Command(
    name="unset",
    category=Category.MATCHES,
    summary="put back what set and write have changed",
    details="Undoes the last set, write or table set, or the last N, or all of them since the "
    "target was attached: each value becomes what it was before. What something else has changed "
    "since is left, for the old value may be wrong there by now; --force puts it back all the "
    "same, also later. What is frozen is held at the old value again. unpatch undoes patches.",
    examples=("unset", "unset 2", "unset all --force"),
    run=run,
    arguments=(Argument("writes", STEPS, optional=True, default=1),),
    options=(Option("--force", "whatever is there now"),),
    needs=Needs.TARGET,
    answers="writes restored changed failed refused",
)
