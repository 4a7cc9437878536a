"""Matches as columns: what they are, and batches of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..arrow.batch import Batch
from ..arrow.columns import Columns
from ..arrow.fields import STRUCT, TEXT, Field, bytes_format, float_format, integer_format
from ..engine import ffi, lib
from ..errors import SnapshotError, TypeNameError
from ..memory.values import Values
from ..values.convert import layout_of
from ..values.layout import Layout
from ..values.members import Member, members
from .history import Present
from .reading import Readings
from .state import ScanState

_ROWS: Final = 1 << 16  # of a batch, at the most
_BYTES: Final = 16 << 20  # of their values


def columns_of_matches(scan: ScanState, present: Present, indexes: range) -> Columns:
    """The columns that :meth:`.Matches.columns` gives.

    Args:
        scan: whose matches they are.
        present: where its history is.
        indexes: of the matches.
    """
    return Columns(*_Rows(scan, present, indexes).table())


class _Rows:
    """Some matches, as rows: an address, and the value now, at the last and at the first scan."""

    def __init__(self, scan: ScanState, present: Present, indexes: range) -> None:
        self._scan = scan
        self._present = present
        self._indexes = indexes
        ground = present.ground
        self._layout = ground.layout if ground else scan.layout
        self._is_regex = bool(ground and ground.regex)
        self._size = self._layout.size or 0
        self._parts = self._parts_of()

    def table(self) -> tuple[Sequence[Field], Any]:
        """What :class:`.Columns` is made of."""
        address = Field("address", integer_format(64, signed=False))
        values = [self._field(name) for name in ("value", "previous", "first")]
        return (address, *values), self._batches

    def _parts_of(self) -> tuple[_Part, ...]:
        """The parts of a structure, and of a number of unknown type the types it may be of."""
        scan = self._scan
        if scan.layout.parts:
            return tuple(_Part(part.name, 0, part.size or 0, part) for part in scan.layout.parts)
        if scan.layout.kind != "struct":
            return ()
        return tuple(_Part.of(one, scan.bits) for one in members(scan.type, bits=scan.bits))

    @property
    def _format(self) -> str:
        if self._parts:
            return STRUCT
        if self._is_regex and self._layout.kind == "bytes":
            return bytes_format(None)
        return _format_of(self._layout, self._layout.size)

    def _field(self, name: str) -> Field:
        typed = bool(self._scan.layout.parts)
        parts = tuple(Field(part.name, part.format, typed) for part in self._parts)
        return Field(name, self._format, name == "value" and not typed, parts)

    def _batches(self, columns: Columns) -> Iterator[Batch]:
        self._scan.history.check()
        return self._walk(columns)

    def _walk(self, columns: Columns) -> Iterator[Batch]:
        step = max(1, min(_ROWS, _BYTES // max(1, self._size)))
        for start in range(self._indexes.start, self._indexes.stop, step):
            self._scan.history.check()  # of a closed scan there is no more
            yield self._batch(columns, start, min(step, self._indexes.stop - start))

    def _batch(self, columns: Columns, start: int, rows: int) -> Batch:
        present = self._present
        batch = columns.batch(rows)
        addresses = ffi.new("uint64_t[]", rows)
        lib.ff_matchset_addresses(present.matches, start, rows, addresses)
        ffi.memmove(batch.buffer(1, 1, rows * 8), addresses, rows * 8)
        value, previous, first = (2 + i * (1 + len(self._parts)) for i in range(3))
        if self._format == TEXT or self._format == bytes_format(None):
            listed = Readings(self._scan, ffi.unpack(addresses, rows), present)
            whole = self._read(listed.values)
            batch.variable(value, [_encoded(one) for one in listed.now(whole)])
            for field, kept in ((previous, present.previous), (first, present.first)):
                then = listed.then(self._recall(kept, start, rows))
                batch.variable(field, [_encoded(one) for one in then])
            return batch
        values = Values(addresses, self._size)
        self._read(values)
        types = ffi.NULL
        if self._scan.layout.parts:
            types = ffi.new("uint32_t[]", rows)
            lib.ff_arrow_types(present.matches, addresses, rows, types)
        self._fill(batch, value, values.raw, values.done, types)
        for field, kept in ((previous, present.previous), (first, present.first)):
            self._fill(batch, field, self._recall(kept, start, rows), ffi.NULL, types)
        return batch

    def _read(self, values: Values) -> bool:
        """Read what is there now. Returns whether all of it is."""
        target = self._scan.target
        whole = target.memory.read_many(values)
        target.check()  # after the fact: so these are not another program's values
        return whole == values.count

    def _recall(self, snapshot: Any, start: int, rows: int) -> Any:
        """The bytes that each had."""
        values = ffi.new("uint8_t[]", rows * self._size)
        code = lib.ff_snapshot_values(snapshot, self._present.matches, start, rows, values)
        if code < 0:
            raise SnapshotError(self._scan.directory, -code, "cannot read old values back")
        return values

    def _fill(self, batch: Batch, field: int, raw: Any, done: Any, types: Any) -> None:
        """Fill a field with values that lie side by side, and its parts with theirs."""
        ground = self._present.ground
        assert ground is not None
        if not self._scan.layout.parts and done != ffi.NULL:
            batch.valid(field, done, min(ground.least, self._size))
        if not self._parts:
            _take(batch, field, raw, self._size, _Part("", 0, self._size, self._layout))
        for number, part in enumerate(self._parts):
            at = field + 1 + number
            _take(batch, at, raw, self._size, part)
            if types != ffi.NULL:
                batch.valid(at, done, part.size, types, number)


class _Part:
    """A part of a value, with a column of its own.

    Attributes:
        name: of it.
        offset: from the value's first byte.
        size: in bytes.
        layout: of it; None where only construct can read it, and bytes are what it has.
        format: Arrow's letters for it.
    """

    def __init__(self, name: str, offset: int, size: int, layout: Layout | None) -> None:
        self.name = name
        self.offset = offset
        self.size = size
        is_plain = layout is not None and layout.is_number
        self.layout = layout if is_plain else None
        self.format = _format_of(layout, size) if layout and is_plain else bytes_format(size)

    @classmethod
    def of(cls, member: Member, bits: int) -> _Part:
        """The part that a structure's member is, in a target of such pointers."""
        try:
            layout = layout_of(member.type, bits=bits)
        except TypeNameError:
            layout = None
        return cls(member.name, member.offset, member.size, layout)


def _take(batch: Batch, field: int, raw: Any, stride: int, part: _Part) -> None:
    layout = part.layout
    if layout is not None and not layout.format:
        width = _width_of(layout) // 8
        made = ffi.from_buffer("uint8_t[]", _widened(raw, stride, part, layout, width))
        batch.take(field, made, width, 0, width)
        return
    swapped = layout is not None and layout.big_endian != (sys.byteorder == "big")
    batch.take(field, raw, stride, part.offset, part.size, swapped=swapped)


def _widened(raw: Any, stride: int, part: _Part, layout: Layout, width: int) -> bytes:
    """Numbers of three bytes, or bits, as numbers that others have, side by side."""
    whole, first, size = bytes(ffi.buffer(raw)), part.offset, part.size
    values = (layout.unpack(whole[at : at + size]) for at in range(first, len(whole), stride))
    signed, order = layout.signed, sys.byteorder
    return b"".join(int(value).to_bytes(width, order, signed=signed) for value in values)


def _width_of(layout: Layout) -> int:
    """The bits of an integer that has all values of another, as others have integers."""
    size = layout.size or 0
    return 32 if size == 3 else 8 * size


def _format_of(layout: Layout, size: int | None) -> str:
    if layout.kind == "int":
        return integer_format(_width_of(layout), signed=layout.signed)
    if layout.kind == "float":
        return float_format(layout.bits)
    return TEXT if layout.kind in ("text", "utf16") else bytes_format(size)


def _encoded(value: Any) -> bytes | None:
    return value.encode("utf-8", "replace") if isinstance(value, str) else value
