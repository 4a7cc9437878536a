"""A program that calls a function in a loop, to be hooked meanwhile, and checks each result."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Final

from support.child import Talking

SOURCE: Final = Path(__file__).with_suffix(".c")
#: What the function adds.
VALUE: Final = 1000


def build(folder: Path, *options: str) -> Path:
    """Compile it, under a name that nobody else's programs have."""
    program = folder / f"ffhooks{len(options)}"
    command = ["gcc", "-O1", "-pthread", *options, "-o", str(program), str(SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    return program


class Looping(Talking):
    """The program, running.

    Args:
        program: that :func:`build` made.
        threads: that call its functions all the time.

    Attributes:
        module: what it is called among its modules.
        calls: of all threads, and how many gave a wrong result; known once it has ended.
    """

    def __init__(self, program: Path, threads: int = 0) -> None:
        super().__init__([program, str(threads)])
        self.module = program.name
        self.calls = (0, 0)
        assert self.hear() == "ready\n"

    def ask(self, number: int = 1) -> tuple[int, int]:
        """Let it call its functions once: the result, and how often it has ticked."""
        self.tell(str(number))
        result, ticks = map(int, self.hear().split())
        return result, ticks

    def kill(self) -> None:
        """End it at once. Popen.kill() looks first, and under Yama takes a stop for its end."""
        os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let it end by itself, and keep how it has; it is killed where it does not."""
        self.end_input()
        try:
            last = self.hear().split()
            self.status = self._process.wait(60)
            if last:
                self.calls = (int(last[0]), int(last[1]))
        finally:
            super().close()
