"""What can be typed next: a pure function of the text before the cursor and of the moment.

The prompt's completer only adapts :func:`complete`; what a command takes says what can be offered
behind its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..line.statements import is_declaration
from .cursor import Candidate, Choice, Cursor, Known, Moment
from .offers import declared_types, predicate_words

_VARIABLE = re.compile(r"(?<!\$)\$\w*$")


def complete(text: str, moment: Moment, commands: Mapping[str, Known]) -> list[Candidate]:
    """Say what can stand at the cursor.

    Args:
        text: the line before the cursor.
        moment: what is known of the session.
        commands: all commands by name.

    Returns:
        Candidates in the order to show them, without doubles.
    """
    lead = len(text) - len(text.lstrip())
    if is_declaration(text):
        return list(declared_types(text, moment))
    variable = _VARIABLE.search(text)
    if variable and moment.variables:
        names = (Choice(f"${name}", "variable") for name in moment.variables)
        return list(Cursor(text, lead).offer(names, start=variable.start()))
    name, blank, _ = text[lead:].partition(" ")
    cursor = Cursor(text, lead)
    if not blank:
        names = (Choice(command.name, command.summary) for command in commands.values())
        offered: Iterable[Candidate] = cursor.offer(names)
        if moment.attached and name:
            offered = [*offered, *predicate_words(cursor, moment)]
    elif name in commands:
        offered = commands[name].complete(Cursor(text, lead + len(name) + 1), moment)
    else:
        offered = predicate_words(cursor, moment) if moment.attached else ()
    unique: dict[str, Candidate] = {}
    for candidate in offered:
        unique.setdefault(candidate.text, candidate)
    return list(unique.values())
