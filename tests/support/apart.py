"""Run a function of a test module in a Python process of its own.

For what must not happen to the process that runs the tests: other users, other mounts, signals,
and measuring a scanner's own memory. The function's arguments and result are JSON.
"""

from __future__ import annotations

import importlib
import inspect
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from support.child import Module, tell

_TESTS: Final = Path(__file__).resolve().parents[1]


class Apart(Module):
    """A function that runs in another process; a context manager that kills it on exit.

    Args:
        function: of a module of the tests, at its top level.
        arguments: given to it.
        prefix: a command that execs the rest of its line.
        env: added to our environment.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        file = Path(inspect.getfile(function)).resolve()
        module = ".".join(file.relative_to(_TESTS).with_suffix("").parts)
        super().__init__(
            "support.apart",
            *(module, function.__name__, json.dumps(arguments)),
            flags=("-W", "error"),
            prefix=prefix,
            env=env,
        )

    def go_on(self) -> None:
        """Let it return from :func:`told`."""
        self.say(None)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def run(
    function: Callable[..., Any],
    *arguments: Any,
    prefix: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> Any:
    """Run a function apart and return its result; the arguments are as of :class:`Apart`."""
    with Apart(function, *arguments, prefix=prefix, env=env) as apart:
        return apart.next()


def told() -> None:
    """Called by the function: wait for :meth:`Apart.go_on`."""
    assert sys.stdin.readline(), "the tests have ended"


if __name__ == "__main__":
    _, module_name, function_name, given = sys.argv
    module = importlib.import_module(module_name)
    tell(getattr(module, function_name)(*json.loads(given)))
