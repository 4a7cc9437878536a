"""Steps: what ``+ 5``, ``- 0.1`` and ``+ 1..3`` at the beginning of a line say in full."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final, NamedTuple

from ..values.literals import parse_integer, parse_number
from .rounding import Band, band, decimal

_DIGITS: Final = r"(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?"
_NUMBER: Final = rf"-?\s*(?:0[xXoObB]\w+|{_DIGITS})(?!\w)"
#: One number or a range, with which the line or a part of it ends.
_AMOUNT: Final = re.compile(
    rf"\s*(?P<low>{_NUMBER})(?:\s*\.\.\s*(?P<high>{_NUMBER}))?(?=\s*(?:$|(?:and|or)\b))"
)


class Step(NamedTuple):
    """How a line with a step goes on in full.

    Attributes:
        text: what to say for its beginning.
        end: where in the line that ends.
    """

    text: str
    end: int


def step(line: str, position: int, *, rounded: bool) -> Step:
    """The step at a position of a line, in full.

    Args:
        line: with it.
        position: of its sign.
        rounded: whether what stands for the amount is rounded, as ``~=`` has it. Else, and where
            that is no number, it is exact.

    >>> step("+ 0.1", 0, rounded=True), step("- 1..3", 0, rounded=False)
    (Step(text='now - prev ~=', end=1), Step(text='prev - now in', end=1))
    >>> step("- 1..3 or changed", 0, rounded=True)
    Step(text='prev - now in 0.5..3.5', end=6)
    """
    sign, behind = line[position], position + 1
    difference = "now - prev" if sign == "+" else "prev - now"
    amount = _AMOUNT.match(line, behind)
    is_range = amount is not None and amount["high"] is not None
    if amount is None or not (is_range or rounded):
        return Step(f"now == prev {sign}", behind)
    if not is_range:
        return Step(f"{difference} ~=", behind)
    low, high = (_band(amount[name]) for name in ("low", "high"))
    if not rounded or low is None or high is None:
        return Step(f"{difference} in", behind)
    return Step(f"{difference} in {_written(low.low)}..{_written(high.high)}", amount.end())


def _band(number: str) -> Band | None:
    """What a number stands for that was rounded; None of one that cannot be understood."""
    plain = "".join(number.split()).replace("_", "")
    try:
        is_decimal = not re.match(r"-?0[xXoObB]", plain)
        parse_number(plain)  # which refuses what is larger than any float
        return band(decimal(plain if is_decimal else str(parse_integer(plain))))
    except ValueError:
        return None


def _written(bound: Fraction) -> str:
    try:
        return repr(float(bound))
    except OverflowError:
        return "inf" if bound > 0 else "-inf"
