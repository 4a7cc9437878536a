"""Hypothesis strategies for predicates, value types, values and memory.

Those whose names end in ``_of`` fit a type: what they draw meets, and is worth evaluating. The
others are trees of anything, for what takes them apart and puts them together.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, get_args

from farfetch.scanner.predicates.any_case import AnyCase
from farfetch.scanner.predicates.byte_pattern import pattern
from farfetch.scanner.predicates.nodes import (
    And,
    Binary,
    Compare,
    Const,
    Expr,
    InRange,
    Near,
    Not,
    Or,
    Predicate,
    Unary,
    at,
    changed,
    decreased,
    first,
    increased,
    now,
    prev,
    unchanged,
    unknown,
)
from farfetch.scanner.predicates.operators import BinaryOp, CompareOp, UnaryOp
from farfetch.scanner.values.convert import TYPES, type_named
from farfetch.scanner.values.layout import Layout
from farfetch.scanner.values.types import layout_of
from hypothesis import strategies as st

NUMBERS = [name for name, type_ in TYPES.items() if layout_of(type_).is_number]
#: Bits of numbers of each size, signed and not, in either order, at their ends and across bytes.
BIT_FIELDS = (
    *("u8[3..4]", "i8[5..7]", "u16[8..15]", "i16be[5..11]", "u24be[3..20]", "i24[0..17]"),
    *("u32be[7..30]", "u64[1..63]", "i64be[20..60]", "u64[60..63]"),
)
#: A number of each size and byte order, and bit fields; a pointer is one of them.
PLAIN_NUMBERS = (*(name for name in NUMBERS if name != "pointer"), *BIT_FIELDS)

SNAPSHOTS = ("lunch", "a_1")
sources = st.sampled_from((now, prev, first, *map(at, SNAPSHOTS)))
integers = st.integers(-(2**70), 2**70) | st.integers(-10, 10)
floats = st.floats() | st.integers(-10, 10).map(float)
decimals = st.one_of(
    st.integers(-300, 300).map(str),
    st.floats().map(repr),
    st.decimals(-10, 10, places=1).map(str),
    st.sampled_from(["inf", "-inf", "nan", "0", "-0.0", "2.50", "1e2", "1e-40", "5e-324", "7e19"]),
)
distances = st.decimals(0, 3, places=2).map(str)
any_case = st.text().map(AnyCase)
patterns = (
    st.lists(st.text("0123456789ABCDEF?", min_size=2, max_size=2), min_size=1, max_size=9)
    .filter(lambda words: set("".join(words)) != {"?"})
    .map(lambda words: pattern(" ".join(words)))
)
words = st.sampled_from([changed, unchanged, increased, decreased, unknown])


def expressions(
    constants: st.SearchStrategy[Any], binary: Any = BinaryOp, unary: Any = UnaryOp
) -> st.SearchStrategy[Expr]:
    """Trees of expressions over these constants and operators."""
    return st.recursive(
        sources | constants.map(Const),
        lambda inner: (
            st.builds(Binary, st.sampled_from(get_args(binary)), inner, inner)
            | st.builds(Unary, st.sampled_from(get_args(unary)), inner)
        ),
        max_leaves=8,
    )


def _is_finite(number: str) -> bool:
    return number.strip("-") not in ("inf", "nan")


def nears(operands: st.SearchStrategy[Expr]) -> st.SearchStrategy[Predicate]:
    """Comparisons with decimals, in all ways."""
    finite = decimals.filter(_is_finite)
    return (
        st.builds(Near, operands, decimals)
        | st.builds(Near, operands, finite, distances)
        | st.builds(Near, operands, finite, st.none(), st.just(True))
    )


def predicates(
    operands: st.SearchStrategy[Expr], ops: Any = CompareOp
) -> st.SearchStrategy[Predicate]:
    """Trees of predicates over these operands."""
    return st.recursive(
        words
        | st.builds(Compare, st.sampled_from(get_args(ops)), operands, operands)
        | st.builds(InRange, operands, operands, operands)
        | nears(operands),
        lambda inner: (
            st.builds(And, inner, inner) | st.builds(Or, inner, inner) | st.builds(Not, inner)
        ),
        max_leaves=6,
    )


def values_of(layout: Layout) -> st.SearchStrategy[Any]:
    """Values of a type, each of which its bytes give back as it is."""
    if layout.kind == "int":
        assert isinstance(layout.low, int)
        assert isinstance(layout.high, int)
        return st.integers(layout.low, layout.high)
    if layout.kind == "float":
        return st.floats(width=layout.scale)  # type: ignore[arg-type]  # of a float one of them
    if layout.kind == "bytes":
        size = layout.size
        return st.binary() if size is None else st.binary(min_size=size, max_size=size)
    characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    return st.text(characters).filter(_fits(layout))


def _fits(layout: Layout) -> Callable[[str], bool]:
    codec = "utf-8" if layout.kind == "text" else "utf-16-le"
    return lambda text: layout.size is None or len(text.encode(codec)) <= layout.size


def number_layout(name: str) -> Layout:
    """The layout of a numeric type."""
    return layout_of(type_named(name))


@cache
def numbers_of(layout: Layout) -> st.SearchStrategy[int | float]:
    """Values of a type: small ones that meet each other often, edges, and anything."""
    if layout.kind == "float":
        edges = (0.0, -0.0, 1.0, 2.5, float("inf"), float("-inf"), float("nan"))
        return st.one_of(
            st.sampled_from(edges),
            st.integers(-3, 3).map(float),
            st.floats(width=layout.scale),  # type: ignore[arg-type]  # of a float one of them
        )
    low, high = layout.low, layout.high
    assert isinstance(low, int)
    assert isinstance(high, int)
    near = [low, low + 1, high - 1, high]
    small = st.integers(max(low, -3), min(high, 5))
    return st.one_of(small, st.sampled_from(near), st.integers(low, high))


@cache
def _constants_of(layout: Layout) -> st.SearchStrategy[Any]:
    if layout.kind == "float":
        return st.one_of(numbers_of(layout), st.integers(-5, 5))
    return st.one_of(
        numbers_of(layout),
        numbers_of(layout),
        st.sampled_from((0.5, 1.5, -2.0, 3.0, -0.0, 2.0**53, 2.0**53 - 1, 1.5 - 2.0**52)),
    )


@cache
def expressions_of(layout: Layout, depth: int = 3) -> st.SearchStrategy[Expr]:
    """Arithmetic on a type's values."""
    leaves = st.one_of(st.sampled_from((now, prev, first)), _constants_of(layout).map(Const))
    if depth == 0:
        return leaves
    below = expressions_of(layout, depth - 1)
    branches = [
        st.builds(Binary, st.sampled_from(("+", "-", "*", "/", "%")), below, below),
        st.builds(Unary, st.sampled_from(("-", "abs")), below),
    ]
    if layout.kind == "int":
        shifts = st.integers(0, 63).map(Const)
        branches += [
            st.builds(Binary, st.sampled_from(("&", "|", "^")), below, below),
            st.builds(Binary, st.sampled_from(("<<", ">>")), below, shifts),
            st.builds(Unary, st.just("~"), below),
        ]
    return st.one_of(leaves, *branches)


@cache
def predicates_of(layout: Layout, depth: int = 3) -> st.SearchStrategy[Predicate]:
    """Predicates on a type's values; some do not fit it and are to be refused."""
    value = st.sampled_from((now, prev, first))
    operator = st.sampled_from(("==", "!=", "<", "<=", ">", ">="))
    constant = numbers_of(layout).map(Const)
    shifted = st.builds(Binary, st.sampled_from(("+", "-")), value, constant)
    leaves = st.one_of(
        st.builds(Compare, operator, value, constant),
        st.builds(Compare, operator, constant, value),
        st.builds(Compare, operator, value, value),
        st.builds(Compare, operator, value, shifted),
        st.builds(Compare, operator, shifted, value),
        st.builds(InRange, value, constant, constant),
        nears(value),
        nears(expressions_of(layout, 2)),
        st.sampled_from((changed, unchanged, increased, decreased, unknown)),
        st.builds(Compare, operator, expressions_of(layout), expressions_of(layout)),
        st.builds(InRange, *[expressions_of(layout, 1)] * 3),
    )
    if depth == 0:
        return leaves
    below = predicates_of(layout, depth - 1)
    return st.one_of(
        leaves, st.builds(And, below, below), st.builds(Or, below, below), st.builds(Not, below)
    )


@cache
def _packed(layout: Layout) -> st.SearchStrategy[bytes]:
    packed = st.lists(numbers_of(layout).map(layout.pack), min_size=1, max_size=24).map(b"".join)
    return st.one_of(packed, packed, st.binary(min_size=1, max_size=24))


def memory_of(layout: Layout, size: int) -> st.SearchStrategy[bytes]:
    """So many bytes, mostly values of the type, that come again and again."""
    return _packed(layout).map(lambda pattern: (pattern * (size // len(pattern) + 1))[:size])
