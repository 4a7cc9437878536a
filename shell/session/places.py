"""Places: where in a target a command shall look, said as a match's index or as an address.

A field of a structure is said behind either, as ``0.hp`` or ``[heap]+0x10.pos.x``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from farfetch.scanner import (
    ExpressionError,
    FarfetchError,
    PointerError,
    PointerPath,
    member,
    parse_path,
)

from ..line.words import Words, unquoted
from .place import AnyPath, Place

#: A field's name, or where one is inside of another: ``hp``, ``pos.x``, ``slots[2].kind``.
FIELD: Final = re.compile(r"[A-Za-z_]\w*(?:\[[0-9]{1,9}\])*(?:\.[A-Za-z_]\w*(?:\[[0-9]{1,9}\])*)*")

#: What a function's name begins with.
_FUNCTION: Final = re.compile(r"[A-Za-z_~][^!\"]*")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .session import Session


def is_index(typed: str) -> bool:
    """Whether a word is a match's index; addresses begin with 0x or a name."""
    return typed.isascii() and typed.isdecimal()


def index_or_address(words: Words, typed: str) -> int | str:
    """Read a word as a match's index, or leave it as an address to look up.

    Raises:
        UsageError: the index is no number that could be one.
    """
    return words.whole(typed, "INDEX") if is_index(typed) else typed


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
        TypeNameError: there is no such field.
    """
    if isinstance(which, int):
        match = session.matched[which]
        return Place(match.address, match.type, match.value, types=match.types)
    entry = _entry(session, which) or _found_path(session, which)
    if entry is not None:
        return entry
    try:
        return Place(session.attached.address(which), session.settings.type)
    except ExpressionError:
        found = _field(session, which) or _function(session, which)
        if found is None:
            raise
        return found


def split(text: str) -> Iterator[tuple[str, str]]:
    """Where a field may stand behind a place: the place and the field, the longest place first.

    >>> list(split("libc.so.6+0x10.pos.x"))
    [('libc.so.6+0x10.pos', 'x'), ('libc.so.6+0x10', 'pos.x')]
    """
    dot = text.rfind(".")
    while dot > 0:
        if FIELD.fullmatch(text, dot + 1):
            yield text[:dot], text[dot + 1 :]
        dot = text.rfind(".", 0, dot)


def within(session: Session, place: Place, path: str) -> Place:
    """A field of the structure at a place.

    Raises:
        TypeNameError: it has no such field.
    """
    found = member(place.type, path, bits=session.attached.bits)
    there = None if place.path is None else place.path.plus(found.offset)
    return Place(place.address + found.offset, found.type, field=path, path=there)


def pointer_path(session: Session, text: str) -> tuple[AnyPath, Any]:
    """A pointer path and the type at its end; a field's offset goes into the last step.

    Raises:
        PointerError: it is none.
        TypeNameError: there is no such field.
        MatchIndexError: no path that was found has that index.
    """
    if session.hunt.names_paths(text):
        return session.hunt.path(text), session.hunt.type or session.settings.type
    for base, field in split(text):
        try:
            path = PointerPath.parse(base)
        except PointerError:
            continue
        if path.offsets:
            found = member(session.settings.type, field, bits=session.bits)
            offsets = (*path.offsets[:-1], path.offsets[-1] + found.offset)
            return PointerPath(path.base, offsets), found.type
    return parse_path(text), session.settings.type


def _field(session: Session, which: str) -> Place | None:
    """The field that a text says; None when no place stands in front of one."""
    for base, path in split(which):
        if is_index(base) and len(base) <= 20:
            return within(session, find(session, int(base)), path)
        outer = _entry(session, base) or _found_path(session, base)
        if outer is None:
            try:
                outer = Place(session.attached.address(base), session.settings.type)
            except ExpressionError:
                continue
        return within(session, outer, path)
    return None


def _function(session: Session, which: str) -> Place | None:
    """A function of the program itself, which needs no module's name before it: ``hit+0x12``."""
    if not _FUNCTION.match(which):
        return None
    try:
        return Place(session.attached.address(f"$process!{which}"), session.settings.type)
    except FarfetchError:
        return None


def _found_path(session: Session, which: str) -> Place | None:
    """The end of a path that was found, as ``path:0`` says it."""
    if not session.hunt.names_paths(which):
        return None
    path, kind = pointer_path(session, which)
    return Place(path.resolve(session.attached), kind, path=path)


def _entry(session: Session, which: str) -> Place | None:
    name = unquoted(which)
    if name not in session.table:
        return None
    entry = session.table[name]
    path = entry.path
    return Place(path.resolve(session.attached), entry.value_type, path=path)
