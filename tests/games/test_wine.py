"""A hunt in a Windows program that Wine runs, at the prompt."""

from __future__ import annotations

from pathlib import Path

from live.test_wine import environment, hoard, program, pytestmark
from support.prompting import Start, enter

__all__ = ["environment", "program", "pytestmark"]

SOME = r"^([\d,]+) match(?:es)? \("


def test_the_gold_of_a_windows_program(
    program: Path, environment: dict[str, str], start: Start
) -> None:
    with hoard(program, environment, 0) as game:
        shell = start("-p", game.pid)
        enter(shell, "type i64", "^type i64")
        found = enter(shell, "1500", SOME)[2]
        for earned in (7, 11, 13):
            if found == "1":
                break
            gold = game.command(f"earn {earned}").number("gold")
            found = enter(shell, str(gold), SOME)[2]
        assert int(found) < 9  # what it has printed last lies about, too
        enter(shell, "set * 1_000_000", f"^{found} match(?:es)? set to 1000000$")
        assert game.command("earn 5").number("gold") == 1_000_005
        enter(shell, "freeze * 77", "frozen")
        assert game.command("earn 5").number("gold") in (77, 82)
        enter(shell, "list", r"^ +0 +0x[0-9a-f]+ ")
        enter(shell, "unfreeze", "unfrozen$")
