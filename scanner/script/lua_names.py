"""The names that a piece of Lua uses and does not make itself: what it would need from outside."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"""--\[(?P<long>=*)\[.*?\](?P=long)\] | --[^\n]*
    | \[(?P<level>=*)\[.*?\](?P=level)\] | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
    | (?P<word>[A-Za-z_]\w*) | 0[xX][\w.]+ | [0-9][\w.]* | \.{2,3} | [=~<>]=? | \S""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS: Final = frozenset(
    (
        *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if"),
        *("in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while"),
    )
)
#: What follows a name that is called, or that something is taken from.
_USES: Final = frozenset("([{.:\"'")


class Used(NamedTuple):
    """A name that is called or indexed.

    Attributes:
        name: of it.
        line: of the text, from 1.
    """

    name: str
    line: int


def used_names(text: str) -> list[Used]:
    r"""The names that a piece of Lua calls or takes something from, and never sets.

    Args:
        text: of it.

    Returns:
        Each once, where it is used first.

    >>> used_names("local t = createTimer(nil)\nt.destroy()")
    [Used(name='createTimer', line=1)]
    """
    tokens = _tokens(text)
    made = _made([(word, raw) for word, raw, _ in tokens])
    found: dict[str, int] = {}
    for number, (word, _, at) in enumerate(tokens):
        if word is None or word in _KEYWORDS or word in made or word in found:
            continue
        before = tokens[number - 1][1] if number else ""
        behind = tokens[number + 1][1] if number + 1 < len(tokens) else ""
        if before not in (".", ":") and behind[:1] in _USES and not behind.startswith(".."):
            found[word] = at
    return [Used(name, text.count("\n", 0, at) + 1) for name, at in found.items()]


def made_names(text: str) -> set[str]:
    """The names that a piece of Lua sets, which those behind it find.

    >>> made_names("function jump() end")
    {'jump'}
    """
    return _made([(word, raw) for word, raw, _ in _tokens(text)])


def _tokens(text: str) -> list[tuple[str | None, str, int]]:
    """Words and signs, each with what it is as a name, if it is one, and where it is."""
    return [
        (match["word"], match[0], match.start())
        for match in _TOKEN.finditer(text)
        if not match[0].startswith("--")
    ]


def _made(tokens: list[tuple[str | None, str]]) -> set[str]:
    """The names that are set: assigned, declared, looped over, or a function's."""
    made: set[str] = set()
    listed: list[str] = []  # names with commas between them, up to here
    inside = False  # the brackets of a function's parameters
    for number, (word, raw) in enumerate(tokens):
        before = tokens[number - 1][1] if number else ""
        if inside:
            made |= {word} if word else set()
            inside = raw != ")"
            continue
        if raw == "(" and number and _is_function(tokens, number - 1):
            inside = True
        elif word is not None and word not in _KEYWORDS:
            if before in (".", ":"):
                listed = []
            elif before == "," and listed:
                listed.append(word)
            else:
                made |= set(listed) if _is_local(tokens, number, len(listed)) else set()
                listed = [word]
            if before in ("function", "local"):
                made.add(word)
        elif raw == "=" or word == "in":
            made.update(listed)
            listed = []
        elif raw != ",":
            made |= set(listed) if _is_local(tokens, number, len(listed)) else set()
            listed = []
    return made


def _is_function(tokens: list[tuple[str | None, str]], at: int) -> bool:
    """Whether the words up to here begin a function: ``function``, ``function a.b:c``."""
    while at >= 0 and (tokens[at][1] in (".", ":") or tokens[at][0] is not None):
        if tokens[at][0] == "function":
            return True
        at -= 1
    return False


def _is_local(tokens: list[tuple[str | None, str]], at: int, count: int) -> bool:
    """Whether the names before here are declared, with no value: ``local a, b``."""
    start = at - (2 * count - 1) - 1
    return count > 0 and start >= 0 and tokens[start][0] == "local"
