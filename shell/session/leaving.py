"""What a person is asked before a table goes that is in no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities
from . import entries, patches, unsaved

if TYPE_CHECKING:
    from pathlib import Path

    from farfetch.scanner import Table

    from .session import Session

_BACK = "load --unsaved brings it back"


def entries_of(table: Table) -> str:
    """How many entries a table has, scripts, and pieces of code; only what it has."""
    entries = quantities.count(len(table), "entry", "entries")
    parts = [entries] * bool(table) + others(len(table.scripts), len(table.code))
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if parts[1:] else (parts or [entries])[0]


def others(scripts: int, code: int) -> list[str]:
    """How many scripts, and pieces of code; nothing of what there is none of."""
    counted = (scripts, "script", "scripts"), (code, "piece of code", "pieces of code")
    return [quantities.count(count, one, many) for count, one, many in counted if count]


def may_end(session: Session) -> bool:
    """Ask whether the session may end, when its table would be lost with it.

    What is left unsaved is said, and what stays changed in the target. Where nobody can answer it
    ends without a word.

    Raises:
        KeyboardInterrupt: Ctrl-C is no answer.
    """
    if not _may_lose(session):
        return False
    if session.say is not None:
        for line in patches.stays(patches.left(session.target, session.undone)):
            session.say(line)
    return True


def _may_lose(session: Session) -> bool:
    if session.ask is None or session.unsaved.is_saved(session.table):
        return True
    entries.settle(session)
    lost = f"{entries_of(session.table)} of the table {_are(session.table)} not saved"
    if not session.ask(f"{lost}: end all the same?", at_end=True):
        return False
    if session.unsaved.leave(session.table) and session.say:
        session.say(f"the table is kept: {_BACK}")
    return True


def may_replace(session: Session) -> tuple[bool, str]:
    """Ask whether another table may take the place of the present one.

    Returns:
        Whether it may, and what is to be said of the one that goes.

    Raises:
        KeyboardInterrupt: Ctrl-C is no answer.
    """
    if session.unsaved.is_saved(session.table):
        return True, ""
    lost = f"{entries_of(session.table)} of the table {_are(session.table)} not saved"
    if session.ask is None:
        return True, f"{entries_of(session.table)} of the table before were not saved"
    if not session.ask(f"{lost}: load another in its place?"):
        return False, ""
    kept = session.unsaved.leave(session.table)
    return True, f"the table before is kept: {_BACK}" if kept else ""


def may_save(session: Session, file: Path) -> tuple[bool, str]:
    """Ask whether the table may be written over another one in a file.

    Returns:
        Whether it may, and what is to be said of the one that goes.

    Raises:
        KeyboardInterrupt: Ctrl-C is no answer.
    """
    other = session.unsaved.other(session.table, file)
    if other is None:
        return True, ""
    over = f"another table, of {entries_of(other)}"
    if session.ask is None:
        return True, f"over {over}"
    if not session.ask(f"{file} holds {over}: save over it?"):
        return False, ""
    kept = unsaved.put_aside(other)
    return True, f"over {over}" + (f", which is kept: {_BACK}" if kept else "")


def _are(table: Table) -> str:
    return "is" if len(table) + len(table.scripts) + len(table.code) == 1 else "are"
