"""A program of sixteen threads that count and check themselves."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Final

from support.child import Child
from support.compiled import compiled

_SOURCE: Final = Path(__file__).with_suffix(".c")
#: A signal of real time: each that is sent is queued.
COUNTED: Final = signal.SIGRTMIN + 3


def build(folder: Path, bits: int = 64) -> Path:
    """Compile it."""
    return compiled(_SOURCE, folder, bits)


class Restless(Child):
    """The program, running.

    Args:
        program: that :func:`build` made.
        stopped: whether job control will stop it, which ends some waits early.

    Attributes:
        count: the address of the function with which it counts.
        sent: signals that were sent to it.
    """

    def __init__(self, program: Path, *, stopped: bool = False) -> None:
        pipe = subprocess.PIPE
        command = [str(program), *(["stopped"] if stopped else [])]
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        super().__init__(process)
        self.process = process
        assert process.stdout
        self.count = int(process.stdout.readline(), 16)
        self.sent = 0

    def signal(self) -> None:
        """Send it one of those that it counts."""
        os.kill(self.pid, COUNTED)
        self.sent += 1

    def found(self) -> tuple[int, int]:
        """What it has found wrong, and the signals that it got; it has ended then."""
        out, _ = self.process.communicate(timeout=120)
        assert self.process.returncode == 0
        wrong, signals = str(out).split()
        return int(wrong), int(signals)
