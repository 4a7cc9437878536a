"""Predicates that the core cannot decide alone: regular expressions, and fields construct decodes.

The core gets a weaker predicate, which all that fulfils the whole one fulfils. What it lets pass is
looked at one by one, with the definition itself, before it is kept; see
:mod:`farfetch.scanner.predicates.meaning`. So the matches are those that deciding everywhere would
find.
"""

from __future__ import annotations

import errno
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..engine import ffi, lib
from ..predicates.binding import place_of
from ..predicates.meaning import evaluate
from ..predicates.nodes import (
    And,
    Compare,
    Const,
    Expr,
    Field,
    Not,
    Or,
    Predicate,
    Source,
    Value,
    now,
    unknown,
)
from ..predicates.regex import Regex
from ..values.fields import DECODED
from ..values.layout import Layout

_SET: Final = re.compile(rb"[^\0]")
_POLL: Final = 32  # bytes of a mask between looks at whether the job goes on


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
        case Compare("==", _, Const(Regex())) | Compare("==", Const(Regex()), _):
            return predicate  # compiles to how its matches begin
        case Compare() | Not() if is_decoded(predicate, layout):
            return unknown
    return unknown if is_decoded(predicate, layout) else predicate


def regexes_of(node: Predicate | Expr) -> list[Regex]:
    """The regular expressions in a predicate, from left to right."""
    if isinstance(node, Const) and isinstance(node.value, Regex):
        return [node.value]
    return [regex for child in node.children() for regex in regexes_of(child)]


def _needle(predicate: Predicate) -> bytes:
    """A text that is somewhere in every value that fulfils a predicate; b"" when there is none."""
    match predicate:
        case And(left, right):
            return max(_needle(left), _needle(right), key=len)
        case Compare("==", Value() as value, Const(Regex() as regex)) if value.same_as(now):
            return regex.needle
    return b""


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
        self._needle = _needle(predicate)
        self._holds = self._fulfils
        match predicate:
            case Compare("==", Value() as value, Const(Regex() as regex)) if value.same_as(now):
                self._match = regex.compiled.match
                self._holds = self._matches
        self.error: BaseException | None = None

    @property
    def handle(self) -> Any:
        """What the core knows it by; good while that is kept."""
        return ffi.new_handle(self)  # kept here, both would wait for the garbage collector

    def run(self, found: Any) -> None:
        """Clear the slots of a chunk that do not fulfil the predicate."""
        size, align, sizes = found.size, found.align, found.sizes
        mask = ffi.buffer(found.mask, (found.slots + 63) // 64 * 8)
        bits = bytearray(mask)
        views = {
            source: ffi.buffer(ffi.cast("uint8_t *", found.streams[stream]), size)
            for source, stream in self._streams.items()
        }
        missing = sorted(found.holes[i].start - found.start for i in range(found.nholes))
        missing.append(size)
        if self._needle and not sizes:
            bits = self._around_needles(bits, bytes(views["now"]), align, found.span)
        for count, place in enumerate([match.start() for match in _SET.finditer(bits)]):
            if count % _POLL == 0 and lib.ff_job_stopped(found.job):
                return  # and what was found is let go
            for bit in range(8):
                if not bits[place] >> bit & 1:
                    continue
                slot = place * 8 + bit
                at = slot * align
                here = sizes[slot] if sizes else missing[bisect_left(missing, at)] - at
                if not self._holds(views, at, at + min(here, found.span)):
                    bits[place] &= ~(1 << bit)
        mask[:] = bits

    def _around_needles(self, bits: bytearray, raw: bytes, align: int, span: int) -> bytearray:
        """Of the slots, those whose values may hold what every match holds."""
        needle, kept = self._needle, bytearray(len(bits))
        at = raw.find(needle)
        while at >= 0:
            # values that begin before the last one there reach to the end of the first
            last = max(at, raw.rfind(needle, at + 1, at + span))
            low, high = max(0, at + len(needle) - span) // align // 8, last // align // 8 + 1
            kept[low:high] = bits[low:high]
            at = raw.find(needle, last + 1)
        return kept

    def _matches(self, views: Mapping[Source, Any], at: int, end: int) -> bool:
        return self._match(views["now"][at:end]) is not None

    def _fulfils(self, views: Mapping[Source, Any], at: int, end: int) -> bool:
        raw = {name: view[at:end] for name, view in views.items()}
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
