"""Modules that take a while to load, as the names of types in annotations.

A function says of what type something is that few programs ask for. Checkers of types read that
without loading anything; :func:`typing.get_type_hints` and :func:`inspect.signature` look the name
up in the function's module, so it has to be there, too, and lead to the class.
"""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """A module that is loaded when something of it is asked for.

    Args:
        name: of the module.

    >>> from farfetch.scanner.later import Later
    >>> symbols = Later("farfetch.scanner.code.symbols")
    >>> symbols.Symbol.__name__
    'Symbol'
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # who looks what this is wants no module loaded
            raise AttributeError(name)
        return getattr(importlib.import_module(self._name), name)

    def __repr__(self) -> str:
        return f"<Later {self._name}>"
