"""snapshot: keep the values of now under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import ScanOrderError

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Command
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import scan as scanning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_COLUMNS = (
    Column("NAME", style="bold"),
    Column("OF STEP", right=True),
    Column("VALUES", right=True),
)


def run(session: Session, words: Words) -> Result:
    """Take a snapshot, list those there are, or let one go."""
    word = words.optional()
    if word is None:
        words.end()
        return _list(session)
    if word.text == "drop":
        name = words.take("NAME").text.removeprefix("@")
        words.end()
        if session.scan is None:
            raise ScanOrderError(f'there is no snapshot "{name}": there is no scan')
        session.scan.drop(name)
        return Result({"dropped": name}, (f"@{name} is gone",))
    words.end()
    name = word.text.removeprefix("@")
    if not name.isidentifier():
        reason = "a name is made of letters, digits and underscores, no digit first"
        raise words.error(f"a snapshot cannot be called {name!r}: {reason}")
    return _take(session, name)


def _take(session: Session, name: str) -> Result:
    session.attached.check()
    result = session.snapshot(name)
    fields: dict[str, Json] = {
        "name": name,
        "values": result.matches,
        "bytes": result.bytes,
        "unreadable": result.unreadable,
        "blocked": result.faults.blocked_bytes,
        "seconds": round(result.seconds, 6),
    }
    line = f"{quantities.count(result.matches, 'value')} kept: compare with @{name}"
    return Result(fields, (line, *scanning.missing(result)))


def _list(session: Session) -> Result:
    kept = session.scan.snapshots if session.scan else ()
    listed: list[Json] = [
        {"name": one.name, "step": one.step, "values": one.result.matches} for one in kept
    ]
    if not kept:
        return Result({"snapshots": listed}, ("no snapshots",))
    rows = tuple((f"@{one.name}", str(one.step), f"{one.result.matches:,}") for one in kept)
    return Result({"snapshots": listed}, (Table(_COLUMNS, rows),))


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer to drop one, and which."""
    if not cursor.words:
        yield from cursor.offer([Choice("drop", "let one go")])
    elif cursor.words == ["drop"]:
        yield from cursor.offer(Choice(name, "snapshot") for name in moment.snapshots)


SNAPSHOT = Command(
    name="snapshot",
    usage="snapshot [NAME | drop NAME]",
    summary="keep the values of now, to compare with later",
    details="Keeps what the matches hold now under a name; predicates say @NAME from then on. It "
    "is no scan step: prev and first stay as they are. A snapshot belongs to the step it was taken "
    "at and is there again after undo and redo. Without a name it lists those that can be used.",
    examples=("snapshot full", "now < @full", "snapshot drop full"),
    run=run,
    complete=complete,
)
