"""Writing to matches: a value, or what is computed for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from ..errors import ArgumentError, TypeNameError, ValueKindError, ValueRangeError
from ..memory import writing
from ..memory.values import Values
from ..predicates.language import parse_expression
from ..predicates.nodes import Expr
from ..values.codec import mask_of
from ..values.convert import encode
from ..values.members import Member, member
from ..values.names import TYPES
from ..values.types import layout_of
from .computed import Computation
from .history import Present, addresses_of
from .matches import part_of
from .reading import reading_of
from .state import ScanState

_BATCH: Final = 4096  # addresses written to in one call
_TEXTS: Final = ("text", "utf16", "bytes")


class WriteResult(NamedTuple):
    """What became of a write to many addresses.

    Attributes:
        written: at how many the value is now.
        failed: at how many it could not be written.

    >>> scan = attach(Buffer(bytes(8))).scan(u8, where="all")  # bytes that cannot be written
    >>> scan.first().matches
    8
    >>> scan.write_all(1)
    WriteResult(written=0, failed=8)
    """

    written: int
    failed: int


#: Told how far a write is, and may end it by raising.
WriteProgress: TypeAlias = Callable[[WriteResult], object]


def write_matches(
    scan: ScanState,
    value: Any,
    *,
    field: str | None = None,
    force: bool = False,
    progress: WriteProgress | None = None,
) -> WriteResult:
    """Write a value at every match of a scan; :meth:`.Scan.write_all` says what is raised."""
    present = scan.history.present
    batches = _batches(scan, present, value, field, force)
    written = looked_at = 0
    for count, done in batches:
        looked_at, written = looked_at + count, written + done
        if progress is not None:
            progress(WriteResult(written, looked_at - written))
    return WriteResult(written, present.total - written)


def _batches(
    scan: ScanState, present: Present, value: Any, field: str | None, force: bool
) -> Iterator[tuple[int, int]]:
    """Write batch by batch; says of each how many matches it has, and how many were written."""
    expr = expression_of(scan, value, field)
    if expr is not None:
        yield from _write_computed(
            scan, present, Computation(scan, expr, field or "", present), force
        )
    elif scan.layout.parts:
        yield from _write_numbers(scan, present, value, force)
    else:
        place = Member("", 0, 0, scan.type) if field is None else _member(scan, field)
        raw = encode(place.type, value, bits=scan.bits)
        for start in range(0, present.total, _BATCH):
            addresses = _addresses(present, start, _BATCH, place.offset)
            values = Values(addresses, len(raw), raw=raw * len(addresses))
            yield len(addresses), _write(scan, values, force, mask_of(place.type))


def expression_of(scan: ScanState, value: object, field: str | None) -> Expr | None:
    """The expression that a value to write is; None when it is a value.

    A text is an expression where numbers are written, and the text itself where text is.
    """
    member = None if field is None else _member(scan, field)
    if isinstance(value, Expr):
        return value
    if not isinstance(value, str):
        return None
    if member is None:
        kind = scan.layout.kind
    else:
        try:
            kind = layout_of(member.type, bits=scan.bits).kind
        except TypeNameError:
            return None  # construct alone knows what that takes
    return None if kind in _TEXTS else parse_expression(value, scan.fields)


def computed_values(
    scan: ScanState, expression: object, *, field: str | None, start: int, count: int | None
) -> list[Any]:
    """What some matches are to have; :meth:`.Scan.compute` says what is raised."""
    present = scan.history.present
    expr = expression_of(scan, expression, field)
    if expr is None:
        expected = "an expression such as now * 2, of numbers also as text"
        raise ArgumentError("expression", expression, expected)
    start, count = part_of(present, start, count)
    return list(Computation(scan, expr, field or "", present).values(start, count))


def _member(scan: ScanState, field: str) -> Member:
    return member(scan.type, field, bits=scan.bits)


def _addresses(present: Present, start: int, count: int, offset: int) -> list[int]:
    """Where some matches have their values, or a field of them."""
    return [address + offset for address in addresses_of(present, start, count)]


def _write_computed(
    scan: ScanState, present: Present, computation: Computation, force: bool
) -> Iterator[tuple[int, int]]:
    """Write to each match what is computed for it, once all of that is known."""
    blocks = list(computation.blocks(0, present.total))
    for block in blocks:
        count = len(block.raw) // block.width
        addresses = _addresses(present, block.start, count, computation.offset)
        if block.sizes:
            starts = range(0, len(block.raw), block.width)
            sized = zip(starts, block.sizes, strict=True)
            raw = b"".join(block.raw[start : start + size] for start, size in sized)
            values = Values(addresses, sizes=list(block.sizes), raw=raw)
        else:
            values = Values(addresses, block.width, raw=block.raw)
        yield count, _write(scan, values, force, computation.mask)


def _write_numbers(
    scan: ScanState, present: Present, value: Any, force: bool
) -> Iterator[tuple[int, int]]:
    places = [(at, reading_of(scan, at, present).names) for at in addresses_of(present)]
    raw = {names: _packed(value, names) for names in {names for _, names in places}}
    for start in range(0, len(places), _BATCH):
        batch = places[start : start + _BATCH]
        each = [raw[names] for _, names in batch]
        sizes = list(map(len, each))
        values = Values([address for address, _ in batch], sizes=sizes, raw=b"".join(each))
        yield len(batch), _write(scan, values, force)


def _packed(value: Any, names: Sequence[str]) -> bytes:
    """The bytes of a value as the first of some types that it fits."""
    errors = []
    for name in names:
        try:
            return encode(TYPES[name], value)
        except (ValueRangeError, ValueKindError) as error:
            errors.append(error)
    raise errors[0]


def _write(scan: ScanState, values: Values, force: bool, mask: bytes = b"") -> int:
    """Write to each address its value, of bit fields their bits. Returns to how many."""
    scan.target.check()
    memory, holder = scan.target.memory, scan.target._holder
    return writing.write_many(memory, holder, values, force=force, mask=mask)
