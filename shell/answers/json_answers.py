"""Answers for programs: JSON on standard output."""

from __future__ import annotations

import json
import sys

from . import report
from .result import Json, Result

#: Beyond it doubles, which are all the numbers that some readers of JSON have, tell not all apart.
_EXACT = 2**53


class JsonAnswers:
    """One JSON object a command, each on its own line."""

    def result(self, command: str, result: Result) -> None:
        """Print the fields."""
        self._print({"command": command, "ok": True, **result.fields})

    def failure(self, command: str, error: BaseException, place: str = "") -> None:
        """Print the error as an object."""
        self._print({"command": command, "ok": False, "error": report.fields(error, place)})

    def _print(self, answer: dict[str, Json]) -> None:
        sys.stdout.write(json.dumps(exact(answer), allow_nan=False) + "\n")
        sys.stdout.flush()


def exact(answer: Json) -> Json:
    """An answer in which integers beyond 2^53 stand a second time, as text.

    >>> exact({"value": 2**60, "values": [1, 2**53 + 1]})
    {'value': 1152921504606846976, 'value_text': '1152921504606846976', 'values': [1,
        9007199254740993], 'values_text': ['1', '9007199254740993']}
    """
    if isinstance(answer, list):
        return [exact(element) for element in answer]
    if not isinstance(answer, dict):
        return answer
    said: dict[str, Json] = {}
    for key, value in answer.items():
        said[key] = exact(value)
        text = f"{key}_text"
        if _is_large(value) and text not in answer:
            said[text] = str(value)
        elif isinstance(value, list) and any(map(_is_large, value)) and text not in answer:
            said[text] = [str(element) if _is_whole(element) else None for element in value]
    return said


def _is_whole(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_large(value: Json) -> bool:
    return isinstance(value, int) and abs(value) > _EXACT
