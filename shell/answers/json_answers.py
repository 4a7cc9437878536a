"""Answers for programs: JSON on standard output."""

from __future__ import annotations

import json
import sys

from . import report
from .result import Result


class JsonAnswers:
    """One JSON object a command, each on its own line."""

    def result(self, command: str, result: Result) -> None:
        """Print the fields."""
        self._print({"command": command, "ok": True, **result.fields})

    def failure(self, command: str, error: BaseException, place: str = "") -> None:
        """Print the error as an object."""
        self._print({"command": command, "ok": False, "error": report.fields(error, place)})

    def _print(self, answer: object) -> None:
        sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
        sys.stdout.flush()
