"""Operators: what the predicate language has between values, how tightly each binds, and Python's.

Here is which operator of Python makes which of the language's; the trees that they make are in
:mod:`.nodes`.
"""

from __future__ import annotations

from typing import Final, Generic, Literal, TypeVar

BinaryOp = Literal["|", "^", "&", "<<", ">>", "+", "-", "*", "/", "%"]
UnaryOp = Literal["-", "~", "abs"]
CompareOp = Literal["==", "!=", "<", "<=", ">", ">="]

_LEVELS: Final = (
    *(("or",), ("and",), ("not",), ("compare",)),
    *(("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%")),
    *(("unary",), ("atom",)),
)
#: How tightly each operator binds. The order is Python's.
PRECEDENCE: Final = {op: level for level, ops in enumerate(_LEVELS) for op in ops}


Operand = TypeVar("Operand", contravariant=True)
Binary = TypeVar("Binary", covariant=True)
Unary = TypeVar("Unary", covariant=True)
Compare = TypeVar("Compare", covariant=True)


class Operators(Generic[Operand, Binary, Unary, Compare]):
    """Python's operators, between operands; what they make of it, an expression says."""

    __hash__ = object.__hash__

    def _binary(self, op: BinaryOp, left: object, right: object) -> Binary:
        raise NotImplementedError

    def _unary(self, op: UnaryOp) -> Unary:
        raise NotImplementedError

    def _compare(self, op: CompareOp, other: object) -> Compare:
        raise NotImplementedError

    def __eq__(self, other: object) -> Compare:  # type: ignore[override]
        return self._compare("==", other)

    def __ne__(self, other: object) -> Compare:  # type: ignore[override]
        return self._compare("!=", other)

    def __lt__(self, other: Operand) -> Compare:
        return self._compare("<", other)

    def __le__(self, other: Operand) -> Compare:
        return self._compare("<=", other)

    def __gt__(self, other: Operand) -> Compare:
        return self._compare(">", other)

    def __ge__(self, other: Operand) -> Compare:
        return self._compare(">=", other)

    def __or__(self, other: Operand) -> Binary:
        return self._binary("|", self, other)

    def __ror__(self, other: Operand) -> Binary:
        return self._binary("|", other, self)

    def __xor__(self, other: Operand) -> Binary:
        return self._binary("^", self, other)

    def __rxor__(self, other: Operand) -> Binary:
        return self._binary("^", other, self)

    def __and__(self, other: Operand) -> Binary:
        return self._binary("&", self, other)

    def __rand__(self, other: Operand) -> Binary:
        return self._binary("&", other, self)

    def __lshift__(self, other: Operand) -> Binary:
        return self._binary("<<", self, other)

    def __rlshift__(self, other: Operand) -> Binary:
        return self._binary("<<", other, self)

    def __rshift__(self, other: Operand) -> Binary:
        return self._binary(">>", self, other)

    def __rrshift__(self, other: Operand) -> Binary:
        return self._binary(">>", other, self)

    def __add__(self, other: Operand) -> Binary:
        return self._binary("+", self, other)

    def __radd__(self, other: Operand) -> Binary:
        return self._binary("+", other, self)

    def __sub__(self, other: Operand) -> Binary:
        return self._binary("-", self, other)

    def __rsub__(self, other: Operand) -> Binary:
        return self._binary("-", other, self)

    def __mul__(self, other: Operand) -> Binary:
        return self._binary("*", self, other)

    def __rmul__(self, other: Operand) -> Binary:
        return self._binary("*", other, self)

    def __truediv__(self, other: Operand) -> Binary:
        return self._binary("/", self, other)

    def __rtruediv__(self, other: Operand) -> Binary:
        return self._binary("/", other, self)

    def __mod__(self, other: Operand) -> Binary:
        return self._binary("%", self, other)

    def __rmod__(self, other: Operand) -> Binary:
        return self._binary("%", other, self)

    def __neg__(self) -> Unary:
        return self._unary("-")

    def __invert__(self) -> Unary:
        return self._unary("~")

    def __abs__(self) -> Unary:
        return self._unary("abs")
