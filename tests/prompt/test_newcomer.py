"""A newcomer's session: the README's lines at the prompt, key by key, beside the game."""

from __future__ import annotations

import re
from pathlib import Path

from support.prompting import Start, enter, toolbar
from support.targets import TargetProcess
from support.waiting import wait_for

README = Path(__file__).resolve().parents[2] / "README.md"
SOME = r"^([\d,]+) match(?:es)? \("


def shown() -> list[str]:
    """The lines that the README shows at the prompt, without what it says about them."""
    block = README.read_text().partition("## At the prompt\n")[2].split("```")[1]
    return re.findall(r"^farfetch> (.+?)(?: {3,}.*)?$", block, re.MULTILINE)


def test_health_is_found_and_frozen_as_the_readme_says(start: Start, game: TargetProcess) -> None:
    attach, kind, *scans, listing, undo, setting, freeze = shown()
    assert (attach, kind) == ("attach game", "type i32")
    assert scans == ["100", "< 100", "+ 5", "now == first - 3 and now != 0"]
    assert (listing, undo) == ("list", "undo")
    assert (setting, freeze) == ("set 0 9999", "freeze 0 9999")
    address = game.command("addresses")["health_addr"]

    shell = start()
    if "give a pid" in enter(shell, attach, r"^attached to game \(|^farfetch: .* give a pid")[1]:
        enter(shell, f"attach {game.pid}", r"^attached to game \(")  # tests run beside us
    toolbar(shell, rf"game \({game.pid}\) alive")
    enter(shell, kind, "^type i32")
    enter(shell, scans[0], SOME)
    game.command("hit 8")
    enter(shell, scans[1], SOME)
    game.command("heal 5")
    found = enter(shell, scans[2], SOME)
    while found[2] != "1":  # what else went up by five will not do it again and again
        game.command("hit 5")
        enter(shell, "- 5", SOME)
        game.command("heal 5")
        found = enter(shell, scans[2], SOME)
    enter(shell, scans[3], "^1 match ")
    enter(shell, listing, rf"^ +0 +{address} +\[heap\]\+0x[0-9a-f]+ +97 +97 +100$")
    enter(shell, undo, r"^1 match, \d+ steps? left")
    enter(shell, setting, "^1 match set to 9999")
    assert game.command("status")["health"] == "9999"
    enter(shell, freeze, r"^frozen \[heap\]\+0x[0-9a-f]+ at 9999$")
    toolbar(shell, "1 frozen")
    game.command("hit 500")
    wait_for(lambda: game.command("status")["health"] == "9999")
    enter(shell, listing, rf"^ +0 +{address} +\S+ +9999 ")
    toolbar(shell, "1 frozen")
