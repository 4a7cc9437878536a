"""Pages of long lists, and how they are turned."""

from __future__ import annotations


def turned(asked: tuple[str, int, int], shown: range, total: int, rows: int) -> range:
    """The indexes to show, none outside ``total``.

    Args:
        asked: ``+`` or ``-`` for the page behind or before what was shown, else "" with a start and
            a count.
        shown: what was.
        total: how many there are.
        rows: of a page, where nothing was shown before.

    >>> turned(("+", 0, 0), range(20, 30), 100, 10), turned(("", 95, 10), range(0), 100, 10)
    (range(30, 40), range(95, 100))
    """
    turn, start, count = asked
    if turn:
        count = len(shown) or rows
        start = shown.stop if turn == "+" else max(0, shown.start - count)
    return range(total)[start : start + count]
