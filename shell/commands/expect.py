"""expect: fail the run unless something holds."""

from __future__ import annotations

import math
import operator
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import decode, encode, parse_value

from ..answers import quantities, values
from ..answers.result import Json, Result
from ..command import Command
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..errors import Unexpected
from ..line.words import Words
from ..session import holding, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_TICK = 0.05
_FOR = re.compile(r"\s--for(?:\s+|=)(\S+)\s*$")
_TEST = re.compile(r"(==|!=|<=|>=|<|>|in\s)\s*(.*)", re.DOTALL)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SUBJECTS = ("matches", "value", "alive")


class Arguments(NamedTuple):
    """What is expected.

    Attributes:
        subject: ``matches``, ``value`` or ``alive``.
        place: whose value, as typed; "" for other subjects.
        test: the comparison and its operand, or "" for ``alive``.
        duration: seconds to wait for it.
    """

    subject: str
    place: str
    test: str
    duration: float


def parse(words: Words) -> Arguments:
    """Read the condition and ``--for``."""
    subject = words.take("CONDITION").text
    if subject not in _SUBJECTS:
        raise words.error(f"CONDITION begins with matches, value or alive, not {subject!r}")
    place = words.take("WHERE").text if subject == "value" else ""
    test = words.rest()
    found = _FOR.search(f" {test}")
    duration = 0.0
    if found:
        test = f" {test}"[: found.start()].strip()
        duration = _seconds(words, found[1])
    if subject == "alive" and test:
        raise words.error(f"{test!r} is one argument too many")
    compared = _TEST.fullmatch(test)
    is_range = compared is not None and compared[1].strip() == "in"
    if subject != "alive" and (not compared or (is_range and ".." not in test)):
        raise words.error("a comparison is == != < <= > >= and a value, or in A..B")
    return Arguments(subject, place, test, duration)


def _seconds(words: Words, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= 1e9:
        raise words.error(f"--for takes seconds from 0 on, not {text!r}")
    return seconds


def run(session: Session, words: Words) -> Result:
    """Look, and look again until the time is over."""
    arguments = parse(words)
    until = time.monotonic() + arguments.duration
    while True:
        holds, seen = _look(session, words, arguments)
        if holds or time.monotonic() >= until:
            break
        time.sleep(min(_TICK, max(0.0, until - time.monotonic())))
    condition = " ".join(filter(None, (arguments.subject, arguments.place, arguments.test)))
    lost = holding.said(session.target)
    if not holds:
        after = f" after {quantities.seconds(arguments.duration)}" if arguments.duration else ""
        raise Unexpected(f"expected {condition}, but {seen}{after}{lost}")
    not_held = holding.fields(session.target)
    fields: dict[str, Json] = {"condition": condition, "seen": seen, "not_held": not_held}
    return Result(fields, (f"{condition}: {seen}{lost}",))


def _look(session: Session, words: Words, arguments: Arguments) -> tuple[bool, str]:
    """Whether it holds, and what there is instead."""
    if arguments.subject == "alive":
        target = session.attached
        state = "runs" if target.alive else "has ended"
        return target.alive, f"{target.name} ({target.pid}) {state}"
    if arguments.subject == "matches":
        count = session.matches
        holds = _holds(arguments.test, count, lambda text: words.whole(text, "COUNT"))
        return holds, f"there are {quantities.count(count, 'match', 'matches')}"
    target = session.attached
    address, value_type = _place(session, words, arguments.place)

    def operand(text: str) -> Any:
        value = parse_value(value_type, text, bits=target.bits)
        return decode(value_type, encode(value_type, value, bits=target.bits), bits=target.bits)

    value = target.read(address, value_type)
    holds = _holds(arguments.test, value, operand)
    return holds, f"it is {values.shown(value_type, value)}"


def _place(session: Session, words: Words, place: str) -> tuple[int, Any]:
    which = words.whole(place, "INDEX") if place.isascii() and place.isdecimal() else place
    found = places.find(session, which)
    return found.address, found.type


def _holds(test: str, value: Any, operand: Callable[[str], Any]) -> bool:
    found = _TEST.fullmatch(test)
    assert found is not None  # parse() has seen to it
    name, text = found[1].strip(), found[2].strip()
    if name != "in":
        return _COMPARE[name](value, operand(text))
    low, _, high = text.partition("..")
    return bool(operand(low.strip()) <= value <= operand(high.strip()))


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer what can be expected."""
    if not cursor.words:
        yield from cursor.offer(Choice(one) for one in _SUBJECTS)
    elif cursor.words == ["value"]:
        yield from offers.match_index(cursor, moment)
        yield from offers.address(cursor, moment)


EXPECT = Command(
    name="expect",
    usage="expect matches|alive|value WHERE [== != < <= > >= VALUE | in A..B] [--for SECONDS]",
    summary="fail the run unless something holds",
    details="WHERE is a match's index, an address or the name of an entry of the table. A script "
    "stops at an expect that does not hold and says what there was instead. --for waits that long "
    "for it to become true. It also says what is frozen and not held at present.",
    examples=("expect matches == 1", "expect value 0 in 1..100", "expect value hp == 5 --for 2"),
    run=run,
    complete=complete,
)
