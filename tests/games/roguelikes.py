"""NetHack and angband on a terminal, played by a program."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from support.terminal import Terminal, TerminalError, TerminalTimeoutError

ESCAPE, ENTER, DOWN = "\x1b", "\r", "\x1b[B"

#: Turns are shown, and nothing is asked that chance decides.
OPTIONS: Final = (
    "time,!autopickup,!legacy,!splash_screen,pettype:none,"
    "role:Valkyrie,race:human,gender:female,align:neutral"
)


class NetHack(Terminal):
    """A game of NetHack; it is quit on exit, for games that are killed keep their place in a list.

    Attributes:
        turn: as the last line of the screen says.
    """

    def __init__(self) -> None:
        game = _needed("/usr/games/nethack", "nethack-console")
        name = f"ff{secrets.token_hex(4)}"
        explore = "-X"  # a jackal then ends no game
        super().__init__([game, explore, "-u", name], env={"NETHACKOPTIONS": OPTIONS})
        self.wait_for("welcome to NetHack")
        self.turn = self._turn_from(1)

    def search(self, turns: int = 1) -> int:
        """Look around for some turns; the turn that the game shows then."""
        for _ in range(turns):
            before = self.turn
            while self.turn == before:
                self.send("s")
                with suppress(TerminalTimeoutError):  # the key answered a question instead
                    self.turn = self._turn_from(before + 1)
        return self.turn

    def close(self) -> None:
        """Give up the game, and end it."""
        with suppress(OSError, TerminalError):
            self.send(ESCAPE * 3 + "#quit\r")
            self.wait_for("Really quit?", timeout=10)
            self.send("yq" + " " * 9)
            self.wait(timeout=10)
        super().close()

    def _turn_from(self, least: int) -> int:
        """Answer what is asked meanwhile, whether to die included, until a turn is shown."""
        while True:
            shown = self.wait_for(re.compile(r"--More--|\[yn|\bT:(\d+)"))
            if shown[1] and int(shown[1]) >= least:
                return int(shown[1])
            there = re.escape("\n".join(self.screen()))
            if not shown[1]:
                self.send("n" if shown[0] == "[yn" else " ")
            self.wait_for(re.compile(rf"\A(?!{there}\Z)"), timeout=10)


class Angband(Terminal):
    """A mage in angband, who knows a spell that takes one of her two points of mana.

    Args:
        home: a folder for what the game keeps.
    """

    def __init__(self, home: Path) -> None:
        game = _needed("/usr/games/angband", "angband")
        name = f"ff{secrets.token_hex(4)}"
        super().__init__([game, "-mgcu", "-n", f"-u{name}"], env={"HOME": str(home)})
        for asked, keys in (
            ("Press any key", ENTER),
            ("Sex does not", ENTER),
            ("Race affects", ENTER),
            ("Class affects", DOWN + ENTER),
            ("a) Point-based", ENTER),
            ("'Enter' to accept", ENTER),
            ("Enter a name", ENTER),
            ("any other key to continue", ENTER),
        ):
            self.wait_for(asked)
            self.send(keys)
        self.wait_for("Study")
        learnt = re.compile(r"\A(?!(?s:.)*Study)")
        for _ in range(20):
            if learnt.search("\n".join(self.screen())):
                break
            with suppress(TerminalTimeoutError):  # what comes while it begins is thrown away
                self.send(ESCAPE * 3 + "Gaa")
                self.wait_for(learnt, timeout=2)
        self.shows(2)

    def cast(self) -> None:
        """Cast the spell, to the west."""
        self.send("maa4")

    def shows(self, mana: int) -> None:
        """Wait until the screen shows so much mana, and no question is open."""
        for _ in range(20):
            shown = self.wait_for(re.compile(rf"-more-|^SP +{mana}/", re.MULTILINE))
            if shown[0] != "-more-":
                return
            self.send(ESCAPE)
            self.wait_for(re.compile(r"\A(?!(?s:.)*-more-)"))


def _needed(program: str, package: str) -> str:
    assert Path(program).exists(), f"{package} is missing: tools/prerequisites.sh games installs it"
    assert os.geteuid() == 0, f"{package}'s programs have a group of their own: root alone may look"
    return program
