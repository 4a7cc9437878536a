"""A pointer hunt: the map of a target's pointers, and the paths that were found in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from farfetch.scanner import (
    MatchIndexError,
    PointerMap,
    PointerPath,
    PointerPaths,
    parse_path,
)

from ..errors import UsageError
from .place import AnyPath

#: Paths that are listed at the most: those before one that is asked for are walked through.
MOST_LISTED: Final = 1_000_000

_PATHS: Final = re.compile(r"path:([0-9]{1,19})(?:\.\.([0-9]{1,19}))?")
_MOST: Final = 64  # of one entry


class Hunt:
    """The map and the paths of a session.

    Attributes:
        map: the one that was made or loaded last.
        paths: that were found, the best first: counted, or those that a check has left.
        type: of the value at their end.
        listed: indexes of those that were shown last.
    """

    def __init__(self) -> None:
        self.map: PointerMap | None = None
        self.paths: PointerPaths | Sequence[PointerPath] = ()
        self.type: Any = None
        self.listed = range(0)

    @property
    def total(self) -> int:
        """How many paths there are."""
        paths = self.paths
        return paths.total if isinstance(paths, PointerPaths) else len(paths)

    @property
    def exact(self) -> bool:
        """Whether that is their number, and not the least that it may be."""
        return self.paths.exact if isinstance(self.paths, PointerPaths) else True

    @property
    def modules(self) -> dict[str, int]:
        """How many begin in each module; nothing of what a check has left."""
        return self.paths.by_module if isinstance(self.paths, PointerPaths) else {}

    def names_paths(self, text: str) -> bool:
        """Whether a text says paths of these: ``path:0``, ``path:0..3``."""
        return _PATHS.fullmatch(text) is not None

    def path(self, text: str) -> AnyPath:
        """The path, or the several, that a text says.

        Raises:
            UsageError: they end before they begin, or are too far behind.
            MatchIndexError: there are not so many.
            PointerError: they are too many for one place.
        """
        found = _PATHS.fullmatch(text)
        assert found is not None
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise UsageError(f"{text} ends before it begins")
        some = self.page(range(first, min(last + 1, first + _MOST + 1)))
        if not some:
            raise MatchIndexError(first, self.total, "path")
        return parse_path(" | ".join(map(str, some)))

    def page(self, wanted: range) -> Sequence[PointerPath]:
        """Some of the paths: as many of them as there are.

        Raises:
            UsageError: they come behind more than anybody looks through.
        """
        if min(wanted.stop, self.total) > MOST_LISTED:
            said = f"paths are listed up to the {MOST_LISTED:,}th"
            raise UsageError(f"{said}: have fewer by --bases, --ends-with or --compare")
        return self.paths[wanted.start : wanted.stop]

    def keep(self, paths: PointerPaths | Sequence[PointerPath]) -> None:
        """Have other paths in place of these."""
        before, self.paths = self.paths, paths
        self.listed = range(0)
        if isinstance(before, PointerPaths) and before is not paths:
            before.close()

    def close(self) -> None:
        """Let go of the map and the paths."""
        self.keep(())
        if self.map is not None:
            self.map.close()
            self.map = None
