"""patch: change bytes and keep the old ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import bytes_, format_address, parse_value

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Command, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Patch

    from ..session.session import Session

AT_EXIT = "--undo-at-exit"
_AT_EXIT = re.compile(rf"(?:^|\s){AT_EXIT}(?=\s|$)")

_COLUMNS = (
    Column("PATCH", right=True),
    Column("ADDRESS", right=True, style="cyan"),
    Column("WHERE"),
    Column("BEFORE"),
    Column("AFTER", style="bold"),
    Column("AT EXIT"),
)
_SHOWN = 16


class Arguments(NamedTuple):
    """A match's index or an address as typed, the bytes' text, and whether to undo it at exit."""

    which: int | str
    value: str
    at_exit: bool


def parse(words: Words) -> Arguments | bool:
    """Read the place, the bytes and the option; only the option, or False, for no place."""
    which = words.optional()
    if which is None or which.text == AT_EXIT:
        words.end()
        return which is not None
    rest = words.need_rest("BYTES")
    value = _AT_EXIT.sub("", rest).strip()
    if not value:
        raise words.error("BYTES is missing")
    return Arguments(places.index_or_address(words, which), value, value != rest)


@needs_target
def run(session: Session, words: Words) -> Result:
    """Patch bytes, or list the patches."""
    arguments = parse(words)
    if isinstance(arguments, bool):
        return _undo_all_at_exit(session) if arguments else _listing(session)
    target = session.attached
    raw = parse_value(bytes_, arguments.value)
    assert isinstance(raw, bytes)
    if not raw:
        raise words.error("BYTES is missing")
    address = places.find(session, arguments.which).address
    with session.whole():  # else a signal in between would leave it for ever
        patch = target.patch(address, raw)
        if arguments.at_exit:
            session.undo_at_exit(patch)
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
        session.undo_at_exit(patch)
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
            "undo" if session.undoes_at_exit(patch) else "keep",
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
        "undo_at_exit": session.undoes_at_exit(patch),
        "forced": patch.forced,
    }


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer match indexes and addresses, then the option."""
    if not cursor.words:
        yield from offers.match_index(cursor, moment)
        yield from offers.address(cursor, moment)
    if AT_EXIT not in cursor.words and cursor.word:
        yield from cursor.offer([Choice(AT_EXIT, "put the old bytes back")])


PATCH = Command(
    name="patch",
    usage=f"patch [INDEX|ADDR BYTES] [{AT_EXIT}]",
    summary="change bytes and keep the old ones, or list what is patched",
    details='BYTES are hex pairs, or text as in b"abc". Code is what it is for: it writes what the '
    "target may not write itself without being forced, and says so. unpatch puts the old bytes "
    f"back. {AT_EXIT} does so when the shell detaches or ends, also by a signal or because its "
    "terminal was closed, but for SIGKILL; alone it is for all patches there are. Without "
    "arguments it lists the patches.",
    examples=("patch game+0x1189 90 90", f"patch 0 de ad be ef {AT_EXIT}", "patch"),
    run=run,
    complete=complete,
)
