"""The line at the bottom of the prompt."""

from __future__ import annotations

from prompt_toolkit.formatted_text import StyleAndTextTuples

from ..answers import quantities, values
from ..answers.render import columns, printable
from ..session import holding, processes
from ..session.session import Session

STYLE = {
    "bottom-toolbar": "noreverse bg:#303030 #d0d0d0",
    "bottom-toolbar.gone": "bold #ff5f5f",
    "bottom-toolbar.target": "bold #ffffff",
}


def toolbar(session: Session, width: int) -> StyleAndTextTuples:
    """Say what is attached, whether it lives, and what a scan has or would have.

    Args:
        session: to describe.
        width: columns there are; what does not fit whole is left out.

    Returns:
        Styled pieces of one line.
    """
    shown = _target(session)
    for piece in _scan(session):
        if sum(columns(text) for _, text, *_ in shown) + columns(piece) <= width:
            shown.append(("", piece))
    return shown


def _target(session: Session) -> StyleAndTextTuples:
    target = session.target
    if target is None:
        return [("", " no target (attach PID or NAME)")]
    name = printable(f" {values.target_label(target)}")
    if not target.alive:
        return [("class:bottom-toolbar.gone", f"{name} gone")]
    state = " stopped" if processes.is_stopped(target.process) else " alive"
    return [("class:bottom-toolbar.target", name), ("", state)]


def _scan(session: Session) -> list[str]:
    scan = session.scan
    if scan is None:
        align = "auto" if session.settings.align is None else str(session.settings.align)
        about = [values.type_label(session.settings.type), f"align {align}", session.settings.where]
    else:
        about = [values.type_label(scan.type), f"align {scan.align}", str(scan.where)]
        about.insert(0, quantities.count(session.matches, "match", "matches"))
    if session.target is not None and session.target.frozen:
        lost = len(holding.not_held(session.target))
        frozen = f"{len(session.target.frozen)} frozen"
        about.append(f"{frozen}, {lost} not held" if lost else frozen)
    if scan is not None:
        memory = scan.memory + scan.values_memory
        kept = [f"{quantities.size(memory)} memory", f"{quantities.size(scan.disk)} disk"]
        about.append(", ".join(kept[: 2 if scan.disk else 1]))
    if session.target is not None:
        about.append(session.target.memory.name)
    return [f" | {printable(piece)}" for piece in about]
