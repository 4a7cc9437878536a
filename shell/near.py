"""Suggestions for words that come near a known one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Make the tail of an error for a word that is not known.

    >>> did_you_mean("lst", ["list", "first", "set"])
    ': did you mean list?'
    >>> did_you_mean("xyzzy", ["list"])
    ''
    """
    near = get_close_matches(word.lower(), list(known), n=2, cutoff=0.7)
    return f": did you mean {' or '.join(near)}?" if near else ""
