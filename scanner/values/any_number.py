"""Numbers of unknown type: what a slot's bytes are as one type and another.

A scan for ``number`` looks at each address for an i32, an i64, an f32 and an f64 at once. Each type
is narrowed by itself, as if it had a scan of its own: a match is of those types that have fulfilled
every predicate so far, and is one as long as there is such a type. Never do two types make a match
between them. A type that a predicate cannot be asked of, because a constant does not fit it or an
operator is not for it, does not fulfil it.
"""

from __future__ import annotations

from typing import Final

from .layout import Layout
from .types import f32, f64, i32, i64, layout_of

#: The types, in the order in which the value of a match is read.
PARTS: Final = (i32, i64, f32, f64)
_LAYOUTS: Final = tuple(map(layout_of, PARTS))
LAYOUT: Final = Layout("number", "number", 8, 32, parts=_LAYOUTS)
