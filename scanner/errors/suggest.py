"""Suggestions for a word that is not known: those that are, and look like it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from .base import either
from .input import ArgumentError

_LOOKED_AT: Final = 64  # characters of a word that others are compared with
_SHORT: Final = 4  # letters of which a word is long enough to be like a longer one


def near(word: str, known: Iterable[str], count: int, cutoff: float = 0.6) -> list[str]:
    """Up to so many known words that look like one, the likest first; however long that is.

    Large and small letters are the same. Of short words any other shares much by chance, so those
    of one to three letters are near words as long, give or take one.

    >>> near("i23", ["i32", "i8", "text"], 2, cutoff=0.3), near("hpp", ["HP"], 1)
    (['i32', 'i8'], ['HP'])
    >>> near("playr", ["any", "player"], 2, cutoff=0.3)
    ['player']
    """
    spelled: dict[str, list[str]] = {}
    for other in known:
        if len(other) < _SHORT and abs(len(other) - len(word)) > 1:
            continue
        spelled.setdefault(other.lower(), []).append(other)
    likest = get_close_matches(word[:_LOOKED_AT].lower(), spelled, n=count, cutoff=cutoff)
    return [other for low in likest for other in spelled[low]][:count]


def did_you_mean(
    word: str,
    known: Collection[str],
    *,
    count: int = 2,
    cutoff: float = 0.7,
    before: str = ": ",
) -> str:
    """The end of an error about a word that is not known: a question, or nothing.

    Args:
        word: that is not known.
        known: the words that are.
        count: how many are asked for at the most.
        cutoff: how like they have to be, from 0 to 1.
        before: what stands between the error and the question.

    >>> did_you_mean("lst", ["list", "first", "set"])
    ': did you mean list?'
    >>> did_you_mean("xyzzy", ["list"])
    ''
    """
    if not isinstance(word, str):
        raise ArgumentError("word", word, "a text")
    if not isinstance(known, Collection) or not all(isinstance(each, str) for each in known):
        raise ArgumentError("known", known, "a collection of words")
    if type(count) is not int or count < 1:
        raise ArgumentError("count", count, "a whole number from 1 on")
    if type(cutoff) is not float or not 0.0 <= cutoff <= 1.0:
        raise ArgumentError("cutoff", cutoff, "a number from 0.0 to 1.0")
    if not isinstance(before, str):
        raise ArgumentError("before", before, "a text")
    words = near(word, known, count, cutoff)
    return f"{before}did you mean {either(words)}?" if words else ""
