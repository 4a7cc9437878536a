"""``until``: do something again and again until something holds, or wait for it."""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import FarfetchError, ScanCancelled

from ..answers import quantities
from ..answers.result import Json, Result
from ..command import Alternatives, Argument, Asked, Category, Command, Form, Given, Option
from ..command.kinds import NAMED_PLACE, seconds
from ..errors import Unexpected, UsageError, noted
from ..line.words import words_in
from . import expect

if TYPE_CHECKING:
    from ..session.session import Session

#: Seconds between looks, and between the runs of a line.
EVERY = 0.5
_OPTION = re.compile(r"--(?:for|every)(?:=|$)")
_DO = re.compile(r"(?:^|\s)do(?:\s+|$)")


class _Loop(NamedTuple):
    """What is looked at, and what is done in between.

    Attributes:
        test: what the condition asks for, as expect takes it.
        line: that is run between the looks; "" for none.
    """

    test: Asked | None
    line: str


def _loop(session: Session, asked: Asked) -> _Loop:  # noqa: ARG001
    found = _DO.search(asked.text)
    test = asked.text[: found.start()].strip() if found else asked.text.strip()
    line = asked.text[found.end() :].strip() if found else ""
    if _has_option(test):
        raise asked.error("--for and --every stand in front of the condition")
    if found and not line:
        raise asked.error("behind do stands a line, such as unchanged or set 0 5")
    return _Loop(asked._replace(text=test, raw=test), line)


def _has_option(text: str) -> bool:
    """Whether one of ours stands among the words of a text, and not in its quotes."""
    with suppress(UsageError):  # a quote that is not closed
        return any(_OPTION.match(word.raw) for word in words_in(text))
    return False


def _loop_of_matches(session: Session, asked: Asked) -> _Loop:
    loop = _loop(session, asked)
    if not loop.line:
        raise asked.error("matches change by a line: until matches == 1 do unchanged")
    return loop


def _loop_alone(session: Session, asked: Asked) -> _Loop:
    loop = _loop(session, asked)
    if loop.test is not None and loop.test.text:
        raise asked.error(f"behind alive stands do LINE, not {loop.test.text!r}")
    return loop


LOOP = replace(
    expect.TEST,
    label="PREDICATE [do LINE]",
    read=_loop,
    takes="exact",
    sample="== 5",
)
#: Of what needs no predicate.
LINE = replace(LOOP, label="do LINE", read=_loop_alone, sample="do info", missing="")
LOOP_OF_MATCHES = replace(LOOP, label="PREDICATE do LINE", read=_loop_of_matches)


def run(session: Session, given: Given) -> Result:
    """Look, do the line, and look again until it holds or the time is over."""
    loop: _Loop = given.loop or _Loop(None, "")
    expected = Given(subject=given.subject, place=given.place, test=loop.test)
    test = loop.test.text if loop.test else ""
    condition = " ".join(filter(None, (given.subject, given.place[0], test)))
    begin, done, before = time.monotonic(), 0, session.matches
    seen = "nothing was looked at"
    try:
        while True:
            holds_now, seen = expect.look(session, expected)
            left = begin + given.duration - time.monotonic()
            if holds_now or left <= 0 or session.finished:
                break
            if session.target is not None:
                session.target.check()
            if loop.line:
                session.run_line(loop.line)
                done += 1
                if session.say is not None and session.matches != before:
                    before = session.matches
                    session.say(
                        f"{time.monotonic() - begin:9.3f}  "
                        f"{quantities.count(before, 'match', 'matches')}"
                    )
                holds_now, seen = expect.look(session, expected)
                if holds_now:
                    continue
            time.sleep(max(0.0, min(given.every, left)))
    except ScanCancelled as error:
        noted(error, f"{condition}: {_seen_now(session, expected, seen)}{_times(done)}")
        raise
    except KeyboardInterrupt:
        stood = f"{condition}: {_seen_now(session, expected, seen)}{_times(done)}"
        raise KeyboardInterrupt(stood) from None
    waited = time.monotonic() - begin
    if not holds_now:
        raise Unexpected(f"waited for {condition}, but {seen} after {quantities.seconds(waited)}")
    fields: dict[str, Json] = {
        "condition": condition,
        "seen": seen,
        "done": done,
        "seconds": round(waited, 3),
    }
    return Result(fields, (f"{condition}: {seen}{_times(done)}",))


def _seen_now(session: Session, expected: Given, before: str) -> str:
    """What is seen where it was interrupted: maybe between the line and the look behind it."""
    with suppress(FarfetchError, OSError, KeyboardInterrupt):
        return expect.look(session, expected)[1]
    return before


def _times(done: int) -> str:
    """How often the line was run, behind what was seen."""
    return f" after {quantities.count(done, 'time')}" if done else ""


UNTIL = Command(
    name="until",
    category=Category.SCRIPTS,
    summary="wait for something, or repeat a line until it holds",
    details="CONDITION is what expect takes: matches, value or alive, and a predicate. Alone it is "
    "waited for; LINE behind do, a command or a predicate that narrows the matches, is run before "
    f"each look that follows. --every is the time between looks, {EVERY:g} s when not said; --for "
    "is how long it may take in all, and for ever when not said: Ctrl-C ends it, and so do the end "
    "of the target and a LINE that fails. Both stand in front of CONDITION.",
    examples=(
        "until --for 60 matches == 1 do unchanged",
        "until value hp > 50",
        "until value 0 == 100 do set 0 100",
    ),
    run=run,
    arguments=(
        Alternatives(
            (
                Form(
                    (Argument("loop", LOOP_OF_MATCHES),),
                    keywords=("matches",),
                    note="how many there are",
                ),
                Form(
                    (
                        Argument("place", NAMED_PLACE, "WHERE", default=("", "")),
                        Argument("loop", LOOP),
                    ),
                    keywords=("value",),
                    note="the value at a place",
                ),
                Form(
                    (Argument("loop", LINE, optional=True),),
                    keywords=("alive",),
                    note="the target",
                ),
            ),
            name="subject",
            called="CONDITION",
            says="CONDITION begins with matches, value or alive",
        ),
    ),
    options=(
        Option("--for", "seconds that it may take", seconds(), name="duration", default=math.inf),
        Option("--every", "seconds between looks", seconds(0.001, 3600), default=EVERY),
    ),
    answers="condition seen done seconds",
)
