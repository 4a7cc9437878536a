"""Hints: what a command still takes, shown faintly behind the cursor."""

from __future__ import annotations

from collections.abc import Mapping

from ..line.words import command_word
from .cursor import Cursor, Known


def hint(line: str, commands: Mapping[str, Known]) -> str:
    """Say what is missing behind a line that names a command and ends with a blank.

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
    return commands[name].hint(Cursor(line, lead + len(name)))
