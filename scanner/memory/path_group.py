"""Groups of pointer paths: several ways to one place, which is known while they agree."""

from __future__ import annotations

from typing import Final, NamedTuple

from .. import arguments
from ..errors import ArgumentError, ExpressionError, PointerError
from .calculation import SIGN, Calculation, Calculator
from .pointer_path import Follower, PointerPath, PointerStep
from .space import Space

#: More paths than anybody keeps of one place; a group of more is none.
MAX_PATHS: Final = 64

_BAR: Final = "|"
_EACH: Final = "an address or None for each path"


class PathGroup(NamedTuple):
    """Several pointer paths to one place.

    A path that a pointer scan has found may lead elsewhere one day. Several seldom do so together:
    a group leads somewhere as long as all those of its paths agree that lead anywhere.

    Attributes:
        paths: two of them or more.

    ``str()`` is what :meth:`parse` takes.

    >>> target = attach(Buffer(bytearray(64), base=0x1000))
    >>> target.write(0x1000, pointer, 0x1020)
    >>> target.write(0x1008, pointer, 0x1024)
    >>> group = PathGroup.parse("0x1000 -> 8 | 0x1008 -> 4")
    >>> str(group), hex(group.resolve(target))
    ('0x1000 -> 0x8 | 0x1008 -> 0x4', '0x1028')
    >>> target.write(0x1008, pointer, 0x1030)
    >>> group.resolve(target)
    Traceback (most recent call last):
    farfetch.scanner.PointerError: the pointer path "0x1000 -> 0x8 | 0x1008 -> 0x4": its paths do
        not agree: 0x1000 -> 0x8 leads to 0x1028, 0x1008 -> 0x4 to 0x1034
    """

    paths: tuple[PointerPath, ...]

    @classmethod
    def parse(cls, text: str) -> PathGroup:
        """The group that a text says: paths, with ``|`` between them.

        Raises:
            PointerError: one of them is no path, or there are fewer than two or too many.

        >>> len(PathGroup.parse("game+0x4010 -> 8 | libgame.so+0x20 -> 0x10 -> 8").paths)
        2
        """
        parts = _parts(arguments.text("text", text))
        if not 1 < len(parts) <= MAX_PATHS:
            raise PointerError(text, f"is {len(parts)} paths, not 2 to {MAX_PATHS} of them")
        return cls(tuple(PointerPath.parse(part) for part in parts))

    def each(self, target: Space) -> tuple[int | None, ...]:
        """Where each path leads in a target; None for one that leads nowhere.

        >>> target = attach(Buffer(bytearray(64), base=0x1000))
        >>> PathGroup.parse("0x1000 -> 8 | 0x9000 -> 4").each(target)
        (8, None)
        """
        self._check()
        return tuple(_where(path, target) for path in self.paths)

    def follow(self, target: Space) -> tuple[PointerStep, ...]:
        """The steps of the first path that leads where the group does; raises as resolve does.

        >>> target = attach(Buffer(bytearray((0x1008).to_bytes(8, "little") * 4), base=0x1000))
        >>> [step] = PathGroup.parse("0x9000 -> 8 | 0x1008 -> 4").follow(target)
        >>> hex(step.address), hex(step.result)
        ('0x1008', '0x100c')
        """
        address = self.resolve(target)
        first = self.paths[self.each(target).index(address)]
        return first.follow(target)

    def resolve(self, target: Space) -> int:
        """The address that they lead to.

        Raises:
            PointerError: they do not agree, or none of them leads anywhere.
            TargetGone, TargetClosed: there is nothing to follow them in.

        >>> target = attach(Buffer(bytearray((0x1008).to_bytes(8, "little") * 4), base=0x1000))
        >>> hex(PathGroup.parse("0x1000 -> 4 | 0x1008 -> 4").resolve(target))
        '0x100c'
        """
        return self.agreed(self.each(target))

    def agreed(self, found: tuple[int | None, ...]) -> int:
        """The address that is one and the same where paths lead anywhere.

        Args:
            found: as :meth:`each` gave it.

        Raises:
            PointerError: there is no such one.

        >>> PathGroup.parse("game+0x10 | game+0x20").agreed((None, 4096))
        4096
        """
        self._check()
        listed = arguments.several("found", found, object, _EACH)
        if len(listed) != len(self.paths):
            raise ArgumentError("found", found, _EACH)
        first: tuple[PointerPath, int] | None = None
        for path, there in zip(self.paths, listed, strict=True):
            if there is None:
                continue
            address = arguments.whole("found", there, 0, arguments.HIGHEST, _EACH)
            if first is None:
                first = (path, address)
            elif address != first[1]:
                said = f"{first[0]} leads to 0x{first[1]:x}, {path} to 0x{address:x}"
                raise PointerError(str(self), f"its paths do not agree: {said}")
        if first is None:
            raise PointerError(str(self), "none of its paths leads anywhere")
        return first[1]

    def plus(self, offset: int) -> PathGroup:
        """The group to what lies so many bytes behind its end.

        >>> str(PathGroup.parse("0x1000 -> 8 | 0x1008 -> 4").plus(4))
        '0x1000 -> 0xc | 0x1008 -> 0x8'
        """
        self._check()
        return PathGroup(tuple(path.plus(offset) for path in self.paths))

    def _check(self) -> None:
        paths: object = self.paths
        if not isinstance(paths, tuple) or not 1 < len(paths) <= MAX_PATHS:
            raise ArgumentError("paths", paths, f"a tuple of 2 to {MAX_PATHS} PointerPaths")
        for path in paths:
            arguments.instance("paths", path, PointerPath, "PointerPaths")

    def __str__(self) -> str:
        return f" {_BAR} ".join(map(str, self.paths))


#: What leads to a place.
AnyPath = PointerPath | PathGroup | Calculation


def parse_path(text: str) -> AnyPath:
    """The path, the group of paths, or behind ``=`` the calculation, that a text says.

    Raises:
        PointerError: it says none.

    >>> parse_path("game+0x4010 -> 8") == PointerPath.parse("game+0x4010 -> 8")
    True
    """
    if arguments.text("text", text).lstrip().startswith(SIGN):
        return Calculation.parse(text)
    several = _BAR in text and len(_parts(text)) > 1
    return PathGroup.parse(text) if several else PointerPath.parse(text)


def follower_of(path: AnyPath, target: Space) -> Follower | GroupFollower | Calculator:
    """What follows a path, a group or a calculation as often as one likes."""
    if isinstance(path, Calculation):
        return Calculator(path, target)
    return GroupFollower(path, target) if isinstance(path, PathGroup) else Follower(path, target)


class GroupFollower:
    """Follows the paths of a group again and again, as :class:`.Follower` does with one.

    Args:
        group: to follow.
        target: to follow it in.
    """

    def __init__(self, group: PathGroup, target: Space) -> None:
        self.path = group
        self._each = [Follower(path, target) for path in group.paths]

    def resolve(self) -> int:
        """The address that they lead to now; raises as :meth:`PathGroup.resolve` does."""
        return self.path.agreed(tuple(map(_now, self._each)))


def _now(follower: Follower) -> int | None:
    try:
        return follower.resolve()
    except (PointerError, ExpressionError):
        return None


def _where(path: PointerPath, target: Space) -> int | None:
    try:
        return path.resolve(target)
    except (PointerError, ExpressionError):
        return None


def _parts(text: str) -> list[str]:
    """A text cut at its bars; those in quotes are of names."""
    if _BAR not in text:
        return [text]
    parts, quoted = [""], False
    for mark in text:
        quoted ^= mark == '"'
        if mark == _BAR and not quoted:
            parts.append("")
        else:
            parts[-1] += mark
    return parts
