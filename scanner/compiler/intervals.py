"""Intervals: which values an integer expression can have, so that the core can be exact.

The core computes in lanes of 64 or 128 bits and never checks for overflow; an expression gets the
narrowest lane that its interval, and that of each part, fits.
"""

from __future__ import annotations

from typing import NamedTuple


class Interval(NamedTuple):
    """All the integers from low to high, both included.

    >>> Interval(-3, 5) * Interval(2, 2)
    Interval(low=-6, high=10)
    """

    low: int
    high: int

    @property
    def magnitude(self) -> int:
        """The greatest absolute value."""
        return max(abs(self.low), abs(self.high))

    def within(self, bits: int) -> bool:
        """Whether a signed integer of so many bits holds every value."""
        return -(1 << (bits - 1)) <= self.low and self.high < 1 << (bits - 1)

    def __add__(self, other: object) -> Interval:
        if not isinstance(other, Interval):
            return NotImplemented
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: object) -> Interval:
        if not isinstance(other, Interval):
            return NotImplemented
        corners = [a * b for a in self for b in other]
        return Interval(min(corners), max(corners))

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __abs__(self) -> Interval:
        low = 0 if self.low <= 0 <= self.high else min(abs(self.low), abs(self.high))
        return Interval(low, self.magnitude)

    def __invert__(self) -> Interval:
        return Interval(~self.high, ~self.low)

    def quotient(self) -> Interval:
        """What a division by anything but zero can give."""
        return Interval(-self.magnitude, self.magnitude)

    def remainder(self, divisor: Interval) -> Interval:
        """What a division can leave; it has the divisor's sign.

        The dividend's size counts on the way there.
        """
        bound = max(divisor.magnitude, self.magnitude)
        return Interval(-bound, bound)

    def bitwise(self, other: Interval) -> Interval:
        """What ``& | ^`` can give: no more bits than the longer side, the sign bit included."""
        bits = max(value.bit_length() for value in (*self, *other))
        return Interval(0 if self.low >= 0 <= other.low else -(1 << bits), (1 << bits) - 1)

    def shifted_left(self, count: int) -> Interval:
        """Multiplied by two, count times."""
        return Interval(self.low << count, self.high << count)

    def shifted_right(self, count: int) -> Interval:
        """Divided by two and rounded down, count times."""
        return Interval(self.low >> count, self.high >> count)
