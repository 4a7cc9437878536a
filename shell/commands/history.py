"""history: the steps of the scan, and the way from one to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import ScanOrderError

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Command
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Scan, Step

    from ..session.session import Session

_COLUMNS = (
    Column(""),
    Column("STEP", right=True),
    Column("AFTER", right=True),
    Column("MATCHES", right=True, style="bold"),
    Column("PREDICATE"),
)


def run(session: Session, words: Words) -> Result:
    """List the steps, go to one, or forget those that were undone."""
    word = words.optional()
    if word is not None and word.text not in ("go", "forget"):
        raise words.error(f"history takes go or forget, not {word.text!r}")
    if session.scan is None:
        raise ScanOrderError("there is no history: there is no scan")
    if word is None:
        return _list(session.scan)
    if word.text == "go":
        number = words.take("STEP")
        words.end()
        session.scan.go_to(words.number(number, "STEP"))
        matches = quantities.count(session.matches, "match", "matches")
        return Result({"matches": session.matches, "steps": len(session.scan.steps)}, (matches,))
    words.end()
    dropped = session.scan.forget()
    line = f"{quantities.count(dropped, 'undone step')} forgotten"
    return Result({"forgotten": dropped, "disk": session.scan.disk}, (line,))


def _list(scan: Scan) -> Result:
    here = {step.number for step in scan.steps}
    last = scan.steps[-1].number if scan.steps else None
    rows = []
    fields: list[Json] = []
    for step in scan.history:
        mark = "*" if step.number == last else "" if step.number in here else "undone"
        rows.append((mark, *_row(step)))
        fields.append(
            {
                "step": step.number,
                "after": step.parent,
                "matches": step.result.matches,
                "predicate": str(step.predicate),
                "undone": step.number not in here,
            }
        )
    taken = f"{quantities.size(scan.memory)} of memory, {quantities.size(scan.disk)} of disk"
    return Result(
        {"present": last, "history": fields, "memory": scan.memory, "disk": scan.disk},
        (Table(_COLUMNS, tuple(rows)), taken),
    )


def _row(step: Step) -> tuple[str, ...]:
    parent = "" if step.parent is None else str(step.parent)
    return (str(step.number), parent, f"{step.result.matches:,}", str(step.predicate))


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    """Offer what it can do."""
    if not cursor.words:
        yield from cursor.offer(
            [Choice("go", "to a step"), Choice("forget", "the steps that were undone")]
        )


HISTORY = Command(
    name="history",
    usage="history [go STEP | forget]",
    summary="list the scan's steps, or go to one",
    details="Steps that were undone stay until they are forgotten, and a next scan after an undo "
    "begins a branch beside them. The star is where the matches are now; AFTER is the step that a "
    "step narrowed. forget gives back what undone steps take of memory and disk.",
    examples=("history", "history go 2", "history forget"),
    run=run,
    complete=complete,
)
