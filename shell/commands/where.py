"""where: the regions of the next first scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Argument, Category, Command, Given
from ..command.kinds import FILTER

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Choose or show the region filter."""
    if given.filter is not None:
        session.settings.where = str(given.filter)
    more = session.keeps("regions") if given.filter is not None else ()
    return Result({"where": session.settings.where}, (f"where {session.settings.where}", *more))


WHERE = Command(
    name="where",
    category=Category.SETTINGS,
    summary="choose the regions to scan",
    details="Filters, joined with commas: writable (the default), all, heap, stack, data (data "
    "and bss of modules), anon, module:NAME, mappings by name as /memfd:ram or /dev/shm/*, "
    "0xA..0xB. Kinds add up; writable among other kinds keeps only what can be written; a range "
    "cuts everything else. What has a - before it is left out. Of a file that is mapped and "
    "shared several times, once scans each byte in one mapping, the largest.",
    examples=(
        "where heap",
        "where data,module:game",
        "where -module:libc.so.6",
        "where /memfd:ram,once",
        "where 0x7f0000000000..0x7f0000100000",
    ),
    run=run,
    arguments=(Argument("filter", FILTER, optional=True),),
    answers="where",
)
