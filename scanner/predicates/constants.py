"""Constants and names: what a predicate is made of, and how that is written."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import SupportsFloat, SupportsIndex

from .. import arguments
from ..errors import ArgumentError
from ..values.literals import quote
from .any_case import AnyCase
from .byte_pattern import Pattern
from .regex import Regex
from .rounding import decimal

Constant = int | float | str | bytes | Pattern | AnyCase | Regex


def plain(value: object) -> Constant:
    """A constant as it is; a number of another library as a plain int or float.

    Raises:
        ArgumentError: it is none.
    """
    if isinstance(value, str | bytes | Pattern | AnyCase | Regex):
        return value
    try:
        if isinstance(value, SupportsIndex):
            return operator.index(value)
        if isinstance(value, SupportsFloat):
            return float(value)
    except Exception:  # it says that it can, and cannot
        pass
    raise ArgumentError("a comparison", value, "a number, text or bytes")


def decimal_text(name: str, number: str | float) -> str:
    """A decimal number as it was written.

    Args:
        name: of the argument that it is.
        number: the number, also as text.

    Raises:
        ArgumentError: it is none, or a very long one.
    """
    if isinstance(number, bool) or not isinstance(number, str | int | float | Decimal):
        raise ArgumentError(name, number, "a number, also as text")
    try:
        decimal(str(number))
    except ValueError:
        raise ArgumentError(name, number, "a decimal number of no more than 1,100 digits") from None
    return str(number)


def written(value: Constant) -> str:
    """A constant as the predicate language has it.

    >>> print(written("gold"), written(AnyCase("gold")), written(0x10))
    "gold" "gold"i 16
    """
    if isinstance(value, str | bytes):
        return quote(value)
    if isinstance(value, AnyCase):
        return f"{quote(value.text)}i"
    if isinstance(value, Regex):
        return f"regex({quote(value.text)})"
    if isinstance(value, Pattern):
        return f'pattern("{value}")'
    # Python refuses to write very large numbers in decimal.
    is_huge = isinstance(value, int) and value.bit_length() > 256
    return f"{value:#x}" if is_huge else str(value)


def snapshot_name(name: str) -> str:
    """A name, if a snapshot can have it: letters, digits and underscores, no digit first.

    Raises:
        ArgumentError: it cannot.
    """
    if not arguments.text("name", name).isidentifier():
        raise ArgumentError("name", name, "letters, digits and underscores, no digit first")
    return name
