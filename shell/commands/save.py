"""save: write the table to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Category, Command, Given
from ..command.kinds import FILE, OVERWRITE
from ..session import advice, entries, leaving

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Write the table to a file."""
    entries.settle(session)
    may, over = (True, "") if given.force else leaving.may_save(session, given.file)
    if not may:
        return Result({"file": str(given.file), "entries": 0}, ("nothing was saved",))
    session.table.save(given.file, force=given.force)
    session.unsaved.saved(session.table, given.file)
    count = len(session.table)
    said = f"{quantities.count(count, 'entry', 'entries')} saved in {given.file}"
    said += f", {over}" if over else ""
    lines = (said, *advice.absolute(session.table))
    return Result({"file": str(given.file), "entries": count}, lines)


SAVE = Command(
    name="save",
    category=Category.TABLE,
    summary="save the table",
    details="Writes the table to a file that people can read, too. A file that is there is "
    "replaced at once or not at all, so nothing is lost when the disk is full, and stays its "
    "owner's, also for root. What is no table of farfetch's, such as a .CT file, is not written "
    "over unless --force says so. Over another table than the one that was loaded or saved there a "
    "person is asked, and it is kept for load --unsaved.",
    examples=("save game.json", 'save "~/tables/my game.json"'),
    run=run,
    arguments=(Argument("file", FILE),),
    options=(OVERWRITE,),
    answers="file entries",
)
