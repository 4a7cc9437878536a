"""Predicates: what a value must fulfil, as a tree.

Python's operators build the same trees as the text language of :mod:`.language`::

    (now < prev) & (now != 0)        now < prev and now != 0
    now == first - 3                 now == first - 3
    now.between(1, 5) | ~changed     now in 1..5 or not changed
    now.near("3.14")                 now ~= 3.14
    now == pattern("48 8B ?? ?F")    now == pattern("48 8B ?? ?F")
    now == anycase("gold")           now == "gold"i
    now < at("lunch")                now < @lunch

``str()`` of a tree is text that parses back to an equal tree.

An expression's ``==`` builds a comparison, so expressions are compared with :meth:`Expr.same_as`;
predicates compare with ``==`` as usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final, NoReturn, Union

from .. import arguments
from ..errors import ArgumentError
from .constants import Constant, decimal_text, plain, snapshot_name, written
from .node import Node, inside, same
from .operators import PRECEDENCE, BinaryOp, CompareOp, Operators, UnaryOp
from .rounding import Band, band, check_band, decimal

#: ``"now"``, ``"prev"``, ``"first"``, or a snapshot's name after an ``@``.
Source = str
Operand = Union["Expr", Constant]


class Expr(Node, Operators["Operand", "Binary", "Unary", "Compare"]):
    """A value computed from what is, was, or first was there, and from constants.

    Operators that take a plain number or text take it as a constant.

    >>> expression = (now - prev) * 2
    >>> print(expression)
    (now - prev) * 2
    >>> print(expression > 10)
    (now - prev) * 2 > 10
    """

    __hash__ = object.__hash__

    def same_as(self, other: Expr) -> bool:
        """Whether both are the same tree. 1 and 1.0 differ, and so do 0.0 and -0.0.

        >>> (now + 1).same_as(now + 1), (now + 1).same_as(1 + now)
        (True, False)
        """
        return isinstance(other, Expr) and same(self, other)

    def between(self, low: Operand, high: Operand) -> InRange:
        """Whether it is in a range, both ends included.

        >>> print(now.between(1, prev))
        now in 1..prev
        """
        return InRange(self, _expr(low), _expr(high))

    def near(
        self,
        number: str | float,
        *,
        tolerance: str | float | None = None,
        truncated: bool = False,
    ) -> Near:
        """Whether it is a decimal once it is rounded to as many digits as that has.

        Args:
            number: the decimal; as text to give it zeros at its end.
            tolerance: take what is no farther away than this instead.
            truncated: take what is cut off to the decimal instead.

        Raises:
            ArgumentError: one is no number, or both ways are asked for.

        >>> print(now.near("3.10"), now.near(3, tolerance=0.5), now.near(2.5, truncated=True))
        now ~= 3.10 now ~= 3 +- 0.5 now ~= 2.5 truncated
        """
        distance = None if tolerance is None else decimal_text("tolerance", tolerance)
        arguments.flag("truncated", truncated)
        try:
            return Near(self, decimal_text("number", number), distance, truncated)
        except ArgumentError:
            raise
        except ValueError as error:
            raise ArgumentError("near", number, f"what fits the rest ({error})") from None

    def _binary(self, op: BinaryOp, left: object, right: object) -> Binary:
        return Binary(op, _expr(left), _expr(right))

    def _unary(self, op: UnaryOp) -> Unary:
        return Unary(op, self)

    def _compare(self, op: CompareOp, other: object) -> Compare:
        return Compare(op, self, _expr(other))

    def __bool__(self) -> NoReturn:
        raise TypeError("an expression has no truth value; compare it: now == 5")


@dataclass(frozen=True, eq=False)
class SourceValue(Expr):
    """The value that is there now, or was at the last scan, at the first, or in a snapshot."""

    source: Source

    def _text(self) -> tuple[str, int]:
        return self.source, PRECEDENCE["atom"]

    def field(self, name: str) -> Field:
        """A field of a structure, as it is, was, or first was.

        Args:
            name: of the field; of one inside another structure, ``"outer.inner"``.

        >>> print(now.field("hp") < prev.field("hp"))
        now.hp < prev.hp
        """
        return Field(self.source, arguments.text("name", name))


@dataclass(frozen=True, eq=False)
class Field(SourceValue):
    """A field of the structure that is there now, was at the last scan, or was at the first.

    Attributes:
        name: of the field, with those of the structures it is in: ``"position.x"``.
    """

    name: str

    def _text(self) -> tuple[str, int]:
        return f"{self.source}.{self.name}", PRECEDENCE["atom"]


@dataclass(frozen=True, eq=False)
class Const(Expr):
    """A constant; numbers of other libraries become plain ints and floats."""

    value: Constant

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", plain(self.value))

    def _key(self) -> tuple[object, ...]:
        value = self.value
        return (Const, type(value), repr(value) if isinstance(value, float) else value)

    def _text(self) -> tuple[str, int]:
        return written(self.value), PRECEDENCE["atom"]


@dataclass(frozen=True, eq=False)
class Binary(Expr):
    """Two expressions combined; ``/`` of two integers rounds down, ``%`` is Python's."""

    op: BinaryOp
    left: Expr
    right: Expr

    def _text(self) -> tuple[str, int]:
        level = PRECEDENCE[self.op]
        return f"{inside(self.left, level)} {self.op} {inside(self.right, level + 1)}", level


@dataclass(frozen=True, eq=False)
class Unary(Expr):
    """An expression negated, inverted bit by bit, or without its sign."""

    op: UnaryOp
    operand: Expr

    def _text(self) -> tuple[str, int]:
        if self.op == "abs":
            return f"abs({self.operand})", PRECEDENCE["atom"]
        if isinstance(self.operand, Const):  # -5 is a constant, -(5) is this
            return f"{self.op}({self.operand})", PRECEDENCE["unary"]
        return self.op + inside(self.operand, PRECEDENCE["unary"]), PRECEDENCE["unary"]


class Predicate(Node):
    """What a value must fulfil. ``&``, ``|`` and ``~`` are and, or and not.

    >>> print((now < prev) & ~(now == 0))
    now < prev and not now == 0
    >>> (now < prev) == parse_predicate("now < prev")
    True
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Predicate) and same(self, other)

    def __hash__(self) -> int:
        return hash(self._key())

    def __and__(self, other: Predicate) -> And:
        return And(self, other) if isinstance(other, Predicate) else NotImplemented

    def __or__(self, other: Predicate) -> Or:
        return Or(self, other) if isinstance(other, Predicate) else NotImplemented

    def __invert__(self) -> Not:
        return Not(self)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a predicate has no truth value of its own: write & | ~ for and, or, not (with each "
            "comparison in parentheses), and now.between(1, 5) for 1 <= now <= 5"
        )


@dataclass(frozen=True, eq=False)
class Compare(Predicate):
    """Two expressions compared."""

    op: CompareOp
    left: Expr
    right: Expr

    def _text(self) -> tuple[str, int]:
        return f"{self.left} {self.op} {self.right}", PRECEDENCE["compare"]


@dataclass(frozen=True, eq=False)
class InRange(Predicate):
    """An expression in a range, both ends included."""

    operand: Expr
    low: Expr
    high: Expr

    def _text(self) -> tuple[str, int]:
        return f"{self.operand} in {self.low}..{self.high}", PRECEDENCE["compare"]


@dataclass(frozen=True, eq=False)
class Near(Predicate):
    """An expression that is a decimal when it is rounded, truncated, or given a tolerance.

    Infinity is near itself alone, and all that is not a number is near ``nan``.

    Attributes:
        operand: the expression.
        number: the decimal, as it was written.
        tolerance: how far away it may be at the most, as it was written.
        truncated: whether it is cut off, rather than rounded.
    """

    operand: Expr
    number: str
    tolerance: str | None = None
    truncated: bool = False

    def __post_init__(self) -> None:
        check_band(self.number, self.tolerance, truncated=self.truncated)

    @property
    def constant(self) -> Decimal:
        """The number, with its digits."""
        return decimal(self.number)

    @property
    def band(self) -> Band:
        """The numbers it is to be among; of a finite number only."""
        return band(self.constant, self.tolerance, truncated=self.truncated)

    def _text(self) -> tuple[str, int]:
        way = " truncated" if self.truncated else ""
        if self.tolerance is not None:
            way = f" +- {self.tolerance}"
        return f"{self.operand} ~= {self.number}{way}", PRECEDENCE["compare"]


@dataclass(frozen=True, eq=False)
class _Word(Predicate):
    word: ClassVar[str]

    def _text(self) -> tuple[str, int]:
        return self.word, PRECEDENCE["atom"]


class Changed(_Word):
    """Other bytes than at the last scan."""

    word = "changed"


class Unchanged(_Word):
    """The same bytes as at the last scan."""

    word = "unchanged"


class Increased(_Word):
    """A greater value than at the last scan."""

    word = "increased"


class Decreased(_Word):
    """A smaller value than at the last scan."""

    word = "decreased"


class Unknown(_Word):
    """Any value."""

    word = "unknown"


@dataclass(frozen=True, eq=False)
class And(Predicate):
    """Both of two predicates."""

    left: Predicate
    right: Predicate

    def _text(self) -> tuple[str, int]:
        level = PRECEDENCE["and"]
        return f"{inside(self.left, level)} and {inside(self.right, level + 1)}", level


@dataclass(frozen=True, eq=False)
class Or(Predicate):
    """One of two predicates, or both."""

    left: Predicate
    right: Predicate

    def _text(self) -> tuple[str, int]:
        level = PRECEDENCE["or"]
        return f"{inside(self.left, level)} or {inside(self.right, level + 1)}", level


@dataclass(frozen=True, eq=False)
class Not(Predicate):
    """The contrary of a predicate."""

    operand: Predicate

    def _text(self) -> tuple[str, int]:
        if isinstance(self.operand, InRange):
            ranged = self.operand
            text = f"{ranged.operand} not in {ranged.low}..{ranged.high}"
            return text, PRECEDENCE["compare"]
        return f"not {inside(self.operand, PRECEDENCE['not'])}", PRECEDENCE["not"]


now: Final = SourceValue("now")
prev: Final = SourceValue("prev")
first: Final = SourceValue("first")


def at(name: str) -> SourceValue:
    """The value that was there when the snapshot of a name was taken; see :meth:`Scan.snapshot`.

    Raises:
        ArgumentError: no snapshot can have that name.

    >>> print(now < at("lunch"))
    now < @lunch
    """
    return SourceValue(f"@{snapshot_name(name)}")


changed: Final = Changed()
unchanged: Final = Unchanged()
increased: Final = Increased()
decreased: Final = Decreased()
unknown: Final = Unknown()


def field(name: str) -> Field:
    """A field of the structure that is there now.

    >>> print(field("hp") < field("max_hp"))
    now.hp < now.max_hp
    """
    return now.field(name)


def uses(node: Predicate | Expr) -> frozenset[Source]:
    """The sources that a tree looks at.

    >>> sorted(uses((now < prev) & changed)), sorted(uses(unknown))
    (['now', 'prev'], [])
    """
    if isinstance(node, SourceValue):
        return frozenset((node.source,))
    if isinstance(node, Changed | Unchanged | Increased | Decreased):
        return frozenset(("now", "prev"))
    return frozenset[Source]().union(*map(uses, node.children()))


def _expr(value: object) -> Expr:
    """An expression as it is; a plain number or text as a constant."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, Predicate):
        expected = "values; of predicates write & | ~, with comparisons in parentheses"
        raise ArgumentError("an operator", value, expected)
    return Const(plain(value))
