"""A place: where a value is, and of which type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from farfetch.scanner import Calculation, FarfetchError, PathGroup, PointerPath, type_named

#: What leads to a place, wherever that is by now.
AnyPath: TypeAlias = PointerPath | PathGroup | Calculation


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
    path: AnyPath | None = None
    types: tuple[str, ...] = ()

    def typed(self, read: Callable[[Any], object]) -> tuple[Place, object]:
        """A value for it, and the place with the first of its types that takes that.

        Args:
            read: gives the value of a type.

        Raises:
            FarfetchError: none takes it; says why the first does not.
        """
        errors = []
        for kind in [type_named(name) for name in self.types[1:] and self.types] or [self.type]:
            try:
                return self._replace(type=kind), read(kind)
            except FarfetchError as error:
                errors.append(error)
        raise errors[0]

    @property
    def lasting(self) -> int | AnyPath:
        """What stays true when the target moves its objects: the path, if there is one."""
        return self.address if self.path is None else self.path
