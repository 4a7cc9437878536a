"""From arithmetic to the core's stack programs.

Integers are exact: the narrowest lane is chosen that every part's interval fits. Floats round once
an operation, in single precision for ``f32`` and in double precision otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from ..engine import lib
from ..errors import ExpressionError
from ..predicates.binding import place_of
from ..predicates.nodes import Binary, Const, Expr, Unary, Value
from ..predicates.operators import CompareOp
from ..values.layout import Layout
from .intervals import Interval

_DEPTH: Final = 16  # values on the core's stack, FF_EXPR_DEPTH
_COMPARE: Final[dict[CompareOp, int]] = {
    "==": lib.FF_EQ,
    "!=": lib.FF_NE,
    "<": lib.FF_LT,
    "<=": lib.FF_LE,
    ">": lib.FF_GT,
    ">=": lib.FF_GE,
}
_BINARY: Final = {
    "+": lib.FF_EXPR_ADD,
    "-": lib.FF_EXPR_SUB,
    "*": lib.FF_EXPR_MUL,
    "/": lib.FF_EXPR_DIV,
    "%": lib.FF_EXPR_MOD,
    "&": lib.FF_EXPR_AND,
    "|": lib.FF_EXPR_OR,
    "^": lib.FF_EXPR_XOR,
}
_UNARY: Final = {"-": lib.FF_EXPR_NEG, "abs": lib.FF_EXPR_ABS, "~": lib.FF_EXPR_NOT}

Step = dict[str, Any]


class ExpressionCompiler:
    """Compiles one comparison of two expressions.

    Args:
        layout: that the comparison computes in.
        whole: of the slot's value, in which the values compared lie.
        operand: what the core is given for a value.
    """

    def __init__(
        self, layout: Layout, whole: Layout, operand: Callable[[Value], dict[str, Any]]
    ) -> None:
        self._whole = whole
        self._operand = operand
        self._is_float = layout.kind == "float"
        self._lane_float = lib.FF_LANE_F32 if layout.bits == 32 else lib.FF_LANE_F64
        if not self._is_float:
            self._lane_float = lib.FF_LANE_F64
        self._lane_int = lib.FF_LANE_I64
        self._steps: list[Step] = []

    def compare(self, op: CompareOp, left: Expr, right: Expr) -> list[Step]:
        """The steps that leave the comparison's mask.

        Raises:
            ExpressionError: it needs more than 128 bits, or is nested too deeply.
        """
        intervals = [*self._intervals(left), *self._intervals(right)]
        if not all(interval.within(64) for interval in intervals):
            self._lane_int = lib.FF_LANE_I128
        if not all(interval.within(128) for interval in intervals):
            reason = "values of this expression may need more than 128 bits"
            raise ExpressionError(f"{left} {op} {right}", 0, reason)
        as_float = self.floats(left) or self.floats(right)
        depth = max(self._emit(left, as_float), 1 + self._emit(right, as_float))
        if depth > _DEPTH:
            reason = "too deeply nested; split it into several scans"
            raise ExpressionError(f"{left} {op} {right}", 0, reason)
        self._step(lib.FF_EXPR_COMPARE, as_float, arg=_COMPARE[op])
        return self._steps

    def floats(self, node: Expr) -> bool:
        """Whether the node's value is a float."""
        if isinstance(node, Value):
            return place_of(node, self._whole).layout.kind == "float"
        if isinstance(node, Const):
            return self._is_float or isinstance(node.value, float)
        return any(self.floats(child) for child in node.children() if isinstance(child, Expr))

    def _intervals(self, node: Expr) -> list[Interval]:
        """Of the node, first, if it is an integer, and of all integer nodes below it."""
        below = [self._intervals(child) for child in node.children() if isinstance(child, Expr)]
        parts = [interval for part in below for interval in part]
        if self.floats(node):
            return parts
        return [self._interval(node, [part[0] for part in below]), *parts]

    def _interval(self, node: Expr, below: list[Interval]) -> Interval:
        if isinstance(node, Value):
            layout = place_of(node, self._whole).layout
            assert layout.low is not None
            assert layout.high is not None
            return Interval(int(layout.low), int(layout.high))
        if isinstance(node, Const):
            assert isinstance(node.value, int)
            return Interval(node.value, node.value)
        if isinstance(node, Unary):
            return {"-": -below[0], "~": ~below[0], "abs": abs(below[0])}[node.op]
        assert isinstance(node, Binary)
        left, right = below
        if node.op in ("<<", ">>"):
            count = _shift(node)
            return left.shifted_left(count) if node.op == "<<" else left.shifted_right(count)
        if node.op == "/":
            return left.quotient()
        if node.op == "%":
            return left.remainder(right)
        if node.op in ("&", "|", "^"):
            return left.bitwise(right)
        return {"+": left + right, "-": left - right, "*": left * right}[node.op]

    def _emit(self, node: Expr, as_float: bool) -> int:
        """Leave the node's value on the stack. Returns how many values it needs there at once."""
        is_float = self.floats(node)
        depth = 1
        if isinstance(node, Value):
            self._step(lib.FF_EXPR_LOAD, is_float, operand=self._operand(node))
        elif isinstance(node, Const):
            self._constant(node, is_float or as_float)
            return depth
        elif isinstance(node, Unary):
            depth = self._emit(node.operand, is_float)
            self._step(_UNARY[node.op], is_float)
        else:
            assert isinstance(node, Binary)
            depth = self._emit(node.left, is_float)
            if node.op in ("<<", ">>"):
                kind = lib.FF_EXPR_SHL if node.op == "<<" else lib.FF_EXPR_SHR
                self._step(kind, is_float, arg=_shift(node))
            else:
                depth = max(depth, 1 + self._emit(node.right, is_float))
                self._step(_BINARY[node.op], is_float)
        if as_float and not is_float:
            self._step(lib.FF_EXPR_TO_F64, False)
        return depth

    def _constant(self, node: Const, is_float: bool) -> None:
        value = node.value
        assert isinstance(value, int | float)
        if is_float:
            member = "f" if self._lane_float == lib.FF_LANE_F32 else "d"
            self._step(lib.FF_EXPR_CONST, True, constant={member: _as_float(value, member)})
            return
        wide = int(value)
        low, high = wide & (1 << 64) - 1, wide >> 64
        self._step(lib.FF_EXPR_CONST, False, constant={"u": low}, constant_high=high)

    def _step(self, kind: int, is_float: bool, **more: Any) -> None:
        lane = self._lane_float if is_float else self._lane_int
        self._steps.append({"kind": kind, "lane": lane, **more})


def _shift(node: Binary) -> int:
    count = node.right
    assert isinstance(count, Const)  # checked before compiling
    assert isinstance(count.value, int)
    return count.value


def _as_float(value: int | float, member: str) -> float:
    """A constant as a float of the lane; one that is too large is infinite."""
    try:
        number = float(value)
        return struct.unpack("<f", struct.pack("<f", number))[0] if member == "f" else number
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
