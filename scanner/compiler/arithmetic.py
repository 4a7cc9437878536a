"""Arithmetic, compiled to the core's stack programs.

Integers are exact: the narrowest lane is chosen that every part's interval fits. Floats round once
an operation, in single precision for ``f32`` and in double precision otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from ..engine import lib
from ..errors import ExpressionError
from ..predicates.bound_tree import Computed, Expression, Fixed, Lookup
from ..predicates.operators import CompareOp
from ..values.layout import Layout, double, round_half
from .intervals import Interval
from .odd_numbers import parts_of

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
        operand: what the core is given for a number of a type of its own, so many bytes behind the
            first of a value.
    """

    def __init__(
        self, layout: Layout, operand: Callable[[Lookup, int, int], dict[str, Any]]
    ) -> None:
        self._operand = operand
        self._is_half = layout.scale == 16
        is_single = layout.scale in (16, 32)
        self._lane_float = lib.FF_LANE_F32 if is_single else lib.FF_LANE_F64
        self._lane_int = lib.FF_LANE_I64
        self._steps: list[Step] = []

    def compare(self, op: CompareOp, left: Expression, right: Expression) -> list[Step]:
        """The steps that leave the comparison's mask.

        Raises:
            ExpressionError: it needs more than 128 bits, or is nested too deeply.
        """
        intervals = [*_intervals(left), *_intervals(right)]
        if not all(interval.within(64) for interval in intervals):
            self._lane_int = lib.FF_LANE_I128
        if not all(interval.within(128) for interval in intervals):
            reason = "values of this expression may need more than 128 bits"
            raise ExpressionError(f"{left.said} {op} {right.said}", 0, reason)
        as_float = left.is_float or right.is_float
        depth = max(self._emit(left, as_float), 1 + self._emit(right, as_float))
        if depth > _DEPTH:
            reason = "too deeply nested; split it into several scans"
            raise ExpressionError(f"{left.said} {op} {right.said}", 0, reason)
        self._step(lib.FF_EXPR_COMPARE, as_float, arg=_COMPARE[op])
        return self._steps

    def _emit(self, node: Expression, as_float: bool) -> int:
        """Leave the node's value on the stack. Returns how many values it needs there at once."""
        depth = 1
        match node:
            case Lookup():
                depth = self._load(node)
            case Fixed():
                self._constant(node, node.is_float or as_float)
                return depth
            case Computed("<<" | ">>" as op, (operand, count)):
                depth = self._emit(operand, node.is_float)
                kind = lib.FF_EXPR_SHL if op == "<<" else lib.FF_EXPR_SHR
                self._step(kind, node.is_float, arg=_whole(count))
            case Computed(op, (operand,)):
                depth = self._emit(operand, node.is_float)
                self._step(_UNARY[op], node.is_float)
            case Computed(op, (left, right)):
                depth = self._emit(left, node.is_float)
                depth = max(depth, 1 + self._emit(right, node.is_float))
                self._step(_BINARY[op], node.is_float)
                if node.is_float and self._is_half:
                    self._step(lib.FF_EXPR_TO_F16, True)
        if as_float and not node.is_float:
            self._step(lib.FF_EXPR_TO_F64, False)
        return depth

    def _load(self, value: Lookup) -> int:
        """Leave a value on the stack. Returns how many values that needs there at once."""
        layout, is_float = value.layout, value.is_float
        if is_float or not layout.is_odd:
            operand = self._operand(value, number_type(layout), 0)
            self._step(lib.FF_EXPR_LOAD, is_float, operand=operand)
            return 1
        parts = parts_of(layout)
        for index, load in enumerate(parts.loads):
            operand = self._operand(value, load.type, load.offset)
            self._step(lib.FF_EXPR_LOAD, False, operand=operand)
            if load.shift:
                self._step(lib.FF_EXPR_SHL, False, arg=load.shift)
            if index:
                self._step(lib.FF_EXPR_OR, False)
        if parts.down:
            self._step(lib.FF_EXPR_SHR, False, arg=parts.down)
        if parts.bits:
            self._whole_constant((1 << parts.bits) - 1)
            self._step(lib.FF_EXPR_AND, False)
        if parts.signed:  # the sign's bit is worth as much, and less than nothing
            sign = 1 << parts.bits - 1
            for kind in (lib.FF_EXPR_XOR, lib.FF_EXPR_SUB):
                self._whole_constant(sign)
                self._step(kind, False)
        return 2

    def _constant(self, node: Fixed, is_float: bool) -> None:
        value = node.value
        assert isinstance(value, int | float)
        if is_float:
            member = "f" if self._lane_float == lib.FF_LANE_F32 else "d"
            if self._is_half:
                value = round_half(double(value))
            self._step(lib.FF_EXPR_CONST, True, constant={member: _as_float(value, member)})
            return
        self._whole_constant(int(value))

    def _whole_constant(self, wide: int) -> None:
        low, high = wide & (1 << 64) - 1, wide >> 64
        self._step(lib.FF_EXPR_CONST, False, constant={"u": low}, constant_high=high)

    def _step(self, kind: int, is_float: bool, **more: Any) -> None:
        lane = self._lane_float if is_float else self._lane_int
        self._steps.append({"kind": kind, "lane": lane, **more})


def number_type(layout: Layout) -> int:
    """The core's number for a numeric type; of an odd one, what expressions load, or 0."""
    if layout.is_odd:
        return int(lib.FF_F16) if layout.kind == "float" else 0
    if layout.kind == "float":
        return int(lib.FF_F32 if layout.bits == 32 else lib.FF_F64)
    return int(getattr(lib, f"FF_{'I' if layout.signed else 'U'}{layout.bits}"))


def _intervals(node: Expression) -> list[Interval]:
    """The intervals of all integer nodes, first that of the node itself if it is one."""
    below = [_intervals(operand) for operand in node.operands] if isinstance(node, Computed) else []
    parts = [interval for part in below for interval in part]
    if node.is_float:
        return parts
    return [_interval(node, [part[0] for part in below]), *parts]


def _interval(node: Expression, below: list[Interval]) -> Interval:
    match node:
        case Lookup():
            layout = node.layout
            assert layout.low is not None
            assert layout.high is not None
            return Interval(int(layout.low), int(layout.high))
        case Fixed():
            return Interval(_whole(node), _whole(node))
        case Computed("<<", (_, count)):
            return below[0].shifted_left(_whole(count))
        case Computed(">>", (_, count)):
            return below[0].shifted_right(_whole(count))
        case Computed(op, (_,)):
            return {"-": -below[0], "~": ~below[0], "abs": abs(below[0])}[op]
    left, right = below
    if node.op == "/":
        return left.quotient()
    if node.op == "%":
        return left.remainder(right)
    if node.op in ("&", "|", "^"):
        return left.bitwise(right)
    return {"+": left + right, "-": left - right, "*": left * right}[node.op]


def _whole(node: Expression) -> int:
    assert isinstance(node, Fixed)  # checked when it was bound
    assert isinstance(node.value, int)
    return node.value


def _as_float(value: int | float, member: str) -> float:
    """A constant as a float of the lane; one that is too large is infinite."""
    try:
        number = float(value)
        return struct.unpack("<f", struct.pack("<f", number))[0] if member == "f" else number
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
