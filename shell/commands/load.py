"""load: read a table from a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, quote

from ..answers import quantities
from ..answers.result import Json, Result
from ..command import Alternatives, Argument, Category, Command, Form, Given, Option
from ..command.kinds import FILE, FORCE
from ..errors import CommandError, UsageError
from ..loading import thaw
from ..session import advice, entries, leaving, scripts, table_symbols, unsaved, writes

if TYPE_CHECKING:
    from pathlib import Path

    from farfetch.scanner import Table, Taken

    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Read a table and take its place; freeze what it says, if asked to."""
    freeze, force = given.freeze, given.force
    if freeze and given.merge:
        raise UsageError("--freeze does not go with --merge: freeze the entries")
    if freeze:
        session.attached.check()
    report: list[Taken] = []
    if given.unsaved:
        taken = unsaved.take()
        if taken is None:
            raise CommandError("there is no table that was not saved")
        table, file = taken
    else:
        from farfetch.scanner import read_table  # reads XML, which others do without

        file = given.file
        thaw()
        table, report = read_table(file)
    if given.merge:
        return _merged(session, table, report, given.file)
    may, before = leaving.may_replace(session)
    if not may:
        return Result(_NOTHING, ("nothing was loaded",))
    others = _others(session, table)
    table_symbols.forget(session)
    session.structures.add(*table.structures.values())
    session.table = table
    session.folder = None if given.unsaved else file.resolve().parent
    table_symbols.register(session)
    if given.unsaved:
        if session.unsaved.keep(table):
            unsaved.drop(file)
    else:
        session.unsaved.saved(table, file)
    count = len(table)
    said = f"{quantities.count(count, 'entry', 'entries')} loaded from {file}"
    said += _and(leaving.others(len(table.scripts), len(table.code)))
    lines = [said]
    if given.unsaved:
        lines = [f"{leaving.entries_of(table)} loaded that were never saved"]
    lines += [before] if before else []
    lines += _comments(table)
    still = ", ".join(map(quote, scripts.not_of(session, table)))
    lines += [f"still on from before: {still}"] if still else []
    lines += [*advice.absolute(table), *others]
    lines += entries.reported(report)
    frozen, failed = 0, []
    for entry in session.table if freeze else ():
        if entry.frozen is None:
            continue
        try:
            entries.freeze(session, entry, force=force)
            frozen += 1
        except FarfetchError as error:
            failed.append((entry.name, str(error)))
            lines.append(f"{quote(entry.name)} is not frozen: {error}")
    if frozen:
        lines.append(f"{quantities.count(frozen, 'entry', 'entries')} frozen")
    not_frozen: list[Json] = [{"name": name, "reason": reason} for name, reason in failed]
    return Result(
        {
            "file": str(file),
            "entries": count,
            "scripts": len(table.scripts),
            "frozen": frozen,
            "failed": not_frozen,
            "refused": writes.as_json(failed),
            "comments": table.comments,
            "renamed": {},
            "report": entries.report_fields(report),
        },
        tuple(lines),
    )


def _merged(session: Session, table: Table, report: list[Taken], file: Path) -> Result:
    """Put what another table has behind what there is."""
    before = len(session.table), len(session.table.scripts), len(session.table.code)
    others = _others(session, table)
    renamed = session.table.merge(table)
    session.structures.add(*table.structures.values())
    if session.folder is None:
        session.folder = file.resolve().parent
    table_symbols.register(session)
    added = len(session.table) - before[0]
    scripts = len(session.table.scripts) - before[1]
    said = f"{quantities.count(added, 'entry', 'entries')} added from {file}"
    said += _and(leaving.others(scripts, len(session.table.code) - before[2]))
    lines = [said, *_comments(table), *advice.absolute(table), *others]
    lines += [f"{quote(name)} is {quote(new)} here" for name, new in list(renamed.items())[:_SHOWN]]
    if len(renamed) > _SHOWN:
        lines.append(f"and {len(renamed) - _SHOWN} more have other names here")
    names: dict[str, Json] = dict(renamed)
    return Result(
        {
            **_NOTHING,
            "file": str(file),
            "entries": added,
            "scripts": scripts,
            "comments": table.comments,
            "renamed": names,
            "report": entries.report_fields(report),
        },
        (*lines, *entries.reported(report)),
    )


def _and(others: list[str]) -> str:
    return f", and {' and '.join(others)}" if others else ""


def _comments(table: Table) -> list[str]:
    """The beginning of what its maker says."""
    lines = [" ".join(line.split())[:_WIDEST] for line in table.comments.splitlines()]
    said = [f"  {line}" for line in lines if line]
    return said[:_SHOWN] + ([f"  and {len(said) - _SHOWN} more lines"] if said[_SHOWN:] else [])


def _others(session: Session, table: Table) -> list[str]:
    """Say which structures a table declares differently than they were."""
    return [
        f"struct {name} is the table's now, which is declared differently"
        for name, declaration in table.structures.items()
        if session.structures.get(name) not in (None, declaration)
    ]


_OPTIONS = (
    Option("--freeze", "what was frozen when it was saved"),
    replace(FORCE, needs="--freeze"),
)
_MERGE = Option("--merge", "behind what there is")
_SHOWN = 12  # lines of what there may be many of
_WIDEST = 100  # characters of each
_NOTHING: dict[str, Json] = {
    "file": None,
    "entries": 0,
    "scripts": 0,
    "frozen": 0,
    "failed": [],
    "refused": [],
    "comments": "",
    "renamed": {},
    "report": [],
}

LOAD = Command(
    name="load",
    category=Category.TABLE,
    summary="load a saved table",
    details="Takes the place of the table that there is. Nothing in the target changes, unless "
    "--freeze holds the entries that were frozen when the table was saved, with --force those in "
    "read-only mappings, too. A file that is damaged "
    "or of a newer version leaves everything as it was. A file may be a Cheat Engine table or "
    "trainer, too; what of it could not be taken over is said, and export writes it back. "
    "--merge leaves the table that there is, and puts the "
    "other's entries and scripts behind its own; what has a name that is taken is called NAME (2). "
    "--unsaved takes up the last "
    "table that was in no file when a session ended, or another table took its place. A person is "
    "asked before that happens.",
    examples=(
        "load game.json",
        "load game.json --freeze",
        "load game.CT",
        "load game.CT --merge",
        "load --unsaved",
    ),
    run=run,
    arguments=(
        Alternatives(
            (
                Form((Argument("file", FILE),), (*_OPTIONS, _MERGE)),
                Form((), _OPTIONS, ("--unsaved",), "the last table that was not saved"),
            ),
            name="unsaved",
            called="FILE",
        ),
    ),
    answers="file entries scripts frozen failed refused comments renamed report",
)
