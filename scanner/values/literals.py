"""Numbers and quoted text as people write them, in predicates and on the command line."""

from __future__ import annotations

import contextlib
import math
import re
from typing import Final

from .. import arguments
from ..errors import ArgumentError

_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.)|$)", re.DOTALL
)
_NAMED: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "'": "'", '"': '"'}


class LiteralError(ValueError):
    """A literal that cannot be understood.

    Args:
        offset: where in the literal, in characters.
        reason: what is wrong there.
    """

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(offset, reason)
        self.offset = offset
        self.reason = reason


def parse_integer(word: str) -> int:
    """An integer in decimal, ``0x``, ``0o`` or ``0b``, with ``_`` between digits.

    Raises:
        ArgumentError: it is none.

    >>> parse_integer("-0x1_0"), parse_integer("007")
    (-16, 7)
    """
    if arguments.text("word", word).isascii():
        try:
            return int(word, 0)
        except ValueError:
            with contextlib.suppress(ValueError):  # 007 is a number, too
                return int(word, 10)
    raise ArgumentError("word", word, "a whole number, such as 10 or 0x0a")


def parse_number(word: str) -> int | float:
    """An integer as :func:`parse_integer` takes it, or a float such as ``1.5e3`` or ``inf``.

    Raises:
        LiteralError: it is larger than any float, and would be infinite.
        ValueError: it is none.

    >>> parse_number("1.5e3"), parse_number("-inf"), parse_number("0e9")
    (1500.0, -inf, 0.0)
    """
    try:
        return parse_integer(word)
    except ValueError:
        if not word.isascii():
            raise ValueError(f"{word!r} is not a number") from None
    number = float(word)
    if math.isinf(number) and "n" not in word.lower():
        raise LiteralError(0, "is larger than any float")
    return number


def quote(value: str | bytes) -> str:
    r"""The literal that stands for a text or bytes in predicates and on command lines.

    >>> print(quote('say "hi"'), quote(b"\0A"))
    "say \"hi\"" b"\x00A"
    """
    if isinstance(value, bytes):
        return 'b"' + "".join(map(_quote_byte, value)) + '"'
    return '"' + "".join(map(_quote_character, arguments.text("value", value))) + '"'


def unquote(literal: str) -> str | bytes:
    r"""The text or bytes of a literal.

    Args:
        literal: in single or double quotes, with a ``b`` before them for bytes. Its escapes are
            those of Python without the octal ones and names: ``\n \t \r \0 \\ \' \" \xNN \uNNNN
            \UNNNNNNNN``.

    Raises:
        LiteralError: an escape or, in bytes, a character that cannot be.

    >>> unquote(r"b'\x41'"), unquote('"é"')
    (b'A', 'é')
    """
    is_bytes = literal.startswith("b")
    start = 2 if is_bytes else 1
    body = literal[start:-1]
    parts: list[str] = []
    end = 0
    for escape in _ESCAPE.finditer(body):
        parts.append(body[end : escape.start()])
        end = escape.end()
        parts.append(_escaped(escape, start, is_bytes))
    parts.append(body[end:])
    text = "".join(parts)
    if not is_bytes:
        return text
    for position, character in enumerate(body):
        if not character.isascii():
            raise LiteralError(start + position, "bytes take ASCII and \\xNN only")
    return text.encode("latin-1")


def _escaped(escape: re.Match[str], start: int, is_bytes: bool) -> str:
    code = escape[1] or (None if is_bytes else escape[2] or escape[3])
    if code is not None and int(code, 16) <= 0x10FFFF:
        return chr(int(code, 16))
    named = _NAMED.get(escape[4] or "")
    if named is None:
        reason = f"no such escape: {escape[0]} (a backslash itself is \\\\)"
        raise LiteralError(start + escape.start(), reason)
    return named


def _quote_byte(byte: int) -> str:
    character = chr(byte)
    if character in '"\\':
        return "\\" + character
    return character if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


def _quote_character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
