"""A target as scripts see it: names, pointers, bytes, and instructions that are moved."""

from __future__ import annotations

import re
from typing import Final

from ..code.moving import moved
from ..code.naming import function_named
from ..code.symbols import Symbols
from ..errors import CodeError, ExpressionError, ScriptError
from ..memory.addresses import parse_address
from ..memory.modules import Module
from ..memory.space import Space, program_path
from .aob import ByteArray
from .search import Within, find_all, ranges_of

_FUNCTION: Final = re.compile(r"[A-Za-z_][\w.\-!?@$]{2,200}")


class TargetAround:
    """What a script needs to know of a target, as it is while the script is enabled.

    Args:
        space: the target.
        functions: of its modules.
    """

    def __init__(self, space: Space, functions: Symbols) -> None:
        self.space = space
        self.bits = space.bits
        self.regions = space.regions()
        self.modules = space.memory.modules(self.regions)
        self._functions = functions
        self._program = program_path(space.memory, self.modules)

    @property
    def program(self) -> str:
        """The name of the main module."""
        return self._program.rpartition("/")[2]

    @property
    def pid(self) -> int:
        """Of the process; 0 of what is none."""
        return self.space.memory.pid or 0

    def symbol(self, name: str) -> int | None:
        """The address that a name stands for: a symbol's, a module's, a function's."""
        if not name or '"' in name:
            return None
        try:
            return parse_address(
                f'"{name}"', self.modules, self.regions, self.space.symbols, self._program
            )
        except ExpressionError:
            if not _FUNCTION.fullmatch(name):
                return None
            return function_named(self._functions, self.modules, name)

    def module(self, name: str, line: int) -> Module:
        """A module by its name.

        Raises:
            ScriptError: there is none.
        """
        base = self.symbol(name)
        found = next((module for module in self.modules if module.base == base), None)
        if found is None:
            raise ScriptError(line, f'no module is called "{name:.80}"')
        return found

    def pointer(self, address: int) -> int:
        """The pointer at an address."""
        size = self.bits // 8
        return int.from_bytes(self.space.read_bytes(address, size), "little")

    def copy(self, address: int, size: int) -> bytes:
        """The bytes at an address."""
        return self.space.read_bytes(address, size)

    def bytes_at(self, address: int, size: int) -> bytes:
        """The bytes at an address, fewer where not all can be read."""
        return self.space.memory.read(address, size)

    def places(self, array: ByteArray, within: Within, most: int) -> list[int]:
        """Where bytes are: in a module, between two addresses, or anywhere if that is ""."""
        begin, end = (0, 1 << 64) if isinstance(within, str) else within
        if isinstance(within, str) and within:
            there = self.module(within, 0)
            begin, end = there.base, there.end
        return find_all(self.space, array, ranges_of(self.regions, begin, end), most)

    def mapped(self) -> list[tuple[str, str, int, int]]:
        """Name, path, base and size of each module."""
        return [
            (module.name, module.path, module.base, module.end - module.base)
            for module in self.modules
        ]

    def moved(self, address: int, to: int) -> bytes:
        """The instruction at an address, as it has to be elsewhere to do the same."""
        try:
            return moved(self.space, address, to)
        except CodeError as error:
            raise ScriptError(0, str(error)) from None
