"""A program that calls a function in a loop, to be hooked meanwhile, and checks each result."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import IO, Final

SOURCE: Final = Path(__file__).with_suffix(".c")
#: What the function adds.
VALUE: Final = 1000


def build(folder: Path, *options: str) -> Path:
    """Compile it, under a name that nobody else's programs have."""
    program = folder / f"ffhooks{len(options)}"
    command = ["gcc", "-O1", "-pthread", *options, "-o", str(program), str(SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    return program


class Looping:
    """The program, running.

    Args:
        program: that :func:`build` made.
        threads: that call its functions all the time.

    Attributes:
        pid: of the process.
        module: what it is called among its modules.
        calls: of all threads, and how many gave a wrong result; known once it has ended.
    """

    def __init__(self, program: Path, threads: int = 0) -> None:
        self._process = subprocess.Popen(
            [program, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid
        self.module = program.name
        self.calls = (0, 0)
        assert self._line() == "ready\n"

    def ask(self, number: int = 1) -> tuple[int, int]:
        """Let it call its functions once: the result, and how often it has ticked."""
        stdin = self._pipe(self._process.stdin)
        stdin.write(f"{number}\n")
        stdin.flush()
        result, ticks = map(int, self._line().split())
        return result, ticks

    def kill(self) -> None:
        """End it at once. Popen.kill() would look first, and take a stopped thread for its end."""
        os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> Looping:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe(self._process.stdin).close()
        try:
            last = self._line().split()
            self.status = self._process.wait(60)
            if last:
                self.calls = (int(last[0]), int(last[1]))
        finally:
            self._process.kill()
            self._process.wait(60)
            self._pipe(self._process.stdout).close()

    def _line(self) -> str:
        return self._pipe(self._process.stdout).readline()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe
