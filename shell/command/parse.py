"""From the words of a line to the arguments of a command."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..line.words import WORD, Words, unquoted, words_in
from .arguments import Alternatives, Argument, Asked, Form, Kind, Option
from .usage import left, usage

#: The keyword that is no word.
_SIGN = "="

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
        self._several: dict[str, list[object]] = {}

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
            word = self._word(kind)
            if word is not None:
                self.given[argument.name] = self._read(argument, word.text, word.raw)
            return word is not None
        text: str | None
        if kind.takes == "exact":
            text = words.text() or None
        else:
            self._options_around()
            text = words.phrase() if kind.takes == "phrase" else words.rest() or None
        if text is not None:
            self.given[argument.name] = self._read(argument, text, text)
        return text is not None

    def _word(self, kind: Kind) -> Word | None:
        """Take the next word, or as much of it as is one of this kind."""
        word = self._words.up_to(kind.until) if kind.until else None
        if word is None:
            word = self._peek()
            self._words.optional()
        return word

    def _repeated(self, argument: Argument) -> None:
        read = []
        while (word := self._peek()) is not None:
            self._words.optional()
            read.append(self._read(argument, word.text, word.raw))
        self.given[argument.name] = tuple(read)

    def _read(self, argument: Argument, text: str, raw: str) -> object:
        asked = Asked(text, raw, argument.called, self._words)
        read: object = argument.kind.read(self._session, asked)
        return read

    def _alternatives(self, alternatives: Alternatives) -> None:
        form = self._chosen(alternatives)
        if form is not None:
            self.form(form)

    def _chosen(self, alternatives: Alternatives) -> Form | None:
        """The form that is typed; None for none. Its keyword is taken."""
        for form in alternatives.forms:
            if form.when is not None and form.when(self._words.left, self._session):
                return form
        keyword = self._keyword(alternatives)
        if keyword is not None:
            self.given[alternatives.name] = keyword
            form = alternatives.keywords[keyword]
            said = (usage(form), left((), tuple(self._options.values())))
            self._words.usage = " ".join(filter(None, (self._words.command, *said)))
            return form
        word = self._peek()
        if word is not None:
            return self._plain(alternatives, word)
        if alternatives.optional:
            return None
        raise self._words.error(f"{alternatives.called} is missing")

    def _keyword(self, alternatives: Alternatives) -> str | None:
        """Take a keyword if one is next. A sign needs no blank behind it."""
        if _SIGN in alternatives.keywords and self._words.symbol(_SIGN):
            return _SIGN
        word = self._peek()
        if word is None or word.text not in alternatives.keywords:
            return None
        self._words.optional()
        return word.text

    def _plain(self, alternatives: Alternatives, word: Word) -> Form:
        """The form without a keyword that is typed."""
        plain = [form for form in alternatives.forms if form.is_plain]
        if not plain:
            takes = f"{self._words.command} takes {listed(alternatives.keywords)}"
            raise self._words.error(f"{alternatives.says or takes}, not {word.raw!r}")
        return self._by_number(plain)

    def _by_number(self, forms: Sequence[Form]) -> Form:
        """The first of several forms that has room for as many words as there are."""
        if len(forms) == 1:
            return forms[0]
        count = self._arguments_left()
        return next((form for form in forms if len(form.arguments) >= count), forms[-1])

    def _arguments_left(self) -> int:
        """How many words are left that are neither options nor values of these."""
        count, is_value = 0, False
        for word in words_in(self._words.left):
            flag, equals, _ = word.text.partition("=")
            option = self._options.get(flag) if word.raw.startswith("--") else None
            if is_value:
                is_value = False
            elif option is None:
                count += 1
            elif option.kind is not None:
                if option.kind.takes != "word":
                    break
                is_value = not equals
        return count

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
                self._take(option, text if equals else self._value(option))
        return None

    def _value(self, option: Option) -> str:
        word = self._words.optional()
        if word is None:
            raise self._words.error(option.missing)
        return word.text

    def _options_around(self) -> None:
        """Take the options off what is left of the line, from both of its ends."""
        for option in self._options.values():
            if option.kind is not None and option.kind.takes != "word":
                self._long_option(option)
        flags = "|".join(map(self._pattern, self._options.values()))
        if flags:
            behind, before = rf"(?:^|(?<=\s))(?:{flags})\s*$", rf"^\s*(?:{flags})(?=\s)"
            for pattern in map(re.compile, (behind, before)):
                while (found := self._words.cut(pattern)) is not None:
                    self._found(found.groupdict())

    def _found(self, texts: dict[str, str | None]) -> None:
        """Take an option that was found by its key; of several the last one counts."""
        for option in self._options.values():
            text = texts.get(option.key)
            if text is not None and option.flag not in self._seen:
                if not text and option.kind is not None:
                    raise self._words.error(option.missing)
                self._take(option, unquoted(text))

    def _long_option(self, option: Option) -> None:
        """Take an option whose value goes on to the end of the line."""
        found = self._words.cut(re.compile(rf"(?:^|(?<=\s)){option.flag}(?:\s+|=|$)(.*)$"))
        if found is not None:
            text = found[1].strip()
            if not text:
                raise self._words.error(option.missing)
            self._take(option, text)

    @staticmethod
    def _pattern(option: Option) -> str:
        """A regular expression for an option, with a group of its key for its value."""
        if option.kind is None:
            return rf"{option.flag}(?P<{option.key}>)"
        return rf"{option.flag}(?:\s+|=|$)(?P<{option.key}>{WORD.pattern}|)"

    def _take(self, option: Option, text: str) -> None:
        self._seen.add(option.flag)
        if option.kind is None:
            self.given[option.key] = True
            return
        read = option.kind.read(self._session, Asked(text, text, option.flag, self._words))
        if option.repeated:
            before = self._several.setdefault(option.key, [])
            before.append(read)
            read = tuple(before)
        self.given[option.key] = read


def listed(words: Iterable[str], joint: str = "or") -> str:
    """Several words, as a sentence says them.

    >>> listed(["go", "forget"]), listed(["a", "b", "c"])
    ('go or forget', 'a, b or c')
    """
    *others, last = words
    return f"{', '.join(others)} {joint} {last}" if others else last
