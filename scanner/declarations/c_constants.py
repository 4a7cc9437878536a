"""Constant expressions of C: the lengths of arrays and the values of enums."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from .c_parser import Unit, refused

_INTEGER: Final = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)[uUlL]{0,3}")
_OPERATORS: Final = ("+", "-", "*", "/", "%", "<<", ">>", "|", "&", "^")


class Constants:
    """The constants of a text.

    Args:
        unit: where they are declared.
        size_of: bytes of a type, as its node has it.
    """

    def __init__(self, unit: Unit, size_of: Callable[[Any], int]) -> None:
        self._unit = unit
        self._size_of = size_of
        self._values: dict[str, int] = {}
        self._evaluating: set[int] = set()

    def named(self, name: str, at: Any) -> int:
        """The value of an enum's constant."""
        if name not in self._values:
            enum = self._unit.constants.get(name)
            if enum is None:
                raise refused(at, f"no constant {name} is declared")
            if id(enum) in self._evaluating:
                raise refused(at, f"{name} is not known yet")
            self._evaluating.add(id(enum))
            value = -1
            for enumerator in enum.values.enumerators:
                value = value + 1 if enumerator.value is None else self.value(enumerator.value)
                self._values[enumerator.name] = value
            self._evaluating.discard(id(enum))
        return self._values[name]

    def value(self, node: Any) -> int:
        """The value of a constant expression."""
        kind = type(node).__name__
        if kind == "Constant" and (integer := _INTEGER.fullmatch(node.value)):
            digits = integer[1]
            is_octal = len(digits) > 1 and digits.isdecimal() and digits[0] == "0"
            if len(digits) > 70:
                raise refused(node, "this number is too large")
            return _checked(node, int(digits, 8 if is_octal else 0))
        if kind == "ID":
            return self.named(node.name, node)
        if kind == "UnaryOp" and node.op in ("-", "+", "~"):
            value = self.value(node.expr)
            return {"-": -value, "+": value, "~": ~value}[node.op]
        if kind == "UnaryOp" and node.op == "sizeof":
            if type(node.expr).__name__ != "Typename":
                raise refused(node, "sizeof is understood of types only")
            return self._size_of(node.expr.type)
        if kind == "BinaryOp" and node.op in _OPERATORS:
            left, right = self.value(node.left), self.value(node.right)
            return _checked(node, _computed(node, left, right))
        raise refused(node, "this is no constant that is understood")


def _computed(node: Any, left: int, right: int) -> int:
    if node.op in ("/", "%"):
        if not right:
            raise refused(node, "divides by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if node.op == "/" else left - quotient * right
    if node.op in ("<<", ">>"):
        if not 0 <= right < 64:
            raise refused(node, "a shift is from 0 to 63")
        return left << right if node.op == "<<" else left >> right
    results: Mapping[str, int] = {
        "+": left + right,
        "-": left - right,
        "*": left * right,
        "|": left | right,
        "&": left & right,
        "^": left ^ right,
    }
    return results[node.op]


def _checked(node: Any, value: int) -> int:
    if not -(1 << 63) <= value < 1 << 64:
        raise refused(node, "this number is too large")
    return value
