"""wait: let frozen entries hold for a while."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from .. import quantities
from ..command import Command, needs_target
from ..completion import Candidate, Choice, Cursor, Moment
from ..result import Result
from ..words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session import Session

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
    try:
        while target.alive and (left := begin + duration - time.monotonic()) > 0:
            time.sleep(min(left, _TICK))
    except KeyboardInterrupt:
        pass
    waited = time.monotonic() - begin
    alive = target.alive
    line = f"waited {quantities.seconds(waited)}"
    return Result(
        {"seconds": round(waited, 3), "alive": alive},
        (line if alive else f"{line}; {target.name} ({target.pid}) has ended",),
    )


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    """Offer ``forever``."""
    return cursor.offer([Choice(_FOREVER)] if not cursor.words else ())


WAIT = Command(
    name="wait",
    usage="wait SECONDS|forever",
    summary="let frozen entries hold for a while",
    details="What a script froze holds only while it runs; wait keeps it running, until the time "
    "is over, the target ends or Ctrl-C is pressed.",
    examples=("wait 2.5", "wait forever"),
    run=run,
    complete=complete,
)
