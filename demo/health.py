"""The main job, played out: find a game's health by scanning, set it, freeze it.

Starts the ``game`` target, drives the farfetch command as a person would, one line at a time,
and shows both sides. Run by ``make demo``; exits with 1 if the game does not end up as it should.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parent.parent
TARGETS: Final = Path(os.environ.get("FARFETCH_TARGETS", ROOT / "build" / "targets"))
# Sent behind each command: the line that answers it ends what belongs to the command.
_MARK: Final = "type"
_MARKED: Final = re.compile(r"type i32$")


class Game:
    """The game, spoken to on its standard input.

    Args:
        program: it, where it is built already.
    """

    def __init__(self, program: str = "") -> None:
        if not program:
            subprocess.run(
                ["make", "-s", "-C", ROOT / "targets", f"OUT={TARGETS}", "BUILDS=pie"], check=True
            )
            program = str(TARGETS / "pie" / "game")
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid
        self._answer()

    def command(self, line: str, *shown: str) -> dict[str, str]:
        """Send a command; show it, and those fields of the answer."""
        print(f"game> {line}")
        _send(self._process.stdin, line)
        fields = self._answer()
        print("      " + "  ".join(f"{name}={fields[name]}" for name in shown))
        return fields

    def quit(self) -> None:
        """End the game."""
        _send(self._process.stdin, "quit")
        self._process.wait(timeout=10)

    def _answer(self) -> dict[str, str]:
        assert self._process.stdout is not None
        fields = {}
        while line := self._process.stdout.readline().rstrip("\n"):
            name, _, value = line.partition("=")
            fields[name] = value
        return fields


class Farfetch:
    """The farfetch command, its lines fed one by one through a pipe."""

    def __init__(self, pid: int) -> None:
        command = [sys.executable, "-m", "farfetch.shell", "-p", str(pid)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def command(self, line: str) -> str:
        """Send a command; show it and the answer."""
        print(f"farfetch> {line}")
        _send(self._process.stdin, line)
        answer = self._answer()
        print(answer)
        return answer

    def quit(self) -> int:
        """End it. Returns its exit code."""
        _send(self._process.stdin, "quit")
        return self._process.wait(timeout=10)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        _send(self._process.stdin, _MARK)
        lines = []
        while (line := self._process.stdout.readline()) and not _MARKED.match(line):
            lines.append(line)
        return "".join(lines).rstrip("\n")


def _send(stream: IO[str] | None, line: str) -> None:
    assert stream is not None
    stream.write(line + "\n")
    stream.flush()


def main() -> int:
    """Play. Returns the exit code."""
    game = Game(*sys.argv[1:])
    farfetch = Farfetch(game.pid)
    health = game.command("status", "health", "ammo", "gold")["health"]
    farfetch.command(health)
    health = game.command("hit 7", "health")["health"]
    farfetch.command(f"now == prev - 7 and now == {health}")
    game.command("shoot 3", "ammo")
    farfetch.command("=")
    game.command("heal 2", "health")
    farfetch.command("+ 2")
    farfetch.command("list")
    farfetch.command("set 0 9999")
    is_set = game.command("status", "health")["health"] == "9999"
    farfetch.command("freeze 0 9999")
    game.command("hit 500", "health")
    farfetch.command("wait 0.2")
    is_frozen = game.command("status", "health", "alive")["health"] == "9999"
    code = farfetch.quit()
    game.quit()
    if code or not (is_set and is_frozen):
        print("the demo did not end as it should", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except BrokenPipeError:  # whoever reads it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
