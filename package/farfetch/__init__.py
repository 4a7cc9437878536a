"""farfetch: a memory scanner for Linux. The library is :mod:`farfetch.scanner`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The library, once it is asked for: ``import farfetch`` alone loads nothing of it."""
    if name == "scanner":
        return import_module("farfetch.scanner")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
