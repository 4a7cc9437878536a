"""help: the commands, or one of them."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

from ..answers.result import Column, Result, Table
from ..command import Argument, Asked, Category, Command, Given, Kind
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..near import did_you_mean
from . import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_COLUMNS = (Column("ABOUT"), Column("COMMAND", style="bold"), Column("WHAT IT DOES"))

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


def _command(session: Session, asked: Asked) -> Command:  # noqa: ARG001
    command = COMMANDS.get(asked.text)
    if command is None:
        near = did_you_mean(asked.text, COMMANDS)
        raise asked.error(f"no command is called {asked.text!r}{near}")
    return command


def _commands(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    return cursor.offer(Choice(command.name, command.summary) for command in COMMANDS.values())


COMMAND = Kind("COMMAND", _command, _commands, sample="undo", refuses=(("lst", "UsageError"),))


def run(session: Session, given: Given) -> Result:  # noqa: ARG001  # noqa: ARG001
    """List the commands, or describe one."""
    command = given.command
    if command is None:
        return _overview()
    return described(command)


def described(command: Command) -> Result:
    """All that a command says of itself."""
    width = min(shutil.get_terminal_size().columns, WIDEST)
    lines = [
        command.usage,
        *textwrap.wrap(command.sentences, width, initial_indent="  ", subsequent_indent="  "),
        "examples:",
        *(f"  {example}" for example in command.examples),
    ]
    return Result(
        {
            "name": command.name,
            "usage": command.usage,
            "summary": command.summary,
            "category": command.category.value,
            "answers": [*command.answers.split()],
            "details": command.details,
            "examples": list(command.examples),
        },
        tuple(lines),
    )


def _overview() -> Result:
    rows: list[tuple[str, ...]] = []
    for category in Category:
        commands = [command for command in COMMANDS.values() if command.category is category]
        heading = category.value
        for command in commands:
            rows.append((heading, command.brief, command.summary))
            heading = ""
    return Result(
        {
            "commands": [
                {
                    "name": command.name,
                    "usage": command.usage,
                    "summary": command.summary,
                    "category": command.category.value,
                }
                for command in COMMANDS.values()
            ]
        },
        (Table(_COLUMNS, tuple(rows)), *_PREDICATES.splitlines()),
    )


HELP = Command(
    name="help",
    category=Category.SHELL,
    summary="list the commands, or describe one",
    details="With a command's name it shows its synopsis, what it does, and lines to try.",
    examples=("help", "help freeze"),
    run=run,
    arguments=(Argument("command", COMMAND, optional=True),),
)
