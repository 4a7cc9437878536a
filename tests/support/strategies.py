"""Hypothesis strategies for predicates, value types and values."""

from collections.abc import Callable
from typing import Any, get_args

from farfetch.scanner.predicates.any_case import AnyCase
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
from farfetch.scanner.predicates.pattern import pattern
from farfetch.scanner.values.convert import TYPES
from farfetch.scanner.values.layout import Layout
from farfetch.scanner.values.types import layout_of
from hypothesis import strategies as st

NUMBERS = [name for name, one in TYPES.items() if layout_of(one).is_number]

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
        return st.floats(width=64 if layout.bits == 64 else 32)
    if layout.kind == "bytes":
        size = layout.size
        return st.binary() if size is None else st.binary(min_size=size, max_size=size)
    characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    return st.text(characters).filter(_fits(layout))


def _fits(layout: Layout) -> Callable[[str], bool]:
    codec = "utf-8" if layout.kind == "text" else "utf-16-le"
    return lambda text: layout.size is None or len(text.encode(codec)) <= layout.size
