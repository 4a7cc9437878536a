"""docs/code.md, played: somebody plays on while farfetch looks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from support.machine import only_x86
from support.targets import TargetProcess
from support.transcript import Exchange, exchanges, outline
from support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "code.md").read_text()
#: Where the documentation's instruction is.
SHOWN = "0x5562a1d2ba03"

pytestmark = only_x86


class Shell:
    """A farfetch that is attached to a game, and answers line by line."""

    def __init__(self, game: TargetProcess) -> None:
        self.game = game
        self.place = self.register = ""
        command = [sys.executable, "-m", "farfetch.shell", "-p", str(game.pid)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def ask(self, line: str) -> None:
        assert self.process.stdin
        said = line.replace(SHOWN, self.place).replace("edx", self.register)
        self.process.stdin.write(f"{said}\nlet done = 1\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout
        lines: list[str] = []
        while not (line := self.process.stdout.readline()).startswith("done = 1"):
            assert line, lines
            lines.append(line)
        return "".join(lines)

    def is_watching(self) -> bool:
        """Whether it has breakpoints on all threads: it opens them first, then a pidfd."""
        links = []
        for name in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                links.append(str(name.readlink()))
            except OSError:
                continue
        return "anon_inode:[pidfd]" in links and "anon_inode:[perf_event]" in links


def same(shown: str, answer: str) -> bool:
    """Whether they are the same but for what a compiler chooses."""
    return kind(shown) == kind(answer)


def kind(text: str) -> str:
    """What stays the same on every machine."""
    text = re.sub(r"\b[0-9A-Fa-f?]{2}( [0-9A-Fa-f?]{2})+\b", "BYTES", text)
    text = re.sub(r"^(SOME matches|1 match)", "SOME", outline(text), flags=re.MULTILINE)
    text = re.sub(r"mov \[[^]]*\], \w+", "mov", text)
    text = re.sub(r"\[heap\]\+0x[0-9a-f]+", "HEAP", text)
    return re.sub(r"(?<![\w.])\d+\.\d+\b", "TIME", text)


def test_the_guide(game: TargetProcess) -> None:
    blocks = re.findall(r"^```console\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    every = [one for block in blocks for one in exchanges(block)]
    shell = Shell(game)
    try:
        assert len(every) >= 11
        while every:
            play(shell, every.pop(0), every)
    finally:
        shell.process.kill()
        shell.process.communicate()


def play(shell: Shell, one: Exchange, rest: list[Exchange]) -> None:
    if one.where == "game":
        play_game(shell.game, one)
        return
    shell.ask(one.line)
    if one.line.startswith(("who ", "accesses ")):
        wait_for(shell.is_watching)
        play_game(shell.game, rest.pop(0))
    answer = shell.answer()
    if one.line.startswith("who "):
        places = re.findall(r"0x[0-9a-f]{6,}", answer)
        shell.place = places[-1]
        shell.register = re.findall(r"mov \[[^]]*\], (\w+)", answer)[-1]
    assert same(one.shown, answer), f"{one.line}\n{answer}"


def play_game(game: TargetProcess, one: Exchange) -> None:
    answer = game.command(one.line)
    fields = {f"{key}={text}" for key, text in answer.items()}
    assert set(one.shown.split()) <= fields, one
