"""watch: values, live."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import TargetGone, format_address, members

from ..answers import quantities, values
from ..answers.result import Json, Result
from ..command import Command, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import forcing, places
from ..session.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from farfetch.scanner import Seen

    from ..session.session import Session

#: Seconds between looks, unless told otherwise.
EVERY = 0.25
#: So many matches are watched when nothing is said.
DEFAULT_ENTRIES = 20

_OPTIONS = ("--for", "--every", forcing.FORCE)


class Arguments(NamedTuple):
    """What to watch.

    Attributes:
        entries: as typed.
        duration: for how long, in seconds; None until it is left.
        every: seconds between looks.
        force: whether its keys write where the target may not write itself.
    """

    entries: tuple[tuple[str, int | str], ...]
    duration: float | None
    every: float
    force: bool


def parse(words: Words) -> Arguments:
    """Read the places and the options, in any order."""
    entries: list[tuple[str, int | str]] = []
    options: dict[str, float] = {}
    force = False
    while (word := words.optional()) is not None:
        name, equals, text = word.text.partition("=")
        if word.text == forcing.FORCE:
            force = True
        elif name in _OPTIONS:
            text = text if equals else words.take("SECONDS").text
            options[name] = _seconds(words, name, text)
        else:
            entries.append((word.text, places.index_or_address(words, word)))
    duration, every = options.get("--for"), options.get("--every", EVERY)
    return Arguments(tuple(entries), duration, every, force)


def _seconds(words: Words, name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    low = 0.001 if name == "--every" else 0
    if not low <= seconds <= 1e9:
        raise words.error(f"{name} takes seconds from {low:g} on, not {text!r}")
    return seconds


@needs_target
def run(session: Session, words: Words) -> Result:
    """Watch places: on the whole terminal at a prompt, else with a line at each change."""
    arguments = parse(words)
    entries = _entries(session, arguments)
    if session.screens is not None and arguments.duration is None:
        session.screens.watch(session, entries, arguments.every, force=arguments.force)
        return Result({"entries": _fields(session, entries)})
    return _follow(session, entries, arguments)


def _entries(session: Session, arguments: Arguments) -> list[tuple[str, Place]]:
    if arguments.entries:
        found = [(text, places.find(session, which)) for text, which in arguments.entries]
    else:
        matches = session.matched[:DEFAULT_ENTRIES]
        found = [(str(one.index), Place(one.address, one.type)) for one in matches]
    return [entry for text, place in found for entry in _by_field(session, text, place)]


def _by_field(session: Session, text: str, place: Place) -> Iterator[tuple[str, Place]]:
    """The fields of a structure, each for itself; anything else as it is."""
    fields = members(place.type, bits=session.bits)
    for one in fields:
        yield f"{text}.{one.name}", Place(place.address + one.offset, one.type, field=one.name)
    if not fields:
        yield text, place


def _follow(session: Session, entries: Sequence[tuple[str, Place]], arguments: Arguments) -> Result:
    """Look until the time is over, the target is gone or Ctrl-C; say each change."""
    target = session.attached
    watch = target.watch((place.address, place.type) for _, place in entries)
    fields = _fields(session, entries)
    labels = [text for text, _ in entries]
    duration = math.inf if arguments.duration is None else arguments.duration
    begin = time.monotonic()
    samples: list[Json] = []
    looks = 0
    try:
        while True:
            seconds = time.monotonic() - begin
            seen = watch.look()
            looks += 1
            if looks == 1 or any(one.changed for one in seen):
                samples.append(
                    {
                        "seconds": round(seconds, 3),
                        "values": [values.as_json(one.value) for one in seen],
                    }
                )
                if session.say is not None:
                    session.say(line(seconds, labels, seen, everything=looks == 1))
            left = begin + duration - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, arguments.every))
    except KeyboardInterrupt:
        pass
    except TargetGone:
        if not looks:
            raise
    alive = target.alive
    ended = "" if alive else f"{target.name} ({target.pid}) has ended; "
    changes = quantities.count(len(samples) - 1, "change")
    return Result(
        {"entries": fields, "looks": looks, "alive": alive, "samples": samples},
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
        f"{label}={values.shown(one.type, one.value)}"
        for label, one in zip(labels, seen, strict=True)
        if everything or one.changed
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


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer match indexes, addresses and the options."""
    if cursor.words[-1:] and cursor.words[-1] in _OPTIONS[:2]:
        return
    yield from offers.match_index(cursor, moment)
    yield from offers.address(cursor, moment)
    if cursor.word:
        said = ("seconds in all", "seconds between looks", forcing.NOTE)
        notes = zip(_OPTIONS, said, strict=True)
        yield from cursor.offer(Choice(*one) for one in notes if one[0] not in cursor.words)


WATCH = Command(
    name="watch",
    usage="watch [INDEX|ADDR]... [--for SECONDS] [--every SECONDS] [--force]",
    summary="look at values live",
    details="At a prompt it takes the whole terminal: changes are highlighted, Up and Down choose "
    "an entry, f freezes it or lets it go, s sets it, q or Ctrl-C leaves; F marks what is held, f "
    "what is frozen and not held at present. --force lets f and s write what the target may not "
    "write itself. With --for, and in "
    "scripts, it prints a line whenever something has changed instead, until the time is over, "
    f"the target ends or Ctrl-C. Without places it watches the first {DEFAULT_ENTRIES} matches; "
    "addresses are of the type that type says. --every is the time between looks, "
    f"{EVERY:g} s when not said. A structure is watched field by field, or only one, as 0.hp.",
    examples=("watch", "watch 0 game+0x4010", "watch 0.hp", "watch 0 1 --for 2 --every 0.5"),
    run=run,
    complete=complete,
)
