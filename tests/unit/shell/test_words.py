from __future__ import annotations

import pytest
from farfetch.shell.errors import UsageError
from farfetch.shell.line.words import Words, quoted, unquoted, without_comment, word_at
from hypothesis import given
from hypothesis import strategies as st


def split(line: str) -> list[str]:
    words, at = [], 0
    while word := word_at(line, at):
        words.append(word.text)
        at = word.end
    return words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("   ", []),
        ("set 0 100", ["set", "0", "100"]),
        ("\tread\t0x10  i32 ", ["read", "0x10", "i32"]),
        ('attach "my game"', ["attach", "my game"]),
        ("attach 'my game'", ["attach", "my game"]),
        ('"my game.exe"+0x10', ["my game.exe+0x10"]),
        (r'"a \"b\" \\ c"', [r'a "b" \ c']),
        (r"'a \"b'", [r"a \"b"]),
        ("''", [""]),
        ("C:\\game", ["C:\\game"]),
    ],
)
def test_splits_as_a_shell_does(line: str, words: list[str]) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("line", "column"), [('"', 1), ("attach 'my game", 8), ('a"b', 2), ("'a'\"b", 4)]
)
def test_open_quote_is_named_with_its_column(line: str, column: int) -> None:
    with pytest.raises(UsageError, match=f"the quote at column {column} is not closed"):
        split(line)


@given(st.text())
def test_quoting_keeps_a_word_whole(text: str) -> None:
    assert unquoted(quoted(text)) == text
    assert split(quoted(text)) == [text]


@given(st.text())
def test_a_line_splits_or_is_refused(line: str) -> None:
    try:
        words = split(line)
    except UsageError:
        return
    assert "".join("".join(words).split()) == "".join(unquoted(line).split())


@pytest.mark.parametrize(
    ("line", "without"),
    [
        ("# all of it", ""),
        ("  # all of it", ""),
        ("list # the matches", "list"),
        ("list #5", "list"),
        ('now == "a # b"', 'now == "a # b"'),
        ("set 0 a#b", "set 0 a#b"),
        ("set 0 don't # stop", "set 0 don't # stop"),
        ("  100  ", "100"),
    ],
)
def test_comments(line: str, without: str) -> None:
    assert without_comment(line) == without


def test_rest_of_the_line_is_not_split() -> None:
    words = Words("set 0  it's  'fine' ", 3, "set INDEX VALUE")
    assert words.take("INDEX").text == "0"
    assert words.rest() == "it's  'fine'"
    words.end()


def test_missing_and_superfluous_arguments_name_the_usage() -> None:
    usage = "undo [STEPS]"
    with pytest.raises(UsageError, match=r"STEPS is missing; usage: undo \[STEPS\]"):
        Words("undo", 4, usage).take("STEPS")
    with pytest.raises(UsageError, match="VALUE is missing"):
        Words("undo  ", 4, usage).need_rest("VALUE")
    with pytest.raises(UsageError, match="'2' is one argument too many"):
        Words("undo 2", 4, usage).end()


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "٣", "", "0x10", "9" * 21, "9" * 5000])
def test_only_counts_are_numbers(text: str) -> None:
    words = Words(f"undo '{text}'", 4, "undo [STEPS]")
    with pytest.raises(UsageError, match="STEPS is"):
        words.whole(words.take("STEPS").text, "STEPS")
