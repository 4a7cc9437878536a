"""Pages of long lists, as they are asked for: so many rows, a range of them, or the next ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..session import pages
from .arguments import Alternatives, Argument, Asked, Form, Kind
from .kinds import COUNT

if TYPE_CHECKING:
    from ..session.session import Session
    from .parse import Given


def _rows(session: Session, asked: Asked) -> int | range:  # noqa: ARG001
    start, dots, last = asked.text.partition("..")
    if not dots:
        return asked.as_count()
    if not (start and last):
        raise asked.error(f"{asked.text} has one end only: a range is 0..9")
    first, end = (asked.words.whole(text, asked.what) for text in (start, last))
    if end < first:
        raise asked.error(f"{asked.text} ends before it begins")
    return range(first, end + 1)


#: How many rows, or from which to which.
ROWS: Final = Kind(
    "N|FROM..TO",
    _rows,
    sample="1..2",
    refuses=(("many", "UsageError"), ("3..1", "UsageError"), ("1..", "UsageError")),
)

#: A page of a list.
PAGE: Final = Alternatives(
    (
        Form((Argument("rows", ROWS),)),
        Form((Argument("start", COUNT, "START", default=0), Argument("count", COUNT, "COUNT"))),
        Form(keywords=("+",), note="the next page"),
        Form(keywords=("-",), note="the page before"),
    ),
    name="page",
    optional=True,
)


def wanted(given: Given, shown: range, total: int, rows: int, unsaid: int | None = None) -> range:
    """The indexes of the page that was asked for.

    Args:
        given: with what stood for :data:`PAGE`.
        shown: the page before.
        total: how many rows there are.
        rows: of a page, unless it was said.
        unsaid: how many there are where nothing is said; those of a page unless given.
    """
    if isinstance(given.rows, range):
        return range(total)[given.rows.start : given.rows.stop]
    said = given.count if given.rows is None else given.rows
    if said is None:
        said = rows if unsaid is None or given.page else unsaid
    return pages.turned((given.page, given.start, said), shown, total, rows)
