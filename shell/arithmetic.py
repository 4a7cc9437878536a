"""Values to write that are computed from the values there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from farfetch.scanner import (
    Expr,
    ExpressionError,
    FarfetchError,
    Match,
    MemoryFault,
    ValueKindError,
    encode,
    layout_of,
    now,
    parse_expression,
    parse_value,
    type_name,
)
from farfetch.scanner.predicates.check import check
from farfetch.scanner.predicates.meaning import compute
from farfetch.scanner.predicates.nodes import uses

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOURCE = re.compile(r"\b(?:now|prev|first)\b")


def value_or_expression(value_type: Any, text: str, *, bits: int) -> object:
    """A value as it is written, or an expression over the values of matches.

    Args:
        value_type: of what it is written to.
        text: as typed.
        bits: of a pointer.

    Raises:
        FarfetchError: it is neither.
    """
    try:
        return parse_value(value_type, text, bits=bits)
    except FarfetchError:
        layout = layout_of(value_type, bits=bits)
        if not _SOURCE.search(text) or not (layout.is_number or layout.parts):
            raise
    expr = parse_expression(text)
    named = sorted(source for source in uses(expr) if source.startswith("@"))
    if named:
        raise ExpressionError(text, text.index(named[0]), "set knows now, prev and first")
    return expr


def computed(expr: Expr, matches: Sequence[Match], *, bits: int) -> list[object]:
    """The value that each match is to have. All fit, or the error says which does not.

    Args:
        expr: over the values of each.
        matches: to compute them for.
        bits: of a pointer.

    Raises:
        ExpressionError: it cannot be computed for the type, or divides by zero.
        ValueKindError: it is not whole where it has to be.
        ValueRangeError: it does not fit the type.
        MemoryFault: the value now cannot be read.
    """
    return [_computed(expr, match, bits) for match in matches]


def _computed(expr: Expr, match: Match, bits: int) -> object:
    layout = layout_of(match.type, bits=bits)
    check(now == expr, layout)
    if match.value is None:
        raise MemoryFault(match.address, layout.size or 0, 0, False)
    value = compute(expr, layout, now=match.value, prev=match.previous, first=match.first)
    if value is None:
        raise ExpressionError(str(expr), 0, f"divides by zero at match {match.index}")
    if layout.kind == "int" and isinstance(value, float):
        if not value.is_integer():
            raise ValueKindError(value, type_name(match.type), "a whole number")
        value = int(value)
    encode(match.type, value, bits=bits)  # raises where it does not fit
    return value
