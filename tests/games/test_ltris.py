"""A hunt in LTris under X, at the prompt: the score, of which nobody says what kind it is."""

from __future__ import annotations

from pathlib import Path

from games import ltris
from support.prompting import Start, enter, toolbar

SOME = r"^([\d,]+) match(?:es)? \("


def test_the_score_of_ltris_is_a_decimal(start: Start, tmp_path: Path) -> None:
    with ltris.begin(tmp_path) as game:
        shell = start("-p", game.pid)
        enter(shell, "type number", "^type number")
        found = ""
        for _ in range(4):
            game.play()
            found = enter(shell, str(game.score), SOME)[2]
            game.go_on()
        assert found in {"2", "3"}, "it is shown while it runs up to what it is"
        enter(shell, "list", r"\bf64$")
        game.play()
        enter(shell, "set * 70_000", f"^{found} matches set to 70000$")
        game.shows(70_000)
        game.go_on()
        game.play()
        assert 70_000 < game.score < 80_000
        enter(shell, "freeze * 5_000", f"^{found} values frozen$")
        toolbar(shell, f"{found} frozen")
        game.shows(5_000)
        game.go_on()
        game.play()
        game.shows(5_000)
