"""A bound comparison, compiled to atoms of the core."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Final

from ..engine import lib
from ..errors import ExpressionError
from ..predicates.any_case import AnyCase
from ..predicates.bound_tree import (
    Comparison,
    Computed,
    Expression,
    Fixed,
    Lookup,
    Nearness,
    Ranged,
)
from ..predicates.byte_pattern import Pattern
from ..predicates.nodes import Const
from ..predicates.operators import CompareOp
from ..predicates.regex import Regex
from ..values.layout import Layout, next_float
from . import odd_numbers
from .arithmetic import ExpressionCompiler, number_type
from .program import Code

_MIRRORED: Final[dict[CompareOp, CompareOp]] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}
_EXACT: Final = 2.0**53  # below it doubles tell all integers apart
_NEVER: Final = (1, 0)  # bounds that no value lies between
_SETS: Final = 4  # bytes of an expression's beginning that are looked at by themselves
_RANGES: Final = 4  # that stand for the set of bytes that one of them can be


def compile_comparison(node: Comparison, code: Code) -> int:
    """Write what leaves a comparison's mask. Returns how many masks that needs at once.

    Raises:
        ExpressionError: it needs more than the core has.
    """
    return _Compiler(node.layout, code).comparison(node)


@dataclass
class _Compiler:
    layout: Layout  # that the comparison computes in
    code: Code

    def comparison(self, node: Comparison) -> int:
        if isinstance(node, Ranged):
            return self._in_range(*node.operands)
        if isinstance(node, Nearness):
            return self._near(node)
        return self._compare(node.op, node.left, node.right)

    def _operand(self, value: Lookup) -> dict[str, Any]:
        layout = value.layout
        return self._part(value, number_type(layout) if layout.is_number else 0, 0)

    def _part(self, value: Lookup, kind: int, offset: int) -> dict[str, Any]:
        """What the core is given for a number so many bytes behind a value's first."""
        return {
            "stream": self.code.streams[value.source],
            "type": kind,
            "swapped": value.layout.big_endian != (sys.byteorder == "big"),
            "offset": value.offset + offset,
        }

    def _compare(self, op: CompareOp, left: Expression, right: Expression) -> int:
        if isinstance(left, Fixed) and isinstance(right, Lookup):
            op, left, right = _MIRRORED[op], right, left
        if not self.layout.is_number:
            return self._compare_bytes(op, left, right)
        if self.layout.is_mixed:
            return self._expression(op, left, right)
        if isinstance(left, Lookup) and isinstance(right, Fixed):
            if self._is_own(right):
                return self._bounds(left, op, right)
            if isinstance(right.value, float) and abs(right.value) < _EXACT:
                return self._between_integers(left, op, right.value)
        if isinstance(left, Lookup) and isinstance(right, Lookup):
            return self._pair(op, left, right)
        if op in ("==", "!=") and self._shifted_pair(op, left, right):
            return 1
        return self._expression(op, left, right)

    def _between_integers(self, value: Lookup, op: CompareOp, number: float) -> int:
        """An integer beside a float is a double: up to there, the same as being exact."""
        if op in ("<", ">="):
            return self._bounds(value, op, self._fixed(math.ceil(number)))
        if op in ("<=", ">") or number.is_integer():
            return self._bounds(value, op, self._fixed(math.floor(number)))
        return self.code.nothing() if op == "==" else self.code.everything()

    def _fixed(self, number: int | float) -> Fixed:
        """A constant that nobody has written."""
        is_float = self.layout.kind == "float" or isinstance(number, float)
        return Fixed(number, is_float, Const(number))

    def _is_own(self, constant: Fixed) -> bool:
        """Whether a constant is compared as a value of the type, and not as a double."""
        return self.layout.kind == "float" or isinstance(constant.value, int)

    def _in_range(self, value: Expression, low: Expression, high: Expression) -> int:
        if (
            isinstance(value, Lookup)
            and isinstance(low, Fixed)
            and isinstance(high, Fixed)
            and self._is_own(low)
            and self._is_own(high)
        ):
            return self._range(value, self._number(low), self._number(high))
        depth = self._compare(">=", value, low)
        skip = self.code.skip(lib.FF_LOGIC_SKIP_NONE)
        depth = max(depth, 1 + self._compare("<=", value, high))
        self.code.op(lib.FF_LOGIC_AND)
        self.code.land(skip)
        return depth

    def _near(self, node: Nearness) -> int:
        operand, number = node.operand, node.said.constant
        is_float = operand.is_float
        if number.is_nan() and is_float and isinstance(operand, Lookup):
            return self._range(operand, -math.inf, math.inf, negate=True)
        if number.is_nan():
            return self._compare("!=", operand, operand)
        if number.is_infinite() and is_float:
            return self._compare("==", operand, self._fixed(float(number)))
        scale = self.layout.scale
        if is_float and scale == "int":
            scale = 64
        bounds = node.said.band.bounds(scale) if number.is_finite() else None
        if bounds is None:
            return self.code.nothing()
        low, high = bounds
        if (
            low == high
            and scale == "int"
            and isinstance(operand, Computed)
            and operand.op == "-"
            and len(operand.operands) > 1
        ):
            more, less = operand.operands  # one atom, where the difference is of two values
            step = Computed("+", (less, self._fixed(low)), False, operand.said)
            return self._compare("==", more, step)
        if isinstance(operand, Lookup) and not self.layout.is_mixed:
            least, most = self._limits()
            return self._range(operand, max(low, least), min(high, most))
        return self._in_range(operand, self._fixed(low), self._fixed(high))

    def _number(self, constant: Fixed) -> int | float:
        number = self.layout.unpack(self.layout.pack(constant.value))
        assert isinstance(number, int | float)
        return number

    def _range(
        self, value: Lookup, low: int | float, high: int | float, *, negate: bool = False
    ) -> int:
        if value.layout.is_odd:
            return self._odd_range(value, low, high, negate=negate)
        return self.code.atom(
            kind=lib.FF_ATOM_RANGE,
            a=self._operand(value),
            low=self._scalar(low),
            high=self._scalar(high),
            negate=negate,
        )

    def _odd_range(
        self, value: Lookup, low: int | float, high: int | float, *, negate: bool
    ) -> int:
        part = partial(self._part, value)
        depth = odd_numbers.compile_range(self.code, value, part, low, high)
        if depth is None:
            depth = self._expression(">=", value, self._fixed(low))
            skip = self.code.skip(lib.FF_LOGIC_SKIP_NONE)
            depth = max(depth, 1 + self._expression("<=", value, self._fixed(high)))
            self.code.op(lib.FF_LOGIC_AND)
            self.code.land(skip)
        if negate:
            self.code.op(lib.FF_LOGIC_NOT)
        return depth

    def _scalar(self, number: int | float) -> dict[str, int | float]:
        """A number as the core's union has it for the type."""
        if self.layout.kind == "float":
            return {"f" if self.layout.bits == 32 else "d": float(number)}
        return {"i" if self.layout.signed else "u": int(number)}

    def _bounds(self, value: Lookup, op: CompareOp, constant: Fixed) -> int:
        number = self._number(constant)
        is_float = self.layout.kind == "float"
        low, high = (-math.inf, math.inf) if is_float else self._limits()
        if op in ("==", "!="):
            return self._range(value, number, number, negate=op == "!=")
        if op == "<=":
            return self._range(value, low, number)
        if op == ">=":
            return self._range(value, number, high)
        if number == (low if op == "<" else high) or math.isnan(number):
            return self._range(value, *_NEVER)
        if op == "<":
            return self._range(value, low, self._step(number, -math.inf))
        return self._range(value, self._step(number, math.inf), high)

    def _limits(self) -> tuple[int | float, int | float]:
        assert self.layout.low is not None
        assert self.layout.high is not None
        return self.layout.low, self.layout.high

    def _step(self, number: int | float, towards: float) -> int | float:
        """The type's next number in that direction."""
        if isinstance(number, int):
            return number + (1 if towards > 0 else -1)
        if towards > 0:
            return next_float(number, self.layout.bits)
        return -next_float(-number, self.layout.bits)

    def _pair(self, op: CompareOp, left: Lookup, right: Lookup, **delta: Any) -> int:
        if left.layout.is_odd or right.layout.is_odd:
            return self._odd_pair(op, left, right)
        if op in (">", ">="):
            op, left, right = _MIRRORED[op], right, left
        code = {"<": lib.FF_LT, "<=": lib.FF_LE}.get(op, lib.FF_EQ)
        return self.code.atom(
            kind=lib.FF_ATOM_PAIR,
            op=code,
            a=self._operand(left),
            b=self._operand(right),
            negate=op == "!=",
            **delta,
        )

    def _odd_pair(self, op: CompareOp, left: Lookup, right: Lookup) -> int:
        is_alike = left.layout == right.layout and left.layout.kind == "int"
        if op not in ("==", "!=") or not is_alike:
            return self._expression(op, left, right)
        depth = self._same(left, right, negate=op == "!=")
        if not left.layout.mask:
            return depth
        # where all bytes are the same, as mostly, nobody needs to look at the bits
        is_equal = op == "=="
        skip = self.code.skip(lib.FF_LOGIC_SKIP_ALL if is_equal else lib.FF_LOGIC_SKIP_NONE)
        depth = max(depth, 1 + self._expression(op, left, right))
        self.code.op(lib.FF_LOGIC_OR if is_equal else lib.FF_LOGIC_AND)
        self.code.land(skip)
        return depth

    def _shifted_pair(self, op: CompareOp, left: Expression, right: Expression) -> bool:
        """``now == prev - 5`` and the like in one atom. Returns whether it is such a thing."""
        if self.layout.is_odd:
            return False
        if isinstance(left, Computed) and isinstance(right, Lookup):
            left, right = right, left
        match left, right:
            case Lookup(), Computed("+" | "-", (Lookup() as base, Fixed() as constant)):
                pass
            case Lookup(), Computed("+", (Fixed() as constant, Lookup() as base)):
                pass
            case _:
                return False
        if self.layout.kind == "float":
            try:
                delta = self._number(constant)
            except OverflowError:
                return False
            low, high = -math.inf, math.inf
        elif isinstance(constant.value, int):
            delta = constant.value
            low, high = self._limits()
        else:
            return False
        if right.op == "-":
            delta = -delta
        if self.layout.kind == "int":
            # b + delta must be a value of the type, or nothing can be equal to it
            low, high = max(low, low - delta), min(high, high - delta)
            if low > high:
                low, high, delta = *_NEVER, 1
        if math.isnan(delta) or not delta:
            return False
        self._pair(
            op,
            left,
            base,
            delta=self._wrapped(delta),
            low=self._scalar(low),
            high=self._scalar(high),
        )
        return True

    def _wrapped(self, delta: int | float) -> dict[str, int | float]:
        """A difference as the type's own arithmetic takes it, modulo its size."""
        if isinstance(delta, int) and not self.layout.signed:
            return {"u": delta % (1 << self.layout.bits)}
        if isinstance(delta, int):
            half = 1 << (self.layout.bits - 1)
            return {"i": (delta + half) % (2 * half) - half}
        return self._scalar(delta)

    def _compare_bytes(self, op: CompareOp, left: Expression, right: Expression) -> int:
        negate = op == "!="
        if isinstance(left, Lookup) and isinstance(right, Lookup):
            return self._same(left, right, negate=negate)
        if not (isinstance(left, Lookup) and isinstance(right, Fixed)):
            reason = f"{self.layout.name} values can only be compared with a constant or each other"
            raise ExpressionError(f"{left.said} {op} {right.said}", 0, reason)
        if isinstance(right.value, AnyCase):
            return self._choices(left, right.value, negate=negate)
        if isinstance(right.value, Regex):
            return self._begins(left, right.value)
        if isinstance(right.value, Pattern):
            pattern = right.value
            return self.code.masked(self._operand(left), pattern.value, pattern.mask, negate=negate)
        raw, first = self.layout.pack(right.value), len(self.code.raw)
        self.code.raw += raw
        return self.code.atom(
            kind=lib.FF_ATOM_BYTES,
            a=self._operand(left),
            first=first,
            length=len(raw),
            negate=negate,
        )

    def _choices(self, value: Lookup, wanted: AnyCase, *, negate: bool) -> int:
        """A text in any case: by the bits that its letters share, then what these leave open."""
        code, operand = self.code, self._operand(value)
        raw, mask = bytearray(), bytearray()
        opened: list[tuple[int, tuple[bytes, ...]]] = []
        for forms in wanted.choices(self.layout.codec):
            same = _same_bits(forms)
            if len(forms) != 1 << sum((byte ^ 0xFF).bit_count() for byte in same):
                opened.append((len(raw), forms))
            raw += bytes(map(operator.and_, forms[0], same))
            mask += same
        assert self.layout.size is not None
        padding = self.layout.size - len(raw)
        code.masked(operand, bytes(raw) + bytes(padding), bytes(mask) + b"\xff" * padding)
        for offset, forms in opened:
            place = {**operand, "offset": operand["offset"] + offset}
            skip = code.skip(lib.FF_LOGIC_SKIP_NONE)
            for index, form in enumerate(forms):
                code.masked(place, form, b"\xff" * len(form))
                if index:
                    code.op(lib.FF_LOGIC_OR)
            code.op(lib.FF_LOGIC_AND)
            code.land(skip)
        if negate:
            code.op(lib.FF_LOGIC_NOT)
        return 3 if opened else 1

    def _begins(self, value: Lookup, wanted: Regex) -> int:
        """How the matches of an expression begin: the bits that are sure, then sets of bytes."""
        code, operand = self.code, self._operand(value)
        head = [bytes(sorted(allowed)) for allowed in wanted.head[: self.layout.size]]
        mask = bytes(_same_bits([bytes((byte,)) for byte in allowed])[0] for allowed in head)
        raw = bytes(allowed[0] & bits for allowed, bits in zip(head, mask, strict=True))
        opened = [
            place
            for place, (allowed, bits) in enumerate(zip(head, mask, strict=True))
            if len(allowed) != 1 << (0xFF ^ bits).bit_count()
        ]
        opened.sort(key=lambda place: len(head[place]))
        if any(mask):
            code.masked(operand, raw, mask)
        else:
            code.everything()
        for place in opened[:_SETS]:
            at = {**operand, "type": lib.FF_U8, "offset": operand["offset"] + place}
            skip = code.skip(lib.FF_LOGIC_SKIP_NONE)
            for index, (low, high) in enumerate(_stretches(head[place])):
                code.atom(kind=lib.FF_ATOM_RANGE, a=at, low={"u": low}, high={"u": high})
                if index:
                    code.op(lib.FF_LOGIC_OR)
            code.op(lib.FF_LOGIC_AND)
            code.land(skip)
        return 3 if opened else 1

    def _same(self, left: Lookup, right: Lookup, *, negate: bool) -> int:
        size = left.layout.size
        return self.code.atom(
            kind=lib.FF_ATOM_SAME,
            a=self._operand(left),
            b=self._operand(right),
            length=size,
            negate=negate,
        )

    def _expressions(self) -> ExpressionCompiler:
        return ExpressionCompiler(self.layout, self._part)

    def _expression(self, op: CompareOp, left: Expression, right: Expression) -> int:
        start = len(self.code.steps)
        self.code.steps += self._expressions().compare(op, left, right)
        length = len(self.code.steps) - start
        return self.code.atom(kind=lib.FF_ATOM_EXPR, first=start, length=length)


def _stretches(allowed: bytes) -> list[tuple[int, int]]:
    """A few ranges that hold some bytes, which ascend: the gaps between them are the widest."""
    gaps = sorted(pairwise(allowed), key=lambda gap: gap[0] - gap[1])
    gaps = sorted(gap for gap in gaps[: _RANGES - 1] if gap[1] - gap[0] > 1)
    starts = [allowed[0], *(after for _, after in gaps)]
    ends = [*(before for before, _ in gaps), allowed[-1]]
    return list(zip(starts, ends, strict=True))


def _same_bits(forms: Sequence[bytes]) -> bytes:
    """The bits in which all of some bytes of one length agree."""
    same = bytearray(b"\xff" * len(forms[0]))
    for form in forms:
        for index, (byte, base) in enumerate(zip(form, forms[0], strict=True)):
            same[index] &= 0xFF ^ byte ^ base
    return bytes(same)
