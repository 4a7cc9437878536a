"""align: the alignment of the next first scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Command
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words
from ..session.settings import keeps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_AUTO = "auto"


def parse(words: Words) -> int | str | None:
    """Read a number of bytes or ``auto``; None when there is nothing."""
    word = words.optional()
    words.end()
    if word is None:
        return None
    sign = "-" if word.text.startswith("-") else ""
    if word.text == _AUTO:
        return _AUTO
    number = words.number(word._replace(text=word.text.removeprefix(sign)), "BYTES")
    return -number if sign else number


def run(session: Session, words: Words) -> Result:
    """Choose or show the alignment."""
    chosen = parse(words)
    if chosen is not None:
        session.set_align(None if isinstance(chosen, str) else chosen)
    shown = "auto, the type's own" if session.align is None else str(session.align)
    more = () if chosen is None else keeps(session, "alignment")
    return Result({"align": session.align}, (f"align {shown}", *more))


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    """Offer the usual alignments."""
    usual = [Choice(_AUTO, "the type's own")]
    usual += [Choice(str(1 << power)) for power in range(4)]
    return cursor.offer(usual if not cursor.words else ())


ALIGN = Command(
    name="align",
    usage="align [BYTES|auto]",
    summary="choose the alignment of values",
    details="Values are looked for at addresses that are multiples of BYTES, 1 to 4096. Programs "
    "keep numbers at multiples of their size, which is what auto takes; 1 finds packed ones too "
    "and is slower.",
    examples=("align 1", "align auto"),
    run=run,
    complete=complete,
)
