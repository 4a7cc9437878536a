"""Colours at the prompt: of pure text, whatever it is."""

from __future__ import annotations

import pytest
from farfetch.shell.repl.highlight import LONGEST, highlighted
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(max_size=60) | st.text(' now==prev<>5.10"@full-+()', max_size=60))
def test_nothing_is_lost_and_nothing_raises(line: str) -> None:
    assert "".join(text for _, text in highlighted(line)) == line


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("now == == 5", "=="),
        ("now == 5 5", "5"),
        ("first now >< 5", "<"),
        ("now == $", "$"),
        ("now ==", None),  # it goes on
        ("now == (5", None),
        ("now == 5", None),
        ("list == ==", None),
        ("x" * (LONGEST + 1), None),
    ],
)
def test_what_is_wrong_is_marked(line: str, marked: str | None) -> None:
    said = [text for style, text in highlighted(line) if style == "class:predicate.error"]
    assert said == ([] if marked is None else [marked])


def test_kinds_of_words() -> None:
    assert highlighted('  first now == 0x1F and "a b"') == (
        ("", "  "),
        ("class:command", "first"),
        ("", " "),
        ("class:predicate.word", "now"),
        ("", " == "),
        ("class:predicate.number", "0x1F"),
        ("", " "),
        ("class:predicate.word", "and"),
        ("", " "),
        ("class:predicate.text", '"a b"'),
    )
