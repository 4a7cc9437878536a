"""align: the alignment of the next first scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Argument, Asked, Category, Command, Given, Kind
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..session.settings import keeps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

_AUTO = "auto"


def _bytes(session: Session, asked: Asked) -> int | str:  # noqa: ARG001
    if asked.text == _AUTO:
        return _AUTO
    digits = asked.text.removeprefix("-")
    number = asked.words.whole(digits, asked.what)
    return number if digits == asked.text else -number


def _usual(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    powers = (Choice(str(1 << power)) for power in range(4))
    return cursor.offer([Choice(_AUTO, "the type's own"), *powers])


BYTES = Kind(
    f"BYTES|{_AUTO}",
    _bytes,
    _usual,
    sample="4",
    refuses=(("0", "AlignError"), ("-1", "AlignError"), ("four", "UsageError")),
)


def run(session: Session, given: Given) -> Result:
    """Choose or show the alignment."""
    settings = session.settings
    if given.bytes is not None:
        settings.set_align(None if given.bytes == _AUTO else given.bytes)
    shown = "auto, the type's own" if settings.align is None else str(settings.align)
    more = () if given.bytes is None else keeps(session, "alignment")
    return Result({"align": settings.align}, (f"align {shown}", *more))


ALIGN = Command(
    name="align",
    category=Category.SETTINGS,
    summary="choose the alignment of values",
    details="Values are looked for at addresses that are multiples of BYTES, 1 to 4096. Programs "
    "keep numbers at multiples of their size, which is what auto takes; 1 finds packed ones too "
    "and is slower.",
    examples=("align 1", "align auto"),
    run=run,
    arguments=(Argument("bytes", BYTES, optional=True),),
    answers="align",
)
