"""Lines that belong together, and those that do not."""

from __future__ import annotations

import pytest
from farfetch.shell.line.statements import is_declaration, is_open, split
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("list\n100", 2),
        ("now == (5\nlist", 2),  # a predicate is one line
        ("struct player {\nint hp;\n};\nlist", 2),
        ("struct player\n{\nint hp;\n};\nlist", 2),
        ("struct player\nlist", 2),
        ("struct\n{\nint hp;\n} player;\nlist", 2),
        ("typedef struct\n{\nint hp;\n}\nplayer;\nlist", 2),
        ("typedef\nint hp;\nlist", 2),
        ("enum kind {\nA\n};\nlist", 2),
        ("enum\n{ A };\nlist", 2),
        ("/* }\n{ */\nlist", 2),
        ("/* a */ struct player {\nint hp; /* } */ // }\n};\nlist", 2),
        ("/* a\n*/ struct player {\nint hp;\n};\nlist", 2),
        ("struct a = Struct(\n'x' / i32, # )\n')' / i32)\nlist", 2),
        ("struct a { int x; };\nstruct b { int x; };", 2),
        ("struct a { int x; }; struct b {\nint x; };", 1),
        ("#pragma pack(1)\n#define MANY 5\nlist", 3),
        ("struct a {\n\n\n", 1),
    ],
)
def test_lines_that_belong_together(text: str, statements: int) -> None:
    found = split(text.split("\n"))
    assert len(found) == statements
    assert "\n".join(one.text for _, one in found) == text


@pytest.mark.parametrize(
    ("text", "declares"),
    [
        ("", False),
        ("  ", False),
        ("100", False),
        ("struct", False),
        ("struct player", False),
        ("struct drop player", False),
        ("struct load a{b}.h", False),
        ("struct player { int hp; };", True),
        ("struct { int hp; } player;", True),
        ("struct player = Struct()", True),
        ("structure { x", False),
        ("typedef int hp;", True),
        ("enum { A };", True),
        ("union a { int x; };", True),
        ("// of the game", True),
        ("/* of\nthe game */", True),
        ("# of the game", False),
        ("# define what to look for", False),
        ("#define MANY 5", True),
        ("#pragma pack(1)", True),
        ("now == 5 // 2", False),
    ],
)
def test_what_declares(text: str, declares: bool) -> None:
    assert is_declaration(text) == declares


def test_a_statement_that_is_too_long_is_cut_and_still_ends() -> None:
    lines = ["struct a {", *["int x;"] * 50_000, "};", "list"]
    (_, long), (begin, last) = split(lines)
    assert (begin, last.text) == (len(lines) - 1, "list")
    assert 1 << 16 < len(long.text) < (1 << 16) + 100


PIECES = ("struct", "a", "{", "}", "(", ")", "/*", "*/", "//", "'", '"', ";", "typedef", "#", "\n")


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join) | st.text(max_size=40))
def test_no_line_is_lost(text: str) -> None:
    found = split(text.split("\n"))
    assert "\n".join(one.text for _, one in found) == text
    assert all(not one.is_open for _, one in found[:-1])
    assert is_open(text) == found[-1][1].is_open
    assert is_declaration(text) in (True, False)
