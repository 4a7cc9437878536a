"""A newcomer's session with games that Debian packages, key by key on real terminals."""

from __future__ import annotations

import re

from support import game_2048, minesweeper
from support.game_2048 import play, play_on
from support.prompting import Start, enter, toolbar


def test_the_points_of_2048(start: Start) -> None:
    with game_2048.begin() as game:
        points = play_on(game, 0)
        shell = start("-p", game.pid)
        enter(shell, "type i32", "^type i32")
        found = enter(shell, str(points), r"^[\d,]+ match(?:es)? \(")[1]
        for _ in range(20):
            if found.startswith("1 match "):
                break
            points = play_on(game, points)
            found = enter(shell, str(points), r"^[\d,]+ match(?:es)? \(")[1]
        toolbar(shell, r"1 match \| i32")
        enter(shell, "list", rf"^ +0 +0x[0-9a-f]+ +\S+ +{points} ")
        enter(shell, "set 0 now + 123_000", "^1 match set to ")
        play(game, "")  # going on, it draws all afresh
        game.wait_for(f"{points + 123_000} pts")
        enter(shell, "freeze 0 9 --every 0.001", "^frozen .* at 9, looked at every 0.001 s")
        toolbar(shell, "1 frozen")
        play_on(game, -1)
        play(game, "")
        game.wait_for(re.compile(r"\b9 pts"))
        game.send("qy")
        toolbar(shell, rf"2048 \({game.pid}\) gone")


def test_the_mines_of_a_game_under_x(start: Start) -> None:
    with minesweeper.begin() as game:
        mines = 100
        game.shows(mines)
        shell = start("-p", game.pid)
        enter(shell, "type i32", "^type i32")
        found = enter(shell, str(mines), r"^[\d,]+ match(?:es)? \(")[1]
        for _ in range(20):
            if found.startswith("1 match "):
                break
            game.flag()
            mines -= 1
            game.shows(mines)
            found = enter(shell, str(mines), r"^[\d,]+ match(?:es)? \(")[1]
        toolbar(shell, r"1 match \| i32")
        enter(shell, "list", rf"^ +0 +0x[0-9a-f]+ +\S+ +{mines} ")
        enter(shell, "set 0 4321", "^1 match set to 4321")
        game.shows(4321, afresh=True)
        game.flag()
        game.shows(4320)  # the game counts on from there
        enter(shell, "freeze 0 765", "^frozen .* at 765$")
        toolbar(shell, "1 frozen")
        for _ in range(5):
            game.flag()
            game.shows(765, afresh=True)
        enter(shell, "unfreeze", "^1 entry unfrozen")
        game.flag()
        game.flag()
        game.shows(763)
