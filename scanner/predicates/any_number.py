"""Numbers of unknown type: as which types predicates hold for their bytes."""

from __future__ import annotations

from collections.abc import Mapping

from ..values.layout import Layout
from .binding import bind
from .meaning import fulfils
from .nodes import Compare, Const, Predicate, SourceValue


def implies_first(predicate: Predicate) -> bool:
    """Whether all that fulfils it as an i64 does so as an i32, too.

    >>> from farfetch.scanner import now
    >>> implies_first(now == 5), implies_first(now != 5)
    (True, False)
    """
    match predicate:
        case Compare("==", SourceValue("now"), Const(int() as number)):
            return -(2**31) <= number < 2**31
    return False


def fitting(predicate: Predicate, raw: Mapping[str, bytes], layout: Layout) -> frozenset[str]:
    r"""The types as which some bytes fulfil a predicate: the definition, slowly.

    Args:
        predicate: to fulfil.
        raw: up to 8 bytes for each source it looks at, fewer where no more could be read.
        layout: of the number.

    >>> from farfetch.scanner import now
    >>> from farfetch.scanner.values.any_number import LAYOUTS
    >>> sorted(fitting(now == 5, {"now": b"\5\0\0\0\0\0\0\0"}, LAYOUTS["number"]))
    ['i32', 'i64']
    """
    names = set()
    for part in bind(predicate, layout).parts:
        if part is None:
            continue
        size = part.layout.size or 0
        cut = {source: value[:size] for source, value in raw.items()}
        if len(cut["now"]) == size:
            values = {source: part.layout.unpack(value) for source, value in cut.items()}
            if fulfils(part, values, cut):
                names.add(part.layout.name)
    return frozenset(names)
