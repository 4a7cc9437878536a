"""Bound trees: predicates in which it is written down what each name and operator works on.

:func:`.binding.bind` makes one of a predicate and a layout. From a value on it says where the bytes
lie and how, from a comparison on what is computed in; whoever reads it has nothing to look up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Union

from ..values.fields import DECODED
from ..values.layout import Layout
from .constants import Constant
from .nodes import Binary, Compare, Const, InRange, Near, Predicate, Source, SourceValue, Unary
from .operators import BinaryOp, CompareOp, UnaryOp
from .regex import Regex

Expression = Union["Lookup", "Fixed", "Computed"]
Comparison = Union["Compared", "Ranged", "Nearness"]
Node = Union["Logic", "Negation", "Sameness", "Anything", Comparison]


@dataclass(frozen=True)
class Lookup:
    """A value of a slot, or a field of it.

    Attributes:
        source: when it was there.
        name: of the field; "" of the whole value.
        offset: in the slot's bytes; -1 of what construct has to decode.
        layout: of it.
        said: as it stands in the predicate.
    """

    source: Source
    name: str
    offset: int
    layout: Layout
    said: SourceValue = field(repr=False)

    @property
    def is_float(self) -> bool:
        """Whether its value is a float."""
        return self.layout.kind == "float"

    def cut(self, raw: bytes) -> bytes:
        """Its bytes, of the slot's."""
        size = self.layout.size
        return raw if size is None else raw[self.offset : self.offset + size]


@dataclass(frozen=True)
class Fixed:
    """A constant.

    Attributes:
        value: as the predicate has it.
        is_float: whether it is computed with as a float.
        said: as it stands in the predicate.
    """

    value: Constant
    is_float: bool
    said: Const = field(repr=False)


@dataclass(frozen=True)
class Computed:
    """What an operator makes of one or two values.

    Attributes:
        op: the operator.
        operands: what it is applied to, from left to right.
        is_float: whether it makes a float.
        said: as it stands in the predicate.
    """

    op: BinaryOp | UnaryOp
    operands: tuple[Expression, ...]
    is_float: bool
    said: Binary | Unary = field(repr=False)


@dataclass(frozen=True)
class Compared:
    """Two values compared.

    Attributes:
        op: the operator.
        left: of it.
        right: of it.
        layout: that is computed in: the type of the values, if they are of one.
        said: as it stands in the predicate.
    """

    op: CompareOp
    left: Expression
    right: Expression
    layout: Layout
    said: Compare = field(repr=False)

    @property
    def operands(self) -> tuple[Expression, ...]:
        """The values in it, from left to right."""
        return self.left, self.right

    @property
    def is_decoded(self) -> bool:
        """Whether the core cannot decide it."""
        return self.layout is DECODED or any(
            isinstance(side, Fixed) and isinstance(side.value, Regex) for side in self.operands
        )


@dataclass(frozen=True)
class Ranged:
    """A value in a range, both ends included.

    Attributes:
        operand: the value.
        low: the least that it may be.
        high: the most.
        layout: that is computed in.
        said: as it stands in the predicate.
    """

    operand: Expression
    low: Expression
    high: Expression
    layout: Layout
    said: InRange = field(repr=False)

    @property
    def operands(self) -> tuple[Expression, ...]:
        """The values in it, from left to right."""
        return self.operand, self.low, self.high

    @property
    def is_decoded(self) -> bool:
        """Whether the core cannot decide it."""
        return self.layout is DECODED


@dataclass(frozen=True)
class Nearness:
    """A value that is a decimal once it is rounded, truncated, or given a tolerance.

    Attributes:
        operand: the value.
        layout: that is computed in.
        said: as it stands in the predicate, with the decimal.
    """

    operand: Expression
    layout: Layout
    said: Near

    @property
    def operands(self) -> tuple[Expression, ...]:
        """The value in it."""
        return (self.operand,)

    @property
    def is_decoded(self) -> bool:
        """Whether the core cannot decide it."""
        return self.layout is DECODED


@dataclass(frozen=True)
class Logic:
    """Both of two predicates, or one of them at least.

    Attributes:
        op: ``"and"`` or ``"or"``.
        left: of it.
        right: of it.
    """

    op: str
    left: Node
    right: Node

    @property
    def is_decoded(self) -> bool:
        """Whether the core cannot decide some part of it."""
        return self.left.is_decoded or self.right.is_decoded


@dataclass(frozen=True)
class Negation:
    """The contrary of a predicate.

    Attributes:
        operand: the predicate.
    """

    operand: Node

    @property
    def is_decoded(self) -> bool:
        """Whether the core cannot decide some part of it."""
        return self.operand.is_decoded


@dataclass(frozen=True)
class Sameness:
    """Whether the bytes are those of the last scan.

    Attributes:
        negated: whether they are to be others.
    """

    negated: bool

    @property
    def is_decoded(self) -> bool:
        """Whether the core cannot decide it."""
        return False


@dataclass(frozen=True)
class Anything:
    """What every value fulfils."""

    @property
    def is_decoded(self) -> bool:
        """Whether the core cannot decide it."""
        return False


@dataclass(frozen=True)
class BoundPredicate:
    """A predicate as it is asked of values of one layout.

    Attributes:
        said: the predicate.
        layout: of the values, with a size.
        sources: what it looks at.
        root: of the bound tree; of a number of unknown type, the parts have one each.
        parts: of such a number, the predicate as each type; None where that cannot be asked.
    """

    said: Predicate
    layout: Layout
    sources: frozenset[Source]
    root: Node
    parts: tuple[BoundPredicate | None, ...] = ()

    @property
    def is_decoded(self) -> bool:
        """Whether the core cannot decide some part of it."""
        return self.root.is_decoded

    @property
    def regexes(self) -> list[Regex]:
        """The regular expressions in it, from left to right."""
        return [
            side.value
            for comparison in comparisons(self.root)
            for side in comparison.operands
            if isinstance(side, Fixed) and isinstance(side.value, Regex)
        ]


def comparisons(node: Node) -> Iterator[Comparison]:
    """The comparisons in a bound tree, from left to right."""
    match node:
        case Logic(_, left, right):
            yield from comparisons(left)
            yield from comparisons(right)
        case Negation(operand):
            yield from comparisons(operand)
        case Compared() | Ranged() | Nearness():
            yield node
