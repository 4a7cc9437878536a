"""Bands: the numbers that a decimal stands for when it is rounded, truncated or has a tolerance.

All of it is exact: the decimal is what was written, not the binary fraction nearest to it.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from ..values.layout import next_float, round_float

#: How values are counted: in whole numbers, or in floats of 16, 32 or 64 bits.
Scale = Literal["int", 16, 32, 64]
Number = int | float

#: Digits and places are no more than this: a double has at most 1,074 places.
_LONGEST: Final = 1100


class Band(NamedTuple):
    """All numbers between two; whether the two are among them is said, too.

    >>> Band(Fraction(1, 10), Fraction(1, 5), has_high=False).holds(0.2)
    False
    """

    low: Fraction
    high: Fraction
    has_low: bool = True
    has_high: bool = True

    def holds(self, number: Number) -> bool:
        """Whether a number lies in it; no infinity does, and not NaN."""
        if isinstance(number, float) and not math.isfinite(number):
            return False
        exact = Fraction(number)
        above = self.low < exact or (self.has_low and exact == self.low)
        return above and (exact < self.high or (self.has_high and exact == self.high))

    def bounds(self, scale: Scale) -> tuple[Number, Number] | None:
        """The least and the greatest finite number in it on a scale; None when there is none.

        >>> band(Decimal("2.5")).bounds("int"), band(Decimal("2.5")).bounds(64)
        (None, (2.45, 2.55))
        """
        low = _least(self.low, self.has_low, scale)
        high = -_least(-self.high, self.has_high, scale)
        is_empty = low > high or low == math.inf or high == -math.inf
        return None if is_empty else (low, high)


def decimal(text: str) -> Decimal:
    """A decimal as it was written, with its digits.

    Raises:
        ValueError: it is none, or has a thousand digits or places.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    _, digits, exponent = number.as_tuple()
    if isinstance(exponent, int) and max(len(digits), abs(exponent)) > _LONGEST:
        raise ValueError(f"more than {_LONGEST} digits or places")
    return number


def check_band(number: str, tolerance: str | None, *, truncated: bool) -> None:
    """Check that there is a band of that kind; takes what :func:`band` does, as it is written.

    Raises:
        ValueError: one is no number, or they do not go together.
    """
    is_finite = decimal(number).is_finite()
    if tolerance is not None and truncated:
        raise ValueError("truncated takes no tolerance")
    if not is_finite and (truncated or tolerance is not None):
        raise ValueError(f"{number} is near itself alone")
    if tolerance is not None:
        distance = decimal(tolerance)
        if not (distance.is_finite() and distance >= 0):
            raise ValueError("a tolerance is a number of 0 or more")


def band(number: Decimal, tolerance: str | None = None, *, truncated: bool = False) -> Band:
    """The numbers that a finite decimal stands for.

    Args:
        number: what they become when they are rounded to its last digit, halves away from zero.
        tolerance: take what is no farther away than this instead, both ends included.
        truncated: take what it becomes when its further digits are cut off instead.

    >>> pi = band(Decimal("3.14"))
    >>> pi.holds(3.135), pi.holds(3.1449999), pi.holds(3.1450001), pi.holds(-3.14)
    (False, True, False, False)
    >>> half = band(Decimal("-0.5"), truncated=True)
    >>> half.holds(-0.5), half.holds(-0.59), half.holds(-0.6), half.holds(-0.49)
    (True, True, True, False)
    """
    exact = Fraction(number)
    if tolerance is not None:
        distance = Fraction(decimal(tolerance))
        return Band(exact - distance, exact + distance)
    if truncated:
        unit = _unit(number)
        low = exact - (unit if exact <= 0 else 0)
        high = exact + (unit if exact >= 0 else 0)
    else:
        low, high = exact - _unit(number) / 2, exact + _unit(number) / 2
    return Band(low, high, has_low=exact > 0, has_high=exact < 0)


def _unit(number: Decimal) -> Fraction:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return Fraction(10) ** exponent


def _least(bound: Fraction, included: bool, scale: Scale) -> Number:
    """The least number of a scale above a bound, or at it; inf beyond the greatest."""
    if scale == "int":
        whole = math.ceil(bound)
        return whole + (whole == bound and not included)
    number = _nearest(bound, scale)
    while number > -math.inf and _is_above(
        previous := -next_float(-number, scale), bound, included
    ):
        number = previous
    while not _is_above(number, bound, included):
        number = next_float(number, scale)
    return number


def _is_above(number: float, bound: Fraction, included: bool) -> bool:
    if math.isinf(number):
        return number > 0
    exact = Fraction(number)
    return bound < exact or (included and exact == bound)


def _nearest(bound: Fraction, bits: int) -> float:
    try:
        number = float(bound)
    except OverflowError:
        return math.inf if bound > 0 else -math.inf
    return round_float(number, bits)
