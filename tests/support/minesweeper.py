"""The game xdemineur under X, played by a program that looks at its picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.waiting import wait_for
from support.x_game import XGame, started
from support.x_server import Picture, XServer

GAME = Path("/usr/games/xdemineur")
RED, WHITE = (255, 0, 0), (255, 255, 255)
RIGHT_BUTTON = 3

#: The counter of mines left: where its digits are in the window, and how large one is.
DIGITS, DIGIT = tuple((30 + 20 * digit, 25) for digit in range(4)), (20, 30)
#: A pixel of each of a digit's seven segments.
SEGMENTS = ((10, 4), (4, 10), (15, 10), (10, 14), (4, 19), (15, 19), (10, 26))
#: Which are lit, in that order.
LIT = (
    *("1110111", "0010010", "1011101", "1011011", "0111010"),
    *("1101011", "1101111", "1010010", "1111111", "1111011"),
)

#: The field: where its squares begin, how far they are apart, and how many there are.
FIELD, SQUARE, COLUMNS, ROWS = (16, 82), 21, 30, 16


class Minesweeper(XGame):
    """A game that runs."""

    def __init__(self, server: XServer, pid: int) -> None:
        super().__init__(server, pid)
        self._squares = self._covered()

    def left(self) -> int | None:
        """How many mines are left, as the counter shows; None while it is drawn."""
        pictures = [Picture(self._window, *place, *DIGIT) for place in DIGITS]
        shown = [
            "".join("1" if picture.colour(*segment) == RED else "0" for segment in SEGMENTS)
            for picture in pictures
        ]
        if not all(digit in LIT for digit in shown):
            return None
        return int("".join(str(LIT.index(digit)) for digit in shown))

    def flag(self) -> None:
        """Put a flag on the next square, and wait until it is there."""
        x, y = next(self._squares)
        before = self._square(x, y).pixels
        self._server.click(self._window, x + SQUARE // 2, y + SQUARE // 2, RIGHT_BUTTON)
        wait_for(lambda: self._square(x, y).pixels != before)

    def shows(self, mines: int, *, afresh: bool = False) -> None:
        """Wait until the counter shows a number of mines.

        Args:
            mines: the number.
            afresh: have the game draw its window again until it does.
        """

        def look() -> bool:
            if afresh:
                self._server.cover(self._window)
            return self.left() == mines

        wait_for(look)

    def _covered(self) -> Iterator[tuple[int, int]]:
        """The squares that are still covered: those with a bright edge."""
        for place in range(ROWS * COLUMNS):
            x, y = FIELD[0] + place % COLUMNS * SQUARE, FIELD[1] + place // COLUMNS * SQUARE
            if self._square(x, y).colour(1, 1) == WHITE:
                yield x, y

    def _square(self, x: int, y: int) -> Picture:
        return Picture(self._window, x, y, SQUARE, SQUARE)


@contextmanager
def begin() -> Iterator[Minesweeper]:
    """Start it under an X server of its own, and wait until it can be played."""
    with started(Minesweeper, GAME) as game:
        wait_for(lambda: game.left() is not None)
        yield game
