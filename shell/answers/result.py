"""What a command gives back: fields for JSON and blocks to show, rendered elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        right: aligned to the right, as numbers are.
        style: how a terminal shows it, in rich's words.
        drawing: a picture, which cannot be folded.
    """

    title: str
    right: bool = False
    style: str = ""
    drawing: bool = False

    @property
    def whole(self) -> bool:
        """Whether its cells are of no use when they are folded: numbers and pictures."""
        return self.right or self.drawing


@dataclass(frozen=True)
class Table:
    """Rows of text under headings."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


Block: TypeAlias = "str | Table"


@dataclass(frozen=True)
class Result:
    """What a command answers.

    Attributes:
        fields: the answer for programs; ``command`` and ``ok`` are added in front.
        blocks: the answer for people, lines and tables from top to bottom.
        pages: whether it is read from its beginning, so a page at a time where it does not fit.
    """

    fields: Mapping[str, Json] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    pages: bool = False
