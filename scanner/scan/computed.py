"""Values that are computed for each match, from those it has and had.

A block of matches is read and computed at a time: a column of values for each name in the
expression, and one for each operator. What an operator makes of numbers is what predicates mean by
it, in the type that is written to.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple

from ..engine import ffi, lib
from ..errors import ExpressionError, FarfetchError, ValueKindError, ValueRangeError
from ..predicates.binding import bind
from ..predicates.bound_tree import Compared, Computed, Expression, Fixed, Lookup
from ..predicates.meaning import Number, UndefinedError, apply
from ..predicates.node import too_deep
from ..predicates.nodes import Binary, Expr, Field, Source, SourceValue, Unary, now
from ..values.convert import decode
from ..values.fields import DECODED
from ..values.layout import Layout
from .history import Present, addresses_of
from .matches import values_now, values_then
from .state import ScanState

_BLOCK: Final = 4096  # matches whose values are computed at a time


class Block(NamedTuple):
    """What some matches, one behind the other, are to have.

    Attributes:
        start: the index of the first.
        raw: the bytes for all of them, side by side.
        width: bytes from one to the next.
        sizes: of a number of unknown type, how many of these bytes each has; b"" when all do.
    """

    start: int
    raw: bytes
    width: int
    sizes: bytes = b""


class Computation:
    """An expression over the values of a scan's matches.

    Attributes:
        offset: of what it is computed for, in each match.
        mask: of a bit field, the bits that it is computed for; b"" for all of the value.

    Args:
        scan: whose.
        expr: the expression; ``now`` is the match's value, or that of the field.
        field: what it is computed for, of a structure; "" for the whole value.
        present: where the scan's history is.

    Raises:
        ExpressionError: it cannot be computed for that type.
        ValueKindError, ValueRangeError: a constant in it is none of that type.
    """

    def __init__(self, scan: ScanState, expr: Expr, field: str, present: Present) -> None:
        self._scan = scan
        self._present = present
        ground = present.ground
        self._layout = ground.layout if ground else scan.layout
        if ground and ground.regex:
            reason = "what a regular expression found is written as bytes, and not computed"
            raise ExpressionError(str(expr), 0, reason)
        try:
            self._formulas = _formulas(expr, field, self._layout)
        except RecursionError:
            raise too_deep() from None
        self._any = next(each for each in self._formulas if isinstance(each, _Formula))
        self.offset = self._any.target.offset
        self.mask = self._any.target.layout.mask

    def blocks(self, start: int, count: int) -> Iterator[Block]:
        """What some matches are to have.

        Args:
            start: the index of the first.
            count: how many there are from it on.

        Raises:
            ExpressionError: it divides by zero; says at which match.
            ValueKindError: it is not whole where it has to be; says at which match.
            ValueRangeError: it does not fit the type; says at which match.
            MemoryFault: a value cannot be read any more.
        """
        for first in range(start, start + count, _BLOCK):
            indexes = range(first, min(first + _BLOCK, start + count))
            streams = self._streams(indexes)
            if self._layout.parts:
                yield self._mixed(indexes, streams)
            else:
                raw = self._any.raw(streams, indexes)
                yield Block(first, raw, self._any.target.layout.size or 0)

    def values(self, start: int, count: int) -> Iterator[Any]:
        """The same as :meth:`blocks`, as values."""
        kind, bits = self._scan.type, self._scan.bits
        for block in self.blocks(start, count):
            for index in range(len(block.raw) // block.width):
                raw = block.raw[index * block.width :][: block.width]
                if block.sizes:
                    (formula,) = self._parts(range(block.start + index, block.start + index + 1))
                    yield formula.target.layout.unpack(raw[: block.sizes[index]])
                elif self._any.target.layout.kind == "struct":
                    yield decode(kind, raw, bits=bits)
                else:
                    yield self._any.target.layout.unpack(raw)

    def _streams(self, indexes: range) -> dict[Source, bytes]:
        """The bytes of the matches at each time that the expression looks at."""
        scan, present = self._scan, self._present
        streams: dict[Source, bytes] = {}
        for source in sorted({value.source for value in _lookups(self._any.expression)}):
            if source == "now":
                streams[source] = values_now(scan, present, indexes)
            elif source.startswith("@"):
                streams[source] = self._named(source[1:], indexes)
            else:
                kept = present.previous if source == "prev" else present.first
                streams[source] = values_then(scan, present, kept, indexes)
        return streams

    def _named(self, name: str, indexes: range) -> bytes:
        """The bytes in a snapshot, which has no value of what could not be read then."""
        snapshot = self._scan.history.snapshot(name).held.get().snapshot
        out = ffi.new("uint8_t[]", self._layout.size)
        for index, address in enumerate(
            addresses_of(self._present, indexes.start, len(indexes)), indexes.start
        ):
            if lib.ff_snapshot_value(snapshot, address, out):
                reason = f"@{name} has no value of match {index}, which could not be read then"
                raise ExpressionError(self._any.text, 0, reason)
        return values_then(self._scan, self._present, snapshot, indexes)

    def _mixed(self, indexes: range, streams: Mapping[Source, bytes]) -> Block:
        """What numbers of several types are to have, each by its own."""
        width, formulas = self._layout.size or 0, self._parts(indexes)
        values = [b""] * len(indexes)
        for formula in dict.fromkeys(formulas):
            mine = [at for at, other in enumerate(formulas) if other is formula]
            size = formula.target.layout.size or 0
            cut = {
                source: b"".join(stream[at * width : at * width + size] for at in mine)
                for source, stream in streams.items()
            }
            raw = formula.raw(cut, [indexes[at] for at in mine])
            if len(mine) == len(indexes):
                return Block(indexes.start, raw, size)
            for number, at in enumerate(mine):
                values[at] = raw[number * size : (number + 1) * size]
        raw = b"".join(value.ljust(width, b"\0") for value in values)
        return Block(indexes.start, raw, width, bytes(map(len, values)))

    def _parts(self, indexes: range) -> list[_Formula]:
        """The expression for the type of each match, which is the first that it matches as."""
        formulas = []
        for address in addresses_of(self._present, indexes.start, len(indexes)):
            bits = lib.ff_matchset_types(self._present.matches, address)
            formula = self._formulas[(bits & -bits).bit_length() - 1]
            if isinstance(formula, FarfetchError):
                raise formula
            formulas.append(formula)
        return formulas


class _Formula:
    """An expression, bound to the layout of what it is computed for.

    Attributes:
        text: of the expression.
        target: what it is computed for.
        expression: the bound tree.
    """

    def __init__(self, expr: Expr, field: str, layout: Layout) -> None:
        place = now.field(field) if field else now
        self.text = str(expr)
        if layout.kind == "struct" and not field and not _is_whole(expr):
            reason = f"a whole {layout.name} is only prev, first or of a snapshot; name a field"
            raise ExpressionError(self.text, 0, reason)
        try:
            root = bind(place == expr, layout).root
        except ExpressionError as error:
            at = max(0, error.position - len(f"{place} == "))
            raise ExpressionError(self.text, at, error.reason) from None
        assert isinstance(root, Compared)
        assert isinstance(root.left, Lookup)
        self.target, self.expression, self._layout = root.left, root.right, root.layout
        self._size = layout.size or 0
        if root.layout is DECODED:
            raise ExpressionError(self.text, 0, "what construct decodes is not computed with")
        if not root.layout.is_number and not isinstance(self.expression, Lookup):
            reason = f"{self.target.layout.name} is only copied from prev, first or a snapshot"
            raise ExpressionError(self.text, 0, reason)

    def raw(self, streams: Mapping[Source, bytes], indexes: Sequence[int]) -> bytes:
        """The bytes for some matches, side by side."""
        count = len(indexes)
        if not self._layout.is_number:
            assert isinstance(self.expression, Lookup)
            whole = streams[self.expression.source]
            return b"".join(
                self.expression.cut(whole[at * self._size : (at + 1) * self._size])
                for at in range(count)
            )
        try:
            column = list(self._column(self.expression, streams, count))
        except UndefinedError:
            at = next(at for at in range(count) if self._is_undefined(streams, at))
            reason = f"divides by zero at match {indexes[at]}"
            raise ExpressionError(self.text, 0, reason) from None
        except RecursionError:
            raise too_deep() from None
        return self._packed(column, indexes)

    def _is_undefined(self, streams: Mapping[Source, bytes], at: int) -> bool:
        cut = {name: raw[at * self._size : (at + 1) * self._size] for name, raw in streams.items()}
        try:
            list(self._column(self.expression, cut, 1))
        except UndefinedError:
            return True
        return False

    def _column(
        self, node: Expression, streams: Mapping[Source, bytes], count: int
    ) -> Iterator[Number]:
        """The values that a part of the expression has for each match."""
        match node:
            case Lookup():
                return self._looked_up(node, streams[node.source])
            case Fixed(value):
                assert isinstance(value, Number)
                return repeat(self._layout.convert(value), count)
            case Computed(op, operands):
                columns = [self._column(operand, streams, count) for operand in operands]
                return (apply(op, row, self._layout) for row in zip(*columns, strict=True))
        raise TypeError(f"not an expression: {node!r}")

    def _looked_up(self, value: Lookup, stream: bytes) -> Iterator[Number]:
        layout = value.layout
        if not layout.format:
            places = range(0, len(stream), self._size)
            pieces = (value.cut(stream[at : at + self._size]) for at in places)
            return (number for piece in pieces if isinstance(number := layout.unpack(piece), int))
        order, code = layout.format[0], layout.format[1]
        behind = self._size - value.offset - (layout.size or 0)
        rows = struct.iter_unpack(f"{order}{value.offset}x{code}{behind}x", stream)
        return (number for (number,) in rows)

    def _packed(self, column: Sequence[Number], indexes: Sequence[int]) -> bytes:
        layout = self.target.layout
        if layout.kind == "int" and self.expression.is_float:
            column = [int(number) if float(number).is_integer() else number for number in column]
        if not layout.format:
            return b"".join(map(self._pack, column, indexes))
        order, code = layout.format[0], layout.format[1]
        try:
            return struct.pack(f"{order}{len(column)}{code}", *column)
        except (struct.error, OverflowError):  # one of them: pack() says what is wrong with it
            return b"".join(map(self._pack, column, indexes))

    def _pack(self, number: Number, index: int) -> bytes:
        layout = self.target.layout
        try:
            return layout.pack(number)
        except ValueRangeError as error:
            where = f"at match {index}"
            raise ValueRangeError(number, layout.name, error.low, error.high, where) from None
        except ValueKindError as error:
            where = f"at match {index}"
            raise ValueKindError(number, layout.name, error.expected, where) from None


def _formulas(expr: Expr, field: str, layout: Layout) -> list[_Formula | FarfetchError]:
    """The expression for each type that a value may have, or what is wrong with it there."""
    expr = _of_field(expr, field) if field else expr
    formulas: list[_Formula | FarfetchError] = []
    for part in layout.parts or (layout,):
        try:
            formulas.append(_Formula(expr, field, part))
        except FarfetchError as error:
            formulas.append(error)
    errors = [formula for formula in formulas if isinstance(formula, FarfetchError)]
    if len(errors) == len(formulas):
        raise errors[0]
    return formulas


def _of_field(expr: Expr, field: str) -> Expr:
    """The expression with the field's value where it says the whole one's."""
    match expr:
        case Field():
            return expr
        case SourceValue():
            return expr.field(field)
        case Binary(op, left, right):
            return Binary(op, _of_field(left, field), _of_field(right, field))
        case Unary(op, operand):
            return Unary(op, _of_field(operand, field))
    return expr


def _is_whole(expr: Expr) -> bool:
    return isinstance(expr, SourceValue) and not isinstance(expr, Field)


def _lookups(node: Expression) -> list[Lookup]:
    if isinstance(node, Lookup):
        return [node]
    below = node.operands if isinstance(node, Computed) else ()
    return [value for operand in below for value in _lookups(operand)]
