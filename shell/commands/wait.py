"""wait: let frozen entries hold for a while."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ..answers import quantities
from ..answers.result import Result
from ..command import Command, needs_target
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import holding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Freeze

    from ..session.session import Session

_FOREVER = "forever"
_TICK = 0.1


def parse(words: Words) -> float:
    """Read a time in seconds, infinite for ``forever``."""
    word = words.take("SECONDS")
    words.end()
    if word.text == _FOREVER:
        return math.inf
    try:
        duration = float(word.text)
    except ValueError:
        duration = math.nan
    if not 0 <= duration < math.inf:
        raise words.error(f"SECONDS is a time from 0, not {word.text!r}")
    return duration


@needs_target
def run(session: Session, words: Words) -> Result:
    """Wait until the time is over, the target is gone or Ctrl-C."""
    duration = parse(words)
    target = session.attached
    begin = time.monotonic()
    lost: list[Freeze] = []
    try:
        while target.alive and (left := begin + duration - time.monotonic()) > 0:
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
        (line + said if alive else f"{line}; {target.name} ({target.pid}) has ended",),
    )


def _told(session: Session, before: list[Freeze], seconds: float) -> list[Freeze]:
    """Say what is no longer held, and what is again. Returns what is not held now."""
    target = session.attached
    now = holding.not_held(target)
    if session.say is not None:
        for one in now:
            if one not in before:
                session.say(f"{seconds:9.3f}  {holding.place(target, one)} {holding.state(one)}")
        for one in before:
            if one not in now and one.holding:
                session.say(f"{seconds:9.3f}  {holding.place(target, one)} is held again")
    return now


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    """Offer ``forever``."""
    return cursor.offer([Choice(_FOREVER)] if not cursor.words else ())


WAIT = Command(
    name="wait",
    usage="wait SECONDS|forever",
    summary="let frozen entries hold for a while",
    details="What a script froze holds only while it runs; wait keeps it running, until the time "
    "is over, the target ends or Ctrl-C is pressed. It says what cannot be held, and when it is "
    "held again.",
    examples=("wait 2.5", "wait forever"),
    run=run,
    complete=complete,
)
