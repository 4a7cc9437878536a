"""Errors of the shell itself, on the scanner's root so that one place reports all.

::

    FarfetchError
    └── CommandError          a command cannot run now
        ├── NoTarget          nothing is attached
        ├── NoMatches         there is nothing to list, set, freeze or narrow
        ├── NotFrozen         there is no such frozen entry
        ├── NotPatched        there is no such patch
        ├── NotWritten        nothing was written that could be put back
        ├── Unexpected        what a script expects does not hold
        ├── ScriptStopped     a line of a script failed
        └── UsageError        the line or the command line is not well formed (exit code 2)
"""

from __future__ import annotations

from farfetch.scanner import FarfetchError


def noted(error: BaseException, note: str) -> None:
    """Have something said behind an error's own words."""
    error.__dict__.setdefault("__notes__", []).append(note)


def notes(error: BaseException) -> list[str]:
    """What is said behind an error's own words."""
    found: list[str] = getattr(error, "__notes__", [])
    return found


class CommandError(FarfetchError):
    """A command cannot run as things are."""


class NoTarget(CommandError):
    """Nothing is attached."""

    def __init__(self) -> None:
        super().__init__("no target: attach PID or attach NAME first (ps lists them)")


class NoMatches(CommandError):
    """There are no matches to work on."""

    def __init__(self) -> None:
        super().__init__("no matches: run a first scan, such as 100 or first ?")


class NotFrozen(CommandError):
    """There is no such frozen entry."""


class NotPatched(CommandError):
    """There is no such patch."""


class NotWritten(CommandError):
    """Nothing was written that could be put back."""


class Unexpected(CommandError):
    """What a script expects does not hold."""


class ScriptStopped(CommandError):
    """A line of a script failed, which has been said.

    Args:
        place: ``file:line``.
        error: that it failed with.
    """

    def __init__(self, place: str, error: BaseException) -> None:
        super().__init__(f"the script stopped at {place}")
        self.error = error


class UsageError(CommandError):
    """The line is not well formed."""
