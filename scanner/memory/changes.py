"""Changes of bytes that are made together: all of them, or none."""

from __future__ import annotations

from typing import NamedTuple

from .. import arguments
from ..errors import ArgumentError


class Change(NamedTuple):
    r"""Bytes that take the place of others.

    Attributes:
        address: of the first.
        before: the old ones.
        after: the new ones, as many.

    >>> str(Change(0x4010, b"\x29\xd8", b"\x90\x90"))
    '0x4010: 29 d8 -> 90 90'
    """

    address: int
    before: bytes
    after: bytes

    @property
    def back(self) -> Change:
        """The change that takes this one back."""
        return Change(self.address, self.after, self.before)

    def __str__(self) -> str:
        return f"0x{self.address:x}: {self.before.hex(' ')} -> {self.after.hex(' ')}"


def checked(changes: object) -> list[Change]:
    """Changes that somebody gave; those of no bytes are left out.

    Raises:
        ArgumentError: they are none: of no address, or of more bytes than there were.
    """
    whole = []
    for one in arguments.several("changes", changes, Change, "changes of bytes"):
        address = arguments.address(one.address)
        before, after = arguments.raw("before", one.before), arguments.raw("after", one.after)
        if len(before) != len(after):
            raise ArgumentError("after", after, "as many bytes as before")
        if after:
            whole.append(Change(address, before, after))
    return whole
