"""history: the steps of the scan, and the way from one to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import ScanOrderError

from ..answers import quantities, values
from ..answers.result import Column, Json, Result, Table
from ..command import Alternatives, Argument, Category, Command, Form, Given
from ..command.kinds import COUNT
from ..session import kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farfetch.scanner import Scan, Step

    from ..session.scans import Begun
    from ..session.session import Session

_COLUMNS = (
    Column(""),
    Column("STEP", right=True),
    Column("AFTER", right=True),
    Column("MATCHES", right=True, style="bold"),
    Column("PREDICATE"),
)


_OTHERS = (
    Column("SCAN", right=True),
    Column("TYPE"),
    Column("STEPS", right=True),
    Column("MATCHES", right=True, style="bold"),
    Column("BEGAN WITH"),
)


def run(session: Session, given: Given) -> Result:
    """List the steps, go to one or to another scan, or forget what was left."""
    if given.action == "scan":
        session.scans.go_to(given.scan)
        return _arrived(session)
    scan = session.scan
    if given.action == "forget" and (scan is not None or session.scans.others):
        return _forget(session, scan)
    if scan is None:
        before = "; undo comes back to the one before" if session.scans.others else ""
        raise ScanOrderError(f"there is no history: there is no scan{before}")
    if given.action == "go":
        scan.go_to(given.step)
        return _arrived(session)
    return _list(session, scan)


def _arrived(session: Session) -> Result:
    matches = quantities.count(session.matches, "match", "matches")
    steps = len(session.scan.steps) if session.scan else 0
    return Result({"matches": session.matches, "steps": steps}, (matches,))


def _forget(session: Session, scan: Scan | None) -> Result:
    dropped = 0 if scan is None else scan.forget()
    others = session.scans.forget()
    line = f"{quantities.count(dropped, 'undone step')} forgotten"
    if others:
        line += f", {quantities.count(others, 'other scan')} too"
    left = (0, 0) if scan is None else (scan.values_memory, scan.disk)
    taken = dict(zip(("values", "disk"), left, strict=True))
    return Result({"forgotten": dropped, "scans": others, **taken}, (line,))


def _list(session: Session, scan: Scan) -> Result:
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
                "predicate": step.text,
                "undone": step.number not in here,
            }
        )
    others = session.scans.others
    return Result(
        {
            "present": last,
            "history": fields,
            **kept.kept_fields(scan),
            "scan": session.scans.number,
            "scans": [_fields(begun) for begun in others],
        },
        (Table(_COLUMNS, tuple(rows)), kept.kept_text(scan), *_others(others)),
    )


def _others(others: Sequence[Begun]) -> tuple[Table | str, ...]:
    """The scans beside the present one, and what they take."""
    if not others:
        return ()
    rows = tuple(
        (
            str(begun.number),
            values.type_label(begun.scan.type),
            str(len(begun.scan.steps)),
            f"{len(begun.scan):,}",
            next(iter(begun.scan.history)).text,
        )
        for begun in others
    )
    taken = kept.kept_text(*(begun.scan for begun in others))
    taken += f" for {'them' if len(others) > 1 else 'it'}"
    return ("other scans, which history scan N goes to:", Table(_OTHERS, rows), taken)


def _fields(begun: Begun) -> Json:
    return {
        "scan": begun.number,
        "type": values.type_label(begun.scan.type),
        "steps": len(begun.scan.steps),
        "matches": len(begun.scan),
        "after": None if begun.before is None else begun.before.number,
        **kept.kept_fields(begun.scan),
    }


def _row(step: Step) -> tuple[str, ...]:
    parent = "" if step.parent is None else str(step.parent)
    return (str(step.number), parent, f"{step.result.matches:,}", step.text)


HISTORY = Command(
    name="history",
    category=Category.SCANS,
    summary="list the scan's steps, or go to one",
    details="Steps that were undone stay until they are forgotten, and a next scan after an undo "
    "begins a branch beside them. The star is where the matches are now; AFTER is the step that a "
    "step narrowed. A first scan begins beside the one before, which undo goes back to; scan goes "
    "to any that is kept. The oldest ones go when together they take more than half of the budget. "
    "forget gives back what undone steps and the other scans take of memory and disk. The last "
    "line says what is kept: in memory, in memory for old values, and on disk beyond that.",
    examples=("history", "history go 2", "history scan 1", "history forget"),
    run=run,
    arguments=(
        Alternatives(
            (
                Form((Argument("step", COUNT, "STEP"),), keywords=("go",), note="to a step"),
                Form((Argument("scan", COUNT, "N"),), keywords=("scan",), note="to another scan"),
                Form(keywords=("forget",), note="undone steps and other scans"),
            ),
            optional=True,
        ),
    ),
)
