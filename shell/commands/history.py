"""history: the steps of the scan, and the way from one to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import ScanOrderError

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Alternatives, Argument, Category, Command, Form, Given
from ..command.kinds import COUNT

if TYPE_CHECKING:
    from farfetch.scanner import Scan, Step

    from ..session.session import Session

_COLUMNS = (
    Column(""),
    Column("STEP", right=True),
    Column("AFTER", right=True),
    Column("MATCHES", right=True, style="bold"),
    Column("PREDICATE"),
)


def run(session: Session, given: Given) -> Result:
    """List the steps, go to one, or forget those that were undone."""
    if session.scan is None:
        raise ScanOrderError("there is no history: there is no scan")
    if not given.action:
        return _list(session.scan)
    if given.action == "go":
        session.scan.go_to(given.step)
        matches = quantities.count(session.matches, "match", "matches")
        return Result({"matches": session.matches, "steps": len(session.scan.steps)}, (matches,))
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


HISTORY = Command(
    name="history",
    category=Category.SCANS,
    summary="list the scan's steps, or go to one",
    details="Steps that were undone stay until they are forgotten, and a next scan after an undo "
    "begins a branch beside them. The star is where the matches are now; AFTER is the step that a "
    "step narrowed. forget gives back what undone steps take of memory and disk.",
    examples=("history", "history go 2", "history forget"),
    run=run,
    arguments=(
        Alternatives(
            (
                Form((Argument("step", COUNT, "STEP"),), keywords=("go",), note="to a step"),
                Form(keywords=("forget",), note="the steps that were undone"),
            ),
            optional=True,
        ),
    ),
)
