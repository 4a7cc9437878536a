"""Where the cursor stands among the arguments of a command: what can be typed, and what is left.

Both are functions of the text before the cursor and never fail, whatever it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..complete.cursor import Candidate, Choice, Cursor, Moment
from .arguments import Alternatives, Argument, Form, Option
from .usage import left


@dataclass(frozen=True)
class Stand:
    """What a line that ends at the cursor still takes.

    Attributes:
        arguments: that may come, the one under the cursor first.
        options: that may come.
        awaited: the option whose value is under the cursor; None for an argument.
        begin: offset of where that value or the argument begins, if it has.
        begun: whether the first of the arguments has begun before, and takes more words.
    """

    arguments: tuple[Argument | Alternatives, ...]
    options: tuple[Option, ...]
    awaited: Option | None = None
    begin: int | None = None
    begun: bool = False


def complete(form: Form, cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer what can stand at the cursor: the argument that is due, and options once one begins."""
    stand = _stand(form, cursor)
    begin = cursor.start if stand.begin is None else stand.begin
    there = replace(cursor, begin=begin, before=tuple(cursor.words))
    if stand.awaited is not None:
        if stand.awaited.kind is not None:
            yield from stand.awaited.kind.offer(there, moment)
        return
    if stand.arguments:
        yield from _offered(stand.arguments[0], there, moment)
    if cursor.word:
        flags = {option.flag for option in stand.options}
        choices = (option for option in stand.options if option.needs not in flags)
        yield from cursor.offer(Choice(option.flag, option.note) for option in choices)


def hint(form: Form, cursor: Cursor) -> str:
    """Say what is missing behind a line that ends with a blank; "" where that cannot be told."""
    if cursor.word:
        return ""
    stand = _stand(form, cursor)
    if stand.awaited is not None:
        return stand.awaited.value
    return left(stand.arguments[1:] if stand.begun else stand.arguments, stand.options)


def _offered(
    argument: Argument | Alternatives, cursor: Cursor, moment: Moment
) -> Iterator[Candidate]:
    if isinstance(argument, Argument):
        yield from argument.kind.offer(cursor, moment)
        return
    for form in argument.forms:
        if form.keywords:
            yield from cursor.offer(Choice(keyword, form.note) for keyword in form.keywords)
        elif form.arguments:
            yield from _offered(form.arguments[0], cursor, moment)


def _stand(form: Form, cursor: Cursor) -> Stand:
    stand = Stand(form.arguments, form.options)
    for word, start in cursor.spans:
        stand = _behind(stand, word, start, cursor.line)
    return stand


def _behind(stand: Stand, word: str, start: int, line: str) -> Stand:
    """Where the cursor stands behind one more word."""
    if stand.awaited is not None:
        kind = stand.awaited.kind
        if kind is not None and kind.takes != "word":
            return replace(stand, begin=start if stand.begin is None else stand.begin)
        return replace(stand, awaited=None)
    flag, equals, _ = word.partition("=")
    option = next((known for known in stand.options if known.flag == flag), None)
    if option is not None:
        options = tuple(other for other in stand.options if other is not option or option.repeated)
        awaited = option if option.kind is not None and not equals else None
        return replace(stand, options=options, awaited=awaited)
    if not stand.arguments:
        return stand
    head, *behind = stand.arguments
    if isinstance(head, Alternatives):
        chosen = _chosen(head, word, line[start:])
        if chosen is None:
            return replace(stand, arguments=())
        stand = replace(
            stand, arguments=chosen.arguments, options=(*chosen.options, *stand.options)
        )
        return stand if chosen.keywords else _behind(stand, word, start, line)
    if head.repeated or (head.takes_rest and not behind):
        begin = start if head.takes_rest and stand.begin is None else stand.begin
        return replace(stand, begin=begin, begun=True)
    return replace(stand, arguments=tuple(behind))


def _chosen(alternatives: Alternatives, word: str, text: str) -> Form | None:
    """The form that a word begins; None where it takes more to tell."""
    if word in alternatives.keywords:
        return alternatives.keywords[word]
    for form in alternatives.forms:
        if form.when is not None and form.when(text, None):
            return form
    plain: Sequence[Form] = [form for form in alternatives.forms if form.is_plain]
    return plain[0] if len(plain) == 1 else None
