"""What was meant by a value that will not do, and how that is written."""

from __future__ import annotations

import re
from typing import Final

from farfetch.scanner import ExpressionError, ValueKindError, ValueRangeError

_COMMAS: Final = re.compile(
    r"(?<![\w,])(?<![0-9]\.)[0-9]+(?:,[0-9]+)+(?:\.[0-9]+)?(?![\w,]|\.[0-9])"
)
_NOT: Final = re.compile(r"!\s*(-?\.?[0-9]\S*|\"[^\"]*\")\s*$")
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_SIGNED: Final = re.compile(r"i((?:8|16|24|32|64)(?:be|le)?)")
#: The names of the types that have whole numbers, and of those that have fractions.
WHOLE: Final = re.compile(r"[iu](?P<bits>8|16|24|32|64)(?:be|le)?")
FRACTIONAL: Final = re.compile(r"f(?:16|32|64)(?:be|le)?")
_NUMBER: Final = re.compile(rf"number|{WHOLE.pattern}|{FRACTIONAL.pattern}")
_FRACTION: Final = re.compile(r"-?[0-9_]*\.[0-9_]*(?:[eE][+-]?[0-9]+)?")
_NO_NUMBER: Final = ("nan", "inf", "-inf")


def cure(error: BaseException) -> str:
    """Say behind an error what was meant, and how to write it; "" where that cannot be told.

    >>> from farfetch.scanner import parse_scan
    >>> try:
    ...     parse_scan("3,14")
    ... except ExpressionError as error:
    ...     cure(error)
    'a decimal has a dot: 3.14'
    """
    if isinstance(error, ExpressionError):
        return _wrongly_signed(error)
    if isinstance(error, ValueKindError):
        return _of_another_kind(str(error.value).strip(), error.type_name)
    if isinstance(error, ValueRangeError):
        return _out_of_range(error.value, error.type_name, error.low, error.high)
    return ""


def _wrongly_signed(error: ExpressionError) -> str:
    """What a sign stands for that means nothing where it is."""
    if error.reason.startswith('","'):
        return _comma(error.text, error.position)
    value = _NOT.match(error.text, error.position)
    return f"or != {value[1]} for another value" if value else ""


def _comma(text: str, position: int) -> str:
    """How a number is written that has a comma at a position."""
    for number in _COMMAS.finditer(text):
        if number.start() < position < number.end():
            if _THOUSANDS.fullmatch(number[0]):
                return f"thousands stand without commas: {number[0].replace(',', '')}"
            if number[0].count(",") == 1 and "." not in number[0]:
                return f"a decimal has a dot: {number[0].replace(',', '.')}"
    return ""


def _of_another_kind(word: str, type_name: str) -> str:
    """What a word is that is no value of a type."""
    if not _NUMBER.fullmatch(type_name):
        return ""
    if word.startswith("=") and word.strip("= "):
        return f"the value stands alone: {word.strip('= ')}"
    if "," in word:
        return _comma(word, word.index(","))
    if WHOLE.fullmatch(type_name):
        if word in _NO_NUMBER:
            return f"f32 and f64 have {word}"
        if _FRACTION.fullmatch(word):
            return "f32 and f64 have fractions"
    return ""


def _out_of_range(value: object, type_name: str, low: float, high: float) -> str:
    """Which type takes a number, or which of this one has the same bytes."""
    if not WHOLE.fullmatch(type_name):
        return ""
    if str(value) in _NO_NUMBER:
        return f"f32 and f64 have {value}, which ~= {value} finds"
    signed = _SIGNED.fullmatch(type_name)
    if signed and isinstance(value, int) and high < value <= 2 * high + 1:
        same = value - 2 * (int(high) + 1)
        return f"u{signed[1]} takes it, and {same} has the same bytes"
    if not signed and isinstance(value, int) and -(high + 1) / 2 <= value < low:
        return f"i{type_name[1:]} takes it"
    return ""
