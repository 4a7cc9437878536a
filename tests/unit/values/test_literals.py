from __future__ import annotations

import pytest
from farfetch.scanner.values.literals import (
    LiteralError,
    parse_integer,
    parse_number,
    quote,
    unquote,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.text() | st.binary())
def test_unquote_undoes_quote(value: str | bytes) -> None:
    assert unquote(quote(value)) == value


@given(st.text(st.characters(exclude_categories=[])))
def test_a_literal_is_one_printable_line(value: str) -> None:
    assert quote(value).isprintable()


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('""', ""),
        (r'"\n\t\r\0\\\'\""', "\n\t\r\0\\'\""),
        (r"'\x41é\u00e9\U0001f600'", "Aéé😀"),
        (r"b'\x00\xff\n'", b"\x00\xff\n"),
    ],
)
def test_unquotes(literal: str, value: str | bytes) -> None:
    assert unquote(literal) == value


@pytest.mark.parametrize(
    ("literal", "offset"),
    [
        (r'"ab\q"', 3),
        (r'"\x4"', 1),
        (r'"\U00110000"', 1),
        (r'b"a\u0041"', 3),
        ('b"aé"', 3),
    ],
)
def test_refuses_escapes_that_are_none(literal: str, offset: int) -> None:
    with pytest.raises(LiteralError) as error:
        unquote(literal)
    assert error.value.offset == offset


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("0", 0),
        ("-5", -5),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("0b101", 5),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
    ],
)
def test_numbers(word: str, number: float) -> None:
    parsed = parse_number(word)
    assert (parsed, type(parsed)) == (number, type(number))


@pytest.mark.parametrize("word", ["", "1__0", "0x", "five", "1.5", "٣", "1 2"])
def test_no_integers(word: str) -> None:
    with pytest.raises(ValueError, match=r"takes a whole number"):
        parse_integer(word)


@pytest.mark.parametrize("word", ["", "0x1.5", "one", "٣.٥", "1..2"])
def test_no_numbers(word: str) -> None:
    with pytest.raises(ValueError, match=r"not a number|could not convert"):
        parse_number(word)


def test_a_number_larger_than_any_float_is_not_infinite() -> None:
    for word in ("1e400", "-1e400", "9" * 400 + ".5"):
        with pytest.raises(LiteralError, match="larger than any float"):
            parse_number(word)
    assert parse_number("-inf") == parse_number("-Infinity") == -parse_number("inf")
