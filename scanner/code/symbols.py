"""Symbols: the functions of the modules of a target, and what an address in one is called."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..images.demangle import demangled
from ..images.elf_functions import elf_functions
from ..images.functions import Function, Functions, Row
from ..images.image_file import ImageFile
from ..images.pe_functions import pe_functions
from ..memory.modules import Module, module_label
from ..memory.space import Space

_FILES: Final = 64  # of which the functions are kept


@dataclass(frozen=True, slots=True)
class Symbol:
    """The function that an address is in.

    Attributes:
        module: its name.
        name: of the function, demangled; "" where only its beginning is known.
        start: its address.
        offset: from there to the address.

    >>> str(Symbol("game", "hit", 0x1000, 0x12)), str(Symbol("game", "hit", 0x1000, 0))
    ('game!hit+0x12', 'game!hit')
    """

    module: str
    name: str
    start: int
    offset: int

    def __str__(self) -> str:
        name = self.name or f"0x{self.start:x}"
        return f"{self.module}!{name}" + (f"+0x{self.offset:x}" if self.offset else "")


class Symbols:
    """The functions of a target's modules; files are read when they are asked about, once.

    Args:
        space: the target.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._files: dict[tuple[str, int], Functions] = {}
        self._lock = threading.RLock()

    def at(self, address: int) -> Symbol | None:
        """The function that an address is in; None where none is known."""
        modules = self._space.modules()
        module = next((module for module in modules if address in module), None)
        if module is None:
            return None
        function = self.of(module).at(address - module.base)
        if function is None:
            return None
        label = module_label(module, modules) or module.name
        return _symbol(label, module, function, address)

    def find(self, module: Module, name: str) -> int | None:
        """The address of a function, by its name in the file or demangled."""
        functions = self.of(module)
        function = functions.named(name)
        if function is None:
            names = (each for each in functions if each.name.startswith("_Z"))
            function = next((each for each in names if demangled(each.name) == name), None)
        return None if function is None else module.base + function.start

    def of(self, module: Module) -> Functions:
        """The functions of a module; none of files that are gone or have none."""
        key = (module.path, next(iter(module.regions)).inode)
        with self._lock:
            known = self._files.get(key)
            if known is None:
                with self._space.memory._root() as root:
                    known = Functions(_rows(module.path, key[1], root))
                while len(self._files) >= _FILES:
                    self._files.pop(next(iter(self._files)))
                self._files[key] = known
            return known


def _symbol(label: str, module: Module, function: Function, address: int) -> Symbol:
    start = module.base + function.start
    return Symbol(label, demangled(function.name), start, address - start)


def _rows(path: str, inode: int, root: Path) -> list[Row]:
    try:
        with ImageFile(root / path.lstrip("/"), inode) as file:
            return pe_functions(file) if file[:2] == b"MZ" else elf_functions(file, path, root)
    except (OSError, ValueError):  # gone, empty, or of another kind
        return []
