"""option: what a scan may take and use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Column, Result, Table
from ..command import Argument, Category, Command, Given, Kind
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..session import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_COLUMNS = (Column("OPTION", style="bold"), Column("VALUE"), Column("MEANING"))
_MEANINGS = {
    "memory-budget": "memory that matches may take; auto: most of what is free",
    "values-budget": "memory that old values may take before they go to disk; auto: a quarter",
    "disk-budget": "disk that old values may take; auto: most of what is free",
    "directory": "folder of old values; auto: $FARFETCH_TMPDIR, or that of temporary files",
    "threads": "worker threads; auto: one a processor",
    "soft-dirty": "next scans leave out pages that the kernel says nobody wrote to",
    "pointer": "bytes of a pointer in the target, 4 or 8; auto: what its program says",
}
_USUAL = {
    "memory-budget": ("auto", "1G"),
    "values-budget": ("auto", "4G"),
    "disk-budget": ("auto", "10G"),
    "directory": ("auto",),
    "threads": ("auto", "1"),
    "soft-dirty": ("on", "off"),
    "pointer": ("auto", "4", "8"),
}


def _values(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    usual = _USUAL.get(cursor.before[0], ()) if len(cursor.before) == 1 else ()
    return cursor.offer(map(Choice, usual))


NAME = Kind(
    "NAME",
    lambda _, asked: options.known(asked.text),
    lambda cursor, _: cursor.offer(Choice(name, meaning) for name, meaning in _MEANINGS.items()),
    sample="threads",
    refuses=(("speed", "UsageError"),),
)
VALUE = Kind("VALUE", offer=_values, takes="phrase", sample="auto")


def run(session: Session, given: Given) -> Result:
    """Choose or show options."""
    name, value = given.name, given.value
    if value is not None:
        session.choose(session.settings.options.set(name, value))
    more = session.keeps("options") if value is not None else ()
    chosen = session.settings.options
    names = (name,) if name else options.NAMES
    rows = tuple((option, chosen.shown(option), _MEANINGS[option]) for option in names)
    text = f"{name} {chosen.shown(name)}" if name else Table(_COLUMNS, rows)
    return Result({"options": {option: chosen.json(option) for option in names}}, (text, *more))


OPTION = Command(
    name="option",
    category=Category.SETTINGS,
    summary="choose what scans may take and use",
    details="Without a value it shows the options, or one of them. "
    + "; ".join(f"{name}: {meaning}" for name, meaning in _MEANINGS.items())
    + ". Sizes are written 512M or 2G. Options are those of the next first scan and its next ones; "
    "pointer is that of all commands, for programs whose width cannot be seen from outside, as in "
    "emulators. Of a 32-bit Windows program under a 64-bit Wine it is known.",
    examples=("option", "option disk-budget 2G", "option soft-dirty off", "option pointer 4"),
    run=run,
    arguments=(
        Argument("name", NAME, optional=True, default=""),
        Argument("value", VALUE, optional=True),
    ),
    answers="options",
)
