"""save: write the table to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities
from ..answers.result import Result
from ..command import Command
from ..complete.offers import FORCE, file_to_write
from ..line.words import Words, path_of
from ..session import entries

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, words: Words) -> Result:
    """Write the table to a file."""
    force = words.switch(FORCE)
    word = words.take("FILE")
    force = words.switch(FORCE) or force
    words.end()
    file = path_of(word.text)
    entries.settle(session)
    session.table.save(file, force=force)
    count = len(session.table)
    said = f"{quantities.count(count, 'entry', 'entries')} saved in {file}"
    return Result({"file": str(file), "entries": count}, (said,))


SAVE = Command(
    name="save",
    usage="save FILE [--force]",
    summary="save the table",
    details="Writes the table to a file that people can read, too. A file that is there is "
    "replaced at once or not at all, so nothing is lost when the disk is full, and stays its "
    "owner's, also for root. What is no table of farfetch's, such as a .CT file, is not written "
    "over unless --force says so.",
    examples=("save game.json", 'save "~/tables/my game.json"'),
    run=run,
    complete=file_to_write,
)
