"""What stands behind ``db``, ``dw``, ``dd`` and ``dq``."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from ..assembler.expressions import Expression, parse
from ..errors import AssemblyError

_ITEM: Final = re.compile(
    r"""[\s,]*(?:
    '(?P<text>[^']*)' | "(?P<quoted>[^"]*)"(?!\s*[+-]) | (?P<any>\?+|\*)(?=[\s,]|$)
    | (?P<number>(?:\([A-Za-z]+\)\s*)?(?:"[^"]*"|[^\s,'"])+(?:\s*\+\s*[^\s,]+)*)
    )""",
    re.VERBOSE,
)


def read_data(text: str, size: int, known: Container[str]) -> tuple[Expression | bytes | None, ...]:
    """The items of a line of data.

    Args:
        text: behind the word.
        size: bytes of each number.
        known: names that are no numbers.

    Returns:
        Numbers as expressions, texts as bytes, and None for ``??``, which stays as it is; nothing
        of a line that says nothing.

    Raises:
        AssemblyError: an item is none; says where.

    >>> read_data("90 'AB' ?? #10", 1, ())
    (Number(value=144), b'AB', None, Number(value=10))
    """
    items: list[Expression | bytes | None] = []
    at, last = 0, len(text.rstrip(" \t,;"))  # what stands there is an item
    while at < last:
        item = _ITEM.match(text, at)
        if item is None:
            raise AssemblyError(text, at, f"{text[at:].strip()[:20]!r} is no number")
        at = item.end()
        if item["any"] is not None:
            items.append(None)
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
