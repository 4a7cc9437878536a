from __future__ import annotations

import pytest
from construct import ExprAdapter, Float32l, Int16sb, Int16sl, Int32sl, Struct, obj_
from farfetch.scanner import Expr, Predicate, field, now, prev
from farfetch.scanner.errors import ArgumentError, ExpressionError, ValueKindError, ValueRangeError
from farfetch.scanner.predicates.binding import bind
from farfetch.scanner.predicates.bound_tree import Compared, Computed, Logic, Lookup
from farfetch.scanner.predicates.language import parse_predicate
from farfetch.scanner.predicates.rules import constant_size
from farfetch.scanner.values.any_number import LAYOUTS
from farfetch.scanner.values.convert import layout_of, type_named
from farfetch.scanner.values.structures import scan_layout


def asked(text: str, name: str) -> None:
    bind(parse_predicate(text), layout_of(type_named(name)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("u8", "now == 255 or now == 0"),
        ("u8", "now in 0..255"),
        ("u8", "now + 300 == 500"),
        ("u8", "now == 2.5"),
        ("u8", "prev > 1.5 or ~now << 2 == 4"),
        ("i32", "now in prev - 9999999999..prev + 9999999999"),
        ("f32", "now == 3.4028235e38 or now == inf or now != nan"),
        ("f32", "now == 16777217"),
        ("f32", "now * 1e39 > 5"),
        ("f64", "now == 1e308"),
        ("text[4]", "now == 'abcd' or changed"),
        ("text[4]", "unchanged or ?"),
        ("text", "now == 'abc' and now != 'abd'"),
        ("utf16[4]", "'ab' != prev"),
        ("f32", "now ~= 3.14 or now ~= nan or now ~= -inf or now ~= 3.4028235e38"),
        ("i32", "now ~= 3.14 +- 0.2 or now / 7 ~= 9e99"),
        ("text", "now == 'abc'i"),
        ("utf16[4]", "now != 'abc'i"),
        ("bytes", "now == pattern('48 8b ?? ?f')"),
        ("bytes", r"now == b'\xde\xad' or now == 'de ad'"),
        ("pointer", "now == 0xffffffffffffffff"),
    ],
)
def test_passes(name: str, text: str) -> None:
    asked(text, name)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("u8", "now == 300", "300 does not fit u8 (0..255)"),
        ("u8", "-1 < now", "-1 does not fit u8 (0..255)"),
        ("u8", "prev != 256", "256 does not fit u8 (0..255)"),
        ("u8", "now in 0..256", "256 does not fit u8 (0..255)"),
        ("u8", "now in -1..5", "-1 does not fit u8 (0..255)"),
        ("u8", "not (changed or now == 1e3)", "1000.0 does not fit u8 (0..255)"),
        ("u8", "now < inf", "inf does not fit u8 (0..255)"),
        ("u8", "now == nan", "nan does not fit u8 (0..255)"),
        ("i8", "first == 128", "128 does not fit i8 (-128..127)"),
        (
            "f32",
            "now == 1e39",
            "1e+39 does not fit f32 (-3.4028234663852886e+38..3.4028234663852886e+38)",
        ),
        ("u8", "now ~= 256", "256.0 does not fit u8 (0..255)"),
        ("u8", "now ~= inf", "inf does not fit u8 (0..255)"),
        (
            "f32",
            "now ~= 1e39",
            "1e+39 does not fit f32 (-3.4028234663852886e+38..3.4028234663852886e+38)",
        ),
        ("text[2]", "now == 'abc'i", "'abc' does not fit text[2] (at most 2 bytes)"),
        (
            "bytes[2]",
            "now == pattern('48 ?? 8b')",
            r"b'H\x00\x8b' does not fit bytes[2] (exactly 2 bytes)",
        ),
        ("text[2]", "now == 'abc'", "'abc' does not fit text[2] (at most 2 bytes)"),
        ("bytes[2]", "now == b'a'", "b'a' does not fit bytes[2] (exactly 2 bytes)"),
    ],
)
def test_constants_that_do_not_fit(name: str, text: str, reason: str) -> None:
    with pytest.raises(ValueRangeError) as error:
        asked(text, name)
    assert str(error.value) == reason


def test_integers_beyond_all_doubles_do_not_fit() -> None:
    with pytest.raises(ValueRangeError):
        asked(f"now == 1{'0' * 400}", "f64")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("i32", "now == 'abc'"),
        ("i32", "now in 'a'..5"),
        ("f32", "now + b'a' == 5"),
        ("text", "now == 5"),
        ("text", "now == b'abc'"),
        ("utf16[4]", "now == 1.5"),
        ("bytes", "now == 5"),
        ("bytes", "now == 'xyz'"),
        ("i32", "now ~= 3.14"),
        ("i32", "now ~= nan"),
    ],
)
def test_constants_of_another_kind(name: str, text: str) -> None:
    with pytest.raises(ValueKindError):
        asked(text, name)


@pytest.mark.parametrize(
    ("name", "text", "column", "reason"),
    [
        ("f32", "now & 1 == 0", 1, '"&" is for whole numbers only'),
        ("f64", "now == 1 and now << 1 == 2", 14, '"<<" is for whole numbers only'),
        ("f32", "~now == 1", 1, '"~" is for whole numbers only'),
        ("f32", "now == 6 & 3", 8, '"&" is for whole numbers only'),
        ("i32", "now | 1.5 == 2", 1, '"|" is for whole numbers only'),
        ("i32", "(now * 1.5) ^ 1 == 2", 1, '"^" is for whole numbers only'),
        ("i32", "now == ~abs(-(prev + 0.5))", 8, '"~" is for whole numbers only'),
        ("i32", "now << 64 == 0", 1, '"<<" takes a constant from 0 to 63'),
        ("i32", "now == prev >> now", 8, '">>" takes a constant from 0 to 63'),
        ("u8", "1 << -1 == now", 1, '"<<" takes a constant from 0 to 63'),
        ("text", "now < 'abc'", 1, 'text takes == and !=, not "<"'),
        ("text", "changed and 'a' == 'b'", 13, "text is compared with now, prev or first"),
        ("text[4]", "now in 'a'..'b'", 1, "text[4] takes ==, !=, changed and unchanged only"),
        ("bytes", "increased", 1, "bytes takes ==, !=, changed and unchanged only"),
        ("utf16", "? or decreased", 12, "utf16 takes ==, !=, changed and unchanged only"),
        ("text", "now == prev + 'a'", 8, "there is no arithmetic on text"),
        ("text", "now == -prev", 8, "there is no arithmetic on text"),
        ("text", "?", 1, "text needs a length: compare it with a constant, or use text[16]"),
        (
            "utf16",
            "changed",
            1,
            "utf16 needs a length: compare it with a constant, or use utf16[16]",
        ),
        ("i32", "? or now == pattern('4?')", 19, "a pattern is found in bytes, not i32"),
        ("text", "now == pattern('4?')", 8, "a pattern is found in bytes, not text"),
        ("i32", "now == 'a'i", 8, "letters of any case are found in text, not i32"),
        ("bytes", "now == 'a'i", 8, "letters of any case are found in text, not bytes"),
        ("text", "now ~= 1", 1, "text takes ==, !=, changed and unchanged only"),
        ("text", "now == ''", 8, "nothing can be found by an empty text"),
        (
            "text",
            "now == 'a' or now == 'bc'",
            22,
            "constants of different lengths; use text[16] or another length",
        ),
    ],
)
def test_what_a_type_cannot_be_asked(name: str, text: str, column: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as error:
        asked(text, name)
    assert (error.value.position + 1, error.value.reason) == (column, reason)


@pytest.mark.parametrize(
    ("name", "text", "size"),
    [
        ("text", "now == 'é'", 2),
        ("utf16", "now == 'é' or prev == 'e'", 2),
        ("bytes", "now == 'de ad be'", 3),
        ("bytes", "now == pattern('de ?? ?e')", 3),
        ("utf16", "now == 'Gold'i", 8),
        ("text", "changed", None),
    ],
)
def test_constants_give_the_length(name: str, text: str, size: int | None) -> None:
    assert constant_size(parse_predicate(text), layout_of(type_named(name))) == size


PLAYER = scan_layout(
    Struct(
        "hp" / Int32sl,
        "x" / Float32l,
        "level" / Int16sb,
        "rank" / Int16sl,
        "key" / ExprAdapter(Int32sl, obj_ + 1, obj_ - 1),
    )
)


def comparison(predicate: Predicate) -> Compared:
    root = bind(predicate, PLAYER).root
    assert isinstance(root, Compared)
    return root


def test_a_name_is_bound_to_its_place() -> None:
    value = comparison(prev.field("level") == 3).left
    assert isinstance(value, Lookup)
    assert (value.source, value.name, value.offset, value.layout.name) == (
        "prev",
        "level",
        8,
        "i16be",
    )
    assert value.cut(bytes(range(16))) == b"\x08\x09"


@pytest.mark.parametrize(
    ("predicate", "kind", "bits", "is_mixed"),
    [
        (field("hp") == 3, "int", 32, False),
        (field("x") * 2 > 3, "float", 32, False),
        (field("level") == field("rank"), "int", 16, False),  # byte order is no part of a type
        (field("hp") == field("rank"), "int", 64, True),
        (field("hp") == field("x"), "int", 64, True),
        (field("hp") == field("key"), "int", 64, True),
        (now == prev, "struct", 32, False),
    ],
    ids=str,
)
def test_what_a_comparison_computes_in(
    predicate: Predicate, kind: str, bits: int, is_mixed: bool
) -> None:
    layout = comparison(predicate).layout
    assert (layout.kind, layout.bits, layout.is_mixed) == (kind, bits, is_mixed)


def test_what_is_computed_is_a_float_where_a_part_of_it_is() -> None:
    side = comparison((field("hp") + field("x")) * 2 == field("hp")).left
    assert isinstance(side, Computed)
    assert side.is_float
    assert [operand.is_float for operand in side.operands] == [True, False]
    assert not comparison(field("hp") == 2).left.is_float


def test_what_only_construct_can_decode_is_known_by_the_tree() -> None:
    bound = bind((field("hp") == 3) & (field("key") == 4), PLAYER)
    assert isinstance(bound.root, Logic)
    assert (bound.root.left.is_decoded, bound.root.right.is_decoded) == (False, True)
    assert bound.is_decoded


def test_text_without_a_length_is_bound_with_that_of_the_constant() -> None:
    bound = bind(parse_predicate("now == 'abc' or changed"), layout_of(type_named("utf16")))
    assert (bound.layout.name, bound.layout.size) == ("utf16[3]", 6)
    assert bound.sources == {"now", "prev"}


@pytest.mark.parametrize("text", ["x & 1 == hp", "~x == hp", "hp == x << 1", "hp | (x + 1) == 2"])
def test_bits_of_a_fraction_among_several_types_are_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="is for whole numbers only"):
        bind(parse_predicate(text, PLAYER.names), PLAYER)


def test_what_is_too_deep_is_refused() -> None:
    total: Expr = now
    signs: Expr = now
    for _ in range(5000):
        total, signs = total + 1, -signs
    for expr in (total, signs):
        with pytest.raises(ArgumentError, match="a few hundred operators"):
            bind(expr == 1, layout_of(type_named("i32")))
        with pytest.raises(ArgumentError, match="a few hundred operators"):
            str(expr)


def test_of_a_number_each_type_is_bound_or_left_out() -> None:
    bound = bind(now == 2**40, LAYOUTS["number"])
    assert [part and part.layout.name for part in bound.parts] == [None, "i64", "f32", "f64"]
    with pytest.raises(ValueKindError):
        bind(now == "text", LAYOUTS["number"])
