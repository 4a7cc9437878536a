"""The kinds of arguments of pointer scans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from farfetch.scanner import parse_integer

from ..complete.cursor import Choice
from ..line.words import path_of
from ..session.pointer_scan import Compared
from .arguments import Asked, Kind, Option
from .kinds import FILE, FILTER, PLACE, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..session.session import Session


def _number(low: int) -> Callable[[Session, Asked], int]:
    def read(session: Session, asked: Asked) -> int:  # noqa: ARG001
        try:
            number = parse_integer(asked.text)
        except ValueError:
            number = low - 1
        if not low <= number < 1 << 62:
            at_least = f" from {low} on" if low >= 0 else ""
            raise asked.error(f"{asked.what} takes a number{at_least}, not {asked.text!r}")
        return number

    return read


def _offsets(session: Session, asked: Asked) -> tuple[int, ...]:
    read = _number(-(1 << 62))
    return tuple(read(session, asked._replace(text=part)) for part in asked.text.split(","))


def _names(session: Session, asked: Asked) -> tuple[str, ...]:  # noqa: ARG001
    return tuple(part.strip() for part in asked.text.split(","))


def _compared(session: Session, asked: Asked) -> Compared:  # noqa: ARG001
    file, equals, where = asked.text.rpartition("=")
    return Compared(path_of(file if equals else asked.text), where if equals else "")


_ALL = {"modules": "all of them", "stacks": "of threads"}

#: How many pointers.
DEPTH = Kind("N", _number(1), sample="3", refuses=(("0", "UsageError"), ("deep", "UsageError")))
#: How far a step goes.
OFFSET = Kind("BYTES", _number(-(1 << 62)), sample="512", refuses=(("far", "UsageError"),))
#: Several, with commas between them.
OFFSETS = Kind("OFFSETS", _offsets, sample="0x28", refuses=(("0x28,x", "UsageError"),))
#: Where paths begin.
MODULES = Kind(
    "MODULES",
    _names,
    lambda cursor, moment: cursor.offer(
        [
            *(Choice(name, note) for name, note in _ALL.items()),
            *(Choice(name, "module") for name in moment.modules),
        ]
    ),
    sample="game",
)
#: A filter of regions, as a word.
REGIONS = replace(FILTER, takes="word")
#: A map of another run.
OTHER = Kind("FILE[=WHERE]", _compared, FILE.offer, called="FILE", sample="first.ffmap")
#: A match's index or an address; "" where the map says it.
GOAL = replace(PLACE, label="WHERE", read=lambda _, asked: asked.text, called="WHERE", refuses=())
#: A value, as a word.
VALUE_WORD = replace(VALUE, takes="word")
#: The option of which regions.
FILTERED = Option("--where", "which regions", REGIONS, default="writable")
