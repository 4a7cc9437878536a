"""The definition of the semantics, held against arithmetic done another way."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any, Literal

import pytest
from farfetch.scanner.predicates.language import parse_predicate
from farfetch.scanner.predicates.meaning import evaluate
from farfetch.scanner.predicates.nodes import Binary, Compare, Const, Predicate, now, prev
from farfetch.scanner.predicates.operators import BinaryOp
from farfetch.scanner.values.convert import TYPES, layout_of, sized
from farfetch.scanner.values.layout import Layout
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import SNAPSHOTS, expressions, floats, integers, predicates, values_of

WIDE = Context(prec=800)
I32, U8, I64, F32, F64 = (layout_of(TYPES[name]) for name in ("i32", "u8", "i64", "f32", "f64"))
TEXT = layout_of(sized(TYPES["text"], 4))
INTEGERS = expressions(integers)
FLOATS = expressions(floats, Literal["+", "-", "*", "/", "%"], Literal["-", "abs"])
PREDICATES = {"int": predicates(INTEGERS), "float": predicates(FLOATS)}


def holds(text: str, layout: Layout, value: Any, prev: Any = None, first: Any = None) -> bool:
    return evaluate(parse_predicate(text), layout, now=value, prev=prev, first=first)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("now == 5", 5, True),
        ("now != 5", 5, False),
        ("now in 5..7", 5, True),
        ("now in 5..7", 7, True),
        ("now in 5..7", 8, False),
        ("now in 7..5", 6, False),
        ("now not in 5..7", 8, True),
        ("now == 5 and now == 6", 5, False),
        ("now == 5 or now == 6", 5, True),
        ("not now == 5", 5, False),
        ("? and not (not ?)", 5, True),
        # exact, however large
        ("now * now * now * now == 1 << 63", 1 << 16, False),
        ("now * now * now * now / (1 << 63) == 2", 1 << 16, True),
        ("now + 1 > 2147483647", 2**31 - 1, True),
        ("-now > 0", -(2**31), True),
        ("abs(now) == 2147483648", -(2**31), True),
        ("now << 63 >> 63 == now", -7, True),
        # as in Python
        ("now / 2 == -4", -7, True),
        ("now % 5 == 3", -7, True),
        ("now % -5 == -2", -7, True),
        ("now >> 1 == -4", -7, True),
        ("~now == 6", -7, True),
        ("now & 0xff == 249", -7, True),
        ("now ^ -1 == 6", -7, True),
        ("now | 1 == 5", 4, True),
        # undefined is neither equal nor unequal to anything
        ("now / 0 == 0", 5, False),
        ("now / 0 != 0", 5, False),
        ("now % 0 != now", 5, False),
        ("now << -1 != 0", 5, False),
        ("now << 64 != 0", 5, False),
        ("now >> 64 != 1", 5, False),
        ("now >> 63 == 0", 5, True),
        ("1 + abs(-(now / 0)) != 0", 5, False),
        ("now in 1..now / 0", 5, False),
        ("now / 0 in 0..9", 5, False),
        ("now not in 1..now / 0", 5, True),
        ("not now / 0 == 0", 5, True),
        # beside a float, doubles
        ("now == 5.0", 5, True),
        ("now / 2.0 == 2.5", 5, True),
        ("now in 4.5..5.5", 5, True),
        ("now / 0.0 == inf", 5, True),
        ("now % 0.0 != now % 0.0", 5, True),
        ("now + 0.5 == 5.5", 5, True),
    ],
)
def test_integers(text: str, value: int, expected: bool) -> None:
    assert holds(text, I32, value) is expected


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("now + 1 == now", 2**63 - 1, False),
        ("now + 1.0 == now", 2**63 - 1, True),  # 2**63 either way, as doubles
        ("now == 9007199254740992.0", 2**53 + 1, True),
        ("now == 9007199254740992", 2**53 + 1, False),
        ("now << 63 << 63 << 63 << 63 << 63 << 63 << 63 << 63 << 63 << 63 << 63 << 63 << 63 << 63"
         " << 63 << 63 << 63 == inf", 1, True),
    ],
)  # fmt: skip
def test_integers_beside_floats(text: str, value: int, expected: bool) -> None:
    assert holds(text, I64, value) is expected


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("now == 0.1", 0.10000000149011612, True),
        ("now == 16777217", 16777216.0, True),
        ("now + 1 == now", 16777216.0, True),
        ("now * 10 == inf", 3e38, True),
        ("now / 10 == 0", 1e-45, True),
        ("7 / 2 == 3.5", 0.0, True),
        ("now == 1 / 3", 0.3333333432674408, True),
        ("1 / now == inf", 0.0, True),
        ("1 / now == -inf", -0.0, True),
        ("-1 / now == inf", -0.0, True),
        ("now / now != now / now", 0.0, True),
        ("now / 0 != now / 0", math.nan, True),
        ("now == 0", -0.0, True),
        ("1 / (now % 5) == inf", 10.0, True),
        ("1 / (now % -5) == -inf", 10.0, True),
        ("now % 5 == 3", -7.0, True),
        ("now % -5 == -2", -7.0, True),
        ("now % inf == 5", 5.0, True),
        ("now % inf == inf", -5.0, True),
        ("now % 5 != now % 5", math.inf, True),
        ("now % 0 != 0", 5.0, True),
        ("abs(now) == 5", -5.0, True),
    ],
)
def test_single_precision(text: str, value: float, expected: bool) -> None:
    assert holds(text, F32, value) is expected


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("now == 0.1", 0.1, True),
        ("now == 0.1", 0.10000000149011612, False),
        ("now + 1 == now", 2.0**53, True),
        ("now * 10 == inf", 1e308, True),
        ("now == 9007199254740993", 2.0**53, True),
    ],
)
def test_double_precision(text: str, value: float, expected: bool) -> None:
    assert holds(text, F64, value) is expected


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("now ~= 3.14", 3.135, False),  # the double is a little less than 3.135
        ("now ~= 3.14", math.nextafter(3.135, 4), True),
        ("now ~= 3.14", 3.1449999999, True),
        ("now ~= 3.14", -3.14, False),
        ("now ~= 2.5", 2.45, True),
        ("now ~= 0", 0.5, False),
        ("now ~= 1", 0.5, True),  # halves round away from zero
        ("now ~= -1", -0.5, True),
        ("now ~= -1", -1.5, False),
        ("now ~= -2", -1.5, True),
        ("now ~= 0", -0.0, True),
        ("now ~= 1.0", 1.05, False),  # the double is a little more than 1.05
        ("now ~= 1e2", 149.9, True),
        ("now ~= 100", 149.9, False),
        ("now ~= 3.1 truncated", 3.19, True),
        ("now ~= 3.1 truncated", 3.09, False),
        ("now ~= -3.1 truncated", -3.19, True),
        ("now ~= 0 truncated", -0.9, True),
        ("now ~= 3 +- 0.25", 3.25, True),
        ("now ~= 3 +- 0.25", 2.75, True),
        ("now ~= 3 +- 0.25", 3.26, False),
        ("now ~= 3 +- 0", 3.0, True),
        ("now ~= 0.1 +- 0", 0.1, False),  # exact: no double is 0.1
        ("now ~= 3", math.inf, False),
        ("now ~= 3", math.nan, False),
        ("now ~= inf", math.inf, True),
        ("now ~= inf", -math.inf, False),
        ("now ~= inf", 1e308, False),
        ("now ~= nan", math.nan, True),
        ("now ~= nan", math.inf, False),
        ("not now ~= nan", 0.0, True),
        ("now + 0.25 ~= 1", 0.3, True),
    ],
)
def test_near_a_decimal(text: str, value: float, expected: bool) -> None:
    assert holds(text, F64, value) is expected


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("now ~= 3", 3, True),
        ("now ~= 3 +- 2", 5, True),
        ("now ~= 3e1", 34, True),
        ("now ~= 3e1", 35, False),
        ("now ~= 12.5", 12, False),
        ("now / 8.0 ~= 0.6", 5, True),
        ("now / 0 ~= 0", 5, False),
        ("now / 0 ~= nan", 5, False),
        ("now % 0.0 ~= nan", 5, True),
    ],
)
def test_whole_numbers_near_a_decimal(text: str, value: int, expected: bool) -> None:
    assert holds(text, I32, value) is expected


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_what_a_decimal_is_rounded_to_is_near_it(value: float, places: int) -> None:
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, WIDE)
    assert evaluate(now.near(f"{rounded:f}"), F64, now=value)
    cut = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_DOWN, WIDE)
    assert evaluate(now.near(f"{cut:f}", truncated=True), F64, now=value)


@pytest.mark.parametrize("layout", [F32, F64], ids=["f32", "f64"])
@pytest.mark.parametrize("op", ["==", "<", "<=", ">", ">="])
@pytest.mark.parametrize("value", [0.0, math.inf, math.nan])
def test_not_a_number_compares_with_nothing(layout: Layout, op: str, value: float) -> None:
    assert not holds(f"now {op} nan", layout, value)
    assert not holds(f"nan {op} now", layout, value)
    assert not holds("now in nan..inf", layout, value)
    assert not holds("now in -inf..nan", layout, value)
    assert holds("now != nan", layout, value)


@pytest.mark.parametrize(
    ("layout", "before", "after", "words"),
    [
        (I32, 5, 5, "unchanged"),
        (I32, 5, 6, "changed increased"),
        (I32, 5, -6, "changed decreased"),
        (U8, 255, 0, "changed decreased"),
        (F32, 1.0, 1.5, "changed increased"),
        (F64, 0.0, -0.0, "changed"),
        (F64, math.nan, math.nan, "unchanged"),
        (F64, math.nan, 1.0, "changed"),
        (TEXT, "abc", "abc", "unchanged"),
        (TEXT, "abc", "abd", "changed"),
    ],
)
def test_words(layout: Layout, before: Any, after: Any, words: str) -> None:
    every = ["changed", "unchanged"]
    every += ["increased", "decreased"] if layout.is_number else []
    true = [word for word in every if holds(word, layout, after, prev=before)]
    assert true == words.split()


def test_changed_looks_at_the_bytes_that_were_there() -> None:
    quiet, signalling = b"\x01\x00\xc0\x7f", b"\x02\x00\xc0\x7f"
    value = math.nan
    raw = {"now": quiet, "prev": signalling}
    assert evaluate(parse_predicate("changed"), F32, now=value, prev=value, raw=raw)
    raw = {"now": quiet, "prev": quiet}
    assert evaluate(parse_predicate("unchanged"), F32, now=value, prev=value, raw=raw)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('now == "abc"', True),
        ('"abc" == now', True),
        ('now != "abc"', False),
        ('now == "ab"', False),
        ('now == "abcd"', False),
        ("now == prev", False),
        ("now != prev", True),
        ("now == first", True),
    ],
)
def test_text(text: str, expected: bool) -> None:
    assert holds(text, TEXT, "abc", prev="abd", first="abc") is expected


def test_text_is_compared_by_all_its_bytes() -> None:
    raw = {"now": b"abc\0", "prev": b"ab\0c"}
    predicate = parse_predicate("now == prev or prev == 'ab'")
    assert not evaluate(predicate, TEXT, now="abc", prev="ab", raw=raw)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(ValueError, match=r"^no value is given for @lunch, first, prev$"):
        holds("now == prev + first + @lunch", I32, 5)


def test_snapshots_are_told_apart() -> None:
    named = {"lunch": 7, "dinner": 9}
    assert evaluate(parse_predicate("@lunch < now < @dinner"), I32, now=8, named=named)
    assert not evaluate(parse_predicate("@lunch >= @dinner"), I32, now=8, named=named)


def exact_floor(left: int, right: int) -> int:
    return math.floor(Fraction(left, right))


EXACT: dict[BinaryOp, Callable[[int, int], int]] = {
    "+": lambda left, right: left - -right,
    "-": lambda left, right: left + -right,
    "*": lambda left, right: int(Fraction(left) / Fraction(1, right)) if right else 0,
    "/": exact_floor,
    "%": lambda left, right: left - right * exact_floor(left, right),
    "<<": lambda left, right: left * 2**right,
    ">>": lambda left, right: exact_floor(left, 2**right),
    "&": lambda left, right: (left + right - (left ^ right)) // 2,
    "|": lambda left, right: (left + right + (left ^ right)) // 2,
}


@pytest.mark.parametrize("op", EXACT)
@given(left=values_of(I64), right=values_of(I64))
def test_integer_arithmetic_is_exact(op: BinaryOp, left: int, right: int) -> None:
    if op in ("<<", ">>"):
        right %= 64
    predicate = now_is(op)
    if op in ("/", "%") and right == 0:
        assert not evaluate(predicate, I64, now=0, prev=left, first=right)
        return
    expected = EXACT[op](left, right)
    predicate = Compare("==", Binary(op, prev, Const(right)), Const(expected))
    assert evaluate(predicate, I64, now=0, prev=left)


def now_is(op: BinaryOp) -> Predicate:
    return parse_predicate(f"now == prev {op} first")


@pytest.mark.parametrize("op", ["+", "-", "*", "/"])
@given(left=values_of(F32), right=values_of(F32))
def test_single_arithmetic_is_the_exact_result_rounded_once(
    op: BinaryOp, left: float, right: float
) -> None:
    if not (math.isfinite(left) and math.isfinite(right)) or (op == "/" and right == 0):
        return
    exact = {
        "+": Fraction(left) + Fraction(right),
        "-": Fraction(left) - Fraction(right),
        "*": Fraction(left) * Fraction(right),
        "/": Fraction(left) / Fraction(right) if right else Fraction(0),
    }[op]
    assert evaluate(now_is(op), F32, now=nearest_single(exact), prev=left, first=right)


def nearest_single(exact: Fraction) -> float:
    """Round to single precision by looking for the two numbers that the exact one is between."""
    magnitude = abs(exact)
    low, high = 0, 0x7F800000  # the bits of 0 and of infinity
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if single(middle) <= magnitude else (low, middle)
    below = Fraction(single(low))
    above = 2**128 if high == 0x7F800000 else Fraction(single(high))
    if magnitude - below > above - magnitude or (
        magnitude - below == above - magnitude and low % 2
    ):
        low = high
    return math.copysign(single(low), exact)


def single(bits: int) -> float:
    number: float = struct.unpack("<f", struct.pack("<I", bits))[0]
    return number


def draw_values(data: st.DataObject, layout: Layout) -> dict[str, Any]:
    """A value for each source that a predicate may name."""
    values = {source: data.draw(values_of(layout)) for source in ("now", "prev", "first")}
    named = {name: data.draw(values_of(layout)) for name in SNAPSHOTS}
    return {**values, "named": named}


@pytest.mark.parametrize("name", ["i32", "u64", "f32", "f64"])
@given(data=st.data())
def test_laws_of_logic(name: str, data: st.DataObject) -> None:
    layout = layout_of(TYPES[name])
    left, right = (data.draw(PREDICATES[layout.kind]) for _ in range(2))
    given_values = draw_values(data, layout)

    def truth(predicate: Predicate) -> bool:
        return evaluate(predicate, layout, **given_values)

    assert truth(~left) == (not truth(left))
    assert truth(left & right) == (truth(left) and truth(right))
    assert truth(left | right) == (truth(left) or truth(right))


@given(st.data())
def test_ranges_are_two_comparisons(data: st.DataObject) -> None:
    layout = data.draw(st.sampled_from([I32, F32]))
    operand, low, high = (data.draw(FLOATS if layout is F32 else INTEGERS) for _ in range(3))
    values = draw_values(data, layout)
    ranged = evaluate(operand.between(low, high), layout, **values)
    assert ranged == evaluate((low <= operand) & (operand <= high), layout, **values)


def test_now_is_what_is_there() -> None:
    assert evaluate(now > prev, I32, now=2, prev=1)
