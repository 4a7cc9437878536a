"""Pointer paths as columns: batches of them, as they are walked through."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from ..arrow.batch import Batch
from ..arrow.columns import Columns
from ..arrow.fields import LIST, TEXT, Field, integer_format
from ..engine import lib
from ..lifetime.life import Held
from .found import Block, Found, Walk

_ROWS: Final = 1 << 13  # of a batch, at the most


def columns_of_paths(held: Held[Found], sections: frozenset[int], count: int | None) -> Columns:
    """The columns that :meth:`.PointerPaths.columns` gives.

    Args:
        held: whose paths they are.
        sections: that they begin in.
        count: of them, the best; all if None.
    """
    offset = Field("item", integer_format(64, signed=True))
    fields = Field("base", TEXT), Field("offsets", LIST, False, (offset,))
    return Columns(fields, partial(_batches, held, sections, count))


def _batches(
    held: Held[Found], sections: frozenset[int], count: int | None, columns: Columns
) -> Iterator[Batch]:
    return _walk(Walk(held, sections, False, _ROWS), count, columns)


def _walk(walk: Walk, count: int | None, columns: Columns) -> Iterator[Batch]:
    left = count
    while left is None or left > 0:
        block = walk.block(_ROWS if left is None else min(left, _ROWS))
        if not block.bases:
            return
        if left is not None:
            left -= len(block.bases)
        yield _filled(columns.batch(len(block.bases)), block)


def _filled(batch: Batch, block: Block) -> Batch:
    batch.variable(1, [base.encode("utf-8", "replace") for base in block.bases])
    ends = batch.buffer(2, 1, (batch.rows + 1) * 8, "int64_t *")
    steps = batch.buffer(3, 1, batch.rows * block.depth * 8, "int64_t *")
    count = lib.ff_arrow_steps(block.paths, block.offsets, block.depth, batch.rows, ends, steps)
    batch.set_rows(3, count)
    return batch
