"""snapshot: keep the values of now under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import ScanOrderError

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Alternatives, Argument, Asked, Category, Command, Form, Given, Kind, kinds
from ..session import scan as scanning

if TYPE_CHECKING:
    from ..session.session import Session

_COLUMNS = (
    Column("NAME", style="bold"),
    Column("OF STEP", right=True),
    Column("VALUES", right=True),
)


def _new_name(session: Session, asked: Asked) -> str:  # noqa: ARG001
    name = asked.text.removeprefix("@")
    if not name.isidentifier():
        reason = "a name is made of letters, digits and underscores, no digit first"
        raise asked.error(f"a snapshot cannot be called {name!r}: {reason}")
    return name


NEW_NAME = Kind("NAME", _new_name, sample="full", refuses=(("2x", "UsageError"),))


def run(session: Session, given: Given) -> Result:
    """Take a snapshot, list those there are, or let one go."""
    if given.action == "drop":
        if session.scan is None:
            raise ScanOrderError(f'there is no snapshot "{given.dropped}": there is no scan')
        session.scan.drop(given.dropped)
        return Result({"dropped": given.dropped}, (f"@{given.dropped} is gone",))
    return _take(session, given.name) if given.name else _list(session)


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
        {"name": snapshot.name, "step": snapshot.step, "values": snapshot.result.matches}
        for snapshot in kept
    ]
    if not kept:
        return Result({"snapshots": listed}, ("no snapshots",))
    rows = tuple(
        (f"@{snapshot.name}", str(snapshot.step), f"{snapshot.result.matches:,}")
        for snapshot in kept
    )
    return Result({"snapshots": listed}, (Table(_COLUMNS, rows),))


SNAPSHOT = Command(
    name="snapshot",
    category=Category.SCANS,
    summary="keep the values of now, to compare with later",
    details="Keeps what the matches hold now under a name; predicates say @NAME from then on. It "
    "is no scan step: prev and first stay as they are. A snapshot belongs to the step it was taken "
    "at and is there again after undo and redo. Without a name it lists those that can be used.",
    examples=("snapshot full", "now < @full", "snapshot drop full"),
    run=run,
    arguments=(
        Alternatives(
            (
                Form((Argument("name", NEW_NAME),)),
                Form((Argument("dropped", kinds.SNAPSHOT),), keywords=("drop",), note="let one go"),
            ),
            optional=True,
        ),
    ),
)
