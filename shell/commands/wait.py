"""wait: let frozen entries hold for a while."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ..answers import quantities, values
from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import seconds
from ..session import holding

if TYPE_CHECKING:
    from farfetch.scanner import Freeze

    from ..session.session import Session

_TICK = 0.1


def run(session: Session, given: Given) -> Result:
    """Wait until the time is over, the target is gone or Ctrl-C."""
    target = session.attached
    begin = time.monotonic()
    lost: list[Freeze] = []
    try:
        while target.alive and (left := begin + given.seconds - time.monotonic()) > 0:
            lost = _told(session, lost, time.monotonic() - begin)
            time.sleep(min(left, _TICK))
    except KeyboardInterrupt:
        pass
    waited = time.monotonic() - begin
    not_held, said = holding.fields(target), holding.said(target)
    alive = target.alive
    line = f"waited {quantities.seconds(waited)}"
    return Result(
        {"seconds": round(waited, 3), "alive": alive, "not_held": not_held},
        (line + said if alive else f"{line}; {values.target_label(target)} has ended",),
    )


def _told(session: Session, before: list[Freeze], seconds: float) -> list[Freeze]:
    """Say what is no longer held, and what is again. Returns what is not held now."""
    target = session.attached
    now = holding.not_held(target)
    if session.say is not None:
        for entry in now:
            if entry not in before:
                session.say(
                    f"{seconds:9.3f}  {holding.place(target, entry)} {holding.state(entry)}"
                )
        for entry in before:
            if entry not in now and entry.holding:
                session.say(f"{seconds:9.3f}  {holding.place(target, entry)} is held again")
    return now


WAIT = Command(
    name="wait",
    category=Category.SCRIPTS,
    summary="let frozen entries hold for a while",
    details="What a script froze holds only while it runs; wait keeps it running, until the time "
    "is over, the target ends or Ctrl-C is pressed. It says what cannot be held, and when it is "
    "held again.",
    examples=("wait 2.5", "wait forever"),
    run=run,
    arguments=(Argument("seconds", seconds(high=math.inf, endless="forever")),),
    needs=Needs.TARGET,
    answers="seconds alive not_held",
)
