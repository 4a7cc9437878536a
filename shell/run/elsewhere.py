"""What other tools call what farfetch does: some words do it here, too, others say the word."""

from __future__ import annotations

import re
from typing import Final

#: Words that mean one thing here, and the command that they are.
SAME: Final = {"exit": "quit", "q": "quit", "lregions": "regions"}
#: The same, where something stands behind them.
SAME_OF: Final = {"pid": "attach"}
_EXAMINE: Final = re.compile(
    r"x(?:/(?P<count>[0-9]{0,6})(?P<letters>[a-z]{0,3}))?(?:\s+(?P<place>\S+))?\s*"
)
_SIZES: Final = {"b": 1, "h": 2, "w": 4, "g": 8}
_WORDS: Final = {
    "pid": "info says what is attached",
    "dump": "hex ADDR LENGTH shows memory",
    "p": "read ADDR TYPE reads a value, let x = shows what an expression is",
    "print": "read ADDR TYPE reads a value",
    "show": "help, and man farfetch, say more",
    "version": "farfetch --version says it",
    "update": "list shows the values of now, and watch follows them",
    "dregion": "where leaves regions out of the next first scan",
    "inspect": "hex ADDR shows memory",
    "continue": "the target runs on by itself",
    "c": "the target runs on by itself",
    "find": "a value alone is looked for; pattern finds bytes",
    "search": "a value alone is looked for; pattern finds bytes",
    "scan": "first VALUE begins a scan; a value alone does it, too",
}


def examines(line: str) -> bool:
    """Whether a line is gdb's x."""
    return _EXAMINE.fullmatch(line) is not None


def said(word: str, line: str) -> str:
    """What does here what a line asks for in another tool; "" when that is not known.

    >>> said("x", "x/4dw 0x1000"), said("dump", "dump 7f12 64")
    ('hex 0x1000 16 shows memory', 'hex ADDR LENGTH shows memory')
    """
    examined = _EXAMINE.fullmatch(line)
    if examined is None:
        return _WORDS.get(word, "")
    sizes = [_SIZES[letter] for letter in examined["letters"] or "" if letter in _SIZES]
    length = int(examined["count"] or 1) * (sizes[0] if sizes else 4)
    return f"hex {examined['place'] or 'ADDR'} {length} shows memory"
