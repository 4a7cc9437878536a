"""Whether one value fulfils a predicate, asked of a value that is at hand and not of memory."""

from __future__ import annotations

from construct import Construct

from .. import arguments
from ..errors import ScanOrderError
from ..values.convert import encode
from ..values.layout import Value
from ..values.structures import scan_layout
from ..values.value_type import AnyConstruct
from .binding import bind
from .meaning import evaluate
from .nodes import Predicate, uses


def holds(
    predicate: Predicate,
    value_type: AnyConstruct,
    value: Value,
    *,
    prev: Value | None = None,
    first: Value | None = None,
    bits: int = 64,
) -> bool:
    """Whether a value fulfils a predicate, as it would in a scan.

    Args:
        predicate: what it must fulfil.
        value_type: of the value.
        value: as it is read from memory.
        prev: what it was before; None where nobody knows.
        first: what it was at first; None where nobody knows.
        bits: of the target, 32 or 64.

    Raises:
        ScanOrderError: the predicate looks at a value that nobody knows.
        ValueRangeError: a constant that is compared with the value does not fit its type.
        ValueKindError: a constant is of another kind than the type.
        ExpressionError: an operator is not for this type.

    >>> from farfetch.scanner import now, prev, i32
    >>> holds(now < prev, i32, 93, prev=100), holds(now == 1, i32, 93)
    (True, False)
    """
    arguments.instance("predicate", predicate, Predicate, "a predicate")
    arguments.instance("value_type", value_type, Construct, "a value type")
    layout = scan_layout(value_type, bits=arguments.bits(bits))
    bind(predicate, layout)
    given = {"now": value, "prev": prev, "first": first}
    values = {source: one for source, one in given.items() if one is not None}
    unknown = sorted(uses(predicate) - values.keys())
    if unknown:
        raise ScanOrderError(f"{predicate}: nobody knows {' and '.join(unknown)} of this value")
    raw = {source: encode(value_type, one, bits=bits) for source, one in values.items()}
    return evaluate(predicate, layout, now=value, prev=prev, first=first, raw=raw)
