"""What a command is: its names and help, its function and its completer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, TypeAlias

from .answers.result import Result
from .complete.cursor import Candidate, Cursor, Moment
from .complete.offers import nothing
from .line.words import Words

if TYPE_CHECKING:
    from .session.session import Session

Run: TypeAlias = "Callable[[Session, Words], Result]"
Complete: TypeAlias = "Callable[[Cursor, Moment], Iterable[Candidate]]"


@dataclass(frozen=True)
class Command:
    """One command of the shell.

    Attributes:
        name: the word that calls it.
        usage: its synopsis, ``set INDEX|* VALUE``.
        summary: one line for the list of commands.
        details: what ``help NAME`` adds, in sentences.
        examples: lines that can be typed.
        run: does it; raises FarfetchError when it cannot.
        complete: offers words at the cursor.
    """

    name: str
    usage: str
    summary: str
    details: str
    examples: tuple[str, ...]
    run: Run
    complete: Complete = nothing


def needs_target(run: Run) -> Run:
    """Require an attached target that still lives; raises NoTarget or TargetGone."""

    @wraps(run)
    def checked(session: Session, words: Words) -> Result:
        session.attached.check()
        return run(session, words)

    return checked


def needs_matches(run: Run) -> Run:
    """Require a scan with matches left; raises NoMatches."""

    @wraps(run)
    def checked(session: Session, words: Words) -> Result:
        session.matched  # noqa: B018 - raises when there are none
        return run(session, words)

    return checked
