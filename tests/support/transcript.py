"""Play a transcript of the documentation: a game at one terminal, farfetch at another.

A line ``game> hit 7`` is typed at the game; what is shown below it is of what the game answers. A
line ``farfetch> list`` is typed at farfetch; all that it answers stands below it. What differs from
run to run may differ: see :func:`outline`. An ellipsis stands for anything. A game that quits is
started anew.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from support.targets import TargetProcess

#: Answered in a way that no example is, it ends the answer before it.
_MARK = "expect matches >= 000"
_MARKED = re.compile(r"matches >= 000: .*\n")
#: What only a run without a prompt adds.
_UNATTENDED = "; holds until the run ends (wait keeps it going)"


class Exchange(NamedTuple):
    """What is typed at ``game`` or ``farfetch``, and what is shown below it."""

    where: str
    line: str
    shown: str


def exchanges(transcript: str) -> Iterator[Exchange]:
    """Take a transcript apart."""
    for found in re.finditer(
        r"^(game|farfetch)> (.*)\n((?:(?!game> |farfetch> ).*\n)*)", transcript, re.MULTILINE
    ):
        yield Exchange(found[1], found[2], found[3])


def outline(shown: str) -> str:
    """What is shown without what differs from run to run: addresses, sizes, times, the number of
    matches, pointers and paths while there are many, numbers of processes, what the machine is and
    how memory is read; and without the widths that follow from them.
    """
    text = re.sub(r"0x[0-9a-f]+", "ADDRESS", shown)
    text = re.sub(r"\(\d[\d.]* \w+ in [\d.]+ s\)", "(SIZE in TIME)", text)
    text = re.sub(r"\d[\d.]* (?:[KMG]i)?B\b", "SIZE", text)
    text = re.sub(r"\d+%", "SHARE", text)
    text = re.sub(r"^engine .*", "engine ENGINE", text, flags=re.MULTILINE)
    text = re.sub(r"^[1-9][\d,]* matches", "SOME matches", text, flags=re.MULTILINE)
    text = re.sub(r"^[1-9][\d,]* (paths|pointers) of", r"SOME \1 of", text, flags=re.MULTILINE)
    text = re.sub(r"waited [\d.]+ s", "waited TIME", text)
    text = re.sub(r"\b(game|memory) \(\d+\)", r"\1 (PID)", text)
    text = re.sub(r"\b(process_vm|proc_mem|syscall|device)\b", "MEMORY", text)
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def agrees(shown: str, answer: str) -> bool:
    """Whether an answer is the one that is shown."""
    pattern = ".*".join(map(re.escape, outline(shown).split("…")))
    pattern = pattern.replace(re.escape("SOME matches"), "(SOME matches|1 match)")
    return re.fullmatch(pattern, outline(answer), re.DOTALL) is not None


class Players:
    """A game and a farfetch that is attached to it; a context manager that ends them.

    Args:
        folder: where farfetch runs.
    """

    def __init__(self, folder: Path) -> None:
        self.game = TargetProcess("game")
        self._farfetch = subprocess.Popen(
            [sys.executable, "-m", "farfetch.shell", "-p", str(self.game.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
        )

    def __enter__(self) -> Players:
        return self

    def __exit__(self, *error: object) -> None:
        self._farfetch.kill()
        self._farfetch.communicate()
        self.game.close()

    def play(self, exchange: Exchange) -> str:
        """Type a line and give the answer: of the game, its fields, a line each."""
        if exchange.where == "game" and exchange.line == "quit":
            self.game.quit()
            self.game.close()
            self.game = TargetProcess("game")
            return ""
        if exchange.where == "game":
            return "\n".join(
                f"{key}={text}" for key, text in self.game.command(exchange.line).items()
            )
        stdin, stdout = self._farfetch.stdin, self._farfetch.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{here(exchange.line, self.game)}\n{_MARK}\n")
        stdin.flush()
        lines: list[str] = []
        while not _MARKED.fullmatch(line := stdout.readline()):
            assert line, f"farfetch ended at {exchange.line!r}: {lines}"
            lines.append(line)
        return re.sub(r"^farfetch: stdin:\d+: ", "farfetch: ", "".join(lines)).replace(
            _UNATTENDED, ""
        )


def here(line: str, game: TargetProcess) -> str:
    """A line of the documentation, for a game that runs here.

    Other games may run on this machine, so ``attach game`` is said with the pid. Where a compiler
    puts the game's one global pointer, which the documentation calls ``game+0x4068``, differs.
    """
    line = re.sub(r"\battach game\b", f"attach {game.pid}", line)
    return re.sub(r"\bgame\+0x4068\b", f"game+{_static(game):#x}", line)


def _static(game: TargetProcess) -> int:
    address = game.command("addresses").number("static_addr")
    maps = Path(f"/proc/{game.pid}/maps").read_text().splitlines()
    (start, *_) = (line.partition("-")[0] for line in maps if line.endswith("/game"))
    return address - int(start, 16)
