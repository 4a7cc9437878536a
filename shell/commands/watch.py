"""watch: values, live."""

from __future__ import annotations

import math
import time
from itertools import islice
from typing import TYPE_CHECKING

from farfetch.scanner import ExpressionError, PointerError, TargetGone, format_address, members

from ..answers import quantities, streams, values
from ..answers.result import Json, Result
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.kinds import FORCE, PLACES, seconds
from ..line.words import quoted
from ..session import places, selection
from ..session.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from farfetch.scanner import FarfetchError, Seen

    from ..session.selection import Selection
    from ..session.session import Session

#: Seconds between looks, unless told otherwise.
EVERY = 0.25
#: So many matches are watched when nothing is said.
DEFAULT_ENTRIES = 20
#: So many entries that are left out are named.
_NAMED = 3
#: So many places are watched for a word.
MOST = 1_000


def run(session: Session, given: Given) -> Result:
    """Watch places: on the whole terminal at a prompt, else with a line at each change."""
    entries, left_out = _entries(session, given.places)
    if session.screens is not None and given.duration is None:
        session.screens.watch(entries, given.every, force=given.force, note=left_out)
        fields: dict[str, Json] = {
            "entries": _fields(session, entries),
            "left_out": left_out,
        }
        return Result(fields, (left_out,) if left_out else ())
    duration = math.inf if given.duration is None else given.duration
    return _follow(session, entries, left_out, duration, given.every)


def _entries(session: Session, wanted: Sequence[Selection]) -> tuple[list[tuple[str, Place]], str]:
    """What is watched, and what is left out where nobody has chosen, in a few words."""
    left_out = ""
    if wanted:
        several = [selection.find(session, each, MOST) for each in wanted]
        found = [(chosen.text, chosen.place) for each in several for chosen in each]
    elif len(session.table) and not session.matches:
        found, left_out = _table(session)
    else:
        matches = session.matched[:DEFAULT_ENTRIES]
        found = [(str(match.index), Place(match.address, match.type)) for match in matches]
        if session.matches > len(found):
            last = min(len(found) + DEFAULT_ENTRIES, session.matches) - 1
            behind = f"watch {len(found)}..{last} has the next"
            left_out = f"{len(found)} of {session.matches:,} matches: {behind}"
    return [entry for text, place in found for entry in _by_field(session, text, place)], left_out


def _table(session: Session) -> tuple[list[tuple[str, Place]], str]:
    """The entries of the table that lead somewhere at present, and which do not.

    Raises:
        FarfetchError: none does; says why the first does not.
    """
    found: list[tuple[str, Place]] = []
    errors: list[FarfetchError] = []
    lost: list[str] = []
    for entry in islice(session.table, MOST):
        try:
            found.append((entry.name, places.find(session, quoted(entry.name))))
        except (ExpressionError, PointerError) as error:
            errors.append(error)
            lost.append(quoted(entry.name))
    if not found:
        raise errors[0]
    said = f"{len(found)} of {len(session.table):,} entries"
    if lost:
        names = ", ".join(lost[:_NAMED]) + (", …" if len(lost) > _NAMED else "")
        said += f": {names} {'leads' if len(lost) == 1 else 'lead'} nowhere at present"
    return found, said if len(found) < len(session.table) else ""


def _by_field(session: Session, text: str, place: Place) -> Iterator[tuple[str, Place]]:
    """The fields of a structure, each for itself; anything else as it is."""
    fields = members(place.type, bits=session.bits)
    for field in fields:
        yield (
            f"{text}.{field.name}",
            Place(place.address + field.offset, field.type, field=field.name),
        )
    if not fields:
        yield text, place


def _follow(
    session: Session,
    entries: Sequence[tuple[str, Place]],
    left_out: str,
    duration: float,
    every: float,
) -> Result:
    """Look until the time is over, the target is gone or Ctrl-C; say each change."""
    target = session.attached
    watch = target.watch((place.address, place.type) for _, place in entries)
    fields = _fields(session, entries)
    labels = [text for text, _ in entries]
    begin = 0.0
    samples: list[Json] = []
    looks = 0
    if left_out and session.say is not None:
        session.say(left_out)
    try:
        while True:
            at = time.monotonic()
            begin = begin or at
            seconds = at - begin
            seen = watch.look()
            looks += 1
            if looks == 1 or any(value.changed for value in seen):
                samples.append(
                    {
                        "seconds": round(seconds, 3),
                        "values": [values.as_json(value.value) for value in seen],
                    }
                )
                if session.say is not None:
                    session.say(line(seconds, labels, seen, everything=looks == 1))
            left = begin + duration - time.monotonic()
            if left <= 0:
                break
            streams.check_reader()
            time.sleep(min(left, every))
    except KeyboardInterrupt:
        pass
    except TargetGone:
        if not looks:
            raise
    alive = target.alive
    ended = "" if alive else f"{values.target_label(target)} has ended; "
    changes = quantities.count(len(samples) - 1, "change")
    return Result(
        {
            "entries": fields,
            "left_out": left_out,
            "looks": looks,
            "alive": alive,
            "samples": samples,
        },
        (f"{ended}{changes} in {quantities.count(looks, 'look')}",),
    )


def line(seconds: float, labels: Sequence[str], seen: Sequence[Seen], *, everything: bool) -> str:
    """Say what a look found, in one line.

    Args:
        seconds: since the first look.
        labels: how each place was called.
        seen: what is there.
        everything: say also what has not changed.
    """
    said = (
        f"{label}={values.shown(value.type, value.value)}"
        for label, value in zip(labels, seen, strict=True)
        if everything or value.changed
    )
    return f"{seconds:9.3f}  {'  '.join(said)}"


def _fields(session: Session, entries: Sequence[tuple[str, Place]]) -> list[Json]:
    return [
        {
            "entry": text,
            "address": format_address(place.address),
            "location": str(session.attached.locate(place.address)),
            "type": values.type_label(place.type),
        }
        for text, place in entries
    ]


WATCH = Command(
    name="watch",
    category=Category.MATCHES,
    summary="look at values live",
    details="At a prompt it takes the whole terminal: changes are highlighted, Up and Down choose "
    "an entry, f freezes it or lets it go, s sets it, q or Ctrl-C leaves; F marks what is held, f "
    "what is frozen and not held at present. --force lets f and s write what the target may not "
    "write itself. With --for, and in "
    "scripts, it prints a line whenever something has changed instead, until the time is over, "
    "the target ends or Ctrl-C. PLACES are matches, as 0, 0..5 or *, "
    "entries of the table and addresses, with blanks or commas between them. "
    f"Without places it watches the first {DEFAULT_ENTRIES} matches, or the table when "
    "there are none, and says what it leaves out; addresses are of the type that type says. "
    f"--every is the time between looks, {EVERY:g} s when not said. A structure is watched field "
    "by field, or only one, as 0.hp.",
    examples=(
        "watch",
        "watch 0 game+0x4010",
        "watch 0.hp",
        "watch 0..3",
        "watch 0 1 --for 2 --every 0.5",
    ),
    run=run,
    arguments=(Argument("places", PLACES, repeated=True),),
    options=(
        Option("--for", "seconds in all", seconds(), name="duration"),
        Option("--every", "seconds between looks", seconds(0.001), default=EVERY),
        FORCE,
    ),
    needs=Needs.TARGET,
    answers="entries",
)
