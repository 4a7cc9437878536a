"""What takes the answers of commands: :mod:`.text_answers` for people, :mod:`.json_answers`."""

from __future__ import annotations

from typing import Protocol

from .result import Result


class Answers(Protocol):
    """Takes what commands answer; every answer is out when a call returns."""

    def result(self, command: str, result: Result) -> None:
        """Give the answer of a command."""

    def failure(self, command: str, error: BaseException, place: str = "") -> None:
        """Say that a command failed, at ``file:line`` of a script when it has a place."""
