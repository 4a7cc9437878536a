"""What a command's declaration says that it refuses: lines made of its arguments' own samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from farfetch.shell.command import Alternatives, Argument, Command, Form, Needs, Option
from farfetch.shell.complete.offers import nothing

#: A word that no command knows and that is one too many.
SUPERFLUOUS = "superfluous"


@dataclass(frozen=True)
class Path:
    """One way through a command's forms.

    Attributes:
        begin: the words that lead there.
        arguments: behind them.
        options: that are taken there.
        least: with no more arguments than these it is another way, or no arguments at all.
    """

    begin: str
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    least: int = -1

    def line(self, count: int, last: str | None = None) -> str:
        """A line with so many arguments, the last of them as it is given."""
        samples = [argument.kind.sample for argument in self.arguments[:count]]
        if last is not None:
            samples[-1] = last
        return " ".join((self.begin, *samples))

    @property
    def needed(self) -> int:
        """How many arguments there have to be."""
        return len(list(takewhile(_is_needed, self.arguments)))

    @property
    def is_open(self) -> bool:
        """Whether its last argument takes all that is typed behind it."""
        return bool(self.arguments) and (
            self.arguments[-1].repeated or self.arguments[-1].takes_rest
        )


def paths(command: Command) -> Iterator[Path]:
    """The ways through a command, but for those that only a session can tell apart."""
    yield from _paths(command.name, command.form, ())


def _paths(begin: str, form: Form, options: Sequence[Option], least: int = -1) -> Iterator[Path]:
    options = (*options, *form.options)
    plain: list[Argument] = []
    for argument in form.arguments:
        if isinstance(argument, Alternatives):
            before = " ".join((begin, *(one.kind.sample for one in plain)))
            several = len([form for form in argument.forms if form.is_plain]) > 1
            for inner in argument.forms:
                if inner.when is None:
                    led = " ".join((before, *inner.keywords[:1]))
                    fewer = len(inner.arguments) if several else 0 if argument.optional else -1
                    yield from _paths(led, inner, options, fewer if inner.is_plain else -1)
            return
        plain.append(argument)
    yield Path(begin, tuple(plain), tuple(options), least)


def refused(command: Command) -> Iterator[tuple[str, str]]:
    """Lines that a command refuses by what it declares, each with the type of its error."""
    for path in paths(command):
        yield from _arguments(path)
        yield from _options(path)
    for alternatives in _choices(command.form):
        if all(form.keywords for form in alternatives.forms):
            before = [one.kind.sample for one in command.arguments if isinstance(one, Argument)]
            yield " ".join((command.name, *before, SUPERFLUOUS)), "UsageError"
            if not alternatives.optional:
                yield " ".join((command.name, *before)), "UsageError"


def _is_needed(argument: Argument) -> bool:
    return not (argument.optional or argument.repeated)


def _choices(form: Form) -> Iterator[Alternatives]:
    return (one for one in form.arguments if isinstance(one, Alternatives))


def _arguments(path: Path) -> Iterator[tuple[str, str]]:
    for number, argument in enumerate(path.arguments):
        behind = takewhile(_is_needed, path.arguments[number + 1 :])
        samples = " ".join(one.kind.sample for one in behind)
        for bad, error in argument.kind.refuses:
            yield f"{path.line(number + 1, bad)} {samples}".rstrip(), error
        if _is_needed(argument) and number > path.least:
            yield path.line(number), "UsageError"
    if not path.is_open:
        yield f"{path.line(len(path.arguments))} {SUPERFLUOUS}", "UsageError"


def _options(path: Path) -> Iterator[tuple[str, str]]:
    line = path.line(path.needed)
    for option in path.options:
        if option.kind is not None:
            yield f"{line} {option.flag}", "UsageError"
            for bad, error in option.kind.refuses:
                yield f"{line} {option.flag} {bad}", error
        if option.needs:
            yield f"{line} {option.flag}", "UsageError"


def is_free(command: Command) -> bool:
    """Whether nothing can be offered for a command's first argument, which it has."""
    first = next(iter(command.arguments), None)
    return isinstance(first, Argument) and first.kind.offer is nothing


#: The errors without a target, without a scan, and on a target that has ended.
MISSING = {
    Needs.NOTHING: ("", "", ""),
    Needs.TARGET: ("NoTarget", "", "TargetGone"),
    Needs.MATCHES: ("NoTarget", "NoMatches", "TargetGone"),
}
