"""A bound tree, compiled to a program of the core.

What compares the value with a constant or with an older value becomes one of the core's fast
atoms; any other arithmetic becomes a stack program (:mod:`.arithmetic`); ``and``, ``or``
and ``not`` join their masks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..engine import lib
from ..errors import ExpressionError
from ..predicates.any_case import AnyCase
from ..predicates.any_number import implies_first
from ..predicates.binding import bind
from ..predicates.bound_tree import (
    Anything,
    BoundPredicate,
    Compared,
    Fixed,
    Logic,
    Lookup,
    Negation,
    Node,
    Sameness,
)
from ..predicates.byte_pattern import Pattern
from ..predicates.constants import Constant
from ..predicates.node import too_deep
from ..predicates.nodes import Predicate, Source
from ..predicates.regex import Regex
from ..values.layout import Layout
from .comparison import compile_comparison
from .program import Code
from .residue import weaker

STREAMS: Final[dict[Source, int]] = {
    "now": lib.FF_NOW,
    "prev": lib.FF_PREV,
    "first": lib.FF_FIRST,
}
_LOGIC_DEPTH: Final = 32  # masks on the core's stack, LOGIC_DEPTH in program.c


@dataclass(frozen=True)
class Program:
    """A compiled predicate.

    Attributes:
        handle: the core's program.
        span: bytes of one value.
        streams: the sources it looks at, each with the core's number for it.
        constant: the bytes that every match has, when the predicate says so; b"" otherwise.
        parts: of a number of unknown type, the core's program for each type; types beside each
            other share one that does not tell them apart.
        is_weaker: whether it lets through what does not fulfil the predicate.
    """

    handle: Any
    span: int
    streams: Mapping[Source, int]
    constant: bytes
    parts: tuple[Any, ...] = ()
    is_weaker: bool = False


def compile_predicate(predicate: Predicate, layout: Layout) -> Program:
    """Compile a predicate for values of a layout.

    Args:
        predicate: the tree.
        layout: of the values.

    Raises:
        ValueRangeError: a constant does not fit the type.
        ValueKindError: a constant is of another kind than the type.
        ExpressionError: an operation that the type does not have, or too large a tree.

    >>> from farfetch.scanner import i32, layout_of, parse_predicate
    >>> program = compile_predicate(parse_predicate("now == 5 and now < prev"), layout_of(i32))
    >>> program.span, program.constant.hex(), sorted(program.streams)
    (4, '05000000', ['now', 'prev'])
    """
    return compile_bound(bind(predicate, layout))


def compile_bound(bound: BoundPredicate) -> Program:
    """Compile a predicate that has been bound.

    Raises:
        ExpressionError: it is too large a tree, or needs what the core does not have.
        ArgumentError: the tree is too deep.
    """
    try:
        if bound.parts:
            return _compile_number(bound)
        return _Compiler(bound.layout, Code(streams=_streams(bound))).program(bound)
    except RecursionError:
        raise too_deep() from None


def _streams(bound: BoundPredicate) -> dict[Source, int]:
    """The sources that a predicate looks at, each with its number."""
    named = sorted(bound.sources - STREAMS.keys())
    room = lib.FF_STREAMS - len(STREAMS)
    if len(named) > room:
        raise ExpressionError(str(bound.said), 0, f"more than {room} snapshots at once")
    streams = {source: STREAMS[source] for source in STREAMS if source in bound.sources}
    return streams | {name: len(STREAMS) + index for index, name in enumerate(named)}


def _compile_number(bound: BoundPredicate) -> Program:
    """A program for each type; and one for any of them, which may let more pass."""
    streams = _streams(bound)
    merged = Code(streams=streams)
    parts: list[Any] = []
    depth, before = 0, None
    for layout, part in zip(bound.layout.parts, bound.parts, strict=True):
        code = Code(streams=streams)
        if part is None:
            code.nothing()
        else:
            _Compiler(layout, code).predicate(part.root)
        assert layout.size is not None
        here = layout.size, code.unsigned
        if here == before:
            parts.append(parts[-1])
            continue
        before = here
        parts.append(code.create(layout.size, b"", lib.FF_UNRELATED))
        is_in_first = layout.name == "i64" and bound.parts[0] and implies_first(bound.said)
        if part is None or is_in_first:
            continue
        if not depth:
            depth = _Compiler(layout, merged).predicate(part.root)
            continue
        skip = merged.skip(lib.FF_LOGIC_SKIP_ALL)
        depth = max(depth, 1 + _Compiler(layout, merged).predicate(part.root))
        merged.op(lib.FF_LOGIC_OR)
        merged.land(skip)
    assert bound.layout.size is not None
    _check_depth(bound.said, depth)
    handle = merged.create(bound.layout.size, b"", lib.FF_UNRELATED)
    return Program(handle, bound.layout.size, streams, b"", tuple(parts))


def _check_depth(predicate: Predicate, depth: int) -> None:
    if depth > _LOGIC_DEPTH:
        raise ExpressionError(str(predicate), 0, "too deeply nested; use fewer parentheses")


@dataclass
class _Compiler:
    layout: Layout
    code: Code

    def program(self, bound: BoundPredicate) -> Program:
        size = self.layout.size
        assert size is not None  # what is bound has one
        root, is_weaker = bound.root, bound.is_decoded
        if is_weaker:
            self._bring_in(bound, size)
            root = weaker(root)
        _check_depth(bound.said, self.predicate(root))
        constant = self._constant(root)
        handle = self.code.create(size, constant, _relation(root))
        return Program(handle, size, self.code.streams, constant, is_weaker=is_weaker)

    def _bring_in(self, bound: BoundPredicate, size: int) -> None:
        """Have the bytes of every source at hand: atoms that no mask is made of."""
        for source in sorted(bound.sources):
            stream = {"stream": self.code.streams[source]}
            self.code.atoms.append(
                {"kind": lib.FF_ATOM_SAME, "a": stream, "b": stream, "length": size}
            )

    def predicate(self, node: Node) -> int:
        """Write what leaves a predicate's mask. Returns how many masks that needs at once."""
        code = self.code
        match node:
            case Logic(op, left, right):
                return self._logic(op == "and", left, right)
            case Negation(operand):
                depth = self.predicate(operand)
                code.op(lib.FF_LOGIC_NOT)
                return depth
            case Anything():
                return code.everything()
            case Sameness(negated):
                return self._same(negate=negated)
        return compile_comparison(node, code)

    def _logic(self, is_and: bool, left: Node, right: Node) -> int:
        code = self.code
        depth = self.predicate(left)
        skip = code.skip(lib.FF_LOGIC_SKIP_NONE if is_and else lib.FF_LOGIC_SKIP_ALL)
        more = self.predicate(right)
        code.op(lib.FF_LOGIC_AND if is_and else lib.FF_LOGIC_OR)
        code.land(skip)
        if is_and and code.join_ranges(skip):
            return depth
        return max(depth, more + 1)

    def _same(self, *, negate: bool) -> int:
        """Whether the bytes are the same: not so for 0.0 and -0.0, so for two NaNs alike."""
        a, b = ({"stream": self.code.streams[source]} for source in ("now", "prev"))
        return self.code.atom(
            kind=lib.FF_ATOM_SAME, a=a, b=b, length=self.layout.size, negate=negate
        )

    def _constant(self, node: Node) -> bytes:
        """The bytes that the predicate leaves a match no choice of."""
        if self.layout.kind == "struct":
            return b""
        match node:
            case Logic("and", left, right):
                return self._constant(left) or self._constant(right)
            case Compared("==", Lookup("now"), Fixed(value)):
                return self._packed(value)
            case Compared("==", Fixed(value), Lookup("now")):
                return self._packed(value)
        return b""

    def _packed(self, value: Constant) -> bytes:
        """The bytes that are equal to a constant; b"" where there are several such."""
        if self.layout.first_bit is not None:
            return b""
        if isinstance(value, AnyCase | Regex):
            return b""
        if isinstance(value, Pattern):
            return value.value if set(value.mask) == {0xFF} else b""
        if not value and self.layout.kind == "float":
            return b""  # a zero has two forms
        if self.layout.kind == "int" and isinstance(value, float):
            return b""
        return self.layout.pack(value)


def _relation(node: Node) -> int:
    """What the predicate says of a match's bytes now and before: the same, others, or neither."""
    match node:
        case Logic("and", left, right):
            return _relation(left) or _relation(right)
        case Logic(_, left, right):
            relation = _relation(left)
            return relation if relation == _relation(right) else int(lib.FF_UNRELATED)
        case Sameness(negated):
            return int(lib.FF_OTHER_BYTES if negated else lib.FF_SAME_BYTES)
        case Compared("<" | ">", Lookup(source, ""), Lookup(other, "")):
            if {source, other} == {"now", "prev"}:
                return int(lib.FF_OTHER_BYTES)
    return int(lib.FF_UNRELATED)
