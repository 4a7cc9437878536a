"""Errors of core files. The whole tree is drawn in :mod:`.errors`."""

from __future__ import annotations

from .base import FarfetchError, called


class CoreFileError(FarfetchError):
    """A core file that cannot be read or written.

    Args:
        file: its name.
        reason: what is wrong, and what to do.

    >>> print(CoreFileError("core.12", "is no core file"))
    the core file core.12: is no core file
    """

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file = file
        self.reason = reason

    def _message(self) -> str:
        return f"the core file {called(self.file)}: {self.reason}"


class ReadOnlyTarget(FarfetchError):
    """A target that can be looked at, and never be written to.

    Args:
        name: of the target.

    >>> print(ReadOnlyTarget("core.12"))
    core.12 cannot be written to, nor frozen or patched: it is a core file, the memory of one moment
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def _message(self) -> str:
        return (
            f"{self.name} cannot be written to, nor frozen or patched: it is a core file, the "
            "memory of one moment"
        )
