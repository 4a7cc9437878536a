"""The progress of a scan or a write, on one line that is drawn over itself."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final, Protocol, TextIO, TypeAlias

from ..answers import quantities

if TYPE_CHECKING:
    from farfetch.scanner import Progress

Found: TypeAlias = tuple[str, str]

#: A scan shorter than this, in seconds, shows no bar.
PATIENCE = 0.25
#: What scans find, one and several.
MATCHES: Final[Found] = ("match", "matches")


class Meter(Protocol):
    """Where progress is shown."""

    def show(self, progress: Progress, found: Found = MATCHES) -> None:
        """Show how far a scan is, and what it has found; called some 20 times a second."""

    def count(self, done: int, total: int, seconds: float, what: str) -> None:
        """Show how much of something is done; what it is stands behind the numbers."""

    def clear(self) -> None:
        """Take the meter away: what it showed has ended."""


class NoMeter:
    """Shows nothing."""

    def show(self, progress: Progress, found: Found = MATCHES) -> None:
        """Do nothing."""

    def count(self, done: int, total: int, seconds: float, what: str) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Do nothing."""


class TerminalMeter:
    """A bar on the line of the cursor.

    Args:
        stream: a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = False

    def show(self, progress: Progress, found: Found = MATCHES) -> None:
        """Draw the bar once the scan has taken longer than a blink."""
        if progress.seconds >= PATIENCE:
            self._draw(bar(progress, self._width(), found))

    def count(self, done: int, total: int, seconds: float, what: str) -> None:
        """Draw how much is done, once that has taken longer than a blink."""
        if seconds >= PATIENCE:
            text = f"{done / total if total else 1.0:4.0%}, {done:,} of {total:,} {what}"
            self._draw(text[: self._width()])

    def _draw(self, text: str) -> None:
        self._drawn = True  # first, for Ctrl-C may come from here on
        self._stream.write("\r\x1b[K" + text)
        self._stream.flush()

    @staticmethod
    def _width() -> int:
        return shutil.get_terminal_size().columns - len("^C") - 1

    def clear(self) -> None:
        """Erase the bar."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False


def bar(progress: Progress, width: int, found: Found = MATCHES) -> str:
    """Draw a scan's progress in at most ``width`` columns.

    Args:
        progress: how far it is.
        width: columns there are.
        found: what it finds, one and several.
    """
    share = min(progress.done / progress.total, 1.0) if progress.total else 1.0
    rate = progress.done / progress.seconds if progress.seconds else 0.0
    parts = [
        f"{share:4.0%}",
        f"{quantities.size(progress.done)} of {quantities.size(progress.total)}",
        f"{quantities.size(rate)}/s",
    ]
    if rate:
        left = (progress.total - progress.done) / rate
        parts.append(f"{quantities.seconds(max(left, 0.0))} left")
    parts.append(quantities.count(progress.matches, *found))
    text = ", ".join(parts)
    while len(parts) > 1 and len(text) > width:
        parts.pop()
        text = ", ".join(parts)
    room = min(width - len(text) - 3, 30)
    if room >= 10:
        full = round(share * room)
        text = f"[{'#' * full}{'.' * (room - full)}] {text}"
    return text[:width]
