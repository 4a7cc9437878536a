"""Where the cursor stands, what completion may know of the moment, and what it offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Candidate(NamedTuple):
    """A completion.

    Attributes:
        text: what stands there when it is taken.
        start: offset in the line of what it replaces, up to the cursor.
        note: a few words beside it.
    """

    text: str
    start: int
    note: str = ""


class Choice(NamedTuple):
    """A word that could stand somewhere, with a note."""

    text: str
    note: str = ""


class ProcessName(NamedTuple):
    """A process as completion shows it."""

    pid: int
    name: str
    user: str


class Moment(Protocol):
    """What completion may know of the session; read-only, and cheap to ask."""

    @property
    def attached(self) -> bool:
        """Whether there is a target."""

    @property
    def matches(self) -> int:
        """How many matches there are."""

    @property
    def types(self) -> Sequence[str]:
        """The value types' names."""

    @property
    def frozen(self) -> Sequence[str]:
        """The frozen entries' addresses."""

    @property
    def patches(self) -> Sequence[tuple[str, str]]:
        """The patches' numbers and addresses."""

    @property
    def processes(self) -> Sequence[ProcessName]:
        """The processes that could be attached to."""

    @property
    def entries(self) -> Sequence[str]:
        """The names in the table."""

    @property
    def scripts(self) -> Sequence[str]:
        """The names of the table's scripts."""

    @property
    def code(self) -> Sequence[str]:
        """The names of the table's code."""

    def symbols(self, typed: str) -> Sequence[str]:
        """The functions whose names, with their modules', begin so."""

    @property
    def paths(self) -> int:
        """How many pointer paths were found."""

    @property
    def snapshots(self) -> Sequence[str]:
        """The names of the snapshots that predicates can say."""

    @property
    def variables(self) -> Sequence[str]:
        """The names of the variables."""

    @property
    def structures(self) -> Sequence[str]:
        """The names of the structures that were declared."""

    @property
    def fields(self) -> Sequence[str]:
        """The fields that a bare predicate can name."""

    def members(self, place: str) -> Sequence[str]:
        """The fields of the structure at a match's index, an entry or an address."""

    def files(self, typed: str) -> Sequence[str]:
        """The files and folders whose path begins so; folders end with a slash."""

    @property
    def modules(self) -> Sequence[str]:
        """The names of the target's modules."""


class Known(Protocol):
    """What completion and hints need of a command."""

    @property
    def name(self) -> str:
        """The word that calls it."""

    @property
    def summary(self) -> str:
        """One line for the list of commands."""

    def complete(self, cursor: Cursor, moment: Moment) -> Iterable[Candidate]:
        """Offer what can stand at the cursor, behind its name."""

    def hint(self, cursor: Cursor) -> str:
        """Say what it still takes behind the cursor."""


@dataclass(frozen=True)
class Cursor:
    """Where the cursor stands among the arguments of a command.

    Attributes:
        line: the text before the cursor.
        begin: offset of the first argument, or of the one that is asked about.
        before: the finished words before that, quotes kept.
    """

    line: str
    begin: int
    before: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The finished words before the one under the cursor, quotes kept."""
        return [word for word, _ in self.spans]

    @property
    def spans(self) -> list[tuple[str, int]]:
        """The same, each with the offset where it begins."""
        return self._split()[0]

    @property
    def word(self) -> str:
        """The part of the word under the cursor that is before it, quotes kept."""
        return self.line[self.start :]

    @property
    def start(self) -> int:
        """Offset of the word under the cursor."""
        return self._split()[1]

    def _split(self) -> tuple[list[tuple[str, int]], int]:
        words, start, quote = [], self.begin, ""
        for at in range(self.begin, len(self.line)):
            mark = self.line[at]
            if quote:
                quote = "" if mark == quote else quote
            elif mark in "\"'":
                quote = mark
            elif mark.isspace():
                if at > start:
                    words.append((self.line[start:at], start))
                start = at + 1
        return words, start

    def offer(
        self, choices: Iterable[Choice], *, start: int | None = None, within: bool = False
    ) -> Iterator[Candidate]:
        """Offer the choices that begin with what was typed.

        Args:
            choices: words that could stand here, in the order to show them.
            start: offset where they would stand; the word under the cursor when None.
            within: offer also, behind the others, those that hold it further inside.
        """
        begin = self.start if start is None else start
        typed = self.line[begin:].lstrip("\"'").lower()
        inside = []
        for choice in choices:
            text = choice.text.lstrip('"').lower()
            if text.startswith(typed):
                yield Candidate(choice.text, begin, choice.note)
            elif within and (typed in text or typed in choice.note.lower()):
                inside.append(Candidate(choice.text, begin, choice.note))
        yield from inside
