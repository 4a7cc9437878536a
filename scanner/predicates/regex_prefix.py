r"""How the matches of a regular expression begin: what the core can look for.

From the tree of Python's own parser comes, for each of the first bytes of a match, the set of those
that it can be. Nothing that can match is left out; what this knows no better of may be any byte.
"""

from __future__ import annotations

import re
import string
import warnings
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_parse  # re's own parser; Python has no other name for it that all versions know

ANY: Final = frozenset(range(256))
_LINE: Final = ANY - {ord("\n")}
_WORD: Final = frozenset(f"{string.ascii_letters}{string.digits}_".encode())
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": frozenset(string.digits.encode()),
    "CATEGORY_SPACE": frozenset(b" \t\n\r\f\v"),
    "CATEGORY_WORD": _WORD,
}
_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_WIDTHLESS: Final = ("AT", "ASSERT", "ASSERT_NOT", "FAILURE")


@contextmanager
def understood_as_today() -> Iterator[None]:
    """Say nothing of what re may come to understand otherwise, such as ``[[a]``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def parsed(text: str) -> Any:
    """The tree of an expression over bytes."""
    with understood_as_today():
        return sre_parse.parse(text.encode("utf-8"))  # type: ignore[arg-type]  # bytes will do


def beginning(tree: Any, count: int) -> tuple[frozenset[int], ...]:
    """What each of the first bytes of any match can be.

    Args:
        tree: of :func:`parsed`.
        count: how many bytes, no more than a match has at the least.

    >>> [bytes(sorted(one)) for one in beginning(parsed("(foo|ba)[0-2]?"), 2)]
    [b'bf', b'ao']
    """
    walk = _Walk(count)
    walk.along(tree, 0, tree.state.flags)
    return tuple(map(frozenset, walk.seen))


def needle(tree: Any) -> bytes:
    r"""The longest text that is in every match, wherever; b"" when that cannot be said.

    >>> needle(parsed(r".*HP: \d+(x|y)")), needle(parsed("a|b"))
    (b'HP: ', b'')
    """
    runs = [bytearray()]
    _collect(tree, tree.state.flags, runs)
    return bytes(max(runs, key=len))


def _collect(tree: Iterable[Any], flags: int, runs: list[bytearray]) -> None:
    """Add to the last run what follows it at once, or begin another."""
    for op, argument in tree:
        name = str(op)
        if name == "LITERAL" and len(_both_cases({argument}, flags)) == 1:
            runs[-1].append(argument)
        elif name == "SUBPATTERN":
            _, added, removed, inner = argument
            _collect(inner, flags & ~removed | added, runs)
        elif name in _REPEATS and argument[0] >= 1:
            runs.append(bytearray())
            _collect(argument[2], flags, runs)
            runs.append(bytearray())
        elif name not in _WIDTHLESS:
            runs.append(bytearray())


@dataclass
class _Walk:
    """A walk along all ways through a tree at once, that notes which bytes are met where."""

    count: int
    seen: list[set[int]] = field(init=False)
    ends: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seen = [set() for _ in range(self.count)]

    def along(self, tree: Any, place: int, flags: int) -> frozenset[int]:
        """Go on from a place in the match. Returns where that may end; past the count is there."""
        if place >= self.count:
            return frozenset((self.count,))
        known = self.ends.get((id(tree), place))
        if known is None:
            places = frozenset((place,))
            for op, argument in tree:
                places = self._step(str(op), argument, places, flags)
            known = self.ends[id(tree), place] = places
        return known

    def _all(self, tree: Any, places: frozenset[int], flags: int) -> frozenset[int]:
        return frozenset[int]().union(*(self.along(tree, place, flags) for place in places))

    def _step(self, name: str, argument: Any, places: frozenset[int], flags: int) -> frozenset[int]:
        if name in _WIDTHLESS:
            return places
        if name == "BRANCH":
            ways = [self._all(way, places, flags) for way in argument[1]]
            return frozenset[int]().union(*ways)
        if name == "SUBPATTERN":
            _, added, removed, inner = argument
            return self._all(inner, places, flags & ~removed | added)
        if name == "ATOMIC_GROUP":
            return self._all(argument, places, flags)
        if name == "GROUPREF_EXISTS":
            _, yes, no = argument
            return self._all(yes, places, flags) | (self._all(no, places, flags) if no else places)
        if name in _REPEATS:
            low, high, inner = argument
            return self._repeat(int(low), int(high), inner, places, flags)
        allowed = _allowed(name, argument, flags)
        if allowed is None:
            return self._anything(places)
        for place in places:
            if place < self.count:
                self.seen[place] |= allowed
        return frozenset(min(place + 1, self.count) for place in places)

    def _repeat(
        self, low: int, high: int, inner: Any, places: frozenset[int], flags: int
    ) -> frozenset[int]:
        ends: frozenset[int] = places if not low else frozenset()
        for done in range(1, high + 1):
            after = self._all(inner, places, flags)
            if done >= low:
                if after <= ends:
                    break  # whatever comes next has been there
                ends |= after
            elif after == places:  # and so for ever
                ends |= after
                break
            places = after
        return ends

    def _anything(self, places: frozenset[int]) -> frozenset[int]:
        """Something of any length: a group again."""
        first = min(places)
        for place in range(first, self.count):
            self.seen[place] |= ANY
        return frozenset(range(first, self.count + 1))


def _allowed(name: str, argument: Any, flags: int) -> frozenset[int] | None:
    """The bytes that one step allows; None when it is not of one byte."""
    if name == "ANY":
        return ANY if flags & re.DOTALL else _LINE
    if name == "LITERAL":
        return _both_cases({argument}, flags)
    if name == "NOT_LITERAL":
        return ANY if flags & re.LOCALE else ANY - _both_cases({argument}, flags)
    if name == "IN":
        return _set(argument, flags)
    return None


def _set(choices: Iterable[Any], flags: int) -> frozenset[int]:
    """The bytes of a set in brackets."""
    members: set[int] = set()
    is_negated = False
    for op, argument in choices:
        name, said = str(op), str(argument)
        if name == "NEGATE":
            is_negated = True
        elif name == "LITERAL":
            members.add(argument)
        elif name == "RANGE":
            members.update(range(argument[0], argument[1] + 1))
        elif flags & re.LOCALE or name != "CATEGORY":
            return ANY  # whatever the locale says
        elif said in _CATEGORIES:
            members |= _CATEGORIES[said]
        else:
            members |= ANY - _CATEGORIES[said.replace("_NOT_", "_")]
    allowed = _both_cases(members, flags)
    if not is_negated:
        return allowed
    return ANY if flags & re.LOCALE else ANY - allowed


def _both_cases(members: set[int], flags: int) -> frozenset[int]:
    """Bytes, with their capital and small letters where case is ignored."""
    if not flags & re.IGNORECASE:
        return frozenset(members)
    if flags & re.LOCALE:
        return ANY
    raw = bytes(members)
    return frozenset((*raw, *raw.lower(), *raw.upper()))
