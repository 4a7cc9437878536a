"""A program with code to hook: its functions are written so that their bytes are known."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import IO, Final

SOURCE: Final = Path(__file__).with_suffix(".c")


def build(folder: Path, bits: int = 64) -> Path:
    """Compile it, under a name that nobody else's programs have."""
    program = folder / f"ffhooked{bits}"
    command = ["gcc", f"-m{bits}", "-O1", "-pthread", "-o", str(program), str(SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    return program


class Hooked:
    """The program, running.

    Args:
        program: that :func:`build` made.
        threads: that call the hooked function all the time.

    Attributes:
        pid: of the process.
        hit: the address of the function that takes health.
        players: the address of the players.
    """

    def __init__(self, program: Path, threads: int = 0) -> None:
        self._process = subprocess.Popen(
            [program, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid
        self.hit, self.players = (int(word, 16) for word in self._line().split())

    def ask(self, command: str) -> tuple[int, int, float, int]:
        """Give a command; the player's health, the foe's, the gold, and broken waits."""
        stdin = self._pipe(self._process.stdin)
        stdin.write(f"{command}\n")
        stdin.flush()
        mine, foes, gold, errors = self._line().split()
        return int(mine), int(foes), float(gold), int(errors)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(10)

    def __enter__(self) -> Hooked:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe(self._process.stdin).close()
        try:
            self.status = self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait(10)
            self._pipe(self._process.stdout).close()

    @property
    def ended(self) -> int | None:
        """How it has ended; None while it runs."""
        return self._process.poll()

    def _line(self) -> str:
        return self._pipe(self._process.stdout).readline()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe
