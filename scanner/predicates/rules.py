"""Rules: what a comparison must be like to be asked of a value type.

:mod:`.binding` holds each part of a predicate to them, before anything is scanned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from ..errors import ExpressionError, ValueKindError, ValueRangeError
from ..values.fields import DECODED
from ..values.layout import Layout
from .any_case import AnyCase
from .bound_tree import Compared, Comparison, Computed, Expression, Fixed, Lookup, Nearness, Ranged
from .byte_pattern import Pattern
from .constants import Constant
from .nodes import Const, Decreased, Expr, Increased, Near, Predicate
from .regex import Regex

#: Bits that a value can be shifted by at the most.
HIGHEST_SHIFT: Final = 63
_BITWISE: Final = ("&", "|", "^", "<<", ">>", "~")


class Rules:
    """What the parts of one predicate are held to.

    Args:
        whole: the predicate.
        layout: of the slot's value.
    """

    def __init__(self, whole: Predicate, layout: Layout) -> None:
        self._whole = whole
        self._slot = layout

    def check_order(self, node: Increased | Decreased) -> None:
        """Refuse to ask what is no number whether it is greater or smaller."""
        name = self._slot.name
        if self._slot.kind == "struct":
            raise self._error(node, f"{name} is compared by its fields: now.hp > prev.hp")
        if not self._slot.is_number:
            raise self._error(node, f"{name} takes ==, !=, changed and unchanged only")

    def check_kinds(
        self, comparison: Predicate, layouts: Sequence[Layout], *, is_one: bool
    ) -> None:
        """Refuse to compare fields of types that have nothing in common."""
        kinds = {layout.is_number for layout in layouts}
        if len(kinds) > 1 or (False in kinds and not is_one):
            raise self._error(comparison, "these fields are too different to be compared")

    def check(self, comparison: Comparison) -> None:
        """Check a comparison, then what is in it, from left to right."""
        layout = comparison.layout
        if layout is DECODED:
            return  # only decoding tells what it is
        if layout.kind == "struct" and any(map(_has_constant, comparison.operands)):
            reason = f"{self._slot.name} is compared by its fields: now.hp == 5"
            raise self._error(comparison.said, reason)
        if layout.is_number:
            _check_bounds(comparison)
            for operand in comparison.operands:
                self._check_number(operand, layout)
        else:
            self._check_same(comparison)
            for operand in comparison.operands:
                self._check_bytes(operand, layout)

    def _check_number(self, node: Expression, layout: Layout) -> None:
        match node:
            case Fixed(AnyCase() | Pattern() | Regex() as value):
                raise self._error(node.said, _wrong_kind(value, layout))
            case Fixed(str() | bytes() as value):
                raise ValueKindError(value, layout.name)
            case Computed(op, operands):
                if op in _BITWISE and node.is_float:
                    raise self._error(node.said, f'"{op}" is for whole numbers only')
                if op in ("<<", ">>") and not _is_shift(operands[1]):
                    reason = f'"{op}" takes a constant from 0 to {HIGHEST_SHIFT}'
                    raise self._error(node.said, reason)
                for operand in operands:
                    self._check_number(operand, layout)

    def _check_same(self, comparison: Comparison) -> None:
        name = comparison.layout.name
        if not isinstance(comparison, Compared):
            reason = f"{name} takes ==, !=, changed and unchanged only"
            raise self._error(comparison.said, reason)
        if comparison.op not in ("==", "!="):
            raise self._error(comparison.said, f'{name} takes == and !=, not "{comparison.op}"')
        if not any(isinstance(side, Lookup) for side in comparison.operands):
            raise self._error(comparison.said, f"{name} is compared with now, prev or first")

    def _check_bytes(self, node: Expression, layout: Layout) -> None:
        match node:
            case Computed():
                raise self._error(node.said, f"there is no arithmetic on {layout.name}")
            case Fixed(AnyCase() | Pattern() | Regex() as value) if _wrong_kind(value, layout):
                raise self._error(node.said, _wrong_kind(value, layout))
            case Fixed(value):
                _constant_bytes(value, layout)

    def _error(self, part: Predicate | Expr, reason: str) -> ExpressionError:
        return error_at(self._whole, part, reason)


def _check_bounds(comparison: Comparison) -> None:
    """Check that the constants beside a value are values of its type themselves."""
    layout = comparison.layout
    match comparison:
        case Compared(_, Lookup(), Fixed(value)) | Compared(_, Fixed(value), Lookup()):
            _check_fits(value, layout)
        case Nearness(Lookup()):
            _check_near(comparison.said, layout)
        case Ranged(Lookup(), low, high):
            for bound in (low, high):
                if isinstance(bound, Fixed):
                    _check_fits(bound.value, layout)


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
            raise error_at(predicate, node, "nothing can be found by an empty text")
        if size not in (None, length):
            reason = f"constants of different lengths; use {layout.name}[16] or another length"
            raise error_at(predicate, node, reason)
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
        reason = f"a regular expression is found in bytes, not {layout.name}"
        return "" if layout.kind == "bytes" else reason
    if isinstance(value, Pattern):
        return "" if layout.kind == "bytes" else f"a pattern is found in bytes, not {layout.name}"
    is_text = layout.kind in ("text", "utf16") and not layout.encoding
    return "" if is_text else f"letters of any case are found in text, not {layout.name}"


def _nodes(node: Predicate | Expr) -> Iterator[Predicate | Expr]:
    yield node
    for child in node.children():
        yield from _nodes(child)


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


def _is_shift(count: Expression) -> bool:
    """Whether the core can shift by that: what is shifted further is undefined."""
    if not isinstance(count, Fixed):
        return False
    return isinstance(count.value, int) and 0 <= count.value <= HIGHEST_SHIFT


def _has_constant(node: Expression) -> bool:
    if isinstance(node, Computed):
        return any(map(_has_constant, node.operands))
    return isinstance(node, Fixed)


def error_at(whole: Predicate, part: Predicate | Expr, reason: str) -> ExpressionError:
    """An error at a part of a predicate, which is placed by its text."""
    text = str(whole)
    return ExpressionError(text, max(0, text.find(str(part))), reason)
