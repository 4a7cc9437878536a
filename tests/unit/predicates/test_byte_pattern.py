from __future__ import annotations

import pytest
from farfetch.scanner import ArgumentError, ExpressionError, parse_scan
from farfetch.scanner.predicates.byte_pattern import Pattern, pattern
from farfetch.scanner.predicates.nodes import now
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import patterns


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("48 8B ?? ?F", "48 8B ?? ?F"),
        ("488b???f", "48 8B ?? ?F"),
        ("  48 ? f? ", "48 ?? F?"),
        ("0F", "0F"),
        ("?? 00 ??", "?? 00 ??"),
    ],
)
def test_ways_to_write_one(text: str, shown: str) -> None:
    assert str(pattern(text)) == shown
    assert pattern(shown) == pattern(text)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("48 8G", 5, '"G" is no hex digit; ? stands for any'),
        ("48 x? 00", 4, '"x" is no hex digit; ? stands for any'),
        ("48 8", 4, "a byte has two digits, as in 0F"),
        ("48 8B?", 6, "a byte has two digits"),
        ("?? ? ??", 1, "a pattern needs a byte that is not a wildcard"),
        ("", 1, "a pattern needs a byte"),
    ],
)
def test_errors_say_where(text: str, column: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        pattern(text)
    assert (caught.value.position + 1, caught.value.reason) == (column, reason)
    with pytest.raises(ExpressionError) as caught:
        parse_scan(f'now == pattern("{text}")')
    assert (caught.value.position, caught.value.reason) == (column + 15, reason)


@pytest.mark.parametrize("text", ["48 8B", "48 8B ?? ?F", "de ad be ef", " ?? 0f", "00 ?"])
def test_one_on_a_line_needs_no_quotes(text: str) -> None:
    assert parse_scan(text) == (now == pattern(text))


def test_an_error_on_a_line_has_its_place() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_scan("48 8B ?Z")
    assert (caught.value.text, caught.value.position) == ("48 8B ?Z", 7)


@pytest.mark.parametrize(
    ("value", "mask"),
    [(b"", b""), (b"\0", b"\0"), (b"ab", b"\xff"), (b"\x0f", b"\xf0"), (b"a", b"\x7f")],
)
def test_what_is_no_pattern(value: bytes, mask: bytes) -> None:
    with pytest.raises(ArgumentError, match=r"^(value|mask) takes "):
        Pattern(value, mask)


@given(patterns, st.data())
def test_it_fits_what_differs_only_where_it_has_no_digit(one: Pattern, data: st.DataObject) -> None:
    noise = data.draw(st.binary(min_size=len(one), max_size=len(one)))
    raw = bytes(v | n & ~m for v, n, m in zip(one.value, noise, one.mask, strict=True))
    assert one.fits(raw)
    digits = [
        digit for digit in range(2 * len(one)) if one.mask[digit // 2] >> 4 * (1 - digit % 2) & 15
    ]
    digit = data.draw(st.sampled_from(digits))
    other = bytearray(raw)
    other[digit // 2] ^= data.draw(st.integers(1, 15)) << 4 * (1 - digit % 2)
    assert not one.fits(bytes(other))
    assert not one.fits(raw + b"\0")


@given(patterns)
def test_its_text_makes_it_again(one: Pattern) -> None:
    assert pattern(str(one)) == one
