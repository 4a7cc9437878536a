"""Constants: what a value can be compared with, and how that is written."""

from __future__ import annotations

import operator
from typing import SupportsFloat, SupportsIndex

from ..errors import ArgumentError
from ..values.literals import quote
from .any_case import AnyCase
from .pattern import Pattern
from .regex import Regex

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
