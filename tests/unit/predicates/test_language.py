from __future__ import annotations

from collections.abc import Callable

import pytest
from farfetch.scanner.errors import ExpressionError
from farfetch.scanner.predicates.any_case import anycase
from farfetch.scanner.predicates.byte_pattern import pattern
from farfetch.scanner.predicates.language import parse_predicate, parse_scan
from farfetch.scanner.predicates.nodes import (
    Binary,
    Const,
    Predicate,
    Unary,
    changed,
    decreased,
    first,
    increased,
    now,
    prev,
    unchanged,
    unknown,
)
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import any_case, expressions, floats, integers, patterns, predicates

TREES = predicates(expressions(integers | floats | st.text() | st.binary() | patterns | any_case))


def refused(parse: Callable[[str], Predicate], text: str) -> ExpressionError | None:
    try:
        parse(text)
    except ExpressionError as error:
        return error
    return None


@given(TREES)
def test_the_text_of_a_tree_parses_back_to_it(tree: Predicate) -> None:
    assert parse_predicate(str(tree)) == tree
    assert parse_scan(str(tree)) == tree


@given(TREES, st.integers(0), st.integers(0))
def test_broken_text_is_an_error_with_a_place_in_it(tree: Predicate, start: int, size: int) -> None:
    text = str(tree)
    start %= len(text)
    broken = text[:start] + text[start + 1 + size % 3 :]
    for parse in (parse_predicate, parse_scan):
        error = refused(parse, broken)
        if error is not None:
            assert error.text == broken
            assert 0 <= error.position <= len(broken)
            assert str(error).isprintable()


@given(st.text("nowprevfirst0123456789.=<>!+-*/%&|^~()'\"\\ xbinACt?±", max_size=20))
def test_any_text_is_a_predicate_or_an_error(text: str) -> None:
    for parse in (parse_predicate, parse_scan):
        error = refused(parse, text)
        if error is not None:
            assert 0 <= error.position <= len(text)
        else:
            tree = parse(text)
            assert parse_predicate(str(tree)) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("now==5", now == 5),
        ("now == 5 or now == 6 and changed", (now == 5) | ((now == 6) & changed)),
        ("not changed and unknown", ~changed & unknown),
        ("not (changed or unknown)", ~(changed | unknown)),
        ("? and ?", unknown & unknown),
        ("1 < now <= 5", (Const(1) < now) & (now <= 5)),
        ("first > prev > now != 3", ((first > prev) & (prev > now)) & (now != 3)),
        ("now in 1..5", now.between(1, 5)),
        ("now not in 1..5", ~now.between(1, 5)),
        ("1 < now in 2..prev+1", (Const(1) < now) & now.between(2, prev + 1)),
        ("now in -1.5..1.5", now.between(-1.5, 1.5)),
        ("now in 1...5", now.between(1, 0.5)),
        ("now + 2 * prev == 7 - 1", now + 2 * prev == Binary("-", Const(7), Const(1))),
        ("now - 1 - 2 == 0", (now - 1) - 2 == 0),
        (
            "now | 1 ^ 2 & 3 << 1 + 1 == 0",
            now | Const(1) ^ Const(2) & Const(3) << Const(1) + 1 == 0,
        ),
        ("-now == -5", -now == -5),
        ("--5 == now", Unary("-", Const(-5)) == now),
        ("-(5) == now", Unary("-", Const(5)) == now),
        ("now == - 5", now == -5),
        ("now-5 == 0", now - 5 == 0),
        ("~now & 0xff == 0b11", (~now & 255) == 3),
        ("abs(now - prev) < 1_000", abs(now - prev) < 1000),
        ("now == .5e1", now == 5.0),
        ("now == -inf or now != nan", (now == float("-inf")) | (now != float("nan"))),
        (r"now == 'it\'s'", now == "it's"),
        ('now == "a" or now == b"\\xff"', (now == "a") | (now == b"\xff")),
        ("((now)) == ((5))", now == 5),
        ("\tnow ==\n5 ", now == 5),
        ("now ~= -3.140", now.near("-3.140")),
        ("now ~= 0x10", now.near(16)),
        ("now ~= 1_0.5 and changed", now.near("10.5") & changed),
        ("now ~= 3 +-0.5", now.near(3, tolerance="0.5")),
        ("now - prev ~= 3 ± 1", (now - prev).near(3, tolerance=1)),
        ("0 < now ~= 2.5 truncated", (Const(0) < now) & now.near(2.5, truncated=True)),
        ("not now ~= nan or now ~= -inf", ~now.near("nan") | now.near("-inf")),
        ('now == "gold"i', now == anycase("gold")),
        ("'i'i == now", Const(anycase("i")) == now),
        ('now == pattern("48 ?f")', now == pattern("48 ?F")),
    ],
)
def test_parses(text: str, tree: Predicate) -> None:
    assert parse_predicate(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("hp < max_hp", now.field("hp") < now.field("max_hp")),
        (
            "now.hp == prev.hp - first.pos.x",
            now.field("hp") == prev.field("hp") - first.field("pos.x"),
        ),
        ("pos.x in 1..pos.y", now.field("pos.x").between(1, now.field("pos.y"))),
        ("> 5 and hp ~= 3", (now > 5) & now.field("hp").near(3)),
        ("prev.in == now.and", prev.field("in") == now.field("and")),
    ],
)
def test_fields(text: str, tree: Predicate) -> None:
    assert parse_scan(text, ("hp", "max_hp", "pos.x", "pos.y")) == tree
    assert parse_predicate(str(tree)) == tree


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("now. == 5", 6, 'expected a field\'s name, found "=="'),
        ("prev.5 == 5", 5, 'expected an operator or the end, found ".5"'),
        ("pos. == 5", 6, 'expected a field\'s name, found "=="'),
        ("max_hq == 5", 1, 'unknown name "max_hq": did you mean max_hp?'),
    ],
)
def test_fields_that_cannot_be(text: str, column: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_scan(text, ("hp", "max_hp", "pos.x"))
    assert (caught.value.position + 1, caught.value.reason) == (column, reason)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("now == == 5", 8, 'expected a value, found "=="'),
        ("now == ", 8, "expected a value, found the end"),
        ("", 1, "expected a value, found the end"),
        ("now", 4, "expected a comparison such as == 5, found the end"),
        ("now + 5 or changed", 9, 'expected a comparison such as == 5, found "or"'),
        ("changed and 5", 14, "expected a comparison such as == 5, found the end"),
        ("not now", 8, "expected a comparison such as == 5, found the end"),
        ("now 5", 5, 'expected an operator or the end, found "5"'),
        ('now == 5 "x"', 10, 'expected an operator or the end, found "x"'),
        ("now = 5", 5, 'expected "==", found "="'),
        ("now == 1..5", 9, 'a range is written "now in 1..5"'),
        ("now in 5", 9, 'expected "..", found the end'),
        ("(now == 5", 10, 'expected ")", found the end'),
        ("now == 5)", 9, 'expected an operator or the end, found ")"'),
        ("abs now == 5", 5, 'expected "(", found "now"'),
        ("changed + 5", 9, 'expected an operator or the end, found "+"'),
        ("5 + changed == 1", 5, "expected a value, found a predicate (changed)"),
        ("-(now == 5) == 1", 2, "expected a value, found a predicate (now == 5)"),
        ("(now == 1) == 5", 12, 'expected an operator or the end, found "=="'),
        ("nwo == 5", 1, 'unknown name "nwo": did you mean now?'),
        ("NOW == 5", 1, 'unknown name "NOW": did you mean now?'),
        ("now < @a\u00b9a", 7, 'no snapshot is called "@a\u00b9a"'),
        ("now == and", 8, 'expected a value, found "and"'),
        ("now ~= prev", 8, 'after "~=" comes a number, found "prev"'),
        ("now ~= 3 + 1", 10, 'expected an operator or the end, found "+"'),
        ("now ~= 3 < 5", 10, 'expected an operator or the end, found "<"'),
        ("now ~= 3 +- x", 13, 'after "~=" comes a number, found "x"'),
        ("now ~= 3 +- -1", 8, "a tolerance is a number of 0 or more"),
        ("now ~= inf truncated", 8, "inf is near itself alone"),
        ("now < 1e400", 7, "1e400 is larger than any float"),
        ("now ~= 1e-99999", 8, "more than 1100 digits or places"),
        ('now == b"a"i', 8, "bytes have no case"),
        (
            "now == pattern(5)",
            16,
            'expected text in quotes, as in pattern("48 8B ?? ?F"), found "5"',
        ),
        (
            "now == regex(b'a')",
            14,
            "expected text in quotes, as in regex(\"HP:[0-9]+\"), found b'a'",
        ),
        ("now == regex('a'i)", 14, "a regular expression is plain text in quotes"),
        ("now && 1", 5, 'write "and"'),
        ("now == 1 || changed", 10, 'write "or"'),
        ("!changed", 1, 'write "not"'),
        ("now ** 2 == 4", 5, "there are no powers"),
        ("now == 12abc", 8, '"12abc" is not a number'),
        ("now == 0x", 8, '"0x" is not a number'),
        ("now == 1__0", 8, '"1__0" is not a number'),
        ('now == "abc', 8, 'this " is never closed'),
        ("now == b'abc", 8, "this ' is never closed"),
        (r"now == 'a\q'", 10, r"no such escape: \q (a backslash itself is \\)"),
        ("now == b'é'", 10, r"bytes take ASCII and \xNN only"),
        ("now == $5", 8, '"$" means nothing here'),
        ("now == +5", 8, 'a number has no "+" before it; "+ 5", with a blank, is an increase by 5'),
    ],
)
def test_says_what_is_wrong_and_where(text: str, column: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse_predicate(text)
    assert (error.value.position + 1, error.value.reason) == (column, reason)
    assert error.value.text == text


def test_an_unknown_name_far_from_all_lists_them() -> None:
    with pytest.raises(ExpressionError, match=r'unknown name "zzz"; there are now, prev, first, '):
        parse_predicate("zzz == 5")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(" * 1000 + "now" + ")" * 1000 + " == 1", "too long"),
        ("(" * 100 + "now" + ")" * 100 + " == 1", "nested too deeply"),
        ("abs(" * 100 + "now" + ")" * 100 + " == 1", "nested too deeply"),
        ("not " * 100 + "changed", "nested too deeply"),
        ("-" * 100 + "now == 1", "nested too deeply"),
        ("now == 1 or " * 1000 + "changed", "too long"),
    ],
)
def test_nothing_is_too_long_or_too_deep_for_a_clear_answer(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        parse_predicate(text)


def test_long_predicates_are_understood() -> None:
    text = " or ".join(f"now == {number}" for number in range(90))
    assert str(parse_predicate(text)) == text


SHORTHANDS = [
    ("100", now == 100),
    ("0x64", now == 100),
    ("-5", now == -5),
    ("1.5", now == 1.5),
    ('"abc"', now == "abc"),
    ("b'abc'", now == b"abc"),
    ("1..5", now.between(1, 5)),
    ("-5..-1", now.between(-5, -1)),
    ("prev", now == prev),
    ("first - 3", now == first - 3),
    ("first..prev", now.between(first, prev)),
    (">", increased),
    (" < ", decreased),
    ("=", unchanged),
    ("!=", changed),
    ("> 50", now > 50),
    (">50", now > 50),
    ("<50", now < 50),
    (">= 50", now >= 50),
    ("<= -50", now <= -50),
    ("= 50", now == 50),
    ("== 50", now == 50),
    ("!= 50", now != 50),
    ("> prev + 1", now > prev + 1),
    ("> 5 and now != 7", (now > 5) & (now != 7)),
    ("+ 5", now == prev + 5),
    ("- 5", now == prev - 5),
    ("+ 5..7", (now - prev).between(5, 7)),
    ("- 5..7 or unchanged", (prev - now).between(5, 7) | unchanged),
    ("+ 5 or unchanged", (now == prev + 5) | unchanged),
]


@pytest.mark.parametrize(("text", "tree"), SHORTHANDS)
def test_shorthands(text: str, tree: Predicate) -> None:
    assert parse_scan(text) == tree


def test_a_line_can_be_a_predicate() -> None:
    assert parse_scan("now > 5 and changed") == (now > 5) & changed
    assert parse_scan(" ? ") == unknown


@pytest.mark.parametrize("text", [text for text, _ in SHORTHANDS])
def test_shorthands_are_for_whole_lines_only(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_predicate(text)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("> > 5", 3, 'expected a value, found ">"'),
        ("=5 = 6", 4, 'expected "==", found "="'),
        ("+ ", 3, "expected a value, found the end"),
        ("+ nwo", 3, 'unknown name "nwo": did you mean now?'),
        ("+5", 1, 'a number has no "+" before it; "+ 5", with a blank, is an increase by 5'),
        ("1..", 4, "expected a value, found the end"),
        ("1..5..6", 5, 'a range is written "now in 1..5"'),
        ("now", 4, "expected a comparison such as == 5, found the end"),
        ("now + 1", 8, "expected a comparison such as == 5, found the end"),
        ("100 200", 5, 'expected an operator or the end, found "200"'),
        ("~= x", 4, 'after "~=" comes a number, found "x"'),
        ("48 8B 1G", 8, '"G" is no hex digit; ? stands for any'),
    ],
)
def test_places_in_shorthands(text: str, column: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse_scan(text)
    assert (error.value.text, error.value.position + 1) == (text, column)
    assert error.value.reason == reason


@pytest.mark.parametrize("text", ["a[[a]", "a[b||c]", "a[b&&c]"])
def test_a_regex_that_re_warns_of_is_taken_as_it_is(text: str) -> None:
    assert str(parse_scan(f'now == regex("{text}")')) == f'now == regex("{text}")'
