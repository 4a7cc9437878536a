"""From the words of a line to the arguments of a command."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..line.words import Words, word_at
from .arguments import Alternatives, Argument, Asked, Form, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..line.words import Word
    from ..session.session import Session


class Given(SimpleNamespace):
    """What was typed for each argument and option, under its name; else its default."""


def parse(form: Form, session: Session, words: Words) -> Given:
    """Read the arguments of a command.

    Args:
        form: what it takes.
        session: whose types, entries and structures may be named.
        words: behind the command's name.

    Raises:
        UsageError: they are not well formed.
        FarfetchError: one names something that there is not.
    """
    reader = _Reader(session, words, dict(form.defaults()))
    reader.form(form)
    reader.end()
    return Given(**reader.given)


class _Reader:
    def __init__(self, session: Session, words: Words, given: dict[str, object]) -> None:
        self.given = given
        self._session = session
        self._words = words
        self._options: dict[str, Option] = {}
        self._seen: set[str] = set()

    def form(self, form: Form) -> None:
        """Read what a form takes, up to what is none of it."""
        self._options |= {option.flag: option for option in form.options}
        for argument in form.arguments:
            if isinstance(argument, Alternatives):
                self._alternatives(argument)
            elif argument.repeated:
                self._repeated(argument)
            elif not self._argument(argument, last=argument is form.arguments[-1]):
                if argument.optional:
                    return
                raise self._words.error(argument.missing)

    def end(self) -> None:
        """Check that nothing is left but options, and that none of them stands alone."""
        word = self._peek()
        if word is not None:
            raise self._words.error(f"{word.raw!r} is one argument too many")
        for flag in self._seen:
            needed = self._options[flag].needs
            if needed and needed not in self._seen:
                raise self._words.error(f"{flag} goes with {needed}")

    def _argument(self, argument: Argument, *, last: bool) -> bool:
        """Read an argument; whether there is one."""
        kind, words = argument.kind, self._words
        if kind.takes == "word" or (kind.takes == "phrase" and not last):
            word = words.up_to(kind.until) if kind.until else None
            if word is None:
                word = self._peek()
                words.optional()
            if word is None:
                return False
            self._keep(argument, word.text, word.raw)
            return True
        if kind.takes == "exact":
            text = words.text()
        else:
            self._options_around()
            text = words.phrase() if kind.takes == "phrase" else words.rest()
        if text:
            self._keep(argument, text, text)
        return bool(text)

    def _repeated(self, argument: Argument) -> None:
        read = []
        while (word := self._peek()) is not None:
            self._words.optional()
            asked = Asked(word.text, word.raw, argument.called, self._words)
            read.append(argument.kind.read(self._session, asked))
        self.given[argument.name] = tuple(read)

    def _keep(self, argument: Argument, text: str, raw: str) -> None:
        asked = Asked(text, raw, argument.called, self._words)
        self.given[argument.name] = argument.kind.read(self._session, asked)

    def _alternatives(self, alternatives: Alternatives) -> None:
        form = self._chosen(alternatives)
        if form is not None:
            self.form(form)

    def _chosen(self, alternatives: Alternatives) -> Form | None:
        """The form that is typed; None for none. Its keyword is taken."""
        words = self._words
        for form in alternatives.forms:
            if form.when is not None and form.when(words.left, self._session):
                return form
        if "=" in alternatives.keywords and words.symbol("="):  # which needs no blank behind it
            self.given[alternatives.name] = "="
            return alternatives.keywords["="]
        word = self._peek()
        if word is None:
            if alternatives.optional:
                return None
            raise words.error(f"{alternatives.called} is missing")
        if word.text in alternatives.keywords:
            words.optional()
            self.given[alternatives.name] = word.text
            return alternatives.keywords[word.text]
        plain = [form for form in alternatives.forms if form.is_plain]
        if not plain:
            lead = alternatives.lead or f"{words.command} takes"
            raise words.error(f"{lead} {listed(alternatives.keywords)}, not {word.raw!r}")
        return self._by_number(plain)

    def _by_number(self, forms: Sequence[Form]) -> Form:
        """The first of several forms that has room for as many words as there are."""
        if len(forms) == 1:
            return forms[0]
        count, left = 0, self._words.left
        word = word_at(left, 0)
        while word is not None:
            count += 1
            word = word_at(left, word.end)
        return next((form for form in forms if len(form.arguments) >= count), forms[-1])

    def _peek(self) -> Word | None:
        """The next word that is no option, which stays; options before it are taken."""
        while (word := self._words.peek()) is not None:
            flag, equals, text = word.text.partition("=")
            option = self._options.get(flag) if word.raw.startswith("--") else None
            if option is None or (equals and option.kind is None):
                return word
            self._words.optional()
            if option.kind is None:
                self._take(option, "")
            elif option.kind.takes != "word":
                self._take(option, text + self._words.need_rest(option.value))
            else:
                self._take(option, text if equals else self._words.take(option.value).text)
        return None

    def _options_around(self) -> None:
        """Take the options off what is left of the line, from both of its ends."""
        for option in self._options.values():
            if option.kind is not None and option.kind.takes != "word":
                found = self._words.cut(re.compile(rf"(?:^|(?<=\s)){option.flag}(?:\s+|=|$)(.*)$"))
                if found is not None:
                    if not found[1].strip():
                        raise self._words.error(f"{option.value} is missing")
                    self._take(option, found[1].strip())
        flags = "|".join(self._pattern(option) for option in self._options.values())
        if not flags:
            return
        for where in (rf"(?:^|(?<=\s))(?:{flags})\s*$", rf"^\s*(?:{flags})(?=\s)"):
            while (found := self._words.cut(re.compile(where))) is not None:
                for option in self._options.values():
                    text = found.groupdict().get(option.key)
                    if text is not None and option.flag not in self._seen:  # the last one counts
                        self._take(option, text)

    @staticmethod
    def _pattern(option: Option) -> str:
        """A regular expression for an option, with a group of its key for its value."""
        if option.kind is None:
            return rf"{option.flag}(?P<{option.key}>)"
        return rf"{option.flag}(?:\s+|=|$)(?P<{option.key}>\S*)"

    def _take(self, option: Option, text: str) -> None:
        self._seen.add(option.flag)
        if option.kind is None:
            self.given[option.key] = True
            return
        asked = Asked(text, text, option.flag, self._words)
        self.given[option.key] = option.kind.read(self._session, asked)


def listed(words: Iterable[str], joint: str = "or") -> str:
    """Several words, as a sentence says them.

    >>> listed(["go", "forget"]), listed(["a", "b", "c"])
    ('go or forget', 'a, b or c')
    """
    *others, last = words
    return f"{', '.join(others)} {joint} {last}" if others else last
