"""Answers for people: text on standard output, complaints on standard error."""

from __future__ import annotations

import os
import shutil
import sys

from . import render, report, streams
from .result import Result


class TextAnswers:
    """Answers for people.

    Args:
        pointing: show where an expression went wrong with a caret, as the prompt does.
    """

    def __init__(self, *, pointing: bool = False) -> None:
        self._pointing = pointing
        self._terminal = sys.stdout.isatty()
        self._colours = not (os.environ.get("NO_COLOR") or streams.dumb())

    def result(self, command: str, result: Result) -> None:  # noqa: ARG002
        """Print the blocks; on a terminal they fit it, and have colours if it knows any."""
        if self._terminal:
            width = shutil.get_terminal_size().columns
            text = render.ansi(result.blocks, width, colours=self._colours)
        else:
            text = render.plain(result.blocks)
        sys.stdout.write(text)
        sys.stdout.flush()

    def failure(self, command: str, error: BaseException, place: str = "") -> None:  # noqa: ARG002
        """Print one line to standard error."""
        report.complain(error, place, pointing=self._pointing)


def say(line: str) -> None:
    """Print a line of an answer that is still to come to its end."""
    sys.stdout.write(render.plain([line]))
    sys.stdout.flush()
