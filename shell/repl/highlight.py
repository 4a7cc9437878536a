"""Colours for a line as it is typed: its command, its predicate, and where that goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from farfetch.scanner import TYPES, FarfetchError, parse_scan
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from ..commands import COMMANDS
from ..complete.offers import C_TYPES, PREDICATE_WORDS
from ..line.statements import is_declaration, split
from ..line.variables import mentioned
from ..line.words import command_word

#: Longer lines are shown plain: a person has not typed them.
LONGEST = 500

STYLE = {
    "command": "ansiblue",
    "predicate.word": "ansicyan",
    "predicate.number": "ansigreen",
    "predicate.text": "ansiyellow",
    "predicate.field": "ansibrightcyan",
    "declaration.word": "ansicyan",
    "declaration.comment": "ansibrightblack",
    "predicate.error": "underline ansired",
}

_WORDS = {word.rstrip("(") for word, _ in PREDICATE_WORDS}
_TOKEN = re.compile(
    r"""(?P<text>b?"(?:[^"\\]|\\.)*"?|'[^']*'?)"""
    r"""|(?P<number>(?<![\w.])(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9]+)?))"""
    r"""|(?P<word>@?\w+)|(?P<other>.)""",
    re.DOTALL,
)
_DECLARED = re.compile(
    r"""(?P<comment>/\*.*?(?:\*/|$)|//.*)|(?P<number>\b(?:0[xX][0-9a-fA-F]+|[0-9]+))|(?P<word>\w+)|."""
)
_DECLARING = {*C_TYPES, "typedef", "enum", "union", "const", "void", "Struct", "Array"}
_DECLARED_STYLES = {
    "comment": "class:declaration.comment",
    "number": "class:predicate.number",
    "word": "class:declaration.word",
}
_SCANS = ("first", "next")


class Highlighter(Lexer):
    """Colours the lines of the prompt.

    Args:
        fields: gives the fields that a predicate can name at present.
    """

    def __init__(self, fields: Callable[[], Sequence[str]]) -> None:
        self._fields = fields

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Give the coloured pieces of a line by its number."""
        lines, fields = document.lines, tuple(self._fields())
        declared: set[int] = set()
        for begin, statement in split(lines):
            if is_declaration(statement.text):
                declared.update(range(begin, begin + statement.lines))

        def pieces(number: int) -> StyleAndTextTuples:
            if number in declared:
                return list(declaration(lines[number]))
            return list(highlighted(lines[number], fields))

        return pieces


@lru_cache(maxsize=64)
def declaration(line: str) -> tuple[tuple[str, str], ...]:
    """The pieces of a line that belongs to a declaration.

    >>> declaration("int hp; // 5")
    (('class:declaration.word', 'int'), ('', ' hp; '), ('class:declaration.comment', '// 5'))
    """
    if len(line) > LONGEST:
        return (("", line),)
    pieces: list[tuple[str, str]] = []
    for found in _DECLARED.finditer(line):
        kind = found.lastgroup or ""
        word = found[0]
        style = _DECLARED_STYLES.get(kind, "")
        if kind == "word" and not (word in _DECLARING or word in TYPES):
            style = ""
        pieces.append((style, word))
    return tuple(_joined(pieces))


@lru_cache(maxsize=16)
def highlighted(line: str, fields: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """The pieces of a line with their styles; together they are the line.

    Args:
        line: of the prompt.
        fields: that a predicate can name.

    >>> highlighted("list 5")
    (('class:command', 'list'), ('', ' 5'))
    >>> highlighted("now == == 5")[-3:]
    (('class:predicate.error', '=='), ('', ' '), ('class:predicate.number', '5'))
    """
    if len(line) > LONGEST:
        return (("", line),)
    lead = len(line) - len(line.lstrip())
    name = command_word(line[lead:])
    pieces: list[tuple[str, str]] = []
    if name in COMMANDS:
        begin = lead + len(name)
        pieces = [("", line[:lead]), ("class:command", name)]
        if name in _SCANS and line[begin:].strip():
            pieces += _predicate(line[begin:], fields)
        else:
            pieces.append(("", line[begin:]))
    else:
        pieces = _predicate(line, fields)
    return tuple(_joined(pieces))


def _predicate(text: str, fields: tuple[str, ...]) -> list[tuple[str, str]]:
    error = _error(text, fields)
    names = {name.partition(".")[0].partition("[")[0] for name in fields}
    pieces: list[tuple[str, str]] = []
    for found in _TOKEN.finditer(text):
        kind, word = str(found.lastgroup), found[0]
        style = f"class:predicate.{kind}" if kind in ("text", "number") else ""
        if kind == "word" and (word in _WORDS or word.startswith("@")):
            style = "class:predicate.word"
        elif kind == "word" and word in names:
            style = "class:predicate.field"
        if error is not None and found.start() <= error < found.end():
            style = "class:predicate.error"
        elif error is not None and error < found.start() and pieces[-1][0].endswith("error"):
            joins = kind == "other" and not word.isspace() and pieces[-1][1] in "=<>!~"
            style = "class:predicate.error" if joins else style
        pieces.append((style, word))
    return pieces


def _error(text: str, fields: tuple[str, ...]) -> int | None:
    """Offset of what cannot be understood; None where only the end is still missing.

    What a variable will bring is not known yet, so lines with one are taken as they are.
    """
    if not text.strip() or mentioned(text):
        return None
    try:
        parse_scan(text, fields)
    except FarfetchError as error:
        position = getattr(error, "position", None)
        ended = len(text.rstrip())
        return position if isinstance(position, int) and position < ended else None
    return None


def _joined(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    joined: list[tuple[str, str]] = []
    for style, text in pieces:
        if joined and joined[-1][0] == style:
            joined[-1] = (style, joined[-1][1] + text)
        elif text:
            joined.append((style, text))
    return joined
