"""Columns: a table that other libraries read by Arrow's PyCapsule interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..lifetime.bound import Bound
from .batch import Batch
from .fields import Field, columns_of
from .stream import export_schema, export_stream


class Columns(Bound):
    """Columns of many matches, or of pointer paths, for whatever takes Arrow.

    What has ``__arrow_c_stream__`` can be given to pyarrow, polars, pandas, DuckDB and others;
    none of these is needed to make it. Each asks for the rows once more, batch after batch, and
    gets memory of its own, which stays when the target, the scan and these columns have gone.

    Attributes:
        names: of the columns.

    Args:
        fields: what the columns are.
        begin: gives the batches of a stream, each made when it is asked for.

    >>> scan = attach(Buffer(bytes([1, 5, 9]), base=16)).scan(u8, where="all")
    >>> scan.first("now > 4").matches
    2
    >>> scan.matches.columns().names
    ('address', 'value', 'previous', 'first')
    """

    def __init__(
        self, fields: Sequence[Field], begin: Callable[[Columns], Iterator[Batch]]
    ) -> None:
        self.names = tuple(field.name for field in fields)
        self._columns = columns_of(fields)
        self._begin = begin

    def batch(self, rows: int) -> Batch:
        """Rows of these columns, to be filled."""
        return Batch(self._columns, rows)

    def __arrow_c_schema__(self) -> object:
        """What the columns are: a capsule with an ``ArrowSchema``."""
        return export_schema(self._columns)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All rows: a capsule with an ``ArrowArrayStream``.

        Args:
            requested_schema: types that would be welcome; they stay what they are.

        Raises:
            ScanClosed, PointersClosed, ForkedError: there are no rows any more.
        """
        return export_stream(self._columns, self._begin(self), requested_schema)

    def __repr__(self) -> str:
        return f"<Columns {', '.join(self.names)}>"
