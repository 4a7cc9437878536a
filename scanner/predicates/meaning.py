"""What predicates mean: the definition, for one value at a time and slowly.

The core's compiled predicates are tested against :func:`evaluate`. In short:

- Integers are exact, however large. ``/`` rounds down, ``%`` has the sign of its right side. A
  division or modulo by zero, or a shift by less than 0 or more than 63, is undefined, and so is
  what is computed from it; a comparison or range with something undefined in it is false, ``!=``
  too.
- For ``f32`` every constant and every result is rounded to single precision (an integer constant
  to double precision first); for ``f64`` all is double precision. For integer types, an operator
  or comparison with a float on one side takes both sides as doubles.
- Floats are IEEE 754's, ties to even: division by zero is infinite or not a number, overflow is
  infinite. ``%`` is C's fmod() plus, if the signs differ, the right side; a zero has the sign of
  the right side; modulo zero is not a number.
- Not a number is in no range, and of the comparisons only ``!=`` is true.
- ``~=`` is exact: of the number that the value is, and the decimal as it was written. Halves round
  away from zero. ``~= inf`` is infinity alone, ``~= nan`` all that is not a number.
- ``changed`` and ``unchanged`` compare bytes; ``increased`` and ``decreased`` compare values.
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
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..values.fields import DECODED
from ..values.layout import Layout, Value, double
from .any_case import AnyCase, fold
from .binding import arithmetic, place_of
from .nodes import (
    And,
    Binary,
    Changed,
    Compare,
    Const,
    Decreased,
    Expr,
    Field,
    Increased,
    InRange,
    Near,
    Not,
    Or,
    Predicate,
    Unary,
    Unchanged,
    Unknown,
    uses,
)
from .nodes import Value as SourceValue
from .nodes import now as present
from .nodes import prev as before
from .pattern import Pattern
from .regex import Regex

Number = int | float

_COMPARE: Final = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: Bits that a value can be shifted by at the most.
HIGHEST_SHIFT: Final = 63


class _UndefinedError(Exception):
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
    """Whether a value fulfils a predicate that :func:`.check.check` lets pass.

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
    missing = uses(predicate) - given.keys()
    if missing:
        raise ValueError(f"no value is given for {', '.join(sorted(missing))}")
    if raw is None:
        raw = {source: layout.pack(value) for source, value in given.items()}
    return _Evaluation(layout, layout, given, raw).holds(predicate)


def compute(
    expr: Expr, layout: Layout, *, now: Number, prev: Number, first: Number
) -> int | float | None:
    """The value of an expression over numbers of a type; None where it divides by zero.

    Args:
        expr: that :func:`.check.check` lets be compared with the type.
        layout: of the type.
        now: the value now.
        prev: what it was at the last scan.
        first: what it was at the first scan.

    >>> from farfetch.scanner import i32, layout_of
    >>> from farfetch.scanner import parse_expression
    >>> compute(parse_expression("now * 2 + first"), layout_of(i32), now=50, prev=0, first=100)
    200
    """
    values: dict[str, Value] = {"now": now, "prev": prev, "first": first}
    raw = {source: layout.pack(value) for source, value in values.items()}
    try:
        return _Evaluation(layout, layout, values, raw).number(expr)
    except _UndefinedError:
        return None


@dataclass(frozen=True)
class _Evaluation:
    whole: Layout  # of the slot's value
    layout: Layout  # of what is compared: the same, or that of the fields
    values: Mapping[str, Value]
    raw: Mapping[str, bytes]

    def within(self, comparison: Predicate) -> _Evaluation:
        """The same, computing in what the fields of a comparison are compared as."""
        if not self.whole.fields and not self.whole.decoded:
            return self
        return replace(self, layout=arithmetic(comparison, self.whole))

    def holds(self, predicate: Predicate) -> bool:
        match predicate:
            case Unknown():
                return True
            case And(left, right):
                return self.holds(left) and self.holds(right)
            case Or(left, right):
                return self.holds(left) or self.holds(right)
            case Not(operand):
                return not self.holds(operand)
            case Compare() | InRange() | Near():
                return self.within(predicate).compares(predicate)
            case Changed():
                return self.raw["now"] != self.raw["prev"]
            case Unchanged():
                return self.raw["now"] == self.raw["prev"]
            case Increased():
                return self.holds(present > before)
            case Decreased():
                return self.holds(present < before)
        raise TypeError(f"not a predicate: {predicate!r}")

    def compares(self, predicate: Predicate) -> bool:
        match predicate:
            case Compare(op, left, right) if self.layout is DECODED:
                return self.decoded(op, left, right)
            case Compare(op, left, right) if not self.layout.is_number:
                return self.same(left, right) == (op == "==")
            case Compare(op, left, right):
                try:
                    return _compare(op, self.number(left), self.number(right))
                except _UndefinedError:
                    return False
            case InRange(operand, low, high):
                try:
                    value, least, most = map(self.number, (operand, low, high))
                except _UndefinedError:
                    return False
                return _compare("<=", least, value) and _compare("<=", value, most)
            case Near(operand):
                try:
                    return _is_near(self.number(operand), predicate)
                except _UndefinedError:
                    return False
        raise TypeError(f"not a predicate: {predicate!r}")

    def decoded(self, op: str, left: Expr, right: Expr) -> bool:
        """Numbers compare as such; whatever else construct makes is equal, or is not."""
        try:
            one, other = self.anything(left), self.anything(right)
        except _UndefinedError:
            return False
        if isinstance(one, Number) and isinstance(other, Number):
            return _compare(op, one, other)
        return op in ("==", "!=") and (one == other) == (op == "==")

    def anything(self, expr: Expr) -> object:
        if isinstance(expr, Const):
            return expr.value
        return self.field(expr) if isinstance(expr, Field) else self.number(expr)

    def field(self, value: Field) -> object:
        """What construct or the layout makes of a field."""
        layout = place_of(value, self.whole).layout
        if layout is not DECODED:
            return layout.unpack(self.bytes_of(value))
        found: object = self.values[value.source]
        for name in value.name.split("."):
            if not isinstance(found, Mapping) or name not in found:
                raise _UndefinedError
            found = found[name]
        return found

    def same(self, left: Expr, right: Expr) -> bool:
        for value, other in ((left, right), (right, left)):
            match other:
                case Const(Regex() as regex):
                    return bool(regex.found(self.bytes_of(value)))
                case Const(Pattern() as pattern):
                    return pattern.fits(self.bytes_of(value))
                case Const(AnyCase(text)):
                    return _is_in_any_case(self.bytes_of(value), text, self.layout)
        return self.bytes_of(left) == self.bytes_of(right)

    def bytes_of(self, expr: Expr) -> bytes:
        if isinstance(expr, SourceValue):
            raw = self.raw[expr.source]
            _, offset, layout = place_of(expr, self.whole)
            return raw if layout.size is None else raw[offset : offset + layout.size]
        assert isinstance(expr, Const)
        return self.layout.pack(expr.value)

    def source(self, value: SourceValue) -> Number:
        number = self.field(value) if isinstance(value, Field) else self.values[value.source]
        if not isinstance(number, Number):
            raise _UndefinedError
        return self.layout.convert(number)

    def number(self, expr: Expr) -> Number:
        match expr:
            case SourceValue():
                return self.source(expr)
            case Const(value):
                assert isinstance(value, Number)
                return self.layout.convert(value)
            case Unary(op, operand):
                return _unary(op, self.number(operand))
            case Binary(op, left, right):
                return self.layout.convert(_binary(op, self.number(left), self.number(right)))
        raise TypeError(f"not an expression: {expr!r}")


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
        found = raw[at:end].decode(layout.codec, "replace")
        if list(map(fold, found)) != [fold(character)]:
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
        raise _UndefinedError
    if op in ("<<", ">>") and not 0 <= right <= HIGHEST_SHIFT:
        raise _UndefinedError
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
