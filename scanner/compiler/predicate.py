"""From a predicate's tree to a program of the core.

What compares the value with a constant or with an older value becomes one of the core's fast
atoms; any other arithmetic becomes a stack program (:mod:`.arithmetic`); ``and``, ``or``
and ``not`` join their masks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..engine import lib
from ..errors import ExpressionError
from ..predicates.any_case import AnyCase
from ..predicates.any_number import asked, implies_first
from ..predicates.check import check as check_kinds
from ..predicates.nodes import (
    And,
    Changed,
    Compare,
    Const,
    Decreased,
    Increased,
    InRange,
    Near,
    Not,
    Or,
    Predicate,
    Source,
    Unchanged,
    Unknown,
    Value,
    now,
    prev,
    uses,
)
from ..predicates.pattern import Pattern
from ..predicates.regex import Regex
from ..values.layout import Layout
from .comparison import compile_comparison
from .program import Code
from .residue import is_decoded, weaker

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
        parts: of a number of unknown type, the core's program for each type.
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
        layout: of the values, with a size.

    Raises:
        ValueRangeError: a constant does not fit the type.
        ValueKindError: a constant is of another kind than the type.
        ExpressionError: an operation that the type does not have, or too large a tree.

    >>> from farfetch.scanner import i32, layout_of, parse_predicate
    >>> program = compile_predicate(parse_predicate("now == 5 and now < prev"), layout_of(i32))
    >>> program.span, program.constant.hex(), sorted(program.streams)
    (4, '05000000', ['now', 'prev'])
    """
    if layout.parts:
        return _compile_number(predicate, layout)
    check_kinds(predicate, layout)
    return _Compiler(layout).program(predicate)


def _compile_number(predicate: Predicate, layout: Layout) -> Program:
    """A program for each type; and one for any of them, which may let more pass."""
    able = asked(predicate, layout)
    merged = _Compiler(layout)
    merged.number_streams(predicate)
    parts = []
    depth = 0
    for part, is_asked in zip(layout.parts, able, strict=True):
        own = _Compiler(part, Code(streams=merged.code.streams))
        if is_asked:
            own.predicate(predicate)
        else:
            own.code.nothing()
        assert part.size is not None
        parts.append(own.code.create(part.size, b"", lib.FF_UNRELATED))
        if not is_asked or (part.name == "i64" and able[0] and implies_first(predicate)):
            continue
        if not depth:
            depth = _Compiler(part, merged.code).predicate(predicate)
            continue
        skip = merged.code.skip(lib.FF_LOGIC_SKIP_ALL)
        depth = max(depth, 1 + _Compiler(part, merged.code).predicate(predicate))
        merged.code.op(lib.FF_LOGIC_OR)
        merged.code.land(skip)
    assert layout.size is not None
    _check_depth(predicate, depth)
    handle = merged.code.create(layout.size, b"", lib.FF_UNRELATED)
    return Program(handle, layout.size, merged.code.streams, b"", tuple(parts))


def _check_depth(predicate: Predicate, depth: int) -> None:
    if depth > _LOGIC_DEPTH:
        raise ExpressionError(str(predicate), 0, "too deeply nested; use fewer parentheses")


@dataclass
class _Compiler:
    layout: Layout
    code: Code = field(default_factory=Code)

    def program(self, predicate: Predicate) -> Program:
        size = self.layout.size
        if size is None:
            raise ValueError(f"{self.layout.name} has no size")
        self.number_streams(predicate)
        is_weaker = is_decoded(predicate, self.layout)
        if is_weaker:
            self._bring_in(predicate, size)
            predicate = weaker(predicate, self.layout)
        _check_depth(predicate, self.predicate(predicate))
        constant = self._constant(predicate)
        handle = self.code.create(size, constant, _relation(predicate))
        return Program(handle, size, self.code.streams, constant, is_weaker=is_weaker)

    def _bring_in(self, predicate: Predicate, size: int) -> None:
        """Have the bytes of every source at hand: atoms that no mask is made of."""
        for source in sorted(uses(predicate)):
            stream = {"stream": self.code.streams[source]}
            self.code.atoms.append(
                {"kind": lib.FF_ATOM_SAME, "a": stream, "b": stream, "length": size}
            )

    def number_streams(self, predicate: Predicate) -> None:
        """Give each source its number."""
        sources = uses(predicate)
        named = sorted(sources - STREAMS.keys())
        room = lib.FF_STREAMS - len(STREAMS)
        if len(named) > room:
            raise ExpressionError(str(predicate), 0, f"more than {room} snapshots at once")
        streams = self.code.streams
        streams |= {source: STREAMS[source] for source in STREAMS if source in sources}
        streams |= {name: len(STREAMS) + index for index, name in enumerate(named)}

    def predicate(self, node: Predicate) -> int:
        """Write what leaves a predicate's mask. Returns how many masks that needs at once."""
        code = self.code
        if isinstance(node, And | Or):
            is_and = isinstance(node, And)
            left = self.predicate(node.left)
            skip = code.skip(lib.FF_LOGIC_SKIP_NONE if is_and else lib.FF_LOGIC_SKIP_ALL)
            right = self.predicate(node.right)
            code.op(lib.FF_LOGIC_AND if is_and else lib.FF_LOGIC_OR)
            code.land(skip)
            if is_and and code.join_ranges(skip):
                return left
            return max(left, right + 1)
        if isinstance(node, Not):
            depth = self.predicate(node.operand)
            code.op(lib.FF_LOGIC_NOT)
            return depth
        if isinstance(node, Unknown):
            return code.everything()
        if isinstance(node, Changed | Unchanged):
            return self._same(negate=isinstance(node, Changed))
        if isinstance(node, Increased | Decreased):
            node = now > prev if isinstance(node, Increased) else now < prev
        if isinstance(node, Compare | InRange | Near):
            return compile_comparison(node, self.layout, code)
        raise TypeError(f"{node!r} is no predicate")

    def _same(self, *, negate: bool) -> int:
        """Whether the bytes are the same: not so for 0.0 and -0.0, so for two NaNs alike."""
        a, b = ({"stream": self.code.streams[value.source]} for value in (now, prev))
        return self.code.atom(
            kind=lib.FF_ATOM_SAME, a=a, b=b, length=self.layout.size, negate=negate
        )

    def _constant(self, predicate: Predicate) -> bytes:
        """The bytes that the predicate leaves a match no choice of."""
        if self.layout.kind == "struct":
            return b""
        if isinstance(predicate, And):
            return self._constant(predicate.left) or self._constant(predicate.right)
        if not (isinstance(predicate, Compare) and predicate.op == "=="):
            return b""
        sides = predicate.left, predicate.right
        value = next((x for x in sides if isinstance(x, Value) and x.source == "now"), None)
        constant = next((x for x in sides if isinstance(x, Const)), None)
        if value is None or constant is None or isinstance(constant.value, AnyCase | Regex):
            return b""
        if isinstance(constant.value, Pattern):
            return constant.value.value if set(constant.value.mask) == {0xFF} else b""
        if not constant.value and self.layout.kind == "float":
            return b""  # a zero has two forms
        if self.layout.kind == "int" and isinstance(constant.value, float):
            return b""
        return self.layout.pack(constant.value)


def _relation(node: Predicate) -> int:
    """What the predicate says of a match's bytes now and before: the same, others, or neither."""
    if isinstance(node, And):
        return _relation(node.left) or _relation(node.right)
    if isinstance(node, Or):
        left, right = _relation(node.left), _relation(node.right)
        return left if left == right else int(lib.FF_UNRELATED)
    if isinstance(node, Unchanged):
        return int(lib.FF_SAME_BYTES)
    if isinstance(node, Changed | Increased | Decreased):
        return int(lib.FF_OTHER_BYTES)
    if isinstance(node, Compare) and node.op in ("<", ">"):
        sources = {str(side) for side in (node.left, node.right) if isinstance(side, Value)}
        if sources == {"now", "prev"}:
            return int(lib.FF_OTHER_BYTES)
    return int(lib.FF_UNRELATED)
