"""Hunts in managed runtimes, at the prompt: what the guide says of CPython, Node and Java."""

from __future__ import annotations

import re
from pathlib import Path

from games import purses
from games.purses import GOLD
from support.prompting import Start, enter

SOME = r"^([\d,]+) match(?:es)? \("


def test_python_makes_a_new_number_at_each_change(start: Start, tmp_path: Path) -> None:
    with purses.python(tmp_path) as purse:
        shell = start("-p", purse.pid)
        enter(shell, str(GOLD), SOME)
        purse.tell(25)
        said = (
            f"^Python makes a new number at each change: first {purse.gold} looks for the new one$"
        )
        enter(shell, str(purse.gold), said)
        purse.tell(31)
        enter(shell, f"first {purse.gold}", SOME)
        enter(shell, "set * 777_000", "^[0-9]+ match(es)? set to 777000")
        assert purse.tell(1) == 777_001


def test_node_keeps_whole_numbers_as_i32_and_fractions_as_f64(start: Start, tmp_path: Path) -> None:
    with purses.node(tmp_path) as purse:
        shell = start("-p", purse.pid)
        enter(shell, str(GOLD), SOME)
        for earned in (25, 31, 77, 102):
            purse.tell(earned)
            if enter(shell, str(purse.gold), SOME)[2] == "1":
                break
        enter(shell, "set * 777_000", "^[0-9]+ match(es)? set to 777000")
        assert purse.tell(1) == 777_001
        enter(shell, "type f64", "^type f64")
        luck = GOLD + 0.5 + sum((25, 31, 77, 102)) + 1
        enter(shell, "first now in 1_234_000.5..1_240_000.5", SOME)
        assert luck > GOLD
        enter(shell, "list", r"123\d{4}\.5")


def test_java_moves_objects(start: Start, tmp_path: Path) -> None:
    with purses.java(tmp_path) as purse:
        shell = start("-p", purse.pid)
        enter(shell, str(GOLD), SOME)
        for earned in (25, 31, 77):
            purse.tell(earned)
            enter(shell, str(purse.gold), SOME)
        purse.tell("tidy")  # from where it was made to where what lasts is kept
        purse.tell(5)
        enter(
            shell,
            str(purse.gold),
            rf"^Java moves objects when it tidies up: first {purse.gold} looks for them anew$",
        )
        enter(shell, f"first {purse.gold}", SOME)
        purse.tell(5)
        enter(shell, str(purse.gold), SOME)
        enter(shell, "set * 777_000", "^[0-9]+ match(es)? set to 777000")
        assert purse.tell(1) == 777_001
        assert re.fullmatch(r"\d+", str(purse.gold))
