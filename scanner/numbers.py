"""Numbers of unknown type: what a slot's bytes are as one type and another.

A scan for ``number`` looks at each address for an i32, an i64, an f32 and an f64 at once. Each type
is narrowed by itself, as if it had a scan of its own: a match is of those types that have fulfilled
every predicate so far, and is one as long as there is such a type. Never do two types make a match
between them. A type that a predicate cannot be asked of, because a constant does not fit it or an
operator is not for it, does not fulfil it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .check import check
from .errors import FarfetchError
from .layout import Layout
from .oracle import evaluate
from .predicates import Compare, Const, Predicate, Value
from .value_types import f32, f64, i32, i64, layout_of

#: The types, in the order in which the value of a match is read.
PARTS: Final = (i32, i64, f32, f64)
_LAYOUTS: Final = tuple(map(layout_of, PARTS))
LAYOUT: Final = Layout("number", "number", 8, 32, parts=_LAYOUTS)


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
