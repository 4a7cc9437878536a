"""What a predicate must be like to be asked of a value type, checked before anything is scanned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from .errors import ExpressionError, ValueKindError, ValueRangeError
from .layout import Layout
from .oracle import HIGHEST_SHIFT
from .predicates import (
    Binary,
    Compare,
    Const,
    Decreased,
    Expr,
    Increased,
    InRange,
    Predicate,
    Unary,
    Value,
)

_BITWISE: Final = ("&", "|", "^", "<<", ">>", "~")


def check(predicate: Predicate, layout: Layout) -> None:
    """Check that a predicate can be asked of values of a type.

    Args:
        predicate: to check.
        layout: of the type.

    Raises:
        ValueRangeError: a constant that is compared with a value does not fit the type.
        ValueKindError: a constant is of another kind than the type.
        ExpressionError: an operator is not for this type, or no length is given for text.

    >>> from farfetch.scanner.values import layout_of, text, u8
    >>> from farfetch.scanner.expression import parse_predicate
    >>> check(parse_predicate("now == 300"), layout_of(u8))
    Traceback (most recent call last):
    ...
    farfetch.scanner.errors.ValueRangeError: 300 does not fit u8 (0..255)
    """
    if layout.is_number:
        for node in _nodes(predicate):
            _check_number(node, predicate, layout)
        return
    for node in _nodes(predicate):
        _check_bytes(node, predicate, layout)
    if layout.size is None and constant_size(predicate, layout) is None:
        raise ExpressionError(
            str(predicate),
            0,
            f"{layout.name} needs a length: compare it with a constant, or use {layout.name}[16]",
        )


def constant_size(predicate: Predicate, layout: Layout) -> int | None:
    """The length that a predicate's constants give to text or bytes without one.

    Args:
        predicate: that the constants are in.
        layout: of text or bytes.

    Returns:
        Bytes; None when there is no constant.

    Raises:
        ExpressionError: a constant is empty, or they differ in length.

    >>> from farfetch.scanner.values import layout_of, utf16
    >>> from farfetch.scanner.predicates import now
    >>> constant_size(now == "abc", layout_of(utf16))
    6
    """
    size: int | None = None
    for node in _nodes(predicate):
        if not isinstance(node, Const):
            continue
        length = len(layout.pack(node.value))
        if length == 0:
            raise _error(predicate, node, "nothing can be found by an empty text")
        if size not in (None, length):
            reason = f"constants of different lengths; use {layout.name}[16] or another length"
            raise _error(predicate, node, reason)
        size = length
    return size


def _nodes(node: Predicate | Expr) -> Iterator[Predicate | Expr]:
    yield node
    for child in node.children():
        yield from _nodes(child)


def _check_number(node: Predicate | Expr, whole: Predicate, layout: Layout) -> None:
    match node:
        case Const(str() | bytes() as value):
            raise ValueKindError(value, layout.name)
        case Binary(op, left, right) if op in _BITWISE:
            if _is_float(left, layout) or _is_float(right, layout):
                raise _error(whole, node, f'"{op}" is for whole numbers only')
            if op in ("<<", ">>") and not _is_shift(right):
                raise _error(whole, node, f'"{op}" takes a constant from 0 to {HIGHEST_SHIFT}')
        case Unary("~", operand) if _is_float(operand, layout):
            raise _error(whole, node, '"~" is for whole numbers only')
        case Compare(_, Value(), Const(value)) | Compare(_, Const(value), Value()):
            _check_fits(value, layout)
        case InRange(Value(), low, high):
            for bound in (low, high):
                if isinstance(bound, Const):
                    _check_fits(bound.value, layout)


def _check_fits(value: int | float | str | bytes, layout: Layout) -> None:
    if isinstance(value, str | bytes):
        raise ValueKindError(value, layout.name)
    low, high = layout.low, layout.high
    assert low is not None
    assert high is not None
    if layout.kind == "int":
        fits = low <= value <= high
    else:
        # What rounds to the greatest number fits; infinity and not a number are values themselves.
        fits = not math.isinf(layout.convert(value)) or value in (math.inf, -math.inf)
    if not fits:
        raise ValueRangeError(value, layout.name, low, high)


def _is_shift(count: Expr) -> bool:
    """Whether the core can shift by that: what is shifted further is undefined."""
    if not isinstance(count, Const):
        return False
    return isinstance(count.value, int) and 0 <= count.value <= HIGHEST_SHIFT


def _is_float(expr: Expr, layout: Layout) -> bool:
    if layout.kind == "float":
        return True
    if isinstance(expr, Const):
        return isinstance(expr.value, float)
    return any(_is_float(child, layout) for child in expr.children() if isinstance(child, Expr))


def _check_bytes(node: Predicate | Expr, whole: Predicate, layout: Layout) -> None:
    match node:
        case Compare("==" | "!=", left, right):
            sides = (left, right)
            if not any(isinstance(side, Value) for side in sides):
                raise _error(whole, node, f"{layout.name} is compared with now, prev or first")
        case Compare(op, _, _):
            raise _error(whole, node, f'{layout.name} takes == and !=, not "{op}"')
        case Increased() | Decreased() | InRange():
            raise _error(whole, node, f"{layout.name} takes ==, !=, changed and unchanged only")
        case Binary() | Unary():
            raise _error(whole, node, f"there is no arithmetic on {layout.name}")
        case Const(value):
            layout.pack(value)


def _error(whole: Predicate, part: Predicate | Expr, reason: str) -> ExpressionError:
    """An error at a part of a predicate, which is placed by its text."""
    text = str(whole)
    return ExpressionError(text, max(0, text.find(str(part))), reason)
