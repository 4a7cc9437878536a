"""gnome-mines under X, played by a program that knows what its counter looked like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.waiting import wait_for
from support.x_game import XGame, started
from support.x_server import Picture, XServer

GAME: Final = Path("/usr/games/gnome-mines")
LEFT_BUTTON, RIGHT_BUTTON = 1, 3
#: The choice of the smallest field.
SMALLEST: Final = (203, 160)
#: The text that counts flags: where it is in the window, and how large it may be.
COUNTER: Final = (437, 104, 150, 20)
#: Looks at the counter that take longer than a frame or two.
LOOKS: Final = 100
#: The field: where the middle of its first square is, how far they are apart, how many in a row.
FIELD, SQUARE, COLUMNS = (47, 94), 49, 8
#: What a flag takes of a square, and how bright its pixels are at most.
FLAG, DARK = 30, 90


class Mines(XGame):
    """A game that runs."""

    def __init__(self, server: XServer, pid: int) -> None:
        super().__init__(server, pid)
        self._squares = 0
        self._looked: list[bytes] = []

    def begin(self) -> None:
        """Choose the smallest field, and wait until there is a counter."""
        wait_for(lambda: len(set(self._counter())) > 1 and self._is_still())
        choices = self._counter()
        self._click(SMALLEST, LEFT_BUTTON)
        wait_for(lambda: self._counter() != choices)
        wait_for(self._is_still)
        self._looked = [self._counter()]

    def flag(self) -> None:
        """Put a flag on the next square, and wait until the counter has changed.

        How it looks for so many flags as there are is remembered, unless it is known.
        """
        before = self._counter()
        self._put()
        wait_for(lambda: self._counter() != before and self._is_still())
        self._looked.append(self._counter())

    def flag_counted_as(self, flags: int) -> None:
        """Put a flag, after which the counter shows so many as it did before."""
        self._put()
        wait_for(lambda: self._counter() == self._looked[flags])

    def _put(self) -> None:
        row, column = divmod(self._squares, COLUMNS)
        self._squares += 1
        x, y = FIELD[0] + SQUARE * column, FIELD[1] + SQUARE * row
        covered = self._edge(x, y)
        self._server.hover(self._window, x, y)
        wait_for(lambda: self._edge(x, y) != covered)  # from then on it takes clicks
        self._click((x, y), RIGHT_BUTTON)
        wait_for(lambda: self._has_flag(x, y))

    def _edge(self, x: int, y: int) -> tuple[int, int, int]:
        """The colour of a square where no flag is: a lighter one where the mouse is."""
        return Picture(self._window, x - FLAG // 2, y - FLAG // 2, 1, 1).colour(0, 0)

    def _has_flag(self, x: int, y: int) -> bool:
        """Whether there is something dark in a square."""
        picture = Picture(self._window, x - FLAG // 2, y - FLAG // 2, FLAG, FLAG)
        return any(max(picture.colour(*divmod(at, FLAG))) < DARK for at in range(FLAG * FLAG))

    def _click(self, place: tuple[int, int], button: int) -> None:
        self._server.click(self._window, *place, button)

    def _counter(self) -> bytes:
        return Picture(self._window, *COUNTER).pixels

    def _is_still(self) -> bool:
        """Whether nothing moves, for some frames."""
        before = self._counter()
        return all(self._counter() == before for _ in range(LOOKS))


@contextmanager
def begin(home: Path) -> Iterator[Mines]:
    """Start it under an X server of its own, and wait until it can be played."""
    plain = {"GSETTINGS_BACKEND": "memory", "NO_AT_BRIDGE": "1", "GDK_BACKEND": "x11"}
    with started(Mines, GAME, **plain, HOME=str(home)) as game:
        game.begin()
        yield game
