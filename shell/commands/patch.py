"""patch: change bytes and keep the old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import format_address

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.kinds import BYTES, PLACE
from ..session import places

if TYPE_CHECKING:
    from farfetch.scanner import Patch

    from ..session.session import Session

AT_EXIT = "--undo-at-exit"

_COLUMNS = (
    Column("PATCH", right=True),
    Column("ADDRESS", right=True, style="cyan"),
    Column("WHERE"),
    Column("BEFORE"),
    Column("AFTER", style="bold"),
    Column("AT EXIT"),
)
_SHOWN = 16


def run(session: Session, given: Given) -> Result:
    """Patch bytes, or list the patches."""
    if given.place is None:
        return _undo_all_at_exit(session) if given.undo_at_exit else _listing(session)
    target, raw = session.attached, given.bytes
    address = places.find(session, given.place).address
    with session.whole():  # else a signal in between would leave it for ever
        patch = target.patch(address, raw)
        if given.undo_at_exit:
            session.undone.add(patch)
    line = (
        f"patch {patch.number}: {quantities.count(len(raw), 'byte')} at "
        f"{target.locate(patch.address)}, {shown(patch.before)} kept"
    )
    if patch.forced:
        line += "; forced into a read-only mapping"
    return Result(_fields(session, patch), (line,))


def shown(raw: bytes) -> str:
    """Some bytes for people; many are cut.

    >>> shown(bytes(3)), shown(bytes(40))[-12:]
    ('00 00 00', '… (40 bytes)')
    """
    if len(raw) <= _SHOWN:
        return raw.hex(" ")
    return f"{raw[:_SHOWN].hex(' ')} … ({len(raw)} bytes)"


def _undo_all_at_exit(session: Session) -> Result:
    patches = session.attached.patches
    for patch in patches:
        session.undone.add(patch)
    count = quantities.count(len(patches), "patch", "patches")
    return Result({"patches": len(patches)}, (f"{count} to be undone at exit or detach",))


def _listing(session: Session) -> Result:
    target = session.attached
    rows = tuple(
        (
            str(patch.number),
            format_address(patch.address),
            str(target.locate(patch.address)),
            shown(patch.before),
            shown(patch.after),
            "undo" if patch in session.undone else "keep",
        )
        for patch in target.patches
    )
    return Result(
        {"patches": [_fields(session, patch) for patch in target.patches]},
        (Table(_COLUMNS, rows) if rows else "no patches",),
    )


def _fields(session: Session, patch: Patch) -> dict[str, Json]:
    return {
        "patch": patch.number,
        "address": format_address(patch.address),
        "location": str(session.attached.locate(patch.address)),
        "before": patch.before.hex(" "),
        "after": patch.after.hex(" "),
        "undo_at_exit": patch in session.undone,
        "forced": patch.forced,
    }


PATCH = Command(
    name="patch",
    category=Category.MEMORY,
    summary="change bytes and keep the old ones, or list what is patched",
    details='BYTES are hex pairs, or text as in b"abc". Code is what it is for: it writes what the '
    "target may not write itself without being forced, and says so. unpatch puts the old bytes "
    f"back. {AT_EXIT} does so when the shell detaches or ends, also by a signal or because its "
    "terminal was closed, but for SIGKILL; alone it is for all patches there are. Without "
    "arguments it lists the patches.",
    examples=("patch game+0x1189 90 90", f"patch 0 de ad be ef {AT_EXIT}", "patch"),
    run=run,
    arguments=(Argument("place", PLACE, optional=True), Argument("bytes", BYTES)),
    options=(Option(AT_EXIT, "put the old bytes back"),),
    needs=Needs.TARGET,
)
