"""Answers for people: text on standard output, complaints on standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable

from . import render, report, streams
from .result import Result


class TextAnswers:
    """Answers for people.

    Args:
        pointing: show where an expression went wrong with a caret, as the prompt does.

    Attributes:
        more: asks whether to go on behind a page of a long answer; None where nobody is there.
    """

    def __init__(self, *, pointing: bool = False) -> None:
        self._pointing = pointing
        self.more: Callable[[], bool] | None = None
        self._terminal = sys.stdout.isatty()
        self._colours = not (os.environ.get("NO_COLOR") or streams.dumb())

    def result(self, command: str, result: Result) -> None:  # noqa: ARG002
        """Print the blocks; on a terminal they fit it, and have colours if it knows any."""
        if self._terminal:
            size = shutil.get_terminal_size()
            text = render.ansi(result.blocks, size.columns, colours=self._colours)
            if result.pages and self.more is not None:
                self._page(text.splitlines(keepends=True), max(1, size.lines - 1), self.more)
                return
        else:
            text = render.plain(result.blocks)
        sys.stdout.write(text)
        sys.stdout.flush()

    def _page(self, lines: list[str], rows: int, more: Callable[[], bool]) -> None:
        """Print as many lines as there are rows, and others when they are asked for."""
        while lines:
            page, lines = lines[:rows], lines[rows:]
            sys.stdout.write("".join(page))
            sys.stdout.flush()
            if lines and not more():
                return

    def failure(self, command: str, error: BaseException, place: str = "") -> None:  # noqa: ARG002
        """Print one line to standard error."""
        report.complain(error, place, pointing=self._pointing)


def say(line: str) -> None:
    """Print a line of an answer that is still to come to its end."""
    sys.stdout.write(render.plain([line]))
    sys.stdout.flush()
