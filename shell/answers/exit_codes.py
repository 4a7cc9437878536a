"""Exit codes of a run."""

from __future__ import annotations

from ..errors import ScriptStopped, UsageError

SUCCESS, FAILURE, USAGE = 0, 1, 2


def exit_code(error: BaseException) -> int:
    """The exit code of a run that ended with an error: 2 for usage, else 1."""
    while isinstance(error, ScriptStopped):
        error = error.error
    return USAGE if isinstance(error, UsageError) else FAILURE
