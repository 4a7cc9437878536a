"""The root of everything that farfetch raises on purpose; :mod:`.errors` has the whole tree."""

from __future__ import annotations


class FarfetchError(Exception):
    """The root: catches everything that farfetch raises on purpose."""

    def _message(self) -> str:
        return " ".join(map(str, self.args))

    def __str__(self) -> str:
        return _printable(self._message())


def count(number: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _printable(text: str) -> str:
    """The text with what a terminal would obey, or could not show, written as escapes."""
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii")
        for mark in text
    )
