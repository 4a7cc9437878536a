"""Places: where in a target a command shall look, said as a match's index or as an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from farfetch.scanner import type_named

from .words import Word, Words, unquoted

if TYPE_CHECKING:
    from .session import Session


class Place(NamedTuple):
    """An address with the type of its value.

    Attributes:
        address: of the value.
        type: of the scan for a match, of an entry of the table, else that of the session.
        value: a match's value now; None where it was not looked at or cannot be read.
    """

    address: int
    type: Any
    value: object = None


def is_index(word: Word) -> bool:
    """Whether a word is a match's index; addresses begin with 0x or a name."""
    return word.raw.isascii() and word.raw.isdecimal()


def index_or_address(words: Words, word: Word) -> int | str:
    """Read a word as a match's index, or leave it as an address to look up.

    Raises:
        UsageError: the index is no number that could be one.
    """
    return words.number(word, "INDEX") if is_index(word) else word.raw


def find(session: Session, which: int | str) -> Place:
    """Look a place up.

    Args:
        session: whose matches and target are meant.
        which: what :func:`index_or_address` read.

    Raises:
        NoMatches: an index is given and there are no matches.
        MatchIndexError: no match has it.
        ExpressionError: it is no address.
        PointerError: an entry's pointers lead nowhere.
    """
    if isinstance(which, int):
        match = session.matched[which]
        return Place(match.address, match.type, match.value)
    name = unquoted(which)
    if name in session.table:
        entry = session.table[name]
        return Place(entry.path.resolve(session.attached), type_named(entry.type))
    return Place(session.attached.address(which), session.type)
