r"""The predicate language as text.

What it knows, from loosest to tightest; every operator of two sides takes the left side first::

    or      and      not
    == != < <= > >=     chained as in 1 < now <= 5
    in 1..5             both ends included; not in 1..5
    ~= 3.14             rounded to those digits; ~= 3.1 truncated, ~= 3.14 +- 0.01
    |   ^   &   << >>   + -   * / %
    - ~                 in front of a value
    now prev first      the value now, at the last scan, at the first
    @lunch              the value in the snapshot of that name
    now.hp prev.pos.x   a field of a structure; hp alone is now.hp
    changed unchanged increased decreased unknown ?
    100 0x64 0b11 1_000 1.5e3 inf nan "text" 'text' b"\x00bytes" abs(…) (…)
    "text"i             in any case
    pattern("48 8B ?? ?F") regex("HP:[0-9]+")
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from .. import arguments
from ..errors import ExpressionError
from .byte_pattern import pattern
from .nodes import Expr, Predicate, changed, decreased, increased, now, unchanged
from .parser import COMPARISONS, Parser
from .steps import Step, step
from .tokens import Token, tokenize

_ALONE: Final = {">": increased, "<": decreased, "=": unchanged, "!=": changed}

#: How a pattern begins that is written without quotes: no other line has two such words.
_BARE_PATTERN: Final = re.compile(r"\s*[0-9a-fA-F?]{2}\s+[0-9a-fA-F?]{1,2}(?!\S)")


def parse_predicate(text: str, fields: Collection[str] = ()) -> Predicate:
    """The predicate that a text says.

    Args:
        text: in the language.
        fields: names that stand for fields of a structure.

    Raises:
        ExpressionError: it cannot be understood; it has the position.

    >>> parse_predicate("now - prev > 1 or changed") == (now - prev > 1) | changed
    True
    >>> print(parse_predicate("not (changed or now in -1..prev+1)"))
    not (changed or now in -1..prev + 1)
    """
    arguments.text("text", text)
    return Parser(text, arguments.names("fields", fields)).whole()


def parse_expression(text: str, fields: Collection[str] = ()) -> Expr:
    """The value that a text computes.

    Args:
        text: in the language.
        fields: names that stand for fields of a structure.

    Raises:
        ExpressionError: it cannot be understood, or is a predicate; it has the position.

    >>> print(parse_expression("(now + 5) * 2"))
    (now + 5) * 2
    """
    arguments.text("text", text)
    return Parser(text, arguments.names("fields", fields)).value()


def parse_scan(text: str, fields: Collection[str] = (), *, rounded: bool = False) -> Predicate:
    """The predicate that a whole line of the shell says: :func:`parse_predicate` with shorthands.

    ======================  =====================================================
    ``100`` ``"abc"``       ``now == 100``
    ``1..5``                ``now in 1..5``
    ``48 8B ?? ?F``         ``now == pattern("48 8B ?? ?F")``
    ``> 50`` ``= 50``       ``now > 50``, ``now == 50``, and so on
    ``+ 5`` ``- 5``         ``now == prev + 5``; with a blank, for -5 is a number
    ``+ 5..7`` ``- 5..7``   ``now - prev in 5..7``, ``prev - now in 5..7``
    ``> < = !=``            ``increased``, ``decreased``, ``unchanged``, ``changed``
    ``?``                   ``unknown``
    ======================  =====================================================

    Args:
        text: the line.
        fields: names that stand for fields of a structure.
        rounded: a step such as ``+ 0.1`` is one that rounds to so much, as ``~=`` has it. So
            :meth:`.Scan.next` takes it where values are floats, or may be.

    Raises:
        ExpressionError: it cannot be understood; it has the position.

    >>> print(parse_scan("+ 0.1", rounded=True), "|", parse_scan("- 0.1..0.3", rounded=True))
    now - prev ~= 0.1 | prev - now in 0.05..0.35
    >>> for line in ("-5", "- 5", "1..5", "= 5", ">", "> 5 and now != 7"):
    ...     print(parse_scan(line))
    now == -5
    now == prev - 5
    now in 1..5
    now == 5
    increased
    now > 5 and now != 7
    """
    arguments.text("text", text)
    fields = arguments.names("fields", fields)
    arguments.flag("rounded", rounded)
    if _BARE_PATTERN.match(text):
        return now == pattern(text)
    start, *rest = tokenize(text)
    if len(rest) == 1 and start.text in _ALONE:
        return _ALONE[start.text]
    if start.text in ("=", "~=", *COMPARISONS):
        sign = "==" if start.text == "=" else start.text
        return _in_full(text, start, Step(f"now {sign}", start.position + len(start.text)), fields)
    if start.text in ("+", "-") and text[start.position + 1 : start.position + 2].isspace():
        said = step(text, start.position, rounded=rounded)
        return _in_full(text, start, said, fields)
    return Parser(text, fields).line()


def _in_full(text: str, start: Token, said: Step, fields: Collection[str]) -> Predicate:
    """Parse a line that lacks its left side, with errors placed in the line as it was written."""
    complete = said.text + text[said.end :]
    try:
        return parse_predicate(complete, fields)
    except ExpressionError as error:
        position = max(start.position, error.position + len(text) - len(complete))
        raise ExpressionError(text, position, error.reason) from None
