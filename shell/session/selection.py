"""Selections: one place or several, as a word says them: ``0``, ``hp``, ``0..3``, ``0,hp``, ``*``.

Between the two dots of ``0..3`` lie the matches 0 to 3, both of them too. Behind a match, a range
and ``*`` may stand a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from farfetch.scanner import FarfetchError, MatchIndexError

from ..errors import UsageError
from ..line.words import unquoted
from . import places
from .place import Place

if TYPE_CHECKING:
    from ..line.words import Words
    from .session import Session

#: All matches.
ALL: Final = "*"
#: So many places can be chosen where each is worked on by itself.
MOST: Final = 10_000

_MATCHES = re.compile(
    rf"(?:(?P<all>\*)|(?P<start>[0-9]{{1,20}})(?:\.\.(?P<last>[0-9]{{1,20}}))?)"
    rf"(?:\.(?P<field>{places.FIELD.pattern}))?"
)
_PART = re.compile(r"""(?:[^,"']|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_HALF = re.compile(r"[0-9]+\.\.|\.\.[0-9]*")


class Span(NamedTuple):
    """Matches that lie side by side, or a field of each.

    Attributes:
        start: the index of the first.
        last: the index of the last, None for that of the last match there is.
        field: of each; "" for the whole value.
    """

    start: int
    last: int | None
    field: str

    def indexes(self, session: Session) -> range:
        """The indexes of its matches.

        Raises:
            NoMatches: there are none.
            MatchIndexError: no match has one of them.
        """
        total = len(session.matched)
        last = total - 1 if self.last is None else self.last
        if last >= total:
            raise MatchIndexError(max(last, self.start), total)
        return range(self.start, last + 1)


#: Matches, or another place as it was typed.
Part: TypeAlias = "Span | str"


class Selection(NamedTuple):
    """What a word chooses.

    Attributes:
        parts: in the order in which they were typed.
        is_single: it says one place, which a command answers by itself.
    """

    parts: tuple[Part, ...]
    is_single: bool

    @property
    def all_matches(self) -> Span | None:
        """The span of all matches, when nothing else is chosen."""
        (part, *more) = self.parts
        return part if isinstance(part, Span) and part.last is None and not more else None


class Chosen(NamedTuple):
    """One of the places that were chosen.

    Attributes:
        text: what it is called.
        place: where it is.
        match: the index of the match that it is, or is a field of; None of any other place.
    """

    text: str
    place: Place
    match: int | None = None


def read(session: Session, words: Words, raw: str, *, matches_first: bool = False) -> Selection:
    """Read a word as a selection.

    Args:
        session: whose table is meant.
        words: that the word was taken from.
        raw: the word as it was typed.
        matches_first: what reads as matches is that, even where an entry is called so.

    Raises:
        UsageError: it is a list or a range, but not a whole one; or an index that is none.
    """
    if places.is_index(raw):
        words.whole(raw, "INDEX")
    span = _span(words, unquoted(raw) if matches_first else raw)
    is_entry = unquoted(raw) in session.table
    if span is not None and (matches_first or places.is_index(raw) or not is_entry):
        return Selection((span,), span.start == span.last and ".." not in raw)
    if is_entry:
        return Selection((raw,), True)
    _check_range(words, raw)
    typed = _PART.findall(raw)
    if "".join(typed) == raw or _is_place(session, raw):
        return Selection((raw,), True)
    if ",".join(typed) != raw:
        raise words.error(f"{raw!r} has a comma too many")
    return Selection(tuple(_part(session, words, part) for part in typed), False)


def matches(words: Words, raw: str) -> list[Span] | None:
    """Matches that a text says, and nothing else; None where it says something else.

    Args:
        words: that the text was taken from.
        raw: indexes, ranges of them and ``*``, with commas between them.

    Raises:
        UsageError: a range ends before it begins.
    """
    parts = [_MATCHES.fullmatch(part.strip()) for part in raw.split(",")]
    if any(part is None or part["field"] for part in parts):
        return None
    return list(filter(None, (_span(words, part.strip()) for part in raw.split(","))))


def is_several(raw: str) -> bool:
    """Whether a word says matches, or is a list.

    >>> [is_several(word) for word in ("0", "0..3", "*.hp", "0,hp", "[heap]+0x10")]
    [True, True, True, True, False]
    """
    return bool(_MATCHES.fullmatch(raw)) or "".join(_PART.findall(raw)) != raw


def find(session: Session, selection: Selection, most: int = MOST) -> list[Chosen]:
    """Look up all places of a selection.

    Args:
        session: whose matches and target are meant.
        selection: which.
        most: so many at most.

    Raises:
        UsageError: they are more.
        FarfetchError: one is no place; :func:`.places.find` says why.
    """
    spans = {part: part.indexes(session) for part in selection.parts if isinstance(part, Span)}
    count = sum(len(spans[part]) if isinstance(part, Span) else 1 for part in selection.parts)
    if count > most:
        raise UsageError(f"{count:,} places are too many: {most:,} at most; narrow the matches")
    return [
        chosen
        for part in selection.parts
        for chosen in (
            _of_matches(session, spans[part], part.field)
            if isinstance(part, Span)
            else (Chosen(unquoted(part), places.find(session, part)),)
        )
    ]


def _of_matches(session: Session, indexes: Sequence[int], field: str) -> Iterator[Chosen]:
    for match in session.matched[indexes[0] : indexes[-1] + 1]:
        place = Place(match.address, match.type, match.value, types=match.types)
        if field:
            place = places.within(session, place._replace(type=session.matched.type), field)
        yield Chosen(f"{match.index}.{field}" if field else str(match.index), place, match.index)


def _part(session: Session, words: Words, raw: str) -> Part:
    if unquoted(raw) in session.table and not places.is_index(raw):
        return raw
    _check_range(words, raw)
    return _span(words, raw) or raw


def _check_range(words: Words, raw: str) -> None:
    if _HALF.fullmatch(raw):
        raise words.error(f"{raw} has one end only: a range is 0..9")


def _span(words: Words, text: str) -> Span | None:
    found = _MATCHES.fullmatch(text)
    if found is None:
        return None
    field = found["field"] or ""
    if found["all"]:
        return Span(0, None, field)
    start = int(found["start"])
    last = start if found["last"] is None else int(found["last"])
    if last < start:
        raise words.error(f"{text} ends before it begins")
    return Span(start, last, field)


def _is_place(session: Session, raw: str) -> bool:
    """Whether a word with a comma in it is a place as a whole: modules can be called so."""
    try:
        places.find(session, raw)
    except FarfetchError:
        return False
    return True
