"""Settings of the next first scan, and what a change of them means for one that has begun."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from farfetch.scanner import AlignError, Where, field_names, type_named

from .options import Options

if TYPE_CHECKING:
    from .session import Session

MAX_ALIGN = 4096


@lru_cache(maxsize=1)
def _fields_of(value_type: Any, bits: int) -> tuple[str, ...]:
    """The names of a type's fields, which each key at the prompt asks for."""
    return field_names(value_type, bits=bits)


class Settings:
    """What the next first scan looks for, and where.

    Attributes:
        type: value type, also of bare addresses.
        align: alignment in bytes, None for the type's own.
        where: region filter.
        options: what it may take and use.
    """

    def __init__(self) -> None:
        self.type: Any = type_named("i32")
        self.align: int | None = None
        self.where = "writable"
        self.options = Options()

    def fields(self, bits: int) -> tuple[str, ...]:
        """The fields that the scan can name, when the type is a structure."""
        return _fields_of(self.type, bits)

    def set_align(self, align: int | None) -> None:
        """Choose the alignment; None for the type's own.

        Raises:
            AlignError: there is none such.
        """
        if align is not None and not 1 <= align <= MAX_ALIGN:
            raise AlignError(align)
        self.align = align

    def set_where(self, where: str) -> None:
        """Choose the regions.

        Raises:
            WhereError: it is no filter.
        """
        self.where = str(Where.parse(where))


def keeps(session: Session, setting: str) -> tuple[str, ...]:
    """Say that the present matches keep their setting, when there are any."""
    if not session.matches:
        return ()
    return (f"the present matches keep their {setting}; first or reset begins anew",)
