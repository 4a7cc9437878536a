"""info: the target, the settings and the scan at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import default_threads, isa

from ..answers import quantities, values
from ..answers.result import Json, Result
from ..command import Category, Command, Given
from ..session import holding, kept, processes

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """Describe the target, the settings and the scan."""
    fields = _target_fields(session)
    scan = session.scan
    fields |= {
        "isa": isa(),
        "threads": default_threads(),
        "type": values.type_label(session.settings.type),
        "align": session.settings.align,
        "where": session.settings.where,
        "matches": session.matches,
        "kept": None,
        "steps": [str(step.predicate) for step in scan.steps] if scan else [],
        "frozen": len(session.target.frozen) if session.target else 0,
        "not_held": len(holding.not_held(session.target)),
    }
    if scan:
        fields["kept"] = kept.kept_fields(scan)
    align = session.settings.align if session.settings.align is not None else "the type's"
    lines = [
        f"target   {_target_line(session)}",
        f"engine   {fields['isa']}, {quantities.count(default_threads(), 'thread')}",
        f"next     type {fields['type']}, align {align}, where {session.settings.where}",
    ]
    if scan:
        label = values.type_label(scan.type)
        lines.append(
            f"scan     {quantities.count(session.matches, 'match', 'matches')} of {label}, "
            f"align {scan.align}, where {scan.where}"
        )
        lines.append(f"kept     {kept.kept_text(scan)}")
        lines += [f"step {number:<3} {step}" for number, step in enumerate(_steps(session), 1)]
    if fields["frozen"]:
        lost = f", {fields['not_held']} not held" if fields["not_held"] else ""
        lines.append(f"frozen   {fields['frozen']}{lost}")
    return Result(fields, tuple(lines))


def _steps(session: Session) -> list[str]:
    return [
        f"{step.predicate}: {quantities.count(step.result.matches, 'match', 'matches')}"
        for step in (session.scan.steps if session.scan else ())
    ]


def _target_fields(session: Session) -> dict[str, Json]:
    target = session.target
    if target is None:
        return {"pid": None, "name": None, "memory": session.memory, "alive": False}
    return {
        "pid": target.pid,
        "name": target.name,
        "memory": target.memory.name,
        "alive": target.alive,
        "stopped": target.alive and processes.is_stopped(target.process),
        "bits": target.bits,
        "user": target.process.user if target.process else None,
        "exe": target.process.exe if target.process else None,
    }


def _target_line(session: Session) -> str:
    target = session.target
    if target is None:
        return f"none, memory {session.memory}"
    state = ", stopped" if processes.is_stopped(target.process) else ""
    state = state if target.alive else ", gone"
    return f"{values.target_label(target)}, {target.bits}-bit, memory {target.memory.name}{state}"


INFO = Command(
    name="info",
    category=Category.TARGET,
    summary="show the target, the settings and the scan",
    details="Says what is attached and how it is read, which vector instructions and how many "
    "threads scan it, the settings of the next first scan, and the steps of the present one.",
    examples=("info",),
    run=run,
    answers="pid name memory alive isa threads type align where matches steps frozen not_held",
)
