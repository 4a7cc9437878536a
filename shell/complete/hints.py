"""Hints: what a command still takes, shown faintly behind the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..run.interpret import command_word
from .cursor import Cursor

if TYPE_CHECKING:
    from ..command import Command


def hint(line: str, commands: Mapping[str, Command]) -> str:
    """Say what is missing behind a line that names a command.

    The synopsis is given argument by argument. One with alternatives depends on what is typed,
    so it is shown whole before its first argument and not at all behind it.

    Args:
        line: what is typed, up to its end.
        commands: all commands by name.

    Returns:
        The rest of its synopsis; "" where there is nothing to say.
    """
    lead = len(line) - len(line.lstrip())
    name = command_word(line[lead:])
    if name not in commands or not line[lead + len(name) :]:
        return ""
    cursor = Cursor(line, lead + len(name))
    if cursor.word:
        return ""
    rest = commands[name].usage[len(name) :].strip()
    typed = len(cursor.words)
    if not typed or " | " in rest:
        return "" if typed else rest
    return " ".join(_arguments(rest)[typed:])


def _arguments(usage: str) -> list[str]:
    """Cut a synopsis at the blanks outside brackets.

    >>> _arguments("NAME [VALUE] [--for SECONDS]")
    ['NAME', '[VALUE]', '[--for SECONDS]']
    """
    arguments, depth = [""], 0
    for mark in usage:
        depth += (mark == "[") - (mark == "]")
        if mark == " " and not depth:
            arguments.append("")
        else:
            arguments[-1] += mark
    return arguments
