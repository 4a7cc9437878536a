"""Numbers of unknown type: as which types predicates can be asked of them."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import FarfetchError
from ..values.any_number import LAYOUT
from ..values.layout import Layout
from .check import check
from .meaning import evaluate
from .nodes import Compare, Const, Predicate, Value


def asked(predicate: Predicate, layout: Layout) -> tuple[bool, ...]:
    """Which of a number's types a predicate can be asked of.

    Raises:
        FarfetchError: none; what was wrong with the first.
    """
    errors: list[FarfetchError] = []
    able = []
    for part in layout.parts:
        try:
            check(predicate, part)
            able.append(True)
        except FarfetchError as error:
            errors.append(error)
            able.append(False)
    if not any(able):
        raise errors[0]
    return tuple(able)


def implies_first(predicate: Predicate) -> bool:
    """Whether all that fulfils it as an i64 does so as an i32, too.

    >>> from farfetch.scanner import now
    >>> implies_first(now == 5), implies_first(now != 5)
    (True, False)
    """
    match predicate:
        case Compare("==", Value("now"), Const(int() as number)):
            return -(2**31) <= number < 2**31
    return False


def fitting(predicate: Predicate, raw: Mapping[str, bytes]) -> frozenset[str]:
    r"""The types as which some bytes fulfil a predicate: the definition, slowly.

    Args:
        predicate: to fulfil.
        raw: up to 8 bytes for each source it looks at, fewer where no more could be read.

    >>> from farfetch.scanner import now
    >>> sorted(fitting(now == 5, {"now": b"\5\0\0\0\0\0\0\0"}))
    ['i32', 'i64']
    """
    able = asked(predicate, LAYOUT)
    names = set()
    for part, is_asked in zip(LAYOUT.parts, able, strict=True):
        assert part.size is not None
        cut = {source: one[: part.size] for source, one in raw.items()}
        if is_asked and len(cut["now"]) == part.size:
            values = {source: part.unpack(one) for source, one in cut.items()}
            if evaluate(predicate, part, raw=cut, **values):  # type: ignore[arg-type]
                names.add(part.name)
    return frozenset(names)
