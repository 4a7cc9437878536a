"""Blocks of a result as text: plain and aligned for pipes, with rich's tables for terminals.

What comes out of a target (process names, paths, strings) may hold anything, so control
characters are shown as escapes and never reach the terminal.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable

from .result import Block, Column, Table

#: Longer tables are shown plain: rich would take seconds to lay out thousands of rows.
LONG = 500
_GAP = 2
_FOLDED = 12  # columns that a cell of text can be folded to
_ROOM = 16  # columns that make a column of text of its own
_WORD = re.compile(r"\s*\S+|\s+$")
_COLUMN_GAP = re.compile(r"^ +| {2,}")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Replace what would steer a terminal.

    >>> print(printable("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return _CONTROL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def columns(text: str) -> int:
    """How many columns printable text takes on a terminal: wide characters take two.

    >>> columns("gold"), columns("勇者"), columns("e\u0301")
    (4, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(mark) else 1 + (unicodedata.east_asian_width(mark) in "WF")
        for mark in text
    )


def plain(blocks: Iterable[Block]) -> str:
    """Render blocks as aligned text without colours; nothing is cut.

    Returns:
        Lines, each with its newline; empty when there are no blocks.
    """
    return "".join(
        _plain_table(block) if isinstance(block, Table) else printable(block) + "\n"
        for block in blocks
    )


def _plain_table(table: Table) -> str:
    widths = _widths(table)
    rows = [tuple(column.title for column in table.columns), *_printable(table)]
    lines = []
    for row in rows:
        cells = [
            _padded(cell, width, column)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        ]
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


def _printable(table: Table) -> list[tuple[str, ...]]:
    return [tuple(printable(cell) for cell in row) for row in table.rows]


def _widths(table: Table) -> list[int]:
    rows = [tuple(column.title for column in table.columns), *_printable(table)]
    return [max(map(columns, cells)) for cells in zip(*rows, strict=True)]


def _records(table: Table, width: int) -> str:
    """A row as a few lines, for terminals too narrow for it: its cells, each with its heading."""
    titles = max(columns(column.title) for column in table.columns)
    lines = []
    for row in _printable(table):
        mark = "- "
        for column, cell in zip(table.columns, row, strict=True):
            if cell:
                head = f"{mark}{column.title:<{titles}}  "
                mark = "  "
                lines += _folded(head, cell, width)
    return "".join(line + "\n" for line in lines)


def _folded(head: str, cell: str, width: int) -> list[str]:
    """Break a text between words, and words that are too long, to stand behind its head."""
    room = max(1, width - columns(head))
    lines, line = [], ""
    for word in _WORD.findall(cell):
        if line and columns(line + word) > room:
            lines.append(line)
            line = ""
        for mark in word if line else word.lstrip() or word:
            if columns(line + mark) > room:
                lines.append(line)
                line = ""
            line += mark
    lines.append(line)
    return [(" " * columns(head) if at else head) + line for at, line in enumerate(lines)]


def wrapped(text: str, width: int) -> str:
    """Break a line of printable text that is too wide for a terminal.

    What follows stands under the beginning of its last column, if that leaves room for it.

    >>> print(wrapped("  > 50    compared with some number", 30))
      > 50    compared with some
              number
    """
    if columns(text) <= width:
        return text
    gaps = [found.end() for found in _COLUMN_GAP.finditer(text)]
    roomy = [end for end in gaps if width - columns(text[:end]) >= _ROOM]
    at = max(roomy, default=0)
    return "\n".join(_folded(text[:at], text[at:].lstrip(), width))


def _padded(cell: str, width: int, column: Column) -> str:
    blanks = " " * (width - columns(cell))
    return blanks + cell if column.right else cell + blanks


def ansi(blocks: Iterable[Block], width: int, *, colours: bool = True) -> str:
    """Render blocks for a terminal.

    Args:
        blocks: what to show.
        width: columns of the terminal; longer cells are folded.
        colours: False leaves out all that is not text, as ``NO_COLOR`` asks.

    Returns:
        Lines with ANSI sequences; empty when there are no blocks.
    """
    return "".join(_ansi_block(block, width, colours) for block in blocks)


def _ansi_block(block: Block, width: int, colours: bool) -> str:
    if isinstance(block, str):
        return wrapped(printable(block), width) + "\n"
    return plain([block]) if len(block.rows) > LONG else _ansi_table(block, width, colours)


def _ansi_table(table: Table, width: int, colours: bool) -> str:
    least = [
        wide if column.whole else min(wide, _FOLDED)
        for wide, column in zip(_widths(table), table.columns, strict=True)
    ]
    if sum(least) + _GAP * (len(least) - 1) > width:
        return _records(table, width)
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in table.columns:
        shown.add_column(
            column.title,
            justify="right" if column.right else "left",
            style=column.style,
            overflow="fold",
            no_wrap=column.whole,
        )
    for row in _printable(table):
        shown.add_row(*map(Text, row))
    written = io.StringIO()
    console = Console(
        file=written,
        width=width,
        force_terminal=True,
        color_system="standard" if colours else None,
        highlight=False,
    )
    console.print(shown)
    return "".join(line.rstrip() + "\n" for line in written.getvalue().splitlines())
