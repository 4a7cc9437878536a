"""expect: fail the run unless something holds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from farfetch.scanner import (
    ExpressionError,
    FarfetchError,
    Predicate,
    decode,
    encode,
    holds,
    now,
    parse_scan,
    parse_value,
    scan_layout,
    u64,
)

from ..answers import quantities, values
from ..answers.result import Json, Result
from ..command import Alternatives, Argument, Asked, Category, Command, Form, Given, Kind, Option
from ..command.kinds import NAMED_PLACE, seconds
from ..complete import offers
from ..errors import Unexpected
from ..session import holding, places

if TYPE_CHECKING:
    from farfetch.scanner import Layout

    from ..session.session import Session

_TICK = 0.05
#: A comparison with a value as it is written for its type, which needs no quotes.
_COMPARISON = re.compile(r"(==|!=|<=|>=|<|>|in\s)\s*(.*)", re.DOTALL)
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_MISSING = "a comparison is == != < <= > >= and a value, or in A..B, or any predicate"

Read = Callable[[str], Any]


def run(session: Session, given: Given) -> Result:
    """Look, and look again until the time is over."""
    until = time.monotonic() + given.duration
    while True:
        holds_now, seen = look(session, given)
        if holds_now or time.monotonic() >= until:
            break
        time.sleep(min(_TICK, max(0.0, until - time.monotonic())))
    test = given.test.text if given.test else ""
    condition = " ".join(filter(None, (given.subject, given.place[0], test)))
    lost = holding.said(session.target)
    if not holds_now:
        after = f" after {quantities.seconds(given.duration)}" if given.duration else ""
        raise Unexpected(f"expected {condition}, but {seen}{after}{lost}")
    not_held = holding.fields(session.target)
    fields: dict[str, Json] = {"condition": condition, "seen": seen, "not_held": not_held}
    return Result(fields, (f"{condition}: {seen}{lost}",))


def look(session: Session, given: Given) -> tuple[bool, str]:
    """Whether what was given to expect holds, and what there is instead."""
    if given.subject == "alive":
        target = session.attached
        state = "runs" if target.alive else "has ended"
        return target.alive, f"{values.target_label(target)} {state}"
    if given.subject == "matches":
        count = session.matches
        asked = given.test._replace(what="COUNT")
        fulfilled = _fulfils(asked, u64, count, lambda text: asked.words.whole(text, "COUNT"))
        verb = "is" if count == 1 else "are"
        return fulfilled, f"there {verb} {quantities.count(count, 'match', 'matches')}"
    return _look_at(session, given)


def _look_at(session: Session, given: Given) -> tuple[bool, str]:
    """The same for the value at a place; a match knows what it was before."""
    target, which = session.attached, given.place[1]
    place = places.find(session, which)
    value_type, bits = place.type, target.bits
    match = session.matched[which] if isinstance(which, int) else None

    def written(text: str) -> Any:
        value = parse_value(value_type, text, bits=bits)
        return decode(value_type, encode(value_type, value, bits=bits), bits=bits)

    value = target.read(place.address, value_type)
    before = {"prev": match and match.previous, "first": match and match.first, "bits": bits}
    fulfilled = _fulfils(given.test, value_type, value, written, **before)
    return fulfilled, f"it is {values.shown(value_type, value)}"


def _fulfils(asked: Asked, value_type: Any, value: Any, read: Read, **before: Any) -> bool:
    """Whether a value is as it is expected to be."""
    if isinstance(value, str | bytes):
        ordered = _text_order(asked, value, read)
        if ordered is not None:
            return ordered
    layout = scan_layout(value_type, bits=before.get("bits", 64))
    try:
        compared = _compared(asked, now, read)
        predicate = _parsed(asked, layout) if compared is None else compared
    except FarfetchError as error:  # no value of the type: it may be an expression
        with suppress(FarfetchError):
            return holds(_predicate(asked, layout), value_type, value, **before)
        raise error
    return holds(predicate, value_type, value, **before)


def _predicate(asked: Asked, layout: Layout) -> Predicate:
    return parse_scan(asked.text, layout.names, rounded=layout.may_be_float)


def _parsed(asked: Asked, layout: Layout) -> Predicate:
    try:
        return _predicate(asked, layout)
    except ExpressionError as error:
        raise asked.error(f"{_MISSING}: {error}") from None


def _text_order(asked: Asked, value: str | bytes, read: Read) -> bool | None:
    """Text and bytes have no order in the language; here it is that of their characters."""
    return _compared(asked, value, read) if asked.text[:1] in "<>i" else None


def _compared(asked: Asked, value: Any, read: Read) -> Any:
    """A value compared with what is written; None where that is no plain comparison."""
    found = _COMPARISON.fullmatch(asked.text)
    if found is None:
        return None
    name, text = found[1].strip(), found[2].strip()
    if name != "in":
        return _COMPARE[name](value, read(text))
    low, dots, high = text.partition("..")
    if not dots:
        raise asked.error(_MISSING)
    least, most = read(low.strip()), read(high.strip())
    return value.between(least, most) if value is now else least <= value <= most


TEST = Kind(
    "PREDICATE",
    lambda _, asked: asked,
    offers.predicate_words,
    takes="rest",
    missing=_MISSING,
    sample="== 5",
)
_TEST = Argument("test", TEST)

EXPECT = Command(
    name="expect",
    category=Category.SCRIPTS,
    summary="fail the run unless something holds",
    details="WHERE is a match's index, an address or the name of an entry of the table. PREDICATE "
    "is == != < <= > >= and a value, in A..B, or anything that first takes, asked of the value or "
    "of the number of matches; of a match, prev and first are known, too. A script "
    "stops at an expect that does not hold and says what there was instead. --for waits that long "
    "for it to become true. It also says what is frozen and not held at present.",
    examples=("expect matches == 1", "expect value 0 in 1..100", "expect value hp == 5 --for 2"),
    run=run,
    arguments=(
        Alternatives(
            (
                Form((_TEST,), keywords=("matches",), note="how many there are"),
                Form(
                    (Argument("place", NAMED_PLACE, "WHERE", default=("", "")), _TEST),
                    keywords=("value",),
                    note="the value at a place",
                ),
                Form(keywords=("alive",), note="the target"),
            ),
            name="subject",
            called="CONDITION",
            says="CONDITION begins with matches, value or alive",
        ),
    ),
    options=(Option("--for", "seconds to wait for it", seconds(), name="duration", default=0.0),),
    answers="condition seen not_held",
)
