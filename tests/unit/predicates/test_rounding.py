from __future__ import annotations

import math
import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from farfetch.scanner.predicates.rounding import Band, Scale, band, decimal
from farfetch.scanner.values.layout import next_float
from hypothesis import given
from hypothesis import strategies as st

ends = st.one_of(
    st.fractions(-10, 10),
    st.floats(allow_nan=False, allow_infinity=False).map(Fraction),
    st.integers(-(10**40), 10**40).map(Fraction),
    st.sampled_from([Fraction(10) ** 400, -(Fraction(10) ** 400), Fraction(1, 10**400)]),
)


@pytest.mark.parametrize("scale", ["int", 32, 64])
@given(low=ends, high=ends, has_low=st.booleans(), has_high=st.booleans())
def test_bounds_are_the_outermost_numbers_inside(
    scale: Scale, low: Fraction, high: Fraction, has_low: bool, has_high: bool
) -> None:
    band = Band(low, high, has_low, has_high)
    bounds = band.bounds(scale)
    if bounds is None:
        assert not band.holds(middle(band, scale))
        return
    least, most = bounds
    assert band.holds(least)
    assert band.holds(most)
    assert not band.holds(step(least, scale, -1))
    assert not band.holds(step(most, scale, 1))


def middle(band: Band, scale: Scale) -> int | float:
    exact = (band.low + band.high) / 2
    if scale == "int":
        return round(exact)
    try:
        number = float(exact)
        return number if scale == 64 else single(number)
    except OverflowError:
        return math.inf


def single(number: float) -> float:
    value: float = struct.unpack("<f", struct.pack("<f", number))[0]
    return value


def step(number: int | float, scale: Scale, sign: int) -> int | float:
    if scale == "int":
        return number + sign
    return sign * next_float(sign * number, scale)


def test_no_double_is_a_tenth() -> None:
    assert band(Decimal("0.1"), "0").bounds(64) is None


@pytest.mark.parametrize("text", ["", "x", "1e99999", "1" * 2000])
def test_no_decimal(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|digits or places"):
        decimal(text)
