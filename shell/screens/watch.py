"""watch on the whole terminal."""

from __future__ import annotations

from collections.abc import Sequence

from farfetch.scanner import Seen, parse_value
from prompt_toolkit.formatted_text import StyleAndTextTuples

from ..answers import values
from ..answers.render import columns, printable
from ..session import entries, holding, writes
from ..session.place import Place
from ..session.session import Session
from ..session.writes import Write
from .screen import Screen

_KEYS = "Up Down  f freeze  s set  q quit"


class WatchScreen:
    """Values that are looked at again and again.

    Args:
        session: with the target.
        entries: how each place was called, and the place.
        every: seconds between looks.
        force: set and freeze even what the target may not write itself.
        note: what is left out; "" for nothing.
    """

    def __init__(
        self,
        session: Session,
        entries: Sequence[tuple[str, Place]],
        every: float,
        *,
        force: bool,
        note: str = "",
    ) -> None:
        target = session.attached
        self._note = f"{note} | " if note else ""
        self._session = session
        self._entries = entries
        self._force = force
        self._locations = [str(target.locate(place.address)) for _, place in entries]
        self._watch = target.watch((place.address, place.type) for _, place in entries)
        self._seen: list[Seen] = self._watch.look()
        self._frozen: dict[int, bool] = {}  # by address, whether it is held
        self._chosen = 0
        self._top = 0
        self.screen = Screen(self._body, self._state, self._look, every)
        self._add_keys()

    def _look(self) -> None:
        self._seen = self._watch.look()
        frozen = (entry for entry in self._session.attached.frozen if entry.active)
        self._frozen = {entry.address: entry.holding for entry in frozen}

    def _body(self, rows: int, columns_: int) -> StyleAndTextTuples:
        table = [self._row(index) for index in range(len(self._entries))]
        heading = ("ENTRY", "VALUE", "CHANGES", "TYPE", "WHERE")
        widths = [max(map(columns, cells)) for cells in zip(heading, *table, strict=True)]
        while len(widths) > 2 and columns(f">* {_line(heading, widths)}") > columns_:
            widths.pop()  # what matters least, for a cell that is cut would look whole
        shown = max(rows - 1, 1)
        self._top = max(min(self._top, self._chosen), self._chosen - shown + 1)
        drawn: StyleAndTextTuples = [("class:heading", "   " + _line(heading, widths) + "\n")]
        for index in range(self._top, min(self._top + shown, len(table))):
            seen = self._seen[index]
            frozen = seen.address in self._frozen
            marks = ">" if index == self._chosen else " "
            held = self._frozen.get(seen.address)
            marks += "*" if seen.changed else "F" if held else "f" if frozen else " "
            style = "class:chosen " if index == self._chosen else ""
            style += "class:changed" if seen.changed else "class:frozen" if frozen else ""
            drawn.append((style, f"{marks} {_line(table[index], widths)}"))
            drawn.append(("", "\n"))
        return drawn

    def _row(self, index: int) -> tuple[str, ...]:
        label, place = self._entries[index]
        seen = self._seen[index]
        cells = (
            label,
            values.shown(place.type, seen.value),
            str(seen.changes),
            values.type_label(place.type),
            self._locations[index],
        )
        return tuple(map(printable, cells))

    def _state(self) -> str:
        target = self._session.attached
        return f"{self._note}{_KEYS} | {values.target_label(target)}"

    def _add_keys(self) -> None:
        keys, free = self.screen.keys, self.screen.free

        @keys.add("up", filter=free)
        @keys.add("k", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            self._chosen = max(self._chosen - 1, 0)

        @keys.add("down", filter=free)
        @keys.add("j", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            self._chosen = min(self._chosen + 1, len(self._entries) - 1)

        @keys.add("f", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            self.screen.attempt(self._freeze_or_thaw)

        @keys.add("s", filter=free)
        @keys.add("enter", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            label, place = self._entries[self._chosen]
            self.screen.ask(f"set {printable(label)} to: ", lambda answer: self._set(place, answer))

    def _freeze_or_thaw(self) -> None:
        _, place = self._entries[self._chosen]
        target = self._session.attached
        held = holding.of(target, place.address)
        entries.thaw(self._session, held)
        if not held:
            holding.freeze(target, place.lasting, place.type, force=self._force)

    def _set(self, place: Place, answer: str) -> None:
        target = self._session.attached
        value = parse_value(place.type, answer, bits=target.bits)
        writes.put(self._session, Write(place, value), force=self._force)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=False)):
        blanks = " " * (width - columns(cell))
        parts.append(blanks + cell if index in (1, 2) else cell + blanks)
    return "  ".join(parts)
