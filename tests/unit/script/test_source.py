"""Comments, sections and directives."""

from __future__ import annotations

import pytest
from farfetch.scanner import ScriptError
from farfetch.scanner.script.source import MAX_TEXT, read_source


def texts(script: str) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in read_source(script).lines]


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("a // b\nc", [(1, "a"), (2, "c")]),
        ("a {b\nc} d\ne", [(1, "a"), (2, "d"), (3, "e")]),
        ("a /* b\n*/ c", [(1, "a"), (2, "c")]),
        ("a { never closed\nb", [(1, "a")]),
        ("db 'a//b' // c", [(1, "db 'a//b'")]),
        ('"a{b}"+1:', [(1, '"a{b}"+1:')]),
        ("a\r\nb\rc", [(1, "a"), (2, "b"), (3, "c")]),
        ("{ // b }\na", [(2, "a")]),
        ("{$asm}\na", [(2, "a")]),
    ],
)
def test_comments(script: str, lines: list[tuple[int, str]]) -> None:
    assert texts(script) == lines


def test_sections() -> None:
    source = read_source("a\n[enable]\nb\n[ Disable ]\nc\n[64-BIT]\nd\n[/64-bit]\ne")
    assert [(line.text, line.section, line.bits) for line in source.lines] == [
        ("a", "both", 0),
        ("b", "enable", 0),
        ("c", "disable", 0),
        ("d", "disable", 64),
        ("e", "disable", 0),
    ]


def test_what_is_not_run_ends_where_assembly_begins_again() -> None:
    source = read_source("a\n{$c}\nx = '[ENABLE]'\n{$asm}\nb\n{$STRICT}\n{$ccode}\n}")
    assert [line.text for line in source.lines] == ["a", "b"]
    assert source.strict
    assert [str(error) for error in source.refused] == [
        "line 2: {$c}: C is not compiled",
        "line 7: {$ccode}: C is not compiled",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "[ENABLE]\n{$lua}\nif x then // c\n[DISABLE] // off\n nop\n[DISABLE]\nnop",
            [
                (2, "", "enable", 2),
                (3, "if x then // c", "enable", 2),
                (4, "[DISABLE] // off", "enable", 2),
                (5, "nop", "enable", 2),
                (7, "nop", "disable", 0),
            ],
        ),
        (  # sections begin as what stands before them ends
            "{$lua}\na()\n[ENABLE]\nb()\n{$asm}\nnop\n[DISABLE]\nc()\n\n[32-bit]",
            [
                (1, "", "both", 1),
                (2, "a()", "both", 1),
                (4, "b()", "enable", 1),
                (6, "nop", "enable", 0),
                (8, "c()", "disable", 1),
                (9, "", "disable", 1),
                (10, "[32-bit]", "disable", 1),
            ],
        ),
        (
            "{$lua}\na()\n{$asm}\nx: // c\n[ENABLE]\n{$LUA}\nb()\n [disable]\ndb 1",
            [
                (1, "", "both", 1),
                (2, "a()", "both", 1),
                (4, "x:", "both", 0),
                (6, "", "enable", 6),
                (7, "b()", "enable", 6),
                (9, "db 1", "disable", 0),
            ],
        ),
        ("/* [ENABLE]\n{$lua}\n*/\nnop", [(4, "nop", "both", 0)]),
    ],
)
def test_lua_is_a_piece_of_each_section(text: str, lines: list[tuple[int, str, str, int]]) -> None:
    found = read_source(text).lines
    assert [(one.number, one.text.strip(), one.section, one.lua) for one in found] == lines


def test_too_long() -> None:
    with pytest.raises(ScriptError, match="more than 1048576 characters"):
        read_source(" " * (MAX_TEXT + 1))
