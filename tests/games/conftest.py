"""What the games' tests share with those of the prompt."""

from __future__ import annotations

from prompt.conftest import COMMAND, _no_state_of_the_user, command, start, state

__all__ = ["COMMAND", "_no_state_of_the_user", "command", "start", "state"]
