"""The answer of a scan: what ``first``, ``next`` and bare predicates have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities, values
from ..answers.result import Json, Result
from . import advice

if TYPE_CHECKING:
    from farfetch.scanner import ScanResult

    from .session import Session


def answer(session: Session, result: ScanResult, before: str = "") -> Result:
    """Describe a scan that has just succeeded.

    Args:
        session: with the scan.
        result: of its last step.
        before: what a first scan took the place of, as :func:`.advice.given_up` says it.
    """
    scan = session.scan
    steps = len(scan.steps) if scan else 0
    lines = [
        f"{quantities.count(result.matches, 'match', 'matches')} "
        f"({quantities.size(result.bytes)} in {quantities.seconds(result.seconds)})"
    ]
    lines += missing(result)
    if steps == 1 and not session.scans.is_kept:
        lines.append("the scan before is gone: it took more than half of the budget")
        before = ""
    if result.matches == 0 and steps > 1:
        lines.append("undo takes the last step back; a bare predicate begins a first scan")
    fields: dict[str, Json] = {
        "matches": result.matches,
        "bytes": result.bytes,
        "unreadable": result.unreadable,
        "blocked": result.faults.blocked_bytes,
        "seconds": round(result.seconds, 6),
        "steps": steps,
        "type": values.type_label(scan.type) if scan else None,
    }
    if result.matches:
        session.advised.clear()
    elif hint := advice.line(session, before):
        fields["hint"] = hint
        lines.append(hint)
    return Result(fields, tuple(lines))


def missing(result: ScanResult) -> list[str]:
    """Say what a scan could not read, if there is any."""
    lines = []
    if result.unreadable:
        lines.append(
            f"{quantities.size(result.unreadable)} could not be read, in "
            f"{quantities.count(len(result.faults.ranges), 'range')}"
        )
    if result.faults.blocked:
        lines.append(
            f"{quantities.size(result.faults.blocked_bytes)} of that did not come: who should "
            "bring it, a process with a userfaultfd or a file system, does not answer"
        )
    return lines
