"""What a command takes, said once: usage, parsing, completion and hints are made from it.

An :class:`Argument` is a word, or the rest of the line, of some :class:`Kind`; an :class:`Option`
begins with two dashes; :class:`Alternatives` are forms of which one is typed. Together they make
a :class:`Form`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from ..complete.cursor import Candidate, Cursor, Moment
from ..complete.offers import nothing
from ..errors import UsageError
from ..line.words import Words

if TYPE_CHECKING:
    from ..session.session import Session

Offer: TypeAlias = "Callable[[Cursor, Moment], Iterable[Candidate]]"


class Asked(NamedTuple):
    """What was typed for an argument, to be read.

    Attributes:
        text: without its quotes.
        raw: as it was typed.
        what: the argument's name, for errors.
        words: that it was taken from.
    """

    text: str
    raw: str
    what: str
    words: Words

    def error(self, reason: str) -> UsageError:
        """Make the error for an argument that will not do; the reader raises it."""
        return self.words.error(reason)

    def as_count(self) -> int:
        """The text as a count, 0 or more.

        Raises:
            UsageError: it is not one.
        """
        return self.words.whole(self.text, self.what)


def as_typed(session: Session, asked: Asked) -> str:  # noqa: ARG001
    """The text itself."""
    return asked.text


@dataclass(frozen=True, eq=False)
class Kind:
    """What can stand for an argument, how it is read, and what can be offered for it.

    Attributes:
        label: its name in the usage line, unless the argument has another.
        read: makes the value that the command gets; raises FarfetchError for what is none.
        offer: offers words at the cursor, which knows where the argument begins.
        takes: a word; all that is left, split or not (``"rest"``), as typed (``"exact"``); or
            all that is left as one word, with or without quotes (``"phrase"``), which is a word
            where more arguments follow.
        called: its name in errors; the label up to its first ``|`` when "".
        missing: what the error says where there is none; that it is missing when "".
        until: how far a word goes that need not end at a blank.
        sample: a text that can stand for it, in tests.
        refuses: texts that cannot, with the types of their errors.
    """

    label: str
    read: Callable[[Session, Asked], Any] = as_typed
    offer: Offer = nothing
    takes: Literal["word", "phrase", "rest", "exact"] = "word"
    called: str = ""
    missing: str = ""
    until: re.Pattern[str] | None = None
    sample: str = ""
    refuses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Argument:
    """An argument that is known by where it stands.

    Attributes:
        name: under which the command gets it.
        kind: what it is.
        label: its name in the usage line; the kind's when "".
        optional: it and what follows it may be left out.
        repeated: any number of them, given as a tuple; nothing follows.
        default: what the command gets where it is left out.
    """

    name: str
    kind: Kind
    label: str = ""
    optional: bool = False
    repeated: bool = False
    default: Any = None

    @property
    def shown(self) -> str:
        """Its name in the usage line."""
        return self.label or self.kind.label

    @property
    def called(self) -> str:
        """Its name in errors."""
        return self.kind.called if self.kind.called and not self.label else _first(self.shown)

    @property
    def missing(self) -> str:
        """What the error says where it is left out and may not be."""
        return self.kind.missing or f"{self.called} is missing"

    @property
    def takes_rest(self) -> bool:
        """Whether it takes all that is left, where it is the last."""
        return self.kind.takes != "word"


@dataclass(frozen=True, eq=False)
class Option:
    """An option, which may stand before or behind any argument, but not inside one.

    Attributes:
        flag: how it is typed, with its dashes.
        note: a few words beside it, where it is offered.
        kind: what stands behind it; None for a switch, which is there or not.
        label: the name of that in the usage line; the kind's when "".
        name: under which the command gets it; the flag's when "".
        default: what the command gets where it is left out; False for a switch.
        needs: the flag of the option that it goes with.
        repeated: whether it may be there several times; the command gets a tuple.
    """

    flag: str
    note: str = ""
    kind: Kind | None = None
    label: str = ""
    name: str = ""
    default: Any = None
    needs: str = ""
    repeated: bool = False

    @property
    def key(self) -> str:
        """Under which the command gets it."""
        return self.name or self.flag.lstrip("-").replace("-", "_")

    @property
    def shown(self) -> str:
        """How it stands in the usage line, without brackets."""
        return f"{self.flag} {self.value}" if self.kind else self.flag

    @property
    def value(self) -> str:
        """The name of what stands behind it; "" of a switch."""
        return (self.label or self.kind.label) if self.kind else ""

    @property
    def missing(self) -> str:
        """What the error says where nothing stands behind it."""
        return (self.kind.missing if self.kind else "") or f"{self.value} is missing"


@dataclass(frozen=True, eq=False)
class Form:
    """Arguments that stand together, and options among them.

    Attributes:
        arguments: in their order; alternatives are the last of them.
        options: that it takes.
        keywords: one of them stands in front, in a form that is one of several.
        note: a few words beside them, where they are offered.
        when: whether it is this form, by what is left of the line; without a session, whether it
            may be. For forms that no keyword tells apart.
    """

    arguments: tuple[Argument | Alternatives, ...] = ()
    options: tuple[Option, ...] = ()
    keywords: tuple[str, ...] = ()
    note: str = ""
    when: Callable[[str, Session | None], bool] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether only the number of words tells it from other forms."""
        return not self.keywords and self.when is None

    def defaults(self) -> Iterator[tuple[str, Any]]:
        """All names under which the command gets something, with what it gets else."""
        for argument in self.arguments:
            if isinstance(argument, Alternatives):
                yield argument.name, ""
                for form in argument.forms:
                    yield from form.defaults()
            else:
                yield argument.name, () if argument.repeated else argument.default
        for option in self.options:
            yield option.key, () if option.repeated else option.default if option.kind else False


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Forms of which one is typed: one with its keyword, or that fits what else is typed.

    Attributes:
        forms: in the order of the usage line.
        name: under which the command gets the keyword, "" without one.
        optional: nothing may stand in their place.
        called: their name in errors.
        says: the error for a word that is no keyword; what the command takes when "".
    """

    forms: tuple[Form, ...] = field(default=())
    name: str = "action"
    optional: bool = False
    called: str = "COMMAND"
    says: str = ""

    @property
    def keywords(self) -> dict[str, Form]:
        """The forms by their keywords."""
        return {keyword: form for form in self.forms for keyword in form.keywords}


def _first(label: str) -> str:
    return label.partition("|")[0]
