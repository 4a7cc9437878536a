"""What a predicate must be like to be asked of a value type, checked before anything is scanned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from ..errors import ExpressionError, ValueKindError, ValueRangeError
from ..errors.suggest import did_you_mean
from ..values.fields import DECODED
from ..values.layout import Layout
from .any_case import AnyCase
from .binding import arithmetic, place_of
from .constants import Constant
from .meaning import HIGHEST_SHIFT
from .nodes import (
    Binary,
    Compare,
    Const,
    Decreased,
    Expr,
    Field,
    Increased,
    InRange,
    Near,
    Predicate,
    Unary,
    Value,
)
from .pattern import Pattern
from .regex import Regex

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

    >>> from farfetch.scanner import layout_of, text, u8
    >>> from farfetch.scanner import parse_predicate
    >>> check(parse_predicate("now == 300"), layout_of(u8))
    Traceback (most recent call last):
    ...
    farfetch.scanner.ValueRangeError: 300 does not fit u8 (0..255)
    """
    if layout.kind == "struct":
        _check_struct(predicate, predicate, layout)
        return
    for node in _nodes(predicate):
        if isinstance(node, Field):
            raise _error(predicate, node, f"{layout.name} has no fields")
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

    >>> from farfetch.scanner import layout_of, utf16
    >>> from farfetch.scanner import now
    >>> constant_size(now == "abc", layout_of(utf16))
    6
    """
    size: int | None = None
    for node in _nodes(predicate):
        if not isinstance(node, Const):
            continue
        length = len(_constant_bytes(node.value, layout))
        if length == 0:
            raise _error(predicate, node, "nothing can be found by an empty text")
        if size not in (None, length):
            reason = f"constants of different lengths; use {layout.name}[16] or another length"
            raise _error(predicate, node, reason)
        size = length
    return size


def _constant_bytes(value: Constant, layout: Layout) -> bytes:
    """The bytes of a constant of text or bytes; of one with several forms, the bytes of one."""
    if isinstance(value, AnyCase):
        return layout.pack(value.text)
    if isinstance(value, Regex):
        return bytes(min(value.size, layout.size or value.size))
    return layout.pack(value.value if isinstance(value, Pattern) else value)


def _wrong_kind(value: AnyCase | Pattern | Regex, layout: Layout) -> str:
    """Why a type cannot be compared with such a constant; "" when it can."""
    if isinstance(value, Regex):
        found = f"a regular expression is found in bytes, not {layout.name}"
        return "" if layout.kind == "bytes" else found
    if isinstance(value, Pattern):
        return "" if layout.kind == "bytes" else f"a pattern is found in bytes, not {layout.name}"
    is_text = layout.kind in ("text", "utf16")
    return "" if is_text else f"letters of any case are found in text, not {layout.name}"


def _nodes(node: Predicate | Expr) -> Iterator[Predicate | Expr]:
    yield node
    for child in node.children():
        yield from _nodes(child)


def _check_struct(node: Predicate, whole: Predicate, layout: Layout) -> None:
    """Check each comparison as one of what it computes in."""
    match node:
        case Increased() | Decreased():
            raise _error(whole, node, f"{layout.name} is compared by its fields: now.hp > prev.hp")
        case Compare() | InRange() | Near():
            _check_fields(node, whole, layout)
        case _:
            for child in node.children():
                assert isinstance(child, Predicate)  # values are below comparisons only
                _check_struct(child, whole, layout)


def _check_fields(comparison: Predicate, whole: Predicate, layout: Layout) -> None:
    sizes = set()
    for value in _nodes(comparison):
        if isinstance(value, Field) and not _has(layout, value):
            listed = [name for name in layout.names if "[" not in name]
            near = did_you_mean(value.name, layout.names, count=1, cutoff=0.6)
            hint = near or f"; there are {', '.join(listed)}"
            raise _error(whole, value, f'{layout.name} has no field "{value.name}"{hint}')
        if isinstance(value, Value):
            sizes.add(place_of(value, layout).layout)
    if DECODED in sizes:
        return  # only decoding tells what it is
    kinds = {one.is_number for one in sizes}
    if len(kinds) > 1 or (False in kinds and len(sizes) > 1):
        raise _error(whole, comparison, "these fields are too different to be compared")
    own = arithmetic(comparison, layout)
    is_whole = own.kind == "struct"
    if is_whole and any(isinstance(node, Const) for node in _nodes(comparison)):
        raise _error(whole, comparison, f"{layout.name} is compared by its fields: now.hp == 5")
    for node in _nodes(comparison):
        (_check_number if own.is_number else _check_bytes)(node, whole, own)


def _has(layout: Layout, value: Field) -> bool:
    try:
        place_of(value, layout)
    except LookupError:
        return False
    return True


def _check_number(node: Predicate | Expr, whole: Predicate, layout: Layout) -> None:
    match node:
        case Const(AnyCase() | Pattern() | Regex() as value):
            raise _error(whole, node, _wrong_kind(value, layout))
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
        case Near(Value()):
            _check_near(node, layout)
        case InRange(Value(), low, high):
            for bound in (low, high):
                if isinstance(bound, Const):
                    _check_fits(bound.value, layout)


def _check_near(near: Near, layout: Layout) -> None:
    """Check that a value of the type can be near the number."""
    number = near.constant
    if not number.is_finite() and layout.kind == "float":
        return
    assert layout.low is not None
    assert layout.high is not None
    bounds = near.band.bounds(layout.scale) if number.is_finite() else None
    if number.is_nan() or (bounds is None and layout.low <= number <= layout.high):
        raise ValueKindError(near.number, layout.name, "near a whole number")
    if bounds is None or bounds[0] > layout.high or bounds[1] < layout.low:
        raise ValueRangeError(float(number), layout.name, layout.low, layout.high)


def _check_fits(value: Constant, layout: Layout) -> None:
    if not isinstance(value, int | float):
        return  # is refused as the constant that it is
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
        case Increased() | Decreased() | InRange() | Near():
            raise _error(whole, node, f"{layout.name} takes ==, !=, changed and unchanged only")
        case Binary() | Unary():
            raise _error(whole, node, f"there is no arithmetic on {layout.name}")
        case Const(AnyCase() | Pattern() | Regex() as value) if _wrong_kind(value, layout):
            raise _error(whole, node, _wrong_kind(value, layout))
        case Const(value):
            _constant_bytes(value, layout)


def _error(whole: Predicate, part: Predicate | Expr, reason: str) -> ExpressionError:
    """An error at a part of a predicate, which is placed by its text."""
    text = str(whole)
    return ExpressionError(text, max(0, text.find(str(part))), reason)
