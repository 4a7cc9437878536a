"""Entries of tables: a place with a name, whose fields are what they have to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from .. import arguments
from ..declarations.registry import Declaration
from ..errors import FarfetchError, TableError
from ..errors.base import short
from ..memory.path_group import AnyPath, parse_path
from ..values.literals import quote
from ..values.names import type_named

#: Characters of a field.
MAX_TEXT: Final = 4096
#: The fields that are texts, in the order in which a file has them.
FIELDS: Final = ("name", "where", "type", "group", "note", "frozen", "allow")
_ALLOW: Final = (None, "increase", "decrease")


@dataclass(frozen=True, slots=True)
class Entry:
    """A place with a name.

    Attributes:
        name: no two of a table are the same.
        where: ``game+0x4010``, ``0x7f…``, a pointer path ``game+0x4010 -> 0x18``, or several of
            these with ``|`` between them, which say where it is while they agree.
        type: name of the value type.
        group: what it belongs to; ``/`` divides groups in groups.
        note: for people.
        frozen: text of the value to hold; None when it is not to be frozen.
        allow: the way a frozen value may still move.
        structure: what declares the type, where that is no plain one.

    Raises:
        TableError: a field is not what it has to be.

    >>> entry = Entry("health", "game+0x4010 -> 0x18", "i32", group="player", frozen="100")
    >>> entry.path.offsets, entry.value_type is i32
    ((24,), True)
    """

    name: str
    where: str
    type: str
    group: str = ""
    note: str = ""
    frozen: str | None = None
    allow: Literal["increase", "decrease"] | None = None
    structure: Declaration | None = None

    def __post_init__(self) -> None:
        for field in FIELDS:
            _check_text(field, getattr(self, field), needed=field in ("name", "where", "type"))
        if self.allow not in _ALLOW:
            raise TableError("", f"allow is increase or decrease, not {short(self.allow)}")
        if self.structure is not None:
            arguments.instance("structure", self.structure, Declaration, "a Declaration, or None")
        try:
            parse_path(self.where)
            if self.structure is None:
                type_named(self.type)
        except FarfetchError as error:
            raise TableError("", f"{quote(self.name)}: {error}") from None
        if self.structure is not None and self.structure.name != self.type:
            raise TableError("", f"{quote(self.name)}: {self.type} is not {self.structure.name}")

    @property
    def value_type(self) -> Any:
        """The construct of its value."""
        return type_named(self.type) if self.structure is None else self.structure.type

    @property
    def path(self) -> AnyPath:
        """Where it is, to be resolved in a target: a path, or a group of paths."""
        return parse_path(self.where)


def _check_text(field: str, value: object, *, needed: bool) -> None:
    if value is None and field in ("frozen", "allow"):
        return
    if not isinstance(value, str):
        raise TableError("", f"{field} is a text, not {short(value)}")
    if needed and not value.strip():
        raise TableError("", f"{field} is empty")
    if len(value) > MAX_TEXT:
        raise TableError("", f"{field} has {len(value)} characters, more than {MAX_TEXT}")
    if any(0xD800 <= ord(mark) < 0xE000 for mark in value):
        raise TableError("", f"{field} has half a surrogate pair, which is no text")
