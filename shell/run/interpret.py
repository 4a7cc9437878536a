"""A line as a command: the one it names, or a scan when it is only a predicate."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from farfetch.scanner import ExpressionError, did_you_mean, parse_scan

from ..answers.result import Result
from ..command import Command
from ..commands import COMMANDS
from ..complete.offers import PREDICATE_WORDS
from ..errors import UsageError
from ..line.statements import is_declaration
from ..line.words import command_word, without_comment
from ..session.session import Session
from . import elsewhere

_OPERATOR = re.compile(r"\s*(?:[=!<>+\-*/%&|^~]|in\b|not\b|and\b|or\b)")
_C_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_PREDICATE_NAMES = tuple(word.rstrip("(") for word, _ in PREDICATE_WORDS)


class Call(NamedTuple):
    """A command and where its arguments begin in the line."""

    command: Command
    line: str
    begin: int

    def run(self, session: Session) -> Result:
        """Run it.

        Raises:
            FarfetchError: it failed.
        """
        return self.command.call(session, self.line, self.begin)


def interpret(line: str, *, scanning: bool, fields: Collection[str] = ()) -> Call | None:
    """Find out what a line asks for.

    Args:
        line: as typed.
        scanning: whether there are matches, so that a bare predicate narrows them.
        fields: of the structure that is scanned for, which a predicate can name.

    Returns:
        The command to run; None for an empty line or a comment, also one of C.

    Raises:
        UsageError: it begins with a word that is no command.
        ExpressionError: it looks like a predicate and is none.
    """
    if is_declaration(line):
        only_comment = not _C_COMMENTS.sub("", line).strip()
        return None if only_comment else Call(COMMANDS["struct"], line, 0)
    line = without_comment(line)
    if not line:
        return None
    word = command_word(line)
    command = COMMANDS.get(word)
    if command is not None:
        return Call(command, line, len(word))
    try:
        parse_scan(line, fields)
    except ExpressionError as error:
        if not _names_a_command(word, line) and not elsewhere.examines(line):
            raise
        same = elsewhere.SAME.get(word)
        if same is None and line[len(word) :].strip():
            same = elsewhere.SAME_OF.get(word)
        if same is None:
            raise UsageError(f"unknown command {word or 'x'!r}{_hint(word, line)}") from error
        return Call(COMMANDS[same], line, len(word))
    return Call(COMMANDS["next" if scanning else "first"], line, 0)


def _hint(word: str, line: str) -> str:
    known = elsewhere.said(word, line)
    if known:
        return f": {known}"
    near = did_you_mean(word, COMMANDS) or did_you_mean(word, _PREDICATE_NAMES)
    return near or "; help lists them"


def _names_a_command(word: str, line: str) -> bool:
    return bool(word) and word not in _PREDICATE_NAMES and _OPERATOR.match(line, len(word)) is None
