from __future__ import annotations

import pytest
from farfetch.shell.answers import quantities, render, streams
from farfetch.shell.answers.result import Block, Column, Table
from hypothesis import given
from hypothesis import strategies as st

TABLE = Table(
    (Column("INDEX", right=True), Column("NAME", style="bold"), Column("VALUE", right=True)),
    (("0", "health", "100"), ("10", "gold", "1500")),
)
WIDE = Table((Column("A"), Column("B")), (("x" * 30, "y" * 30),))


def test_plain_tables_are_aligned_and_end_without_blanks() -> None:
    assert render.plain([TABLE, "2 of 5"]) == (
        "INDEX  NAME    VALUE\n    0  health    100\n   10  gold     1500\n2 of 5\n"
    )


def test_wide_characters_take_two_columns() -> None:
    table = Table((Column("NAME"), Column("VALUE", right=True)), (("勇者", "剣"), ("ab", "1")))
    assert render.plain([table]) == "NAME  VALUE\n勇者     剣\nab        1\n"
    colourless = render.ansi([table], 80, colours=False)
    assert len({render.columns(line) for line in colourless.splitlines()[2:]}) == 1


def test_text_is_broken_between_words_and_under_its_column() -> None:
    lines = ["engine   avx2, 2 threads of the machine's four", "x" * 30, "a b"]
    assert render.ansi(lines, 25) == (
        f"engine   avx2, 2 threads\n         of the machine's\n         four\n"
        f"{'x' * 25}\n{'x' * 5}\na b\n"
    )


@given(st.text("ab勇 ", max_size=60), st.integers(2, 50))
def test_broken_text_fits_and_loses_nothing_but_blanks(text: str, width: int) -> None:
    broken = render.wrapped(text, width)
    assert broken == text or max(map(render.columns, broken.split("\n"))) <= width
    assert "".join(broken.split()) == "".join(text.split())


def test_nothing_to_show_is_nothing() -> None:
    assert render.plain([]) == ""
    assert render.ansi([], 80) == ""


def test_plain_text_is_never_cut() -> None:
    assert "x" * 30 + "  " + "y" * 30 in render.plain([WIDE])


def test_terminal_tables_have_styles_and_fit() -> None:
    shown = render.ansi([WIDE], 40)
    assert "\x1b[1m" in shown
    without_colours = render.ansi([WIDE], 40, colours=False)
    assert all(len(line) <= 40 for line in without_colours.splitlines())
    assert sum(line.count("x") for line in without_colours.splitlines()) == 30


def test_a_narrow_terminal_shows_rows_as_records() -> None:
    table = Table(
        (Column("INDEX", right=True), Column("ADDRESS", right=True), Column("WHERE")),
        (
            ("0", "0x7f8227400000", "[heap]+0x2a0"),
            ("1", "0x7f8227400008", "/usr/lib/ld-linux-x86-64.so.2+0x4010"),
            ("2", "0x7f8227400010", ""),
        ),
    )
    assert render.ansi([table], 30) == (
        "- INDEX    0\n  ADDRESS  0x7f8227400000\n  WHERE    [heap]+0x2a0\n"
        "- INDEX    1\n  ADDRESS  0x7f8227400008\n"
        "  WHERE    /usr/lib/ld-linux-x\n           86-64.so.2+0x4010\n"
        "- INDEX    2\n  ADDRESS  0x7f8227400010\n"
    )
    folded = render.ansi([table], 40, colours=False)
    assert "0x7f8227400008" in folded  # numbers are never folded, text is
    assert all(len(line) <= 40 for line in folded.splitlines())


def test_what_an_encoding_cannot_show() -> None:
    text = "\u00b7\u2581\u2588 \u2026 \u52c7"
    assert text.encode("ascii", streams.ERRORS) == b".:@ ... \\u52c7"
    assert text[:4].encode("latin-1", streams.ERRORS) == b"\xb7:@ "


def test_long_tables_are_plain_on_terminals_too() -> None:
    long = Table((Column("N", style="bold"),), tuple((str(row),) for row in range(10_000)))
    assert render.ansi([long], 80) == render.plain([long])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb", "a\\nb"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u202eevil"),
        ("Brünhilde ✓", "Brünhilde ✓"),
    ],
)
def test_a_target_cannot_steer_the_terminal(text: str, shown: str) -> None:
    blocks: list[Block] = [text, Table((Column("T"),), ((text,),))]
    assert render.plain(blocks) == f"{shown}\nT\n{shown}\n"
    assert shown in render.ansi(blocks[1:], 80, colours=False)
    assert text not in render.ansi(blocks, 80) or text == shown


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (2**30, "1.0 GiB"), (2**70, "1024.0 EiB")],
)
def test_sizes(amount: int, said: str) -> None:
    assert quantities.size(amount) == said
