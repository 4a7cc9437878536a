"""A place: where a value is, and of which type."""

from __future__ import annotations

from typing import Any, NamedTuple

from farfetch.scanner import PathGroup, PointerPath


class Place(NamedTuple):
    """An address with the type of its value.

    Attributes:
        address: of the value.
        type: of the scan for a match, of an entry of the table, else that of the session.
        value: a match's value now; None where it was not looked at or cannot be read.
        field: its name, when the place is a field of a structure.
        path: that leads there, for an entry of the table and a path that was found.
        types: the names of all types that a match may have, when there are several.
    """

    address: int
    type: Any
    value: object = None
    field: str = ""
    path: PointerPath | PathGroup | None = None
    types: tuple[str, ...] = ()

    @property
    def lasting(self) -> int | PointerPath | PathGroup:
        """What stays true when the target moves its objects: the path, if there is one."""
        return self.address if self.path is None else self.path
