"""A real game on a terminal: find the number that it shows, change it, see it on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import attach, i32, now

from live.terminal import Terminal

GAME = Path("/usr/games/2048")
POINTS = re.compile(r"(\d+) pts")
ROUNDS = 200


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    assert GAME.exists(), "2048 is missing: apt-get install 2048"
    with Terminal([GAME]) as one:
        one.wait_for("or q")
        yield one


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


def test_the_points_are_found_changed_and_shown(terminal: Terminal) -> None:
    points = play_on(terminal, 0)
    with attach(terminal.pid) as target, target.scan(i32) as scan:
        scan.first(now == points)
        for _ in range(20):
            points = play_on(terminal, points)
            if scan.next(now == points).matches == 1:
                break
        assert len(scan) == 1
        assert scan[0].value == points
        target.write(scan[0].address, i32, 123456)
        play(terminal, "")  # going on, it draws all afresh
        terminal.wait_for("123456 pts")
        assert play_on(terminal, 123456) > 123456  # the game counts on from there
        with target.freeze(scan[0].address, i32, 9, interval=0.001):
            play(terminal, "")
            terminal.wait_for(re.compile(r"\b9 pts"))
