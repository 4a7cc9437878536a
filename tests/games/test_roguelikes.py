"""Hunts in NetHack and angband, at the prompt, as somebody would who has played neither."""

from __future__ import annotations

from pathlib import Path

from games.roguelikes import Angband, NetHack
from support.prompting import Start, enter, toolbar

SOME = r"^([\d,]+) match(?:es)? \("


def test_the_turns_of_nethack(start: Start) -> None:
    with NetHack() as game:
        game.search(9)
        shell = start("-p", game.pid)
        enter(shell, "type i32", "^type i32")
        found = enter(shell, str(game.turn), SOME)[2]
        for _ in range(6):
            game.search()
            found = enter(shell, str(game.turn), SOME)[2]
        assert int(found) < 9, "it counts them in a few places at most"
        enter(shell, "set * 7_000", f"^{found} match(?:es)? set to 7000")
        assert game.search() in (7001, 7002)
        enter(shell, "freeze *", rf"^{found} values? frozen|^frozen ")
        toolbar(shell, f"{found} frozen")
        enter(shell, "unset", "put back")


def test_the_mana_of_angband_has_16_bits(start: Start, tmp_path: Path) -> None:
    with Angband(tmp_path) as game:
        shell = start("-p", game.pid)
        enter(shell, "type i16", "^type i16")
        enter(shell, "2", SOME)
        found = ""
        for left in (1, 0):
            game.cast()
            game.shows(left)
            found = enter(shell, str(left), SOME)[2]
        assert int(found) < 9, "hardly anything else goes down with it"
        enter(shell, "set * 3_000", f"^{found} match(?:es)? set to 3000$")
        game.cast()
        game.shows(2_999)
