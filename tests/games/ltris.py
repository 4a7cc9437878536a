"""LTris under X, which plays by itself, while a program reads its score and pauses it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.waiting import wait_for
from support.x_game import XGame, started
from support.x_server import Picture, XServer

GAME: Final = Path("/usr/games/ltris")
FONT: Final = Path("/usr/share/games/ltris/gfx/f_small_white.bmp")
LEFT_BUTTON: Final = 1
#: The choices that begin a game, which is the demonstration when nobody has chosen another.
NEW_GAME, START_GAME = (160, 268), (160, 226)
#: What a choice takes of the window, and how bright its pixels are once the mouse is there.
CHOICE, WHITE = (40, 12), 240
#: A letter, how bright it is at least, and the letters of the font.
LETTER, BRIGHT = (8, 13), 150
LETTERS: Final = "".join(map(chr, range(32, 128)))
#: Where a text is in the window, and how many letters it may have.
SCORE, LINES, PAUSED = (152, 438, 13), (160, 453, 12), (146, 193, 6)
#: A score that stays for so many seconds has run up to what it is; two blocks are further apart.
REST: Final = 0.5

Shape = tuple[bool, ...]


class LTris(XGame):
    """A game that runs."""

    def __init__(self, server: XServer, pid: int) -> None:
        super().__init__(server, pid)
        self._letters = _letters()

    def begin(self) -> None:
        """Begin a game, and wait until there is a score."""
        self._choose(*NEW_GAME)
        self._choose(*START_GAME)
        wait_for(lambda: self._text(*SCORE) == "0")

    def play(self) -> None:
        """Let it play until it has more lines and the score has run up, and pause it."""
        before = self.lines
        wait_for(lambda: self.lines > before)
        wait_for(self._is_still)
        self._pause(paused=True)

    def go_on(self) -> None:
        """Pause it no longer."""
        self._pause(paused=False)

    def shows(self, score: int) -> None:
        """Wait until it shows so much."""
        wait_for(lambda: self.score == score)

    @property
    def score(self) -> int:
        """What it shows."""
        return self._number(*SCORE, r"(\d+)$")

    @property
    def lines(self) -> int:
        """What it shows."""
        return self._number(*LINES, r"(\d+) Lvl")

    def _choose(self, x: int, y: int) -> None:
        wait_for(lambda: self._is_chosen(x, y))
        self._server.click(self._window, x, y, LEFT_BUTTON)

    def _pause(self, *, paused: bool) -> None:
        self._server.press("p")
        wait_for(lambda: (self._text(*PAUSED) == "Paused") is paused)

    def _is_chosen(self, x: int, y: int) -> bool:
        """Move the mouse a little on a choice, for where it rests is not noticed; is it white?"""
        self._server.hover(self._window, x + 1, y)
        self._server.hover(self._window, x, y)
        width, height = CHOICE
        picture = Picture(self._window, x - width // 2, y - height // 2, width, height)
        return any(
            min(picture.colour(column, row)) > WHITE
            for column in range(width)
            for row in range(height)
        )

    def _is_still(self) -> bool:
        """Whether the score stays for some time."""
        before, until = self._text(*SCORE), time.monotonic() + REST
        while time.monotonic() < until:
            if self._text(*SCORE) != before:
                return False
        return True

    def _number(self, left: int, top: int, length: int, pattern: str) -> int:
        """Wait until a number is written at a place, which may be just drawn, and return it."""
        shown: list[str] = []

        def look() -> bool:
            shown[:] = re.findall(pattern, self._text(left, top, length))
            return bool(shown)

        wait_for(look)
        return int(shown[0])

    def _text(self, left: int, top: int, length: int) -> str:
        """What is written at a place, with a question mark for what is no letter."""
        width, height = LETTER
        picture = Picture(self._window, left, top, length * width, height)
        return "".join(
            self._letters.get(
                tuple(
                    min(picture.colour(at * width + column, row)) > BRIGHT
                    for row in range(height)
                    for column in range(width)
                ),
                "?",
            )
            for at in range(length)
        ).strip()


def _letters() -> dict[Shape, str]:
    """Read the game's font: a bitmap of Windows with a byte a pixel, its last row first."""
    width, height = LETTER
    row_size = width * len(LETTERS)
    font = FONT.read_bytes()
    pixels = font[int.from_bytes(font[10:14], "little") :]
    palette = [font[54 + 4 * index :][:3] for index in range(256)]
    return {
        tuple(
            min(palette[pixels[row * row_size + at * width + column]]) > BRIGHT
            for row in reversed(range(height))
            for column in range(width)
        ): letter
        for at, letter in reversed(list(enumerate(LETTERS)))
    }


@contextmanager
def begin(home: Path) -> Iterator[LTris]:
    """Start it under an X server of its own, and wait until it plays."""
    assert os.geteuid() == 0, "ltris has a group of its own: root alone may look"
    plain = {"SDL_AUDIODRIVER": "dummy", "SDL_VIDEODRIVER": "x11", "LC_ALL": "C"}
    with started(LTris, GAME, **plain, HOME=str(home)) as game:
        game.begin()
        yield game
