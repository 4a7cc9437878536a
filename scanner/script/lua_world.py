"""What Lua in scripts may know of a target."""

from __future__ import annotations

from typing import Protocol

from .aob import ByteArray
from .layout import Surroundings
from .search import Within


class LuaWorld(Surroundings, Protocol):
    """A target, as Lua and what it assembles see it."""

    @property
    def program(self) -> str:
        """The name of its main module."""

    @property
    def pid(self) -> int:
        """Its process ID; 0 where it has none."""

    def bytes_at(self, address: int, size: int) -> bytes:
        """The bytes at an address, fewer where not all can be read."""

    def places(self, array: ByteArray, within: Within, most: int) -> list[int]:
        """Where bytes are: in a module, between two addresses, or anywhere if that is ""."""

    def mapped(self) -> list[tuple[str, str, int, int]]:
        """Name, path, base and size of each module."""
