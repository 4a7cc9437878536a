"""help: the commands, or one of them."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

from farfetch.scanner import did_you_mean

from ..answers.result import Column, Result, Table
from ..command import Command
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from . import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_COLUMNS = (Column("COMMAND", style="bold"), Column("WHAT IT DOES"))

#: Columns that a paragraph takes where there are more.
WIDEST = 78

_PREDICATES = """\
A line that is only a predicate is a first scan, or a next one while there are
matches:
  100   -5   1..5   "abc"   that value, or one in that range
  > 50   <= 3   != 0        compared with a number
  >   <   =   !=            increased, decreased, unchanged, changed
  + 5   - 5                 changed by that much since the last scan
  ?                         any value
  now < prev and now > first/2
                            the whole language: now, prev (at the last scan),
                            first; + - * / % & | ^ << >> ~ abs(); == != < <=
                            > >= in A..B; and or not; changed increased …
help COMMAND says more; a # begins a comment."""


def run(session: Session, words: Words) -> Result:  # noqa: ARG001
    """List the commands, or describe one."""
    word = words.optional()
    words.end()
    if word is None:
        return _overview()
    command = COMMANDS.get(word.text)
    if command is None:
        near = did_you_mean(word.text, COMMANDS)
        raise words.error(f"no command is called {word.text!r}{near}")
    width = min(shutil.get_terminal_size().columns, WIDEST)
    lines = [
        command.usage,
        *textwrap.wrap(command.details, width, initial_indent="  ", subsequent_indent="  "),
        "examples:",
        *(f"  {example}" for example in command.examples),
    ]
    return Result(
        {
            "name": command.name,
            "usage": command.usage,
            "summary": command.summary,
            "details": command.details,
            "examples": list(command.examples),
        },
        tuple(lines),
    )


def _overview() -> Result:
    commands = COMMANDS.values()
    return Result(
        {
            "commands": [
                {"name": one.name, "usage": one.usage, "summary": one.summary} for one in commands
            ]
        },
        (
            Table(_COLUMNS, tuple((one.usage, one.summary) for one in commands)),
            *_PREDICATES.splitlines(),
        ),
    )


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    """Offer the commands."""
    if cursor.words:
        return iter(())
    return cursor.offer(Choice(one.name, one.summary) for one in COMMANDS.values())


HELP = Command(
    name="help",
    usage="help [COMMAND]",
    summary="list the commands, or describe one",
    details="With a command's name it shows its synopsis, what it does, and lines to try.",
    examples=("help", "help freeze"),
    run=run,
    complete=complete,
)
