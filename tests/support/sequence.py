"""Two threads that count in restartable sequences, and lose counts where one goes wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from support.child import Child
from support.compiled import compiled

_SOURCE: Final = Path(__file__).with_suffix(".c")


def build(folder: Path) -> Path:
    """Compile it."""
    return compiled(_SOURCE, folder)


class Sequence(Child):
    """The program, running.

    Attributes:
        known: whether there are such sequences here; nothing runs if not.
        stop: the address of the ``int`` that ends it.
        code: the address of the function with the sequence in it.
    """

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen([str(program)], stdout=subprocess.PIPE, text=True)
        super().__init__(self.process)
        assert self.process.stdout
        line = self.process.stdout.readline()
        self.known = line != "none\n"
        if self.known:
            self.stop, self.code = (int(word, 16) for word in line.split())

    def counted(self) -> tuple[int, int]:
        """What its threads have counted, and what they came to together; it has ended then."""
        out, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        own, together = map(int, str(out).split())
        return own, together
