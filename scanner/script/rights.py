"""Rights that scripts ask for, and that their memory had before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ..errors import FarfetchError, ScriptError
from ..memory.regions import Range, Region
from ..memory.space import Space

_PAGE: Final = 4096
_ALL: Final = "rwx"


class Wanted(NamedTuple):
    """Memory that is to be readable, writable and executable: ``fullaccess(hook,100)``.

    Attributes:
        line: of the script that says so.
        start: its first address.
        end: the first address behind it.

    >>> Wanted(3, 0x1FF8, 0x2008).pages
    Range(start=4096, end=12288)
    """

    line: int
    start: int
    end: int

    @property
    def pages(self) -> Range:
        """All that hold some of it: rights are those of pages."""
        return Range(self.start & -_PAGE, self.end + -self.end % _PAGE)


class _Former(NamedTuple):
    """Some of it that has not all rights, and those that it has."""

    start: int
    end: int
    access: str


class Rights:
    """What one script has asked for while it is enabled.

    Args:
        others: those of all scripts of the target that have asked for some; each adds itself.
    """

    def __init__(self, others: list[Rights]) -> None:
        self._others = others
        self._asked: tuple[Wanted, ...] = ()
        self._former: list[_Former] = []

    def give(self, space: Space, asked: Iterable[Wanted]) -> None:
        """Let the target give what is asked for, but for what is so already.

        Raises:
            ScriptError: something there is not mapped, or may not have all rights.
            StopError, AccessDenied: none of its threads can be stopped.
        """
        self._asked = tuple(asked)
        if self._asked:
            self._others.append(self)
        regions = space.memory.regions() if self._asked else []
        for one in self._asked:
            for former in _lacking(regions, one):
                self._former.append(former)  # first: Ctrl-C may come behind the call
                try:
                    space.memory.protect(former.start, former.end - former.start, _ALL)
                except FarfetchError as error:
                    space.check()
                    raise ScriptError(one.line, f"fullaccess(): {error}") from None

    def take_back(self, space: Space) -> None:
        """Let it have the rights that it had, where no other script has asked for all, too."""
        if self in self._others:
            self._others.remove(self)
        while self._former:
            former = self._former.pop()
            heir = next((one for one in self._others if one._needs(former)), None)
            if heir is not None:
                heir._former.insert(0, former)  # it is the last to be put back
                continue
            with contextlib.suppress(FarfetchError):  # unmapped meanwhile, or all has ended
                space.memory.protect(former.start, former.end - former.start, former.access)

    def _needs(self, former: _Former) -> bool:
        pages = (one.pages for one in self._asked)
        return any(start < former.end and former.start < end for start, end in pages)


def check(space: Space, asked: Sequence[Wanted]) -> None:
    """Raise ScriptError where something that is asked for is not mapped."""
    regions = space.memory.regions() if asked else []
    for one in asked:
        _lacking(regions, one)


def _lacking(regions: Iterable[Region], one: Wanted) -> list[_Former]:
    """The parts of it that have not all rights."""
    found: list[_Former] = []
    at = one.start
    for region in regions:
        if region.end <= at or region.start >= one.end:
            continue
        if region.start > at:
            break
        end = min(region.end, one.end)
        access = region.perms[:3].replace("-", "")
        if access != _ALL:
            found.append(_Former(at, end, access))
        at = end
    if at < one.end:
        raise ScriptError(one.line, f"fullaccess(): 0x{at:x} is not mapped")
    return found
