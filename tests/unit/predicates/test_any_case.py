from __future__ import annotations

import sys

import pytest
from farfetch.scanner.predicates.any_case import AnyCase, fold
from farfetch.scanner.predicates.language import parse_predicate
from farfetch.scanner.predicates.meaning import evaluate
from farfetch.scanner.values.convert import layout_of, sized, text, utf16
from farfetch.scanner.values.layout import Layout
from hypothesis import given
from hypothesis import strategies as st


def holds(wanted: str, value: str, layout: Layout) -> bool:
    return evaluate(parse_predicate(f'now == "{wanted}"i'), layout, now=value)


@pytest.mark.parametrize(
    ("wanted", "value", "in_text", "in_utf16"),
    [
        ("Gold", "gOLD", True, True),
        ("Gold", "Golf", False, False),
        ("@[", "`{", False, False),
        ("ÄRGER", "ärger", True, True),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", True, True),
        ("ж", "Ж", True, True),
        ("ß", "ẞ", False, True),  # of 2 and 3 bytes in UTF-8
        ("K", "\N{KELVIN SIGN}", False, True),
        ("s", "ſ", False, True),
        ("İ", "i", False, False),
        ("𐐀", "𐐨", True, True),
    ],
)
def test_the_same_letters(wanted: str, value: str, in_text: bool, in_utf16: bool) -> None:
    size = max(len(wanted.encode()), len(value.encode()))
    assert holds(wanted, value, layout_of(sized(text, size))) is in_text
    assert (
        holds(wanted, value, layout_of(sized(utf16, len(wanted.encode("utf-16-le")) // 2)))
        is in_utf16
    )


def test_only_the_characters_of_one_case_are_looked_for() -> None:
    """No character stands for another one unless both fold to the same."""
    for code in range(sys.maxunicode):
        character = chr(code)
        if fold(character) != character:
            assert code < 0x20000
            forms = AnyCase(character).choices("utf-32-le")[0]
            letters = [form.decode("utf-32-le") for form in forms]
            assert {fold(letter) for letter in letters} == {fold(character)}
            assert fold(character) in letters


@given(st.characters(exclude_categories=["Cs"]))
def test_folding_is_done_once(character: str) -> None:
    assert fold(fold(character)) == fold(character)
