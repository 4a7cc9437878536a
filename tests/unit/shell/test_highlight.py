"""Colours at the prompt: of pure text, whatever it is."""

from __future__ import annotations

import pytest
from farfetch.shell.repl.highlight import LONGEST, Highlighter, declaration, highlighted
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document


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


@given(st.text(st.characters(exclude_characters="\n"), max_size=60))
def test_nothing_of_a_declaration_is_lost(line: str) -> None:
    assert "".join(text for _, text in declaration(line)) == line


def test_fields_are_no_mistakes_and_declarations_no_predicates() -> None:
    assert dict(highlighted("hp < most", ("hp", "most")))["class:predicate.field"] == "most"
    assert "class:predicate.error" in dict(highlighted("hp < most", ("most",)))
    text = "hp == 5\nstruct player {\n    int hp; // now\n};\nnow == =="
    pieces = Highlighter(lambda: ["hp"]).lex_document(Document(text))
    styles = [{style for style, *_ in pieces(number)} for number in range(5)]
    assert "class:predicate.field" in styles[0]
    assert styles[2] == {"", "class:declaration.word", "class:declaration.comment"}
    assert [number for number in range(5) if "class:predicate.error" in styles[number]] == [4]
