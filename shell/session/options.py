"""Options: what a scan may take and use, with the names and the texts that the shell gives them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields, replace
from typing import Any

from farfetch.scanner import Budget, did_you_mean

from ..answers import quantities
from ..answers.result import Json
from ..errors import UsageError
from ..line.words import path_of

AUTO = "auto"
MAX_THREADS = 256
_SIZE = re.compile(r"([0-9]{1,15})([KMGT]?)(i?B)?", re.IGNORECASE)
_MAX_SIZE = 1 << 62
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True)
class Options:
    """What the next first scan may take and use; None for what suits the machine.

    Attributes:
        memory_budget: bytes of memory for matches and what comes with them.
        values_budget: bytes of memory for old values, beyond which they go to disk.
        disk_budget: bytes of disk for old values.
        directory: where those are kept.
        threads: worker threads.
        soft_dirty: whether pages are left out that the kernel says nobody wrote to.
        pointer: bytes of a pointer in the target, at once and not only for scans.
    """

    memory_budget: int | None = None
    values_budget: int | None = None
    disk_budget: int | None = None
    directory: str | None = None
    threads: int | None = None
    soft_dirty: bool = True
    pointer: int | None = None

    @property
    def bits(self) -> int | None:
        """The width of pointers in bits; None for what the target's program says."""
        return self.pointer and 8 * self.pointer

    @property
    def budget(self) -> Budget:
        """Of memory and disk."""
        return Budget(self.memory_budget, self.disk_budget, self.values_budget)

    def shown(self, name: str) -> str:
        """The value of an option as a person writes it."""
        value = getattr(self, _attribute(name))
        if isinstance(value, bool):
            return "on" if value else "off"
        if value is None:
            return AUTO
        return quantities.size(value) if name.endswith("budget") else str(value)

    def json(self, name: str) -> Json:
        """The value of an option for programs: bytes, a count, a folder, or null for auto."""
        value: Json = getattr(self, _attribute(name))
        return value

    def set(self, name: str, text: str) -> Options:
        """The options with one of them changed.

        Args:
            name: of the option.
            text: its new value, as a person writes it.

        Raises:
            UsageError: there is no such option, or it cannot have this value.
        """
        chosen: Any = _READERS[known(name)](name, text)
        return replace(self, **{_attribute(name): chosen})


def known(name: str) -> str:
    """Check that there is an option of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in NAMES:
        near = did_you_mean(name, NAMES) or f": there are {', '.join(NAMES)}"
        raise UsageError(f"no option is called {name!r}{near}")
    return name


def _attribute(name: str) -> str:
    return name.replace("-", "_")


#: The names of all options.
NAMES = tuple(option.name.replace("_", "-") for option in fields(Options))


def _size(name: str, text: str) -> int | None:
    if text == AUTO:
        return None
    found = _SIZE.fullmatch(text)
    if found is None:
        raise UsageError(f"{name} takes a size such as 512M or 2G, or {AUTO}, not {text!r}")
    return min(int(found[1]) << 10 * _POWERS[found[2].upper()], _MAX_SIZE)


def _folder(name: str, text: str) -> str | None:
    if text == AUTO:
        return None
    folder = os.path.abspath(path_of(text))  # noqa: PTH100
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{name} takes a folder that can be written to, or {AUTO}, not {text!r}")
    return folder


def _threads(name: str, text: str) -> int | None:
    if text == AUTO:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_THREADS):
        raise UsageError(f"{name} takes 1 to {MAX_THREADS}, or {AUTO}, not {text!r}")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text not in ("on", "off"):
        raise UsageError(f"{name} takes on or off, not {text!r}")
    return text == "on"


def _pointer(name: str, text: str) -> int | None:
    if text not in (AUTO, "4", "8"):
        raise UsageError(f"{name} takes 4 or 8 bytes, or {AUTO}, not {text!r}")
    return None if text == AUTO else int(text)


_READERS = {
    "memory-budget": _size,
    "values-budget": _size,
    "disk-budget": _size,
    "directory": _folder,
    "threads": _threads,
    "soft-dirty": _switch,
    "pointer": _pointer,
}
