"""Rows of which one is chosen, and what is known of that one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Final, Generic, TypeVar

from farfetch.scanner import WatchState
from prompt_toolkit.application import get_app
from prompt_toolkit.formatted_text import StyleAndTextTuples

from ..answers import quantities
from ..answers.render import columns, printable
from ..session.session import Session
from .screen import Screen

_EVERY: Final = 0.2  # seconds between looks

Row = TypeVar("Row")


class ChoosingScreen(Generic[Row]):
    """Rows that come and stay where they are; Enter shows details of the chosen one.

    Args:
        session: with the target.

    Attributes:
        heading: of the columns, of which the first is of numbers.
        nothing: said as long as there are no rows.
        keys: what they do, for the line below.
    """

    heading: tuple[str, ...]
    nothing: str
    keys: str

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: list[Row] = []
        self._chosen: Hashable | None = None
        self._shown: Callable[[Row, int, int], Iterator[str]] | None = None
        self._then: Callable[[], None] | None = None  # what the screen was left for
        self.screen = Screen(self._body, self._state, self._look, _EVERY)
        self._key(("up", "k"), lambda: self._move(-1))
        self._key(("down", "j"), lambda: self._move(1))

    def run(self) -> None:
        """Take over the terminal until the user leaves for good."""
        while True:
            self.screen.run()
            then, self._then = self._then, None
            if then is None:
                return
            then()

    @abstractmethod
    def _found(self) -> list[Row]:
        """The rows of now, in the order in which they came."""

    @abstractmethod
    def _name(self, row: Row) -> Hashable:
        """By what a row is known again."""

    @abstractmethod
    def _cells(self, row: Row) -> tuple[str, ...]:
        """What its columns show."""

    @abstractmethod
    def _watched(self) -> WatchState:
        """How what it shows is doing."""

    def _is_struck(self, row: Row) -> bool:  # noqa: ARG002
        """Whether it is drawn as one that is out of use."""
        return False

    def _key(self, keys: Sequence[str], action: Callable[[], None]) -> None:
        """Let keys do something, and show what goes wrong."""
        for key in keys:

            @self.screen.keys.add(key, filter=self.screen.free)
            def _(event: object) -> None:  # noqa: ARG001
                self.screen.attempt(action)

    def _on_chosen(self, key: str, action: Callable[[Row], None]) -> None:
        """Let a key do something with the chosen row."""

        def act() -> None:
            row = self._row()
            if row is not None:
                action(row)

        self._key((key,), act)

    def _shows(self, key: str, shown: Callable[[Row, int, int], Iterator[str]]) -> None:
        """Let a key show something of the chosen row, and hide it again.

        What shows it gets the row, and how many rows and columns there are for it.
        """

        def toggle() -> None:
            self._shown = None if self._shown == shown else shown

        self._key((key,), toggle)

    def _leave_for(self, then: Callable[[], None] | None) -> None:
        self._then = then
        get_app().exit()

    def _look(self) -> None:
        self._session.attached.check()
        self._rows = self._found()
        if self._chosen is None and self._rows:
            self._chosen = self._name(self._rows[0])

    @property
    def _index(self) -> int:
        names = list(map(self._name, self._rows))
        return names.index(self._chosen) if self._chosen in names else 0

    def _row(self) -> Row | None:
        return self._rows[self._index] if self._rows else None

    def _move(self, by: int) -> None:
        if self._rows:
            index = min(max(self._index + by, 0), len(self._rows) - 1)
            self._chosen = self._name(self._rows[index])

    def _body(self, rows: int, columns_: int) -> StyleAndTextTuples:
        if not self._rows:
            return [("", f" {self.nothing}\n")]
        chosen = self._index
        details = []
        if self._shown is not None:
            details = ["", *self._shown(self._rows[chosen], max(rows * 2 // 3, 1), columns_)]
        shown = max(rows - 1 - len(details), 1)
        top = max(0, min(chosen - shown // 2, len(self._rows) - shown))
        visible = range(top, min(top + shown, len(self._rows)))
        table = {index: tuple(map(printable, self._cells(self._rows[index]))) for index in visible}
        drawn_cells = [self.heading, *table.values()]
        widths = [max(map(columns, cells)) for cells in zip(*drawn_cells, strict=True)]
        drawn: StyleAndTextTuples = [("class:heading", "   " + line(self.heading, widths) + "\n")]
        for index, cells in table.items():
            gone = self._is_struck(self._rows[index])
            marks = f"{'>' if index == chosen else ' '}{'x' if gone else ' '} "
            style = "class:chosen " if index == chosen else ""
            style += "class:unreadable" if gone else ""
            drawn.append((style, f"{marks}{line(cells, widths)}"[:columns_] + "\n"))
        drawn.extend(("", f"{printable(text)}\n") for text in details[: max(0, rows - 1 - shown)])
        return drawn

    def _state(self) -> str:
        target, state = self._session.attached, self._watched()
        said = quantities.count(state.hits, "hit") + (f", {state.lost} lost" if state.lost else "")
        if state.by == "ptrace":
            said += f", each stops it for {state.cost * 1e6:.0f} µs"
        return f"{self.keys} | {said} | {target.name} ({target.pid})"


def line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """A row's cells side by side, the first of them to the right."""
    parts = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blanks = " " * (width - columns(cell))
        parts.append(blanks + cell if index == 0 else cell + blanks)
    return "  ".join(parts)


def register_lines(registers: dict[str, int], columns_: int) -> Iterator[str]:
    """The registers, as many in a line as there is room for."""
    cells = [f"{name:>6} {value:016x}" for name, value in registers.items()]
    each = max(1, (columns_ - 1) // 25)
    for start in range(0, len(cells), each):
        yield " " + "  ".join(cells[start : start + each])
