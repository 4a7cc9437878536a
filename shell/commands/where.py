"""where: the regions of the next first scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Command
from ..complete import offers
from ..line.words import Words
from ..session.settings import keeps

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, words: Words) -> Result:
    """Choose or show the region filter."""
    chosen = words.rest()
    if chosen:
        session.set_where(chosen)
    more = keeps(session, "regions") if chosen else ()
    return Result({"where": session.where}, (f"where {session.where}", *more))


WHERE = Command(
    name="where",
    usage="where [FILTER]",
    summary="choose the regions to scan",
    details="Filters, joined with commas: writable (the default), all, heap, stack, data (data "
    "and bss of modules), anon, module:NAME, 0xA..0xB. Kinds add up; writable among other kinds "
    "keeps only what can be written; a range cuts everything else.",
    examples=("where heap", "where data,module:game", "where 0x7f0000000000..0x7f0000100000"),
    run=run,
    complete=offers.where_words,
)
