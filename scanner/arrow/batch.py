"""Batches: some rows of a table, filled column by column."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ..engine import cell, check, ffi, lib
from ..lifetime.bound import Bound


class Batch(Bound):
    """Rows that are being filled; a field is known by its number, with its parts behind it.

    Attributes:
        rows: how many there are.
        cell: the core's batch is in it until it is handed on.

    Args:
        columns: the core's description of the table.
        rows: how many there are.
    """

    __slots__ = ("cell", "rows")

    def __init__(self, columns: Any, rows: int) -> None:
        self.rows = rows
        self.cell = cell("arrow_batch")
        check(lib.ff_arrow_batch_create(columns, rows, self.cell))

    def buffer(self, field: int, number: int, size: int, kind: str = "uint8_t *") -> Any:
        """One of a field's buffers, to be filled by whoever can.

        Args:
            field: which.
            number: of the buffer; of numbers and of bytes of a fixed size, 1 has the values.
            size: in bytes.
            kind: of pointer to it.
        """
        made = lib.ff_arrow_batch_buffer(self.cell[0], field, number, size)
        if made == ffi.NULL:
            raise MemoryError("not enough memory for a batch of rows")
        return ffi.cast(kind, made)

    def take(
        self, field: int, raw: Any, stride: int, offset: int, size: int, *, swapped: bool = False
    ) -> None:
        """Fill a field with a part of values that lie side by side.

        Args:
            field: which.
            raw: the core's values.
            stride: bytes of a whole value.
            offset: of the part in it.
            size: bytes of the part.
            swapped: whether its highest byte comes first, unlike this machine's.
        """
        out = self.buffer(field, 1, self.rows * size)
        if self.rows:
            values = ffi.cast("uint8_t *", raw) + offset
            lib.ff_arrow_take(values, stride, self.rows, size, swapped, out)

    def variable(self, field: int, values: Sequence[bytes | None]) -> None:
        """Fill a field with text, as UTF-8, or bytes, of any length each."""
        whole = b"".join(value for value in values if value is not None)
        ends = array("q", accumulate((len(value or b"") for value in values), initial=0))
        raw = ends.tobytes()
        ffi.memmove(self.buffer(field, 1, len(raw)), raw, len(raw))
        ffi.memmove(self.buffer(field, 2, len(whole)), whole, len(whole))
        if None in values:
            done = ffi.new("uint32_t[]", [value is not None for value in values])
            self.valid(field, done, 1)

    def valid(
        self, field: int, done: Any, least: int, types: Any = ffi.NULL, number: int = 0
    ) -> None:
        """Say which of a field are there; all are unless this is called.

        Args:
            field: which.
            done: bytes of each that were read; NULL for all of them.
            least: as many as there have to be.
            types: that each is of, a bit for each type; NULL for any.
            number: of the bit that has to be set.
        """
        check(lib.ff_arrow_batch_valid(self.cell[0], field, done, least, types, number))

    def set_rows(self, field: int, rows: int) -> None:
        """Say how many rows a field has, where it is not as many as the batch: a list's parts."""
        lib.ff_arrow_batch_rows(self.cell[0], field, rows)
