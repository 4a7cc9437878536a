"""Run a function of a test module in a Python process of its own.

For what must not happen to the process that runs the tests: other users, other mounts, signals,
and measuring a scanner's own memory. The function's arguments and result are JSON.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from support.ending import end
from support.targets import ROOT


class Apart:
    """A function that runs in another process; a context manager that kills it on exit.

    Args:
        function: of a module in this folder, at its top level.
        arguments: given to it.
        prefix: a command that execs the rest of its line.
        env: added to our environment.

    Attributes:
        pid: its process id.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        module = f"live.{Path(inspect.getfile(function)).stem}"
        self._process = subprocess.Popen(
            [
                *(*prefix, sys.executable, "-W", "error", "-m", "support.apart"),
                *(module, function.__name__, json.dumps(arguments)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), **(env or {})},
        )
        self.pid = self._process.pid

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end(self._process)

    def next(self) -> Any:
        """Wait for the next thing that it tells, at last its result."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{self._process.args!r} ended with {self._process.wait()}"
        return json.loads(line)

    def go_on(self) -> None:
        """Let it return from :func:`told`."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

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


def tell(what: Any) -> None:
    """Called by the function: what :meth:`Apart.next` returns, while the function goes on."""
    print(json.dumps(what), flush=True)


def told() -> None:
    """Called by the function: wait for :meth:`Apart.go_on`."""
    assert sys.stdin.readline(), "the tests have ended"


if __name__ == "__main__":
    _, module_name, function_name, given = sys.argv
    module = importlib.import_module(module_name)
    tell(getattr(module, function_name)(*json.loads(given)))
