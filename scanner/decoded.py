"""Predicates that the core cannot decide alone: regular expressions, and fields construct decodes.

The core gets a weaker predicate, which all that fulfils the whole one fulfils. What it lets pass is
looked at one by one, with the definition itself (:mod:`.oracle`), before it is kept: so the matches
are those that deciding everywhere would find.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from .fields import DECODED, place_of
from .layout import Layout
from .native import ffi, lib
from .oracle import evaluate
from .predicates import (
    And,
    Compare,
    Const,
    Expr,
    Field,
    Not,
    Or,
    Predicate,
    Source,
    unknown,
)
from .regexes import Regex

_SET: Final = re.compile(rb"[^\0]")


def is_decoded(node: Predicate | Expr, layout: Layout) -> bool:
    """Whether the core cannot decide some part of a predicate."""
    if isinstance(node, Field):
        return place_of(node, layout).layout is DECODED
    if isinstance(node, Const):
        return isinstance(node.value, Regex)
    return any(is_decoded(child, layout) for child in node.children())


def weaker(predicate: Predicate, layout: Layout) -> Predicate:
    """What all that fulfils a predicate fulfils, and the core can decide.

    >>> from farfetch.scanner import bytes_, changed, layout_of, now, regex
    >>> print(weaker(changed & ~(now == regex("a+")), layout_of(bytes_)))
    changed and unknown
    """
    match predicate:
        case And(left, right):
            return And(weaker(left, layout), weaker(right, layout))
        case Or(left, right):
            return Or(weaker(left, layout), weaker(right, layout))
        case Compare("==", _, Const(Regex())):
            return predicate  # compiles to how its matches begin
        case Compare() | Not() if is_decoded(predicate, layout):
            return unknown
    return unknown if is_decoded(predicate, layout) else predicate


def regex_of(node: Predicate | Expr) -> Regex | None:
    """The first regular expression in a predicate."""
    if isinstance(node, Const) and isinstance(node.value, Regex):
        return node.value
    return next(filter(None, map(regex_of, node.children())), None)


class Filter:
    """Looks closer at what a weaker predicate let pass; workers of a job call it.

    Attributes:
        error: what went wrong in a worker's call; None when nothing did.
    """

    def __init__(
        self,
        predicate: Predicate,
        layout: Layout,
        streams: Mapping[Source, int],
        decode: Callable[[bytes], Any],
    ) -> None:
        self._predicate = predicate
        self._layout = layout
        self._streams = {**streams, "now": int(lib.FF_NOW)}
        self._decode = decode
        self.error: BaseException | None = None
        self.handle = ffi.new_handle(self)

    def run(self, found: Any) -> None:
        """Clear the slots of a chunk that do not fulfil the predicate."""
        size = found.size
        holes = [found.holes[i] for i in range(found.nholes)]
        missing = sorted(hole.start - found.start for hole in holes)
        mask = ffi.buffer(found.mask, (found.slots + 63) // 64 * 8)
        views = {
            source: ffi.buffer(ffi.cast("uint8_t *", found.streams[stream]), size)
            for source, stream in self._streams.items()
        }
        for place in [match.start() for match in _SET.finditer(mask)]:
            (bits,) = kept = mask[place]
            for bit in range(8):
                at = (place * 8 + bit) * found.align
                if bits >> bit & 1:
                    end = min([size, at + found.span, *(start for start in missing if start >= at)])
                    if not self._holds({name: view[at:end] for name, view in views.items()}):
                        kept = bytes((kept[0] & ~(1 << bit),))
            mask[place] = kept

    def _holds(self, raw: Mapping[Source, bytes]) -> bool:
        values = {source: self._decode(one) for source, one in raw.items()}
        given = {source: value for source, value in values.items() if not source.startswith("@")}
        named = {source[1:]: value for source, value in values.items() if source.startswith("@")}
        return evaluate(self._predicate, self._layout, raw=raw, named=named, **given)


@ffi.def_extern()  # type: ignore[untyped-decorator]
def ff_filter_in_python(context: Any, found: Any) -> int:
    """What a job's workers call."""
    one: Filter = ffi.from_handle(context)
    try:
        one.run(found)
    except BaseException as error:  # it is the scanning thread's to raise
        one.error = error
        return -errno.EIO
    return 0
