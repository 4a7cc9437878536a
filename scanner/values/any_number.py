"""Numbers of unknown type: what a slot's bytes are as one type and another.

A scan for ``number`` looks at each address for an i32, an i64, an f32 and an f64 at once; one for
``any``, for integers of every width, signed and not, and both floats. Each type is narrowed by
itself, as if it had a scan of its own: a match is of those types that have fulfilled every
predicate so far, and is one as long as there is such a type. Never do two types make a match
between them. A type that a predicate cannot be asked of, because a constant does not fit it or an
operator is not for it, does not fulfil it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from construct import Construct

from .layout import Layout
from .types import f32, f64, i8, i16, i32, i64, layout_of, u8, u16, u32, u64

#: The types of each, in the order in which the value of a match is read.
PARTS: Final[Mapping[str, tuple[Construct, ...]]] = {
    "number": (i32, i64, f32, f64),
    "any": (i32, u32, i16, u16, i8, u8, i64, u64, f32, f64),
}
_BITS: Final = {"number": 32, "any": 8}
#: How either lies in memory, by its name.
LAYOUTS: Final[Mapping[str, Layout]] = {
    name: Layout(name, "number", 8, _BITS[name], parts=tuple(map(layout_of, parts)))
    for name, parts in PARTS.items()
}


def part_aligns(layout: Layout, align: int | None) -> tuple[int, ...]:
    """The bytes between the addresses that are looked at for each type of a number.

    Args:
        layout: of the number.
        align: of the scan; None where each type is to have its own.

    Returns an empty tuple where all addresses of the scan are looked at for all types together.

    >>> part_aligns(LAYOUTS["any"], None), part_aligns(LAYOUTS["number"], None)
    ((4, 4, 2, 2, 1, 1, 8, 8, 4, 8), ())
    """
    if layout.name != "any":
        return ()
    return tuple(part.alignment if align is None else align for part in layout.parts)
