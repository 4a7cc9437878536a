"""The words of the predicate language."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, cast

from ..errors import ExpressionError

TokenKind = Literal["number", "quoted", "name", "sign", "end"]

_TOKEN: Final = re.compile(
    r"""
    (?P<blank>\s+)
    # 1..5 is a range, so a dot that another one follows is no part of a number
    | (?P<number>0[xXoObB]\w*|(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)
                             (?:[eE][+-]?[0-9]+)?\w*)
    | (?P<quoted>b?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')(?:i(?!\w))?)
    | (?P<open>b?["'])
    | (?P<name>@?[^\W\d]\w*)
    | (?P<sign>\.\.|==|!=|<=|>=|<<|>>|~=|&&|\|\||\*\*|[-=<>+±*/%&|^~()\[\]?!.])
    """,
    re.VERBOSE | re.DOTALL,
)

# Other languages' ways to say it, with ours.
_FOREIGN: Final = {
    "&&": 'write "and"',
    "||": 'write "or"',
    "!": 'write "not"',
    "**": "there are no powers",
}


class Token(NamedTuple):
    """One word of a predicate.

    Attributes:
        kind: what it is; the last token of every text is an ``"end"``.
        text: as it was written.
        position: of its first character.
    """

    kind: TokenKind
    text: str
    position: int

    @property
    def shown(self) -> str:
        """The token as an error names it."""
        if self.kind == "end":
            return "the end"
        return self.text if self.kind == "quoted" else f'"{self.text}"'


def tokenize(text: str) -> list[Token]:
    """All tokens of a text.

    Raises:
        ExpressionError: something in it is no token.

    >>> [token.text for token in tokenize("now in 1..5")]
    ['now', 'in', '1', '..', '5', '']
    """
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(text, position, f'"{text[position]}" means nothing here')
        word = match[0]
        if match["open"]:
            raise ExpressionError(text, position, f"this {word[-1]} is never closed")
        if word in _FOREIGN:
            raise ExpressionError(text, position, _FOREIGN[word])
        if match.lastgroup != "blank":
            tokens.append(Token(cast(TokenKind, match.lastgroup), word, position))
        position = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens
