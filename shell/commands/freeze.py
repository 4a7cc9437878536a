"""freeze: hold a value."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from farfetch.scanner import format_address, parse_value
from farfetch.scanner.live.freeze import INTERVAL

from ..answers import values
from ..answers.result import Column, Json, Result, Table
from ..command import Command, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import forcing, holding, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Freeze, Target

    from ..session.session import Session

Allow = Literal["increase", "decrease"]

_OPTION = r"--(?:(allow|every)(?:\s+|=|$)(\S*)|(force))"
#: Options stand behind the value or in front of it, never inside: a text may say anything.
_BEHIND = re.compile(rf"(?:^|(?<=\s)){_OPTION}\s*$")
_BEFORE = re.compile(rf"^{_OPTION}(?=\s)")
_DIRECTIONS = ("increase", "decrease")

_COLUMNS = (
    Column("ADDRESS", right=True, style="cyan"),
    Column("WHERE"),
    Column("TYPE"),
    Column("VALUE", right=True, style="bold"),
    Column("ALLOW"),
    Column("EVERY", right=True),
    Column("WRITES", right=True),
    Column("STATE"),
)


class Arguments(NamedTuple):
    """What to freeze and how.

    Attributes:
        which: a match's index, or an address as typed.
        value: its text; "" for what is there.
        allow: the way it may still move.
        interval: seconds between looks.
        force: even where the target may not write itself.
    """

    which: int | str
    value: str
    allow: Allow | None
    interval: float
    force: bool


def parse(words: Words) -> Arguments | None:
    """Read the place, the value and the options; None when there is nothing."""
    which = words.optional()
    if which is None:
        return None
    value, options = _split(words.rest())
    allow = options.get("allow")
    if allow not in (None, *_DIRECTIONS):
        raise words.error("--allow takes increase or decrease")
    place = places.index_or_address(words, which)
    interval = _interval(words, options["every"]) if "every" in options else INTERVAL
    return Arguments(place, value, cast("Allow | None", allow), interval, "force" in options)


def _split(rest: str) -> tuple[str, dict[str, str]]:
    """Take the options off a value."""
    options: dict[str, str] = {}
    while found := _BEHIND.search(rest) or _BEFORE.search(rest):
        options.setdefault(found[1] or found[3], found[2] or "")
        rest = (rest[: found.start()] + rest[found.end() :]).strip()
    return rest, options


def _interval(words: Words, text: str) -> float:
    try:
        interval = float(text)
    except ValueError:
        interval = math.nan
    if not 0.001 <= interval <= 3600:
        raise words.error(f"--every takes seconds from 0.001 to 3600, not {text!r}")
    return interval


@needs_target
def run(session: Session, words: Words) -> Result:
    """Freeze a match or an address, or list what is frozen."""
    arguments = parse(words)
    target = session.attached
    if arguments is None:
        return _listing(target)
    place = places.find(session, arguments.which)
    value = place.value
    if arguments.value:
        value = parse_value(place.type, arguments.value, bits=target.bits)
    entry = session.freeze(
        *(place.lasting, place.type, value),
        *(arguments.allow, arguments.interval),
        force=arguments.force,
    )
    line = f"frozen {target.locate(entry.address)} at {values.shown(entry.type, entry.value)}"
    if entry.allow:
        line += f", may {entry.allow}"
    if entry.interval != INTERVAL:
        line += f", looked at every {entry.interval:g} s"
    if not session.interactive:
        line += "; holds until the run ends (wait keeps it going)"
    return Result(_fields(target, entry), (line,))


def _listing(target: Target) -> Result:
    entries = target.frozen
    rows = tuple(
        (
            format_address(one.address),
            holding.place(target, one),
            values.type_label(one.type),
            values.shown(one.type, one.value),
            one.allow or "",
            f"{one.interval:g} s",
            str(one.writes),
            holding.state(one),
        )
        for one in entries
    )
    return Result(
        {"frozen": [_fields(target, one) for one in entries]},
        (Table(_COLUMNS, rows) if rows else "nothing is frozen",),
    )


def _fields(target: Target, entry: Freeze) -> dict[str, Json]:
    return {
        "address": format_address(entry.address),
        "location": str(target.locate(entry.address)),
        "type": values.type_label(entry.type),
        "value": values.as_json(entry.value),
        "allow": entry.allow,
        "every": entry.interval,
        "path": str(entry.path) if entry.path else None,
        "force": entry.force,
        "active": entry.active,
        "holding": entry.holding,
        "writes": entry.writes,
        "error": str(entry.error) if entry.error else None,
    }


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer match indexes and addresses, then ``--allow`` and its directions."""
    before = cursor.words
    if not before:
        yield from offers.match_index(cursor, moment)
        yield from offers.address(cursor, moment)
    elif before[-1] == "--allow":
        yield from cursor.offer(Choice(direction) for direction in _DIRECTIONS)
    elif before[-1] != "--every" and cursor.word:
        options = [
            Choice("--allow", "let it move one way"),
            Choice("--every", "seconds"),
            Choice(forcing.FORCE, forcing.NOTE),
        ]
        yield from cursor.offer(one for one in options if one.text not in before)


FREEZE = Command(
    name="freeze",
    usage="freeze [INDEX|ADDR [VALUE] [--allow increase|decrease] [--every SECONDS] [--force]]",
    summary="hold a value, or list what is held",
    details="INDEX is a match's number in list, of the scan's type; ADDR is an address such as "
    "0x7f12 or game+0x4010, of the type that type says. Without VALUE it holds what is there "
    "now. A field of a structure is 0.hp or ADDR.hp. --allow lets the value move one way: "
    f"increase lets it grow and never shrink. --every sets the time between looks, {INTERVAL:g} "
    "s else. Alone it lists the frozen entries. What is written over one, in whatever way, is what "
    "it holds from then on. An entry that cannot be reached for a while, or may not be written, is "
    "held again as soon as it can be; until then the list says why not. --force holds what the "
    "target may not write itself. They hold until unfreeze, detach or the end of "
    "the run, so a script that freezes ends with wait.",
    examples=(
        "freeze 0 100",
        "freeze 0.hp 100",
        "freeze game+0x4010 5 --allow increase",
        "freeze 0 --every 0.5",
    ),
    run=run,
    complete=complete,
)
