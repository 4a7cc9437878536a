"""help: the commands, one of them, or a topic."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

from farfetch.scanner import did_you_mean

from ..answers.result import Column, Json, Result, Table
from ..command import Argument, Asked, Category, Command, Given, Kind
from ..command.topics import PREDICATES, TOPICS, Topic
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from . import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_COLUMNS = (Column("COMMAND", style="bold"), Column("WHAT IT DOES"))

_MORE = f"help COMMAND says more, help TOPIC of {', '.join(TOPICS)}; a # begins a comment."

#: Columns that a paragraph takes where there are more.
WIDEST = 78


def _asked(session: Session, asked: Asked) -> Command | Topic:  # noqa: ARG001
    found = COMMANDS.get(asked.text) or TOPICS.get(asked.text)
    if found is None:
        near = did_you_mean(asked.text, [*COMMANDS, *TOPICS])
        raise asked.error(f"no command is called {asked.text!r}{near}")
    return found


def _offered(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    known: list[Command | Topic] = [*COMMANDS.values(), *TOPICS.values()]
    return cursor.offer(Choice(one.name, one.summary) for one in known)


COMMAND = Kind(
    "COMMAND|TOPIC",
    _asked,
    _offered,
    called="COMMAND",
    sample="undo",
    refuses=(("lst", "UsageError"),),
)


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """List the commands, or describe one, or a topic."""
    asked = given.command
    if asked is None:
        return _overview()
    return _about(asked) if isinstance(asked, Topic) else described(asked)


def _about(topic: Topic) -> Result:
    """All that is said of a topic."""
    width = min(shutil.get_terminal_size().columns, WIDEST)
    lines = [f"{topic.name}: {topic.summary}"]
    for line in topic.details.splitlines():
        lines += [line] if line.startswith(" ") else textwrap.wrap(line, width)
    fields: dict[str, Json] = {
        "name": topic.name,
        "summary": topic.summary,
        "details": topic.details,
        "examples": list(topic.examples),
    }
    shown = (*lines, "examples:", *(f"  {example}" for example in topic.examples))
    return Result(fields, shown, pages=True)


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
        pages=True,
    )


def _overview() -> Result:
    rows: list[tuple[str, ...]] = []
    for category in Category:
        rows.append((f"{category.value}:", ""))
        rows += (
            (command.brief, command.summary)
            for command in COMMANDS.values()
            if command.category is category
        )
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
            ],
            "topics": [{"name": topic.name, "summary": topic.summary} for topic in TOPICS.values()],
        },
        (Table(_COLUMNS, tuple(rows)), *PREDICATES.splitlines(), _MORE),
        pages=True,
    )


HELP = Command(
    name="help",
    category=Category.SHELL,
    summary="list the commands, or describe one, or a topic",
    details="With a command's name it shows its synopsis, what it does, and lines to try. Topics "
    f"are {', '.join(TOPICS)}. What does not fit the terminal is shown a page at a time.",
    examples=("help", "help freeze", "help number"),
    run=run,
    arguments=(Argument("command", COMMAND, optional=True),),
)
