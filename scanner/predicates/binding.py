"""Binding: a predicate and a layout make a bound tree, or the error that says why they do not.

Here alone is found out what the names in a predicate stand for, and what its comparisons compute
in. Binding is checking, too: what is bound can be asked. The tree is that of :mod:`.bound_tree`,
what is refused stands in :mod:`.rules`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..errors import ExpressionError, FarfetchError
from ..errors.suggest import did_you_mean
from ..values.fields import DECODED
from ..values.layout import Layout
from .bound_tree import (
    Anything,
    BoundPredicate,
    Compared,
    Comparison,
    Computed,
    Expression,
    Fixed,
    Logic,
    Lookup,
    Nearness,
    Negation,
    Node,
    Ranged,
    Sameness,
)
from .node import too_deep
from .nodes import (
    And,
    Binary,
    Changed,
    Compare,
    Const,
    Decreased,
    Expr,
    Field,
    Increased,
    InRange,
    Near,
    Not,
    Or,
    Predicate,
    Source,
    SourceValue,
    Unary,
    Unchanged,
    Unknown,
    now,
    prev,
)
from .rules import Rules, constant_size, error_at

#: What fields of several types are compared as: integers exactly, beside floats as doubles.
_MIXED: Final = Layout("numbers", "int", None, 64, True, is_mixed=True)


def bind(predicate: Predicate, layout: Layout) -> BoundPredicate:
    """A predicate as it is asked of values of a layout.

    Args:
        predicate: the tree.
        layout: of the values; text and bytes without a size get that of the constants.

    Raises:
        ValueRangeError: a constant that is compared with a value does not fit the type.
        ValueKindError: a constant is of another kind than the type.
        ExpressionError: an operator is not for this type, there is no such field, or no length is
            given for text.
        ArgumentError: the tree is too deep.

    >>> from farfetch.scanner import layout_of, parse_predicate, u8
    >>> bound = bind(parse_predicate("now == 30 or changed"), layout_of(u8))
    >>> bound.root.left.left.layout.name, sorted(bound.sources)
    ('u8', ['now', 'prev'])
    >>> bind(parse_predicate("now == 300"), layout_of(u8))
    Traceback (most recent call last):
    ...
    farfetch.scanner.ValueRangeError: 300 does not fit u8 (0..255)
    """
    if layout.parts:
        return _bind_each(predicate, layout)
    try:
        bound = _Binder(predicate, layout, Rules(predicate, layout)).bound()
    except RecursionError:
        raise too_deep() from None
    if layout.size is not None:
        return bound
    size = constant_size(predicate, layout)
    if size is None:
        length = f"compare it with a constant, or use {layout.name}[16]"
        raise ExpressionError(str(predicate), 0, f"{layout.name} needs a length: {length}")
    return bind_unchecked(predicate, layout.with_size(size))


def bind_unchecked(predicate: Predicate, layout: Layout) -> BoundPredicate:
    """A predicate as it is defined for values of a layout, whether it can be asked or not.

    Raises:
        ExpressionError: there is no such field.
    """
    return _Binder(predicate, layout, None).bound()


def _bind_each(predicate: Predicate, layout: Layout) -> BoundPredicate:
    """A predicate as it is asked of each type that a number may have."""
    errors: list[FarfetchError] = []
    parts: list[BoundPredicate | None] = []
    for part in layout.parts:
        try:
            parts.append(bind(predicate, part))
        except FarfetchError as error:
            errors.append(error)
            parts.append(None)
    some = next((part for part in parts if part is not None), None)
    if some is None:
        raise errors[0]
    return BoundPredicate(predicate, layout, some.sources, some.root, tuple(parts))


class _Binder:
    """Binds one predicate.

    Args:
        whole: the predicate.
        layout: of the slot's value.
        rules: that its parts have to keep, each before those below it; none if None.
    """

    def __init__(self, whole: Predicate, layout: Layout, rules: Rules | None) -> None:
        self._whole = whole
        self._layout = layout
        self._rules = rules
        self._sources: set[Source] = set()

    def bound(self) -> BoundPredicate:
        try:
            root = self._predicate(self._whole)
        except FarfetchError:
            if self._layout.kind != "struct":
                self._refuse_fields(self._whole)  # whatever else is wrong
            raise
        return BoundPredicate(self._whole, self._layout, frozenset(self._sources), root)

    def _predicate(self, node: Predicate) -> Node:
        match node:
            case Compare() | InRange() | Near():
                return self._comparison(node)
            case And(left, right):
                return Logic("and", self._predicate(left), self._predicate(right))
            case Or(left, right):
                return Logic("or", self._predicate(left), self._predicate(right))
            case Not(operand):
                return Negation(self._predicate(operand))
            case Unknown():
                return Anything()
            case Changed() | Unchanged():
                if self._layout.first_bit is not None:  # the bytes hold others' bits, too
                    return self._comparison(
                        now != prev if isinstance(node, Changed) else now == prev
                    )
                self._sources |= {"now", "prev"}
                return Sameness(negated=isinstance(node, Changed))
            case Increased() | Decreased():
                if self._rules:
                    self._rules.check_order(node)
                return self._comparison(now > prev if isinstance(node, Increased) else now < prev)
        raise TypeError(f"not a predicate: {node!r}")

    def _comparison(self, node: Compare | InRange | Near) -> Comparison:
        layout = self._arithmetic(node)
        bound: Comparison
        match node:
            case Compare(op, left, right):
                sides = self._expression(left, layout), self._expression(right, layout)
                bound = Compared(op, *sides, layout, node)
            case InRange(operand, low, high):
                bounds = self._expression(low, layout), self._expression(high, layout)
                bound = Ranged(self._expression(operand, layout), *bounds, layout, node)
            case Near(operand):
                bound = Nearness(self._expression(operand, layout), layout, node)
        if self._rules:
            self._rules.check(bound)
        return bound

    def _expression(self, node: Expr, layout: Layout) -> Expression:
        match node:
            case SourceValue():
                self._sources.add(node.source)
                return self._value(node)
            case Const(value):
                return Fixed(value, layout.kind == "float" or isinstance(value, float), node)
            case Unary(op, operand):
                below = self._expression(operand, layout)
                return Computed(op, (below,), below.is_float, node)
            case Binary(op, left, right):
                before, behind = self._expression(left, layout), self._expression(right, layout)
                return Computed(op, (before, behind), before.is_float or behind.is_float, node)
        raise TypeError(f"not an expression: {node!r}")

    def _arithmetic(self, comparison: Compare | InRange | Near) -> Layout:
        """What a comparison computes in: the type of its values, if they are of one.

        Byte order is no part of a type here. Without a value it is the slot's own layout.
        """
        whole = self._layout
        if whole.kind != "struct":
            return whole
        layouts = [self._value(value).layout for value in _values(comparison)]
        if DECODED in layouts:
            return DECODED
        if not layouts:
            return _MIXED if whole.fields else whole
        if all(layout is layouts[0] for layout in layouts):
            return layouts[0]
        kinds = {replace(layout, name="", big_endian=False) for layout in layouts}
        if self._rules:
            self._rules.check_kinds(comparison, layouts, is_one=len(set(layouts)) == 1)
        return layouts[0] if len(kinds) == 1 else _MIXED

    def _value(self, value: SourceValue) -> Lookup:
        whole = self._layout
        if not isinstance(value, Field):
            return Lookup(value.source, "", 0, whole, value)
        name = value.name
        place = whole.places.get(name)
        if place is not None:
            return Lookup(value.source, name, place.offset, place.layout, value)
        if name in whole.decoded or name.partition(".")[0] in whole.decoded:
            return Lookup(value.source, name, -1, DECODED, value)
        raise error_at(self._whole, value, _no_field(name, whole))

    def _refuse_fields(self, node: Expr | Predicate) -> None:
        if isinstance(node, Field):
            raise error_at(self._whole, node, _no_field(node.name, self._layout))
        for child in node.children():
            self._refuse_fields(child)


def _values(node: Expr | Predicate) -> list[SourceValue]:
    if isinstance(node, SourceValue):
        return [node]
    return [value for child in node.children() for value in _values(child)]


def _no_field(name: str, layout: Layout) -> str:
    if layout.kind != "struct":
        return f"{layout.name} has no fields"
    listed = [known for known in layout.names if "[" not in known]
    near = did_you_mean(name, layout.names, count=1, cutoff=0.6)
    hint = near or f"; there are {', '.join(listed)}"
    return f'{layout.name} has no field "{name}"{hint}'
