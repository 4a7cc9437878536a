"""A command: all that is said of it, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from ..answers.result import Result
from ..complete.cursor import Candidate, Cursor, Moment
from ..line.words import Words
from . import stand
from .arguments import Alternatives, Argument, Form, Option
from .parse import Given, listed, parse
from .usage import brief, usage

if TYPE_CHECKING:
    from ..session.session import Session

_LONG: Final = 160  # characters of a usage that an error does not name whole

Run: TypeAlias = "Callable[[Session, Given], Result]"


class Category(Enum):
    """What a command is about; ``help`` lists them under these headings, in this order."""

    TARGET = "the target"
    SETTINGS = "what to look for"
    SCANS = "scans"
    MATCHES = "matches"
    MEMORY = "memory"
    CODE = "code"
    TABLE = "the table"
    SCRIPTS = "scripts"
    SHELL = "the shell"


class Needs(Enum):
    """What a command does nothing without."""

    NOTHING = "nothing"
    TARGET = "target"
    MATCHES = "matches"

    def check(self, session: Session) -> None:
        """Check that it is there.

        Raises:
            NoTarget: nothing is attached.
            TargetGone: what is has ended.
            NoMatches: there are none.
        """
        if self is not Needs.NOTHING:
            session.attached.check()
        if self is Needs.MATCHES:
            session.matched  # noqa: B018 - raises when there are none


@dataclass(frozen=True, eq=False)
class Command:
    """One command of the shell.

    Attributes:
        name: the word that calls it.
        category: what it is about.
        summary: one line for the list of commands.
        details: what ``help NAME`` adds, in sentences.
        examples: lines that can be typed.
        run: does it; raises FarfetchError when it cannot.
        arguments: what it takes, in order.
        options: that it takes.
        needs: what has to be there; checked before its arguments are read.
        answers: the fields of its JSON answer that are always there, beside command and ok.
    """

    name: str
    category: Category
    summary: str
    details: str
    examples: tuple[str, ...]
    run: Run
    arguments: tuple[Argument | Alternatives, ...] = ()
    options: tuple[Option, ...] = ()
    needs: Needs = Needs.NOTHING
    answers: str = ""

    @property
    def form(self) -> Form:
        """What it takes."""
        return Form(self.arguments, self.options)

    @property
    def usage(self) -> str:
        """Its synopsis, ``undo [STEPS]``."""
        return f"{self.name} {usage(self.form)}".rstrip()

    @property
    def brief(self) -> str:
        """Its synopsis where there is little room."""
        return f"{self.name} {brief(self.form)}".rstrip()

    @property
    def sentences(self) -> str:
        """What is said of it, and with which fields it answers programs."""
        fields = self.answers.split()
        said = f" Its JSON has {listed(fields, 'and')}." if fields else ""
        return self.details + said

    def call(self, session: Session, line: str, begin: int) -> Result:
        """Do what a line asks for.

        Args:
            session: to do it in.
            line: the whole line.
            begin: offset behind the command's name.

        Raises:
            FarfetchError: it failed.
        """
        self.needs.check(session)
        said = self.usage if len(self.usage) <= _LONG else self.brief
        return self.run(session, parse(self.form, session, Words(line, begin, said)))

    def complete(self, cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
        """Offer what can stand at the cursor, behind its name."""
        return stand.complete(self.form, cursor, moment)

    def hint(self, cursor: Cursor) -> str:
        """Say what it still takes behind the cursor."""
        return stand.hint(self.form, cursor)
