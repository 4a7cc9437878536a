"""A real game on a terminal: find the number that it shows, change it, see it on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from farfetch.scanner import attach, i32, now

from support import game_2048
from support.game_2048 import play, play_on
from support.terminal import Terminal


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with game_2048.begin() as running:
        yield running


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
