"""A program with code to hook: its functions are written so that their bytes are known."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from support.child import Talking

SOURCE: Final = Path(__file__).with_suffix(".c")


def build(folder: Path, bits: int = 64) -> Path:
    """Compile it, under a name that nobody else's programs have."""
    program = folder / f"ffhooked{bits}"
    command = ["gcc", f"-m{bits}", "-O1", "-pthread", "-o", str(program), str(SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    return program


class Hooked(Talking):
    """The program, running.

    Args:
        program: that :func:`build` made.
        threads: that call the hooked function all the time.

    Attributes:
        hit: the address of the function that takes health.
        players: the address of the players.
    """

    def __init__(self, program: Path, threads: int = 0) -> None:
        super().__init__([program, str(threads)])
        self.hit, self.players = (int(word, 16) for word in self.hear().split())

    def ask(self, command: str) -> tuple[int, int, float, int]:
        """Give a command; the player's health, the foe's, the gold, and broken waits."""
        self.tell(command)
        mine, foes, gold, errors = self.hear().split()
        return int(mine), int(foes), float(gold), int(errors)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(60)

    def close(self) -> None:
        """Let it end by itself, and keep how it has; it is killed where it does not."""
        self.end_input()
        try:
            self.status = self._process.wait(60)
        finally:
            super().close()

    @property
    def ended(self) -> int | None:
        """How it has ended; None while it runs."""
        return self._process.poll()
