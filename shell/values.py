"""Values and addresses of results, for people and for JSON."""

from __future__ import annotations

import math
from typing import Any

from farfetch.scanner import format_value, type_name

from .result import Json


def shown(value_type: Any, value: object) -> str:
    """Write a value for people; None is one that cannot be read."""
    return "?" if value is None else str(format_value(value_type, value))


def as_json(value: object) -> Json:
    r"""Turn a value into what JSON has.

    >>> as_json(b"\xde\xad"), as_json(float("inf"))
    ('de ad', 'inf')
    """
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, int | float | str):
        return value
    return str(value)


def type_label(value_type: Any) -> str:
    """The name of a value type."""
    return str(type_name(value_type))
