"""The kinds of arguments that commands share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from farfetch.scanner import Predicate, Where, bytes_, parse_scan, parse_value

from ..complete import offers
from ..complete.cursor import Choice
from ..line import variables
from ..line.words import path_of
from ..session import places, selection
from .arguments import Asked, Kind, Option, as_typed
from .parse import listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..complete.cursor import Candidate, Cursor, Moment
    from ..session.session import Session

#: What :func:`number_or_all` has read where all are meant.
ALL: Final = "all"
#: The longest time, in seconds, that anything is waited for unless its command says otherwise.
LONGEST: Final = 1e9


def _place(session: Session, asked: Asked) -> int | str:  # noqa: ARG001
    return places.index_or_address(asked.words, asked.raw)


def _typed(session: Session, asked: Asked) -> str:  # noqa: ARG001
    return asked.raw


def _count(session: Session, asked: Asked) -> int:  # noqa: ARG001
    return asked.as_count()


def _type(session: Session, asked: Asked) -> Any:
    return session.type_named(asked.text)


def _filter(session: Session, asked: Asked) -> Where:  # noqa: ARG001
    return Where.parse(asked.text)


def _path(session: Session, asked: Asked) -> Path:  # noqa: ARG001
    return path_of(asked.text)


def _bytes(session: Session, asked: Asked) -> object:  # noqa: ARG001
    raw = parse_value(bytes_, asked.text)
    if not raw:
        raise asked.error(f"{asked.what} is missing")
    return raw


def _variable(session: Session, asked: Asked) -> str:  # noqa: ARG001
    if not variables.is_name(asked.raw):
        raise asked.error(f"{asked.what} is letters, digits and _, not {asked.raw!r}")
    return asked.raw


def _places(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    yield from offers.match_index(cursor, moment)
    yield from offers.address(cursor, moment)


def _entries(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    return offers.names(cursor, moment.entries, "entry")


def _scripts(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    yield from offers.names(cursor, moment.scripts, "script")
    yield from offers.names(cursor, moment.code, "code")


def _structures(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    return offers.names(cursor, moment.structures)


def _snapshots(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    return offers.names(cursor, moment.snapshots, "snapshot")


def _variables(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    return offers.names(cursor, moment.variables, "variable")


#: A number of things, 0 or more.
COUNT: Final = Kind("N", _count, sample="1", refuses=(("many", "UsageError"),))

#: A match's index or an address, as :func:`.places.find` takes it.
PLACE: Final = Kind(
    "INDEX|ADDR",
    _place,
    _places,
    called="INDEX or ADDR",
    sample="0",
    refuses=(("nowhere", "ExpressionError"), ("999999", "MatchIndexError")),
)
#: The same, with what it was called.
NAMED_PLACE: Final = replace(
    PLACE, read=lambda session, asked: (asked.text, _place(session, asked))
)


def _selection(session: Session, asked: Asked) -> selection.Selection:
    return selection.read(session, asked.words, asked.raw)


def _selected(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    comma = cursor.word.rfind(",")
    if comma >= 0:
        cursor = replace(cursor, begin=cursor.start + comma + 1)
    every = [Choice(selection.ALL, "all matches")] if moment.matches else []
    yield from offers.match_index(cursor, moment, *every)
    yield from offers.address(cursor, moment)


#: One place or several: matches, entries of the table and addresses, with commas between them.
PLACES: Final = Kind(
    "PLACES",
    _selection,
    _selected,
    sample="0",
    refuses=(
        ("nowhere", "ExpressionError"),
        ("999999", "MatchIndexError"),
        ("0..999999", "MatchIndexError"),
        ("1..0", "UsageError"),
        ("0,,1", "UsageError"),
        ("0,nowhere", "ExpressionError"),
    ),
)
#: An address or a pointer path, or an entry of the table, as typed.
ADDRESS: Final = Kind(
    "ADDR", _typed, offers.address, sample="[heap]", refuses=(("nowhere", "ExpressionError"),)
)
#: A value type, or a structure that was declared.
TYPE: Final = Kind(
    "TYPE",
    _type,
    offers.type_name,
    takes="phrase",
    sample="i32",
    refuses=(("i33", "TypeNameError"),),
)
#: A value of a type that only the command knows, as typed.
VALUE: Final = Kind("VALUE", takes="rest", sample="5")

#: Any text to the end of the line.
TEXT: Final = Kind("TEXT", takes="rest", sample="text")

#: Any word.
WORD: Final = Kind("NAME", sample="word")

#: Bytes to write, as hex digits or as ``b"text"``.
BYTES: Final = Kind(
    "BYTES", _bytes, takes="rest", sample="90", refuses=(("xyz", "ValueKindError"),)
)
#: Which regions.
FILTER: Final = Kind(
    "FILTER",
    _filter,
    offers.where_words,
    takes="rest",
    sample="heap",
    refuses=(("nowhere", "WhereError"),),
)
#: A file.
FILE: Final = Kind("FILE", _path, offers.files, sample="game.json")

#: A process that could be attached to.
PROCESS: Final = Kind(
    "PID|NAME",
    offer=offers.process,
    takes="phrase",
    called="PID or NAME",
    sample="game",
    refuses=(("4194305", "TargetNotFound"),),
)
#: An entry of the table.
ENTRY: Final = Kind(
    "NAME",
    lambda session, asked: session.table[asked.text],
    _entries,
    sample="hp",
    refuses=(("nobody", "TableError"),),
)
#: A script of the table.
SCRIPT: Final = Kind(
    "SCRIPT",
    as_typed,
    _scripts,
    takes="phrase",
    sample="hook",
    refuses=(("nobody", "TableError"),),
)
#: A structure that was declared.
STRUCTURE: Final = Kind(
    "NAME",
    lambda session, asked: session.structures[asked.text],
    _structures,
    sample="player",
    refuses=(("nobody", "TypeNameError"),),
)
#: The name of a snapshot, without its ``@``.
SNAPSHOT: Final = Kind(
    "NAME",
    lambda _, asked: asked.text.removeprefix("@"),
    _snapshots,
    sample="full",
    refuses=(("nothing", "ScanOrderError"),),
)
#: The name of a variable, which a ``=`` may follow at once.
VARIABLE: Final = Kind(
    "NAME",
    _variable,
    _variables,
    until=re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?=\s*=)"),
    sample="x",
    refuses=(("2x", "UsageError"),),
)
#: The option to write where the target may not write itself.
FORCE: Final = Option("--force", "read-only mappings, too")

#: The option to write a file over, whatever is in it.
OVERWRITE: Final = Option("--force", "even where something is lost")
#: The options to write rows to a file.
CSV: Final = (
    Option("--csv", "write them to this file", replace(FILE, sample="it.csv")),
    replace(OVERWRITE, needs="--csv"),
)


def seconds(low: float = 0, high: float = LONGEST, *, endless: str = "") -> Kind:
    """A time in seconds.

    Args:
        low: the least.
        high: the most.
        endless: a word for a time without an end; "" where there has to be one.
    """

    def read(session: Session, asked: Asked) -> float:  # noqa: ARG001
        if endless and asked.text == endless:
            return math.inf
        try:
            amount = float(asked.text)
        except ValueError:
            amount = math.nan
        if low <= amount <= high and amount < math.inf:
            return amount
        until = f"to {high:g}" if high < LONGEST else "on"
        is_option = asked.what.startswith("--")
        said = f"takes seconds from {low:g} {until}" if is_option else f"is a time from {low:g}"
        raise asked.error(f"{asked.what} {said}, not {asked.text!r}")

    return Kind(
        f"SECONDS|{endless}" if endless else "SECONDS",
        read,
        lambda cursor, _: cursor.offer([Choice(endless)] if endless else []),
        sample=f"{low:g}",
        refuses=(("soon", "UsageError"), ("-1", "UsageError"), ("nan", "UsageError")),
    )


def choice(*words: str) -> Kind:
    """One of some words."""

    def read(session: Session, asked: Asked) -> str:  # noqa: ARG001
        if asked.text not in words:
            what = asked.what if asked.what.startswith("-") else asked.words.command
            raise asked.error(f"{what} takes {listed(words)}, not {asked.raw!r}")
        return asked.text

    return Kind(
        "|".join(words),
        read,
        lambda cursor, _: cursor.offer(map(Choice, words)),
        missing=f"{listed(words)} is missing",
        sample=words[0],
        refuses=(("neither", "UsageError"),),
    )


def number_or_all(
    each: Callable[[Moment], Iterable[Choice]], *, sample: str, unknown: tuple[str, str]
) -> Kind:
    """``N|all``: a number, or :data:`ALL`, which may also be typed as ``*``.

    Args:
        each: gives what is offered: all of them, and those that there are at a moment.
        sample: a number that is right.
        unknown: one that is not there, and the error that it is.
    """

    def read(session: Session, asked: Asked) -> int | str:  # noqa: ARG001
        return ALL if asked.text in (ALL, "*") else asked.as_count()

    return Kind(
        f"N|{ALL}",
        read,
        lambda cursor, moment: cursor.offer(each(moment)),
        sample=sample,
        refuses=(("five", "UsageError"), unknown),
    )


def predicate(fields: Callable[[Session], Collection[str]]) -> Kind:
    """A predicate, with the shorthands of a line.

    Args:
        fields: gives the names that stand for fields.
    """

    def read(session: Session, asked: Asked) -> Predicate:
        scan = session.scan
        rounded = scan is not None and scan.layout.may_be_float
        return parse_scan(asked.text, fields(session), rounded=rounded)

    return Kind(
        "PREDICATE",
        read,
        offers.predicate_words,
        takes="rest",
        sample="0..9999",
        refuses=(("now ==", "ExpressionError"),),
    )
