from __future__ import annotations

import math
import operator
from typing import Any

import pytest
from farfetch.scanner.predicates.nodes import (
    And,
    Binary,
    Compare,
    Const,
    InRange,
    Not,
    Or,
    Predicate,
    SourceValue,
    Unary,
    changed,
    decreased,
    first,
    increased,
    now,
    prev,
    unchanged,
    unknown,
    uses,
)
from hypothesis import given

from support.strategies import expressions, floats, integers, predicates

TREES = predicates(expressions(integers | floats))

ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@pytest.mark.parametrize("op", ARITHMETIC)
def test_arithmetic_builds_trees(op: Any) -> None:
    apply = ARITHMETIC[op]
    assert apply(now, 5).same_as(Binary(op, now, Const(5)))
    assert apply(5, now).same_as(Binary(op, Const(5), now))
    assert apply(now, prev).same_as(Binary(op, now, prev))


@pytest.mark.parametrize("op", COMPARISONS)
def test_comparisons_build_trees(op: Any) -> None:
    apply = COMPARISONS[op]
    assert apply(now, 5) == Compare(op, now, Const(5))
    assert apply(now, "5") == Compare(op, now, Const("5"))
    # Python asks the side that knows the answer, with the comparison turned round.
    assert apply(5, now) == Compare(MIRRORED[op], now, Const(5))  # type: ignore[arg-type]


def test_signs_build_trees() -> None:
    assert (-now).same_as(Unary("-", now))
    assert (~now).same_as(Unary("~", now))
    assert abs(now).same_as(Unary("abs", now))


def test_logic_builds_trees() -> None:
    assert (now > 1) & changed == And(now > 1, changed)
    assert changed | increased == Or(changed, increased)
    assert ~changed == Not(changed)
    assert now.between(1, prev) == InRange(now, Const(1), prev)


def test_a_predicate_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match=r"write & \| ~ .* now\.between\(1, 5\)"):
        bool(1 < now < 5)
    with pytest.raises(TypeError, match="compare it"):
        bool(now)


@pytest.mark.parametrize(
    "build",
    [
        lambda: changed & 5,  # type: ignore[operator]
        lambda: changed | (now + 1),  # type: ignore[operator]
        lambda: now == changed,
        lambda: now & changed,  # type: ignore[operator]
        lambda: now + None,  # type: ignore[operator]
        lambda: now == [1],
        lambda: Const(object()),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_go_together(build: Any) -> None:
    with pytest.raises(TypeError):
        build()


class Whole:
    """A number of another library."""

    def __index__(self) -> int:
        return 7


class Fraction:
    """A number of another library."""

    def __float__(self) -> float:
        return 0.5


@pytest.mark.parametrize(
    ("value", "plain"), [(True, 1), (Whole(), 7), (Fraction(), 0.5), ("a", "a"), (b"a", b"a")]
)
def test_constants_are_plain(value: Any, plain: object) -> None:
    constant = Const(value)
    assert (constant.value, type(constant.value)) == (plain, type(plain))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Const(1), Const(1.0)),
        (Const(0.0), Const(-0.0)),
        (Const("1"), Const(b"1")),
        (now, prev),
        (now + 1, now - 1),
        (-now, ~now),
        (Const(-5), -Const(5)),
    ],
)
def test_different_expressions(left: Any, right: Any) -> None:
    assert not left.same_as(right)
    assert left.same_as(left)
    assert (now == left) != (now == right)


def test_not_a_number_is_the_same_constant_as_itself() -> None:
    assert Const(math.nan).same_as(Const(-math.nan))


def test_predicates_are_equal_by_structure() -> None:
    assert {now == 5, now == 5, changed} == {changed, Compare("==", SourceValue("now"), Const(5))}
    assert changed != unchanged
    assert changed != "changed"
    assert (now > 5) != (now >= 5)


def test_expressions_can_be_put_in_sets() -> None:
    assert len({now, prev, first, now}) == 3


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (now == 5, "now == 5"),
        (now == -5, "now == -5"),
        (-Const(5) == now, "-(5) == now"),
        ((now + 1) * 2 == prev, "(now + 1) * 2 == prev"),
        (now + prev * 2 == 0, "now + prev * 2 == 0"),
        (now - (prev - 1) == 0, "now - (prev - 1) == 0"),
        ((now & 0xFF) << 2 == 4, "(now & 255) << 2 == 4"),
        (~-now == 0, "~-now == 0"),
        (-(now + 1) == 0, "-(now + 1) == 0"),
        (abs(now - prev) < 5, "abs(now - prev) < 5"),
        (now.between(-1, prev + 1), "now in -1..prev + 1"),
        (~now.between(1, 5), "now not in 1..5"),
        ((changed | increased) & decreased, "(changed or increased) and decreased"),
        (changed & (unchanged & unknown), "changed and (unchanged and unknown)"),
        (~(changed | unknown), "not (changed or unknown)"),
        (~~changed, "not not changed"),
        (now == 'a"\n', r'now == "a\"\x0a"'),
        (now == b"\x00A", r'now == b"\x00A"'),
        (now == math.inf, "now == inf"),
        (now == 1e16, "now == 1e+16"),
    ],
)
def test_text(node: Predicate, text: str) -> None:
    assert str(node) == text


@pytest.mark.parametrize(
    ("predicate", "sources"),
    [
        (unknown, set()),
        (changed, {"now", "prev"}),
        (unchanged, {"now", "prev"}),
        (increased, {"now", "prev"}),
        (decreased, {"now", "prev"}),
        (now == 5, {"now"}),
        ((now == first) | ~(abs(now) > 1), {"now", "first"}),
        (Const(1).between(prev, first + 1), {"prev", "first"}),
    ],
)
def test_uses(predicate: Predicate, sources: set[str]) -> None:
    assert uses(predicate) == sources


@given(TREES, TREES)
def test_equal_predicates_hash_and_read_alike(left: Predicate, right: Predicate) -> None:
    assert (left == right) == (str(left) == str(right))
    if left == right:
        assert hash(left) == hash(right)
