"""A command's arguments, taken from the left.

Ordinary arguments are split as a POSIX shell would: blanks separate, quotes hold together.
Values and predicates are not split at all; they are whatever is left of the line, so that
``set 0 don't`` and ``now == "a  b"`` mean what they say.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import UsageError

_COMMAND = re.compile(r"[A-Za-z][\w-]*(?!\S)")
_BLANKS = re.compile(r"\s*")
#: A word, whose quotes are closed.
WORD = re.compile(r"""(?:[^\s"']|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_PIECE = re.compile(r"""[^"']+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_ESCAPED = re.compile(r"""\\(["\\])""")


class Word(NamedTuple):
    """One word of a line.

    Attributes:
        text: the word without its quotes.
        raw: the word as it was typed.
        start: offset of its first character in the line.
        end: offset behind its last character.
    """

    text: str
    raw: str
    start: int
    end: int


def command_word(line: str) -> str:
    """The word that names the command; "" when the line begins otherwise.

    >>> command_word("list 5"), command_word("5 == now")
    ('list', '')
    """
    found = _COMMAND.match(line)
    return found[0] if found else ""


def unquoted(raw: str) -> str:
    """Take the quotes off a word.

    >>> unquoted('"my game.exe"+0x10')
    'my game.exe+0x10'
    """
    pieces = []
    for piece in _PIECE.findall(raw):
        if piece[0] == '"':
            pieces.append(_ESCAPED.sub(r"\1", piece[1:-1]))
        elif piece[0] == "'":
            pieces.append(piece[1:-1])
        else:
            pieces.append(piece)
    return "".join(pieces)


def quoted(text: str) -> str:
    """Put quotes around a word that would not survive splitting.

    >>> quoted("game"), quoted("my game")
    ('game', '"my game"')
    """
    if text and not re.search(r"""[\s"'#]""", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def path_of(text: str) -> Path:
    """The path that a text says, as a shell takes it: ``~`` and ``~name`` are home folders.

    Raises:
        UsageError: no file can be called so.

    >>> path_of("~nobody-at-all/x")
    PosixPath('~nobody-at-all/x')
    """
    if not text or "\0" in text:
        raise UsageError(f"no file can be called {text!r}")
    return Path(os.path.expanduser(text))  # noqa: PTH111 - which fails where there is no such home


def word_at(line: str, at: int) -> Word | None:
    """Read the word that begins at or after an offset.

    Args:
        line: the whole line.
        at: offset to begin at.

    Returns:
        The word, or None at the end of the line.

    Raises:
        UsageError: a quote is not closed.
    """
    blanks = _BLANKS.match(line, at)
    start = blanks.end() if blanks else at
    if start == len(line):
        return None
    found = WORD.match(line, start)
    end = found.end() if found else start
    if end < len(line) and line[end] in "\"'":
        raise UsageError(f"the quote at column {end + 1} is not closed")
    raw = line[start:end]
    return Word(unquoted(raw), raw, start, end)


def words_in(text: str) -> Iterator[Word]:
    """The words of a text, one after the other.

    Raises:
        UsageError: a quote is not closed; those before it have been given.
    """
    word = word_at(text, 0)
    while word is not None:
        yield word
        word = word_at(text, word.end)


def without_comment(line: str) -> str:
    """Cut a comment off: from a ``#`` that begins a word to the end of the line.

    >>> without_comment("set 0 100  # plenty")
    'set 0 100'
    >>> without_comment('now == "a # b"')
    'now == "a # b"'
    """
    with contextlib.suppress(UsageError):
        for word in words_in(line):
            if word.raw.startswith("#"):
                return line[: word.start].strip()
    return line.strip()


class Words:
    """The arguments of one command.

    Args:
        line: the whole line.
        at: offset behind the command's name.
        usage: the command's usage line.

    Attributes:
        usage: that errors name: of as much of the command as is known to be meant.
    """

    def __init__(self, line: str, at: int, usage: str) -> None:
        self._line = line
        self._at = at
        self.usage = usage

    @property
    def command(self) -> str:
        """The name of the command."""
        return self.usage.partition(" ")[0]

    @property
    def left(self) -> str:
        """What is left, exactly as typed."""
        return self._line[self._at :]

    def error(self, what: str) -> UsageError:
        """Make the error for an argument that will not do; the caller raises it."""
        return UsageError(f"{what}; usage: {self.usage}")

    def optional(self) -> Word | None:
        """Take the next word if there is one."""
        word = word_at(self._line, self._at)
        if word is not None:
            self._at = word.end
        return word

    def take(self, what: str) -> Word:
        """Take the next word.

        Args:
            what: its name in the usage line.

        Raises:
            UsageError: the line ends here.
        """
        word = self.optional()
        if word is None:
            raise self.error(f"{what} is missing")
        return word

    def peek(self) -> Word | None:
        """The next word if there is one, which stays."""
        return word_at(self._line, self._at)

    def up_to(self, pattern: re.Pattern[str]) -> Word | None:
        """Take what a pattern matches behind the blanks, as a word; None where it does not."""
        blanks = _BLANKS.match(self._line, self._at)
        found = pattern.match(self._line, blanks.end() if blanks else self._at)
        if found is None:
            return None
        self._at = found.end()
        return Word(found[0], found[0], found.start(), found.end())

    def symbol(self, symbol: str) -> bool:
        """Take a symbol, which needs no blank behind it; whether it is next."""
        found = self.left.lstrip().startswith(symbol)
        if found:
            self._at = self._line.index(symbol, self._at) + len(symbol)
        return found

    def cut(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Take what a pattern finds at the beginning or at the end of what is left."""
        found = pattern.search(self.left)
        if found is None:
            return None
        if found.end() == len(self.left):
            self._line = self._line[: self._at + found.start()]
        else:
            self._at += found.end()
        return found

    def rest(self) -> str:
        """Take all that is left, as typed, without the blanks around it."""
        rest = self.left.strip()
        self._at = len(self._line)
        return rest

    def text(self) -> str:
        """Take all that is left, exactly as typed."""
        rest = self.left
        self._at = len(self._line)
        return rest

    def need_rest(self, what: str) -> str:
        """Take all that is left, which must be something."""
        rest = self.rest()
        if not rest:
            raise self.error(f"{what} is missing")
        return rest

    def phrase(self) -> str | None:
        """Take all that is left as one word, which may have blanks with or without quotes.

        Returns:
            None where nothing is left; quotes with nothing in them are an empty word.

        Raises:
            UsageError: a quote is not closed.
        """
        begin = self._at
        word = self.optional()
        if word is None:
            return None
        if word_at(self._line, self._at) is None:
            return word.text
        self._at = begin
        return self.rest()

    def whole(self, text: str, what: str) -> int:
        """Read a text as a count, 0 or more.

        Raises:
            UsageError: it is not one.
        """
        if not (text.isascii() and text.isdecimal()):
            raise self.error(f"{what} is a number, not {text!r}")
        if len(text) > 20:
            raise self.error(f"{what} is far too big")
        return int(text)

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            UsageError: something is.
        """
        word = self.optional()
        if word is not None:
            raise self.error(f"{word.raw!r} is one argument too many")
