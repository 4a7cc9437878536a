"""What predicates mean: the definition, for one value at a time and slowly.

The core's compiled predicates are tested against :func:`evaluate`. In short:

- Integers are exact, however large. ``/`` rounds down, ``%`` has the sign of its right side. A
  division or modulo by zero, or a shift by less than 0 or more than 63, is undefined, and so is
  what is computed from it; a comparison or range with something undefined in it is false, ``!=``
  too.
- For ``f32`` every constant and every result is rounded to single precision (an integer constant
  to double precision first), for ``f16`` to half precision; for ``f64`` all is double precision.
  For integer types, an operator or comparison with a float on one side takes both sides as doubles.
- Floats are IEEE 754's, ties to even: division by zero is infinite or not a number, overflow is
  infinite. ``%`` is C's fmod() plus, if the signs differ, the right side; a zero has the sign of
  the right side; modulo zero is not a number.
- Not a number is in no range, and of the comparisons only ``!=`` is true.
- ``~=`` is exact: of the number that the value is, and the decimal as it was written. Halves round
  away from zero. ``~= inf`` is infinity alone, ``~= nan`` all that is not a number.
- ``changed`` and ``unchanged`` compare bytes, of a bit field its bits; ``increased`` and
  ``decreased`` compare values.
- Fields of one type, byte order aside, are compared as that type is. Where fields of several types
  meet, integers are exact, and what has a float in it is in double precision.
- A field that construct decodes is compared as what that makes of it; where it makes nothing of the
  bytes, a comparison is false.
- A regular expression is equal to bytes that begin with what it matches.
- Text and bytes are compared by their bytes, and only with ``==`` and ``!=``. A pattern is equal to
  the bytes that have its digits where it has any; text in any case to what has the same letters
  (:mod:`.any_case`), each in as many bytes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..values.fields import DECODED
from ..values.layout import Layout, Value, double
from .any_case import AnyCase, fold
from .binding import bind_unchecked
from .bound_tree import (
    Anything,
    BoundPredicate,
    Compared,
    Comparison,
    Computed,
    Expression,
    Fixed,
    Logic,
    Lookup,
    Nearness,
    Negation,
    Node,
    Ranged,
    Sameness,
)
from .byte_pattern import Pattern
from .nodes import Near, Predicate
from .regex import Regex
from .rules import HIGHEST_SHIFT

Number = int | float

_COMPARE: Final = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class UndefinedError(Exception):
    """An integer divided by zero, or shifted too far; a field that is no number, or not there."""


def evaluate(
    predicate: Predicate,
    layout: Layout,
    *,
    now: Value,
    prev: Value | None = None,
    first: Value | None = None,
    named: Mapping[str, Value] | None = None,
    raw: Mapping[str, bytes] | None = None,
) -> bool:
    """Whether a value fulfils a predicate that :func:`.binding.bind` lets pass.

    Args:
        predicate: what it must fulfil.
        layout: of its type.
        now: the value.
        prev: what it was at the last scan.
        first: what it was at the first scan.
        named: what it was in snapshots, by their names.
        raw: the bytes of those under the same names; without it, the bytes that the values pack
            to.

    Raises:
        ValueError: the predicate looks at a value that is not given.

    >>> from farfetch.scanner import i32, layout_of
    >>> from farfetch.scanner import parse_predicate
    >>> evaluate(parse_predicate("now == prev - 5"), layout_of(i32), now=95, prev=100)
    True
    """
    values = {"now": now, "prev": prev, "first": first}
    values |= {f"@{name}": value for name, value in (named or {}).items()}
    given = {source: value for source, value in values.items() if value is not None}
    bound = bind_unchecked(predicate, layout)
    missing = bound.sources - given.keys()
    if missing:
        raise ValueError(f"no value is given for {', '.join(sorted(missing))}")
    if raw is None:
        raw = {source: layout.pack(value) for source, value in given.items()}
    return fulfils(bound, given, raw)


def fulfils(bound: BoundPredicate, values: Mapping[str, Any], raw: Mapping[str, bytes]) -> bool:
    """Whether a value fulfils a predicate that has been bound.

    Args:
        bound: what it must fulfil.
        values: what it is, and was, by the sources.
        raw: the bytes of those.
    """
    return _Evaluation(values, raw).holds(bound.root)


@dataclass(frozen=True)
class _Evaluation:
    values: Mapping[str, Any]
    raw: Mapping[str, bytes]

    def holds(self, node: Node) -> bool:
        match node:
            case Anything():
                return True
            case Logic("and", left, right):
                return self.holds(left) and self.holds(right)
            case Logic(_, left, right):
                return self.holds(left) or self.holds(right)
            case Negation(operand):
                return not self.holds(operand)
            case Sameness(negated):
                return (self.raw["now"] == self.raw["prev"]) != negated
            case Compared() | Ranged() | Nearness():
                try:
                    return self.compares(node)
                except UndefinedError:
                    return False
        raise TypeError(f"not a predicate: {node!r}")

    def compares(self, node: Comparison) -> bool:
        layout = node.layout
        match node:
            case Compared(op, left, right) if layout is DECODED:
                return self.decoded(op, left, right)
            case Compared(op, left, right) if not layout.is_number:
                return self.same(left, right, layout) == (op == "==")
            case Compared(op, left, right):
                return _compare(op, self.number(left, layout), self.number(right, layout))
            case Ranged():
                value, low, high = (self.number(operand, layout) for operand in node.operands)
                return _compare("<=", low, value) and _compare("<=", value, high)
            case Nearness(operand):
                return _is_near(self.number(operand, layout), node.said)
        raise TypeError(f"not a comparison: {node!r}")

    def decoded(self, op: str, left: Expression, right: Expression) -> bool:
        """Numbers compare as such; whatever else construct makes is equal, or is not."""
        one, other = self.anything(left), self.anything(right)
        if isinstance(one, Number) and isinstance(other, Number):
            return _compare(op, one, other)
        return op in ("==", "!=") and (one == other) == (op == "==")

    def anything(self, node: Expression) -> object:
        if isinstance(node, Fixed):
            return node.value
        if isinstance(node, Lookup) and node.name:
            return self.field(node)
        return self.number(node, DECODED)

    def field(self, value: Lookup) -> object:
        """What construct or the layout makes of a field."""
        if value.layout is not DECODED:
            return value.layout.unpack(value.cut(self.raw[value.source]))
        inside: object = self.values[value.source]
        for name in value.name.split("."):
            if not isinstance(inside, Mapping) or name not in inside:
                raise UndefinedError
            inside = inside[name]
        return inside

    def same(self, left: Expression, right: Expression, layout: Layout) -> bool:
        for value, other in ((left, right), (right, left)):
            match other:
                case Fixed(Regex() as regex):
                    return bool(regex.found(self.bytes_of(value, layout)))
                case Fixed(Pattern() as pattern):
                    return pattern.fits(self.bytes_of(value, layout))
                case Fixed(AnyCase(text)):
                    return _is_in_any_case(self.bytes_of(value, layout), text, layout)
        return self.bytes_of(left, layout) == self.bytes_of(right, layout)

    def bytes_of(self, node: Expression, layout: Layout) -> bytes:
        if isinstance(node, Lookup):
            return node.cut(self.raw[node.source])
        assert isinstance(node, Fixed)
        return layout.pack(node.value)

    def number(self, node: Expression, layout: Layout) -> Number:
        match node:
            case Lookup(source, name):
                number = self.field(node) if name else self.values[source]
                if not isinstance(number, Number):
                    raise UndefinedError
                return layout.convert(number)
            case Fixed(value):
                assert isinstance(value, Number)
                return layout.convert(value)
            case Computed(op, operands):
                return apply(op, [self.number(operand, layout) for operand in operands], layout)
        raise TypeError(f"not an expression: {node!r}")


def apply(op: str, operands: Sequence[Number], layout: Layout) -> Number:
    """What an operator makes of one number or two, computed in a layout.

    Raises:
        UndefinedError: an integer is divided by zero, or shifted too far.

    >>> from farfetch.scanner import i32, layout_of
    >>> apply("/", (-7, 2), layout_of(i32)), apply("abs", (-7,), layout_of(i32))
    (-4, 7)
    """
    if len(operands) == 1:
        return _unary(op, operands[0])
    return layout.convert(_binary(op, *operands))


def _is_near(number: Number, near: Near) -> bool:
    constant = near.constant
    if constant.is_nan():
        return math.isnan(number)
    return near.band.holds(number) if constant.is_finite() else number == float(constant)


def _is_in_any_case(raw: bytes, text: str, layout: Layout) -> bool:
    """Whether some bytes are the letters of a text, each in as many bytes, then NULs."""
    at = 0
    for character in text:
        end = at + len(character.encode(layout.codec))
        letters = raw[at:end].decode(layout.codec, "replace")
        if list(map(fold, letters)) != [fold(character)]:
            return False
        at = end
    return raw[at:] == bytes((layout.size or len(raw)) - at)


def _compare(op: str, left: Number, right: Number) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        left, right = double(left), double(right)
    return bool(_COMPARE[op](left, right))


def _unary(op: str, operand: Number) -> Number:
    if op == "abs":
        return abs(operand)
    if op == "-":
        return -operand
    assert isinstance(operand, int)
    return ~operand


def _binary(op: str, left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        return _integer(op, left, right)
    return _float(op, double(left), double(right))


def _integer(op: str, left: int, right: int) -> int:
    if op in ("/", "%") and right == 0:
        raise UndefinedError
    if op in ("<<", ">>") and not 0 <= right <= HIGHEST_SHIFT:
        raise UndefinedError
    result: int = _INTEGER[op](left, right)
    return result


_INTEGER: Final = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


def _float(op: str, left: float, right: float) -> float:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" if right == 0:
            if left == 0 or math.isnan(left):
                return math.nan
            return math.copysign(math.inf, left) * math.copysign(1, right)
        case "/":
            return left / right
        case "%":
            return math.nan if right == 0 else left % right
    raise TypeError(f"{op} is not for floats")
