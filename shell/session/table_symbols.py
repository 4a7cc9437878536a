"""Names that the table gives to places, known in the target while the table is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, parse_path

if TYPE_CHECKING:
    from .session import Session

_OWNER = "the table"


def register(session: Session) -> None:
    """Make those known whose place can be told by now; the others wait for what they name.

    A name that is known already stays what it is.
    """
    target = session.target
    if target is None or not session.table.symbols or not target.alive:
        return
    for name, text in session.table.symbols.items():
        if name in target.symbols:
            continue
        try:
            address = parse_path(text).resolve(target)
            target.symbols.register(name, address, owner=_OWNER)
        except FarfetchError:
            target.check()


def forget(session: Session) -> None:
    """Take those away that :func:`register` made known: another table takes its place."""
    target = session.target
    if target is None or not target.alive:
        return
    for symbol in target.symbols.entries():
        if symbol.owner == _OWNER:
            target.symbols.unregister(symbol.name)
