"""The game 2048 on a terminal, played by a program."""

from __future__ import annotations

import re
from pathlib import Path

from support.terminal import Terminal

GAME = Path("/usr/games/2048")
POINTS = re.compile(r"(\d+) pts")
ROUNDS = 200


def begin() -> Terminal:
    """Start it, and wait until it can be played."""
    assert GAME.exists(), "2048 is missing: apt-get install 2048"
    terminal = Terminal([GAME])
    terminal.wait_for("or q")
    return terminal


def play(terminal: Terminal, keys: str) -> int:
    """Press keys, and return the points that the game then shows.

    It asks whether to quit once it has drawn what the keys did; it goes on when told not to.
    """
    terminal.send(keys + "q")
    terminal.wait_for("QUIT? (y/n)")
    points = int(terminal.wait_for(POINTS)[1])
    terminal.send("n")
    terminal.wait_for(re.compile(r"\A(?!.*QUIT)", re.DOTALL))
    return points


def play_on(terminal: Terminal, before: int) -> int:
    """Play until the game shows other points."""
    for turn in range(1, ROUNDS):
        points = play(terminal, "sd" if turn % 7 == 0 else "sa")
        if points != before:
            return points
    raise AssertionError(f"{ROUNDS} moves and no points")
