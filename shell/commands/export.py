"""export: write the table for Cheat Engine."""

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
    """Write what Cheat Engine can read of the table."""
    from farfetch.scanner.tables.cheat_engine import export_table  # XML, which others do without

    force = words.switch(FORCE)
    word = words.take("FILE")
    force = words.switch(FORCE) or force
    words.end()
    file = path_of(word.text)
    if file.suffix.lower() != ".ct":
        raise words.error(f"FILE ends in .CT, unlike {word.raw!r}")
    report = export_table(session.table, file, force=force)
    count = sum(one.taken for one in report)
    said = f"{quantities.count(count, 'entry', 'entries')} exported to {file}"
    report_fields = entries.report_fields(report)
    return Result(
        {"file": str(file), "entries": count, "report": report_fields},
        (said, *entries.reported(report)),
    )


EXPORT = Command(
    name="export",
    usage="export FILE.CT [--force]",
    summary="write the table for Cheat Engine",
    details="Writes names, groups, types, addresses and pointer paths as a Cheat Engine table, and "
    "says of each entry what could not be written. load reads such files. A table with scripts or "
    "other things that farfetch does not take over is not written over unless --force says so: "
    "they would be lost.",
    examples=("export game.CT", "export game.CT --force"),
    run=run,
    complete=file_to_write,
)
