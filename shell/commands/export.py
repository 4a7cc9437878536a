"""export: write the table for Cheat Engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Asked, Category, Command, Given, Kind
from ..command.kinds import OVERWRITE
from ..complete import offers
from ..line.words import path_of
from ..session import entries

if TYPE_CHECKING:
    from pathlib import Path

    from ..session.session import Session


def _file(session: Session, asked: Asked) -> Path:  # noqa: ARG001
    file = path_of(asked.text)
    if file.suffix.lower() != ".ct":
        raise asked.error(f"FILE ends in .CT, unlike {asked.raw!r}")
    return file


NEW_FILE = Kind(
    "FILE.CT", _file, offers.files, called="FILE", sample="game.CT", refuses=(("x", "UsageError"),)
)


def run(session: Session, given: Given) -> Result:
    """Write what Cheat Engine can read of the table."""
    from farfetch.scanner import export_table  # reads XML, which others do without

    report = export_table(session.table, given.file, force=given.force)
    count = sum(entry.taken for entry in report)
    said = f"{quantities.count(count, 'entry', 'entries')} exported to {given.file}"
    report_fields = entries.report_fields(report)
    return Result(
        {"file": str(given.file), "entries": count, "report": report_fields},
        (said, *entries.reported(report)),
    )


EXPORT = Command(
    name="export",
    category=Category.TABLE,
    summary="write the table for Cheat Engine",
    details="Writes names, groups, types, addresses, pointer paths and scripts as a Cheat Engine "
    "table, and says of each entry what could not be written. A table that was loaded from such a "
    "file keeps all that it has beside them, byte for byte where nothing was changed. Over another "
    "table with things that farfetch does not take over nothing is written unless --force says so: "
    "they would be lost.",
    examples=("export game.CT", "export game.CT --force"),
    run=run,
    arguments=(Argument("file", NEW_FILE),),
    options=(OVERWRITE,),
    answers="file entries report",
)
