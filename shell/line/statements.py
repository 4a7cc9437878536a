"""Statements: a line, or the lines of a declaration that goes on until its brackets are closed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from farfetch.scanner import Declarations

_COMMENTS: Final = r"\s*(?:/\*.*?\*/\s*|//[^\n]*(?:\n\s*|$))*"
#: How a declaration begins that may go on below. A directive stands in a line of its own.
_OPENING: Final = re.compile(rf"{_COMMENTS}(?:(struct|typedef|enum|union)\b|/\*)", re.DOTALL)
_DECLARATION: Final = re.compile(
    rf"{_COMMENTS}(?:struct\b(?!\s+(?:load|drop)\s)(?:[^={{]*\{{|\s+[^\s={{]+\s*=)"
    r"|(?:typedef|enum|union)\b|#(?:pragma[ \t]+pack\b|define[ \t]+\w+[ \t])|/\*|$)",
    re.DOTALL,
)
_TAG_ALONE: Final = re.compile(r"\s*struct(?:\s+[A-Za-z_]\w*)?\s*")
_PIECE: Final = re.compile(
    r"""/\*|//.*|\#.*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
    r"""|(?P<open>[{(\[])|(?P<close>[})\]])|(?P<end>;)"""
)


def is_declaration(text: str) -> bool:
    """Whether a statement declares something, in C or with construct's words, or is C's comment.

    >>> is_declaration("struct player { int hp; };"), is_declaration("struct player")
    (True, False)
    """
    return bool(text.strip()) and _DECLARATION.match(text) is not None


class Statement:
    r"""Lines that belong together.

    >>> statement = Statement("struct player {")
    >>> statement.is_open
    True
    >>> statement.add("    int hp; };")
    >>> statement.is_open, statement.text
    (False, 'struct player {\n    int hp; };')
    """

    def __init__(self, line: str) -> None:
        self._lines: list[str] = []
        self._length = 0
        self._depth = 0
        self._in_comment = False
        self._is_ended = False
        opening = _OPENING.match(line)
        self._word = opening[1] if opening else None
        self._goes_on = opening is not None
        self.add(line)

    @property
    def text(self) -> str:
        """All of its lines; of too many, as many as no declaration can have."""
        return "\n".join(self._lines)

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self._lines)

    @property
    def is_open(self) -> bool:
        """Whether more has to come."""
        if self._in_comment or self._depth > 0:
            return self._goes_on
        return self._word in ("typedef", "enum", "union") and not self._is_ended

    def goes_on_with(self, line: str) -> bool:
        """Whether a line belongs to it that could not be foreseen: a brace below the name."""
        return _TAG_ALONE.fullmatch(self.text) is not None and line.lstrip().startswith("{")

    def add(self, line: str) -> None:
        """Take one more line; behind more than a declaration can have, only its brackets."""
        if self._length <= Declarations.MAX_TEXT:
            self._lines.append(line)
        self._length += len(line) + 1
        self._scan(line)
        if self._goes_on and self._word is None and not self._in_comment:
            opening = _OPENING.match(self.text)  # the comment in front has ended
            self._word = opening[1] if opening else None

    def _scan(self, line: str) -> None:
        at = 0
        while True:
            if self._in_comment:
                end = line.find("*/", at)
                if end < 0:
                    return
                self._in_comment, at = False, end + 2
            found = _PIECE.search(line, at)
            if found is None:
                return
            at = found.end()
            if found[0] == "/*":
                self._in_comment = True
            elif found["open"]:
                self._depth += 1
            elif found["close"]:
                self._depth = max(self._depth - 1, 0)
            elif found["end"] and not self._depth:
                self._is_ended = True


def split(lines: Sequence[str]) -> list[tuple[int, Statement]]:
    r"""Put lines that are all there into statements, each with the index of its first line.

    >>> found = split(["type i32", "struct player", "{", "  int hp;", "};", "list"])
    >>> [(index, one.text) for index, one in found]
    [(0, 'type i32'), (1, 'struct player\n{\n  int hp;\n};'), (5, 'list')]
    """
    found: list[tuple[int, Statement]] = []
    index = 0
    while index < len(lines):
        begin, statement = index, Statement(lines[index])
        index += 1
        if index < len(lines) and statement.goes_on_with(lines[index]):
            statement.add(lines[index])
            index += 1
        while statement.is_open and index < len(lines):
            statement.add(lines[index])
            index += 1
        found.append((begin, statement))
    return found


def is_open(text: str) -> bool:
    r"""Whether lines end inside a declaration.

    >>> is_open("list\nstruct player {"), is_open("struct player {\n};\nlist")
    (True, False)
    """
    return split(text.split("\n"))[-1][1].is_open
