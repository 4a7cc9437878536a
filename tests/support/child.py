"""Processes that the tests start, talk to and end."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

_TESTS = Path(__file__).resolve().parents[1]
_TIMEOUT = 60


def is_traced(pid: int) -> bool:
    """Whether anybody traces a thread of it; one that ends while this looks is not."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            if "\nTracerPid:\t0\n" not in (thread / "status").read_text():
                return True
    return False


def end(process: subprocess.Popen[Any]) -> int:
    """Kill it if it still runs, close its pipes and return its exit code. Twice does no harm."""
    if process.poll() is None:
        process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    return process.wait()


class Child:
    """A process; a context manager that ends it on exit.

    Args:
        process: just started.

    Attributes:
        pid: its process id.
    """

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        self._process = process
        self.pid = process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill it if it still runs, and let go of its pipes. A second call does nothing."""
        end(self._process)


class Talking(Child):
    """A process that is talked with in lines.

    Args:
        command: its command line.
        options: of :class:`subprocess.Popen`.
    """

    def __init__(self, command: Sequence[str | Path], **options: Any) -> None:
        pipe = subprocess.PIPE
        super().__init__(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, **options))

    def tell(self, line: str) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Wait for its next line; "" when it has ended."""
        assert self._process.stdout is not None
        return str(self._process.stdout.readline())

    def end_input(self) -> None:
        """Say nothing more, upon which it ends by itself."""
        assert self._process.stdin is not None
        self._process.stdin.close()


class Module(Talking):
    """A module of the tests that runs in a Python process of its own and talks in lines of JSON.

    Args:
        module: its name, as in ``python -m``.
        arguments: its command line after the name.
        flags: of Python.
        prefix: a command that execs the rest of its line.
        env: added to our environment.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        flags: Sequence[str] = (),
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            [*prefix, sys.executable, *flags, "-m", module, *arguments],
            env={**os.environ, "PYTHONPATH": str(_TESTS), **(env or {})},
        )

    def say(self, what: Any) -> None:
        """Send it something."""
        self.tell(json.dumps(what))

    def next(self) -> Any:
        """Wait for the next thing that it tells."""
        line = self.hear()
        assert line, f"{self._process.args!r} ended with {self._process.wait()}"
        return json.loads(line)

    def ask(self, *command: Any) -> Any:
        """Have it obey a command, and return what that came to; nothing else is to be told."""
        assert self._process.stdout is not None
        self.say(command)
        ready, _, _ = select.select([self._process.stdout], [], [], _TIMEOUT)
        assert ready, f"{command} is not obeyed"
        return self.next()


def tell(what: Any) -> None:
    """Called by the module: what :meth:`Module.next` returns."""
    print(json.dumps(what), flush=True)


def obey(command_named: Callable[[str], Callable[..., Any]]) -> None:
    """Called by the module: do what :meth:`Module.ask` asks for, until nothing more is said."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        tell(command_named(name)(*arguments))
