"""A suite that tests a game from outside, with farfetch's fixtures for pytest.

Run it with ``GAME=build/targets/pie/game pytest docs/examples``.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
from farfetch.scanner import i32, now


class Game:
    """The game, played by lines of text."""

    def __init__(self, program: str) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True)
        self.greeting = self._answer()

    def play(self, command: str) -> dict[str, str]:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, str]:
        assert self.process.stdout is not None
        lines = iter(self.process.stdout.readline, "\n")
        return dict(line.rstrip("\n").split("=", 1) for line in lines)


@pytest.fixture
def game() -> Iterator[Game]:
    game = Game(os.environ["GAME"])
    with game.process:
        yield game
        game.process.kill()


@pytest.fixture
def health(game: Game) -> int:
    return int(game.play("addresses")["health_addr"], 0)


def test_a_hit_costs_what_it_says(game, health, farfetch_target, assert_value):
    target = farfetch_target(game.process)
    before = target.read(health, i32)
    game.play("hit 7")
    assert_value(target, health, i32, before - 7)


def test_a_frozen_player_does_not_lose_health(game, health, farfetch_target, assert_value):
    target = farfetch_target(game.process)
    target.freeze(health, i32, 77, interval=0.001)
    game.play("hit 7")
    assert_value(target, health, i32, 77, timeout=5)


def test_health_is_found_by_playing(game, health, farfetch_target):
    target = farfetch_target(game.process)
    with target.scan(i32) as scan:
        scan.first(now == int(game.play("status")["health"]))
        while len(scan) > 1:
            game.play("hit 1")
            scan.next(now == int(game.play("status")["health"]))
        assert scan[0].address == health


def test_the_end_is_noticed(game, farfetch_target):
    target = farfetch_target(game.process)
    assert game.process.stdin is not None
    game.process.stdin.close()
    target.wait_exit(timeout=10)
    assert not target.alive
