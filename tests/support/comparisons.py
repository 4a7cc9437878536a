"""Predicates and memory for hypothesis to play with."""

from __future__ import annotations

from functools import cache
from typing import Any

from farfetch.scanner.predicates.nodes import (
    And,
    Binary,
    Compare,
    Const,
    Expr,
    InRange,
    Not,
    Or,
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
from farfetch.scanner.values.convert import layout_of, type_named
from farfetch.scanner.values.layout import Layout
from hypothesis import strategies as st

from support import strategies

#: Of each size and byte order; a pointer is one of them.
NUMBERS = tuple(name for name in strategies.NUMBERS if name != "pointer")


def number_layout(name: str) -> Layout:
    """The layout of a numeric type."""
    return layout_of(type_named(name))


@cache
def numbers(layout: Layout) -> st.SearchStrategy[int | float]:
    """Values of a type: small ones that meet each other often, edges, and anything."""
    if layout.kind == "float":
        edges = (0.0, -0.0, 1.0, 2.5, float("inf"), float("-inf"), float("nan"))
        return st.one_of(
            st.sampled_from(edges),
            st.integers(-3, 3).map(float),
            st.floats(width=32) if layout.bits == 32 else st.floats(),
        )
    low, high = layout.low, layout.high
    assert isinstance(low, int)
    assert isinstance(high, int)
    near = [low, low + 1, high - 1, high]
    return st.one_of(st.integers(max(low, -3), 5), st.sampled_from(near), st.integers(low, high))


@cache
def _constants(layout: Layout) -> st.SearchStrategy[Any]:
    if layout.kind == "float":
        return st.one_of(numbers(layout), st.integers(-5, 5))
    return st.one_of(
        numbers(layout),
        numbers(layout),
        st.sampled_from((0.5, 1.5, -2.0, 3.0, -0.0, 2.0**53, 2.0**53 - 1, 1.5 - 2.0**52)),
    )


@cache
def expressions(layout: Layout, depth: int = 3) -> st.SearchStrategy[Expr]:
    """Arithmetic on a type's values."""
    leaves = st.one_of(st.sampled_from((now, prev, first)), _constants(layout).map(Const))
    if depth == 0:
        return leaves
    below = expressions(layout, depth - 1)
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
def predicates(layout: Layout, depth: int = 3) -> st.SearchStrategy[Predicate]:
    """Predicates on a type's values; some do not fit it and are to be refused."""
    value = st.sampled_from((now, prev, first))
    operator = st.sampled_from(("==", "!=", "<", "<=", ">", ">="))
    constant = numbers(layout).map(Const)
    shifted = st.builds(Binary, st.sampled_from(("+", "-")), value, constant)
    leaves = st.one_of(
        st.builds(Compare, operator, value, constant),
        st.builds(Compare, operator, constant, value),
        st.builds(Compare, operator, value, value),
        st.builds(Compare, operator, value, shifted),
        st.builds(Compare, operator, shifted, value),
        st.builds(InRange, value, constant, constant),
        strategies.nears(value),
        strategies.nears(expressions(layout, 2)),
        st.sampled_from((changed, unchanged, increased, decreased, unknown)),
        st.builds(Compare, operator, expressions(layout), expressions(layout)),
        st.builds(InRange, *[expressions(layout, 1)] * 3),
    )
    if depth == 0:
        return leaves
    below = predicates(layout, depth - 1)
    return st.one_of(
        leaves, st.builds(And, below, below), st.builds(Or, below, below), st.builds(Not, below)
    )


@cache
def _patterns(layout: Layout) -> st.SearchStrategy[bytes]:
    packed = st.lists(numbers(layout).map(layout.pack), min_size=1, max_size=24).map(b"".join)
    return st.one_of(packed, packed, st.binary(min_size=1, max_size=24))


def memory(layout: Layout, size: int) -> st.SearchStrategy[bytes]:
    """So many bytes, mostly values of the type, that come again and again."""
    return _patterns(layout).map(lambda pattern: (pattern * (size // len(pattern) + 1))[:size])
