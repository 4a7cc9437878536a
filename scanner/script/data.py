"""What stands behind ``db``, ``dw``, ``dd`` and ``dq``."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final, NamedTuple, TypeAlias

from ..assembler.expressions import Expression, Sum, parse
from ..errors import AssemblyError

_ITEM: Final = r"""[\s,]*(?:
    '(?P<text>[^']*)' | "(?P<quoted>[^"]*)"(?!\s*[+-]) | (?P<any>\?+|\*)(?=[\s,]|$)
    | (?P<sign>{sign})(?=[\w#$])(?P<more>[^\s,'"]+)
    | (?P<number>(?:\([A-Za-z]+\)\s*)?(?:"[^"]*"|[^\s,'"])+{rest})
    )"""
_BYTES: Final = re.compile(_ITEM.format(sign="[+-]", rest=""), re.VERBOSE)
#: What is wider may be a sum with blanks: ``dq game.exe + 10``.
_SUMS: Final = r"(?:\s*\+\s*[^\s,]+)*"
_WIDER: Final = re.compile(_ITEM.format(sign="(?!)", rest=_SUMS), re.VERBOSE)


class Added(NamedTuple):
    """What is added to the byte that is there: ``db +5``, ``db -1``."""

    value: Expression


#: A number, a text as it is, what is added, or None for what stays as it is.
Item: TypeAlias = "Expression | bytes | Added | None"


def read_data(text: str, size: int, known: Container[str]) -> tuple[Item, ...]:
    """The items of a line of data.

    Args:
        text: behind the word.
        size: bytes of each number.
        known: names that are no numbers.

    Returns:
        Numbers as expressions, texts as bytes, what is added to bytes, and None for ``??``, which
        stays as it is; nothing of a line that says nothing.

    Raises:
        AssemblyError: an item is none; says where.

    >>> read_data("90 'AB' ?? #10", 1, ())
    (Number(value=144), b'AB', None, Number(value=10))
    """
    items: list[Item] = []
    at, last = 0, len(text.rstrip(" \t,;"))  # what stands there is an item
    while at < last:
        item = (_BYTES if size == 1 else _WIDER).match(text, at)
        if item is None:
            raise AssemblyError(text, at, f"{text[at:].strip()[:20]!r} is no number")
        at = item.end()
        if item["any"] is not None:
            items.append(None)
        elif item["sign"] is not None:
            value = parse(text, *item.span("more"), known=known)
            items.append(Added(Sum(((-1 if item["sign"] == "-" else 1, (value,)),))))
        elif item["number"] is not None:
            begin, end = item.span("number")
            items.append(parse(text, begin, end, known=known))
        elif item["quoted"] is not None and size == 8:
            items.append(parse(text, *item.span(0), known=known))
        else:
            words = item["text"] if item["text"] is not None else item["quoted"]
            raw = words.encode("utf-8", "surrogatepass")
            items.append(raw if size == 1 else _widened(raw, size))
    return tuple(items)


def _widened(raw: bytes, size: int) -> bytes:
    return raw + bytes(-len(raw) % size)
