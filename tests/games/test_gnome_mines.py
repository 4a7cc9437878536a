"""A hunt in gnome-mines under X, at the prompt: how many flags there are."""

from __future__ import annotations

from pathlib import Path

from games import gnome_mines
from support.prompting import Start, enter, toolbar

SOME = r"^([\d,]+) match(?:es)? \("


def test_the_flags_of_gnome_mines(start: Start, tmp_path: Path) -> None:
    with gnome_mines.begin(tmp_path) as game:
        for _ in range(5):
            game.flag()
        shell = start("-p", game.pid)
        enter(shell, "type i32", "^type i32")
        enter(shell, "5", SOME)
        found = ""
        for flags in (6, 7, 8, 9):
            game.flag()
            found = enter(shell, str(flags), SOME)[2]
        assert found == "1"
        toolbar(shell, r"1 match \| i32")
        enter(shell, "set 0 2", "^1 match set to 2$")
        game.flag_counted_as(3)
        enter(shell, "freeze 0 6", "^frozen .* at 6$")
        game.flag_counted_as(7)
