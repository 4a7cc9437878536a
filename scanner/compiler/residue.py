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
from ..predicates.bound_tree import Anything, BoundPredicate, Compared, Fixed, Logic, Lookup, Node
from ..predicates.meaning import fulfils
from ..predicates.nodes import Source
from ..predicates.regex import Regex

_SET: Final = re.compile(rb"[^\0]")
_POLL: Final = 32  # bytes of a mask between looks at whether the job goes on


def weaker(node: Node) -> Node:
    """What all that fulfils a bound tree fulfils, and the core can decide.

    >>> from farfetch.scanner import bytes_, changed, layout_of, now, regex
    >>> from farfetch.scanner.predicates.binding import bind
    >>> weaker(bind(changed & ~(now == regex("a+")), layout_of(bytes_)).root)
    Logic(op='and', left=Sameness(negated=True), right=Anything())
    """
    if not node.is_decoded:
        return node
    match node:
        case Logic(op, left, right):
            return Logic(op, weaker(left), weaker(right))
        case Compared("==", _, Fixed(Regex())) | Compared("==", Fixed(Regex()), _):
            return node  # compiles to how its matches begin
    return Anything()


def _needle(node: Node) -> bytes:
    """A text that is somewhere in every value that fulfils a predicate; b"" when there is none."""
    match node:
        case Logic("and", left, right):
            return max(_needle(left), _needle(right), key=len)
        case Compared("==", Lookup("now", ""), Fixed(Regex() as regex)):
            return regex.needle
    return b""


class Filter:
    """Looks closer at what a weaker predicate let pass; workers of a job call it.

    Attributes:
        error: what went wrong in a worker's call; None when nothing did.
    """

    def __init__(
        self,
        bound: BoundPredicate,
        streams: Mapping[Source, int],
        decode: Callable[[bytes], Any],
    ) -> None:
        self._bound = bound
        self._streams = {**streams, "now": int(lib.FF_NOW)}
        self._decode = decode
        self._needle = _needle(bound.root)
        self._holds = self._fulfils
        match bound.root:
            case Compared("==", Lookup("now", ""), Fixed(Regex() as regex)):
                self._match = regex.compiled.match
                self._holds = self._matches
        self.error: BaseException | None = None

    @property
    def handle(self) -> Any:
        """What the core knows it by; good while that is kept."""
        return ffi.new_handle(self)  # kept here, both would wait for the garbage collector

    def run(self, chunk: Any) -> None:
        """Clear the slots of a chunk that do not fulfil the predicate."""
        size, align, sizes = chunk.size, chunk.align, chunk.sizes
        mask = ffi.buffer(chunk.mask, (chunk.slots + 63) // 64 * 8)
        bits = bytearray(mask)
        views = {
            source: ffi.buffer(ffi.cast("uint8_t *", chunk.streams[stream]), size)
            for source, stream in self._streams.items()
        }
        missing = sorted(chunk.holes[i].start - chunk.start for i in range(chunk.nholes))
        missing.append(size)
        if self._needle and not sizes:
            bits = self._around_needles(bits, bytes(views["now"]), align, chunk.span)
        for count, place in enumerate([match.start() for match in _SET.finditer(bits)]):
            if count % _POLL == 0 and lib.ff_job_stopped(chunk.job):
                return  # and what was found is let go
            for bit in range(8):
                if not bits[place] >> bit & 1:
                    continue
                slot = place * 8 + bit
                at = slot * align
                here = sizes[slot] if sizes else missing[bisect_left(missing, at)] - at
                if not self._holds(views, at, at + min(here, chunk.span)):
                    bits[place] &= ~(1 << bit)
        mask[:] = bits

    def _around_needles(self, bits: bytearray, raw: bytes, align: int, span: int) -> bytearray:
        """The slots whose values may hold what every match holds."""
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
        values = {source: self._decode(value) for source, value in raw.items()}
        return fulfils(self._bound, values, raw)


@ffi.def_extern()  # type: ignore[untyped-decorator]
def ff_filter_in_python(context: Any, chunk: Any) -> int:
    """What a job's workers call."""
    closer: Filter = ffi.from_handle(context)
    try:
        closer.run(chunk)
    except BaseException as error:  # it is the scanning thread's to raise
        closer.error = error
        return -errno.EIO
    return 0
