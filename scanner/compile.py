"""From a predicate's tree to a program of the core.

What compares the value with a constant or with an older value becomes one of the core's fast
atoms; any other arithmetic becomes a stack program (:mod:`.compile_expression`); ``and``, ``or``
and ``not`` join their masks.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .check import check as check_kinds
from .compile_expression import ExpressionCompiler
from .errors import ExpressionError
from .layout import Layout, next_float
from .letter_case import AnyCase
from .native import check, ffi, lib
from .patterns import Pattern
from .predicates import (
    And,
    Binary,
    Changed,
    Compare,
    CompareOp,
    Const,
    Decreased,
    Expr,
    Increased,
    InRange,
    Near,
    Not,
    Or,
    Predicate,
    Source,
    Unchanged,
    Unknown,
    Value,
    now,
    prev,
    uses,
)

STREAMS: Final[dict[Source, int]] = {
    "now": lib.FF_NOW,
    "prev": lib.FF_PREV,
    "first": lib.FF_FIRST,
}
_MIRRORED: Final[dict[CompareOp, CompareOp]] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}
_LOGIC_DEPTH: Final = 32  # masks on the core's stack, LOGIC_DEPTH in program.c
_BOUNDS: Final = ("low", "high")
_NEVER: Final = (1, 0)  # bounds that no value lies between


@dataclass(frozen=True)
class Program:
    """A compiled predicate.

    Attributes:
        handle: the core's program.
        span: bytes of one value.
        streams: the sources it looks at, each with the core's number for it.
        constant: the bytes that every match has, when the predicate says so; b"" otherwise.
    """

    handle: Any
    span: int
    streams: Mapping[Source, int]
    constant: bytes


def compile_predicate(predicate: Predicate, layout: Layout) -> Program:
    """Compile a predicate for values of a layout.

    Args:
        predicate: the tree.
        layout: of the values, with a size.

    Raises:
        ValueRangeError: a constant does not fit the type.
        ValueKindError: a constant is of another kind than the type.
        ExpressionError: an operation that the type does not have, or too large a tree.

    >>> from farfetch.scanner import i32, layout_of, parse_predicate
    >>> program = compile_predicate(parse_predicate("now == 5 and now < prev"), layout_of(i32))
    >>> program.span, program.constant.hex(), sorted(program.streams)
    (4, '05000000', ['now', 'prev'])
    """
    check_kinds(predicate, layout)
    return _Compiler(layout).program(predicate)


@dataclass
class _Compiler:
    layout: Layout
    atoms: list[dict[str, Any]] = field(default_factory=list)
    logic: list[tuple[int, int]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    streams: dict[Source, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.layout.size is None:
            raise ValueError(f"{self.layout.name} has no size")
        self.size = self.layout.size
        self.type = number_type(self.layout) if self.layout.is_number else 0
        self.swapped = self.layout.big_endian != (sys.byteorder == "big")

    def program(self, predicate: Predicate) -> Program:
        self._number_streams(predicate)
        depth = self._predicate(predicate)
        if depth > _LOGIC_DEPTH:
            raise ExpressionError(str(predicate), 0, "too deeply nested; use fewer parentheses")
        constant = self._constant(predicate)
        atoms = ffi.new("struct ff_atom[]", self.atoms)
        logic = ffi.new("struct ff_logic[]", self.logic)
        steps = ffi.new("struct ff_expr[]", self.steps)
        spec = ffi.new(
            "struct ff_program_spec *",
            {
                "span": self.size,
                "atoms": atoms,
                "natoms": len(self.atoms),
                "logic": logic,
                "nlogic": len(self.logic),
                "exprs": steps,
                "nexprs": len(self.steps),
                "bytes": ffi.from_buffer("uint8_t[]", self.raw),
                "nbytes": len(self.raw),
                "constant": ffi.from_buffer("uint8_t[]", constant) if constant else ffi.NULL,
                "relation": _relation(predicate),
            },
        )
        out = ffi.new("struct ff_program **")
        check(lib.ff_program_create(spec, out))
        handle = ffi.gc(out[0], lib.ff_program_destroy)
        return Program(handle, self.size, self.streams, constant)

    def _number_streams(self, predicate: Predicate) -> None:
        sources = uses(predicate)
        named = sorted(sources - STREAMS.keys())
        room = lib.FF_STREAMS - len(STREAMS)
        if len(named) > room:
            raise ExpressionError(str(predicate), 0, f"more than {room} snapshots at once")
        self.streams |= {source: STREAMS[source] for source in STREAMS if source in sources}
        self.streams |= {name: len(STREAMS) + index for index, name in enumerate(named)}

    # Each of these emits code that leaves one mask, and returns how many masks it needs at once.

    def _predicate(self, node: Predicate) -> int:
        if isinstance(node, And | Or):
            is_and = isinstance(node, And)
            left = self._predicate(node.left)
            skip = len(self.logic)
            self.logic.append((lib.FF_LOGIC_SKIP_NONE if is_and else lib.FF_LOGIC_SKIP_ALL, 0))
            right = self._predicate(node.right)
            self.logic.append((lib.FF_LOGIC_AND if is_and else lib.FF_LOGIC_OR, 0))
            self.logic[skip] = (self.logic[skip][0], len(self.logic) - skip - 1)
            if is_and and self._join_ranges(skip):
                return left
            return max(left, right + 1)
        if isinstance(node, Not):
            depth = self._predicate(node.operand)
            self.logic.append((lib.FF_LOGIC_NOT, 0))
            return depth
        if isinstance(node, Unknown):
            self.logic.append((lib.FF_LOGIC_ALL, 0))
        elif isinstance(node, Changed | Unchanged):
            self._same(now, prev, negate=isinstance(node, Changed))
        elif isinstance(node, Increased):
            self._compare(">", now, prev)
        elif isinstance(node, Decreased):
            self._compare("<", now, prev)
        elif isinstance(node, InRange):
            return self._in_range(node)
        elif isinstance(node, Near):
            return self._near(node)
        elif isinstance(node, Compare) and self._has_choices(node):
            return self._choices(node)
        elif isinstance(node, Compare):
            self._compare(node.op, node.left, node.right)
        else:
            raise TypeError(f"{node!r} is no predicate")
        return 1

    def _join_ranges(self, skip: int) -> bool:
        """Make one range of two of the same value, the last code emitted on each side of a skip."""
        atom = int(lib.FF_LOGIC_ATOM)
        shape = [kind for kind, _ in self.logic[skip - 1 :]]
        if shape != [atom, lib.FF_LOGIC_SKIP_NONE, atom, lib.FF_LOGIC_AND]:
            return False
        one, other = self.atoms[-2:]
        ranges = one["kind"] == other["kind"] == lib.FF_ATOM_RANGE and one["a"] == other["a"]
        if not ranges or self.logic[skip - 1][1] != len(self.atoms) - 2:
            return False
        (member,) = one["low"]
        if any(math.isnan(side[bound][member]) for side in (one, other) for bound in _BOUNDS):
            return False
        one["low"] = {member: max(one["low"][member], other["low"][member])}
        one["high"] = {member: min(one["high"][member], other["high"][member])}
        del self.atoms[-1], self.logic[skip:]
        return True

    def _atom(self, *, negate: bool = False, **atom: Any) -> None:
        self.logic.append((lib.FF_LOGIC_ATOM, len(self.atoms)))
        self.atoms.append(atom)
        if negate:
            self.logic.append((lib.FF_LOGIC_NOT, 0))

    def _operand(self, value: Value) -> dict[str, Any]:
        return {"stream": self.streams[value.source], "type": self.type, "swapped": self.swapped}

    def _compare(self, op: CompareOp, left: Expr, right: Expr) -> None:
        if isinstance(left, Const) and isinstance(right, Value):
            op, left, right = _MIRRORED[op], right, left
        if not self.layout.is_number:
            self._compare_bytes(op, left, right)
        elif isinstance(left, Value) and isinstance(right, Const) and self._is_own(right):
            self._bounds(left, op, right)
        elif isinstance(left, Value) and isinstance(right, Value):
            self._pair(op, left, right)
        elif not (op in ("==", "!=") and self._shifted_pair(op, left, right)):
            self._expression(op, left, right)

    def _is_own(self, constant: Const) -> bool:
        """Whether a constant is compared as a value of the type, and not as a double."""
        return self.layout.kind == "float" or isinstance(constant.value, int)

    def _in_range(self, node: InRange) -> int:
        value, low, high = node.operand, node.low, node.high
        if (
            isinstance(value, Value)
            and isinstance(low, Const)
            and isinstance(high, Const)
            and self._is_own(low)
            and self._is_own(high)
        ):
            self._range(value, self._number(low), self._number(high))
            return 1
        return self._predicate(And(Compare(">=", value, low), Compare("<=", value, high)))

    def _near(self, node: Near) -> int:
        is_own = isinstance(node.operand, Value)
        is_float = is_own and self.layout.kind == "float"
        if not node.constant.is_finite():
            if is_own and not is_float:
                return self._nothing()
            if node.constant.is_nan() and isinstance(node.operand, Value):
                self._range(node.operand, -math.inf, math.inf, negate=True)
                return 1
            if node.constant.is_nan():
                return self._predicate(Compare("!=", node.operand, node.operand))
            return self._predicate(Compare("==", node.operand, Const(float(node.constant))))
        scale = self.layout.scale
        if not is_own and ExpressionCompiler(self.layout, self._operand).floats(node.operand):
            scale = 32 if scale == 32 else 64
        bounds = node.band.bounds(scale)
        if bounds is None:
            return self._nothing()
        low, high = bounds
        if isinstance(node.operand, Value):
            least, most = self._limits()
            self._range(node.operand, max(low, least), min(high, most))
            return 1
        return self._predicate(InRange(node.operand, Const(low), Const(high)))

    def _nothing(self) -> int:
        self.logic += [(lib.FF_LOGIC_ALL, 0), (lib.FF_LOGIC_NOT, 0)]
        return 1

    def _number(self, constant: Const) -> int | float:
        number = self.layout.unpack(self.layout.pack(constant.value))
        assert isinstance(number, int | float)
        return number

    def _range(self, value: Value, low: int | float, high: int | float, **how: bool) -> None:
        self._atom(
            kind=lib.FF_ATOM_RANGE,
            a=self._operand(value),
            low=self._scalar(low),
            high=self._scalar(high),
            **how,
        )

    def _scalar(self, number: int | float) -> dict[str, int | float]:
        """A number as the core's union has it for the type."""
        if self.layout.kind == "float":
            return {"f" if self.layout.bits == 32 else "d": float(number)}
        return {"i" if self.layout.signed else "u": int(number)}

    def _bounds(self, value: Value, op: CompareOp, constant: Const) -> None:
        number = self._number(constant)
        is_float = self.layout.kind == "float"
        low, high = (-math.inf, math.inf) if is_float else self._limits()
        if op in ("==", "!="):
            self._range(value, number, number, negate=op == "!=")
        elif op == "<=":
            self._range(value, low, number)
        elif op == ">=":
            self._range(value, number, high)
        elif number == (low if op == "<" else high) or math.isnan(number):
            self._range(value, *_NEVER)
        elif op == "<":
            self._range(value, low, self._step(number, -math.inf))
        else:
            self._range(value, self._step(number, math.inf), high)

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

    def _pair(self, op: CompareOp, left: Value, right: Value, **delta: Any) -> None:
        if op in (">", ">="):
            op, left, right = _MIRRORED[op], right, left
        code = {"<": lib.FF_LT, "<=": lib.FF_LE}.get(op, lib.FF_EQ)
        self._atom(
            kind=lib.FF_ATOM_PAIR,
            op=code,
            a=self._operand(left),
            b=self._operand(right),
            negate=op == "!=",
            **delta,
        )

    def _shifted_pair(self, op: CompareOp, left: Expr, right: Expr) -> bool:
        """``now == prev - 5`` and the like in one atom. Returns whether it is such a thing."""
        if isinstance(left, Binary) and isinstance(right, Value):
            left, right = right, left
        if not (isinstance(left, Value) and isinstance(right, Binary) and right.op in ("+", "-")):
            return False
        base, constant = right.left, right.right
        if right.op == "+" and isinstance(base, Const):
            base, constant = constant, base
        if not (isinstance(base, Value) and isinstance(constant, Const)):
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

    def _compare_bytes(self, op: CompareOp, left: Expr, right: Expr) -> None:
        if isinstance(left, Value) and isinstance(right, Value):
            self._same(left, right, negate=op == "!=")
            return
        if not (isinstance(left, Value) and isinstance(right, Const)):
            reason = f"{self.layout.name} values can only be compared with a constant or each other"
            raise ExpressionError(f"{left} {op} {right}", 0, reason)
        if isinstance(right.value, Pattern):
            self._masked(left, 0, right.value.value, right.value.mask, negate=op == "!=")
            return
        raw = self.layout.pack(right.value)
        self._atom(
            kind=lib.FF_ATOM_BYTES,
            a=self._operand(left),
            first=len(self.raw),
            length=len(raw),
            negate=op == "!=",
        )
        self.raw += raw

    def _masked(
        self, value: Value, offset: int, raw: bytes, mask: bytes, *, negate: bool = False
    ) -> None:
        """Whether the bytes at an offset are those that are wanted, of the bits that count."""
        self._atom(
            kind=lib.FF_ATOM_MASKED,
            a={**self._operand(value), "offset": offset},
            first=len(self.raw),
            length=len(raw),
            negate=negate,
        )
        self.raw += raw + mask

    def _has_choices(self, node: Compare) -> bool:
        return any(isinstance(x, Const) and isinstance(x.value, AnyCase) for x in node.children())

    def _choices(self, node: Compare) -> int:
        """A text in any case: by the bits that its letters share, then what these leave open."""
        left, right = node.left, node.right
        if isinstance(left, Const):
            left, right = right, left
        assert isinstance(left, Value)
        assert isinstance(right, Const)
        assert isinstance(right.value, AnyCase)
        raw, mask = bytearray(), bytearray()
        opened: list[tuple[int, tuple[bytes, ...]]] = []
        for forms in right.value.choices(self.layout.codec):
            same = _same_bits(forms)
            if len(forms) != 1 << sum((byte ^ 0xFF).bit_count() for byte in same):
                opened.append((len(raw), forms))
            raw += bytes(map(operator.and_, forms[0], same))
            mask += same
        padding = self.size - len(raw)
        self._masked(left, 0, bytes(raw) + bytes(padding), bytes(mask) + b"\xff" * padding)
        for offset, forms in opened:
            skip = len(self.logic)
            self.logic.append((lib.FF_LOGIC_SKIP_NONE, 0))
            for index, form in enumerate(forms):
                self._masked(left, offset, form, b"\xff" * len(form))
                if index:
                    self.logic.append((lib.FF_LOGIC_OR, 0))
            self.logic.append((lib.FF_LOGIC_AND, 0))
            self.logic[skip] = (lib.FF_LOGIC_SKIP_NONE, len(self.logic) - skip - 1)
        if node.op == "!=":
            self.logic.append((lib.FF_LOGIC_NOT, 0))
        return 3 if opened else 1

    def _same(self, left: Value, right: Value, *, negate: bool) -> None:
        """Whether the bytes are the same: not so for 0.0 and -0.0, so for two NaNs alike."""
        a, b = ({"stream": self.streams[value.source]} for value in (left, right))
        self._atom(kind=lib.FF_ATOM_SAME, a=a, b=b, length=self.size, negate=negate)

    def _expression(self, op: CompareOp, left: Expr, right: Expr) -> None:
        start = len(self.steps)
        self.steps += ExpressionCompiler(self.layout, self._operand).compare(op, left, right)
        self._atom(kind=lib.FF_ATOM_EXPR, first=start, length=len(self.steps) - start)

    def _constant(self, predicate: Predicate) -> bytes:
        """The bytes that the predicate leaves a match no choice of."""
        if isinstance(predicate, And):
            return self._constant(predicate.left) or self._constant(predicate.right)
        if not (isinstance(predicate, Compare) and predicate.op == "=="):
            return b""
        sides = predicate.left, predicate.right
        value = next((x for x in sides if isinstance(x, Value) and x.source == "now"), None)
        constant = next((x for x in sides if isinstance(x, Const)), None)
        if value is None or constant is None or isinstance(constant.value, AnyCase):
            return b""
        if isinstance(constant.value, Pattern):
            return constant.value.value if set(constant.value.mask) == {0xFF} else b""
        if not constant.value:
            return self._zero()
        if self.layout.is_number and not self._is_own(constant):
            return b""
        return self.layout.pack(constant.value)

    def _zero(self) -> bytes:
        """A float zero has two forms; an integer has one."""
        return bytes(self.size) if self.layout.kind == "int" else b""


def _relation(node: Predicate) -> int:
    """What the predicate says of a match's bytes now and before: the same, others, or neither."""
    if isinstance(node, And):
        return _relation(node.left) or _relation(node.right)
    if isinstance(node, Or):
        left, right = _relation(node.left), _relation(node.right)
        return left if left == right else int(lib.FF_UNRELATED)
    if isinstance(node, Unchanged):
        return int(lib.FF_SAME_BYTES)
    if isinstance(node, Changed | Increased | Decreased):
        return int(lib.FF_OTHER_BYTES)
    if isinstance(node, Compare) and node.op in ("<", ">"):
        sources = {side.source for side in (node.left, node.right) if isinstance(side, Value)}
        if sources == {"now", "prev"}:
            return int(lib.FF_OTHER_BYTES)
    return int(lib.FF_UNRELATED)


def _same_bits(forms: tuple[bytes, ...]) -> bytes:
    """The bits in which all of some bytes of one length agree."""
    same = bytearray(b"\xff" * len(forms[0]))
    for form in forms:
        for index, (byte, own) in enumerate(zip(form, forms[0], strict=True)):
            same[index] &= 0xFF ^ byte ^ own
    return bytes(same)


def number_type(layout: Layout) -> int:
    """The core's number for a numeric type."""
    if layout.kind == "float":
        return int(lib.FF_F32 if layout.bits == 32 else lib.FF_F64)
    return int(getattr(lib, f"FF_{'I' if layout.signed else 'U'}{layout.bits}"))
