"""who on the whole terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from farfetch.scanner import FarfetchError, Hit, Patch, Watchpoint, format_address
from prompt_toolkit.formatted_text import StyleAndTextTuples

from ..answers import quantities
from ..answers.render import columns, printable
from ..session.session import Session
from .screen import Screen

_KEYS: Final = "Up Down  Enter details  n nop  s signature  q quit"
_EVERY: Final = 0.2  # seconds between looks
_HEADING: Final = ("COUNT", "INSTRUCTION", "WHERE", "LAST")
_AFTER: Final = 6  # instructions behind the one that hit


class WhoScreen:
    """The instructions that touch a value, as they come.

    Args:
        session: with the target.
        hits: what is seen.
    """

    def __init__(self, session: Session, hits: Watchpoint) -> None:
        self._session = session
        self._watchpoint = hits
        self._hits: list[Hit] = []
        self._estimated = False
        self._chosen: int | None = None  # the address of the instruction
        self._details = False
        self._patches: dict[int, Patch] = {}  # by address, those that do nothing
        self.screen = Screen(self._body, self._state, self._look, _EVERY)
        self._add_keys()

    def _look(self) -> None:
        self._session.attached.check()
        # in the order in which they came, so that the one that is chosen stays where it is
        self._hits = sorted(self._watchpoint, key=lambda hit: hit.first)
        self._estimated = self._watchpoint.state.estimated
        if self._chosen is None and self._hits:
            self._chosen = self._hits[0].address

    @property
    def _index(self) -> int:
        addresses = [hit.address for hit in self._hits]
        return addresses.index(self._chosen) if self._chosen in addresses else 0

    def _hit(self) -> Hit | None:
        return self._hits[self._index] if self._hits else None

    def _body(self, rows: int, columns_: int) -> StyleAndTextTuples:
        if not self._hits:
            return [("", " nobody so far\n")]
        table = [self._row(hit) for hit in self._hits]
        widths = [max(map(columns, cells)) for cells in zip(_HEADING, *table, strict=True)]
        drawn: StyleAndTextTuples = [("class:heading", "   " + _line(_HEADING, widths) + "\n")]
        details = list(self._detail_lines(columns_)) if self._details else []
        shown = max(rows - 1 - len(details), 1)
        top = max(0, min(self._index - shown // 2, len(table) - shown))
        for index in range(top, min(top + shown, len(table))):
            chosen = index == self._index
            gone = self._hits[index].address in self._patches
            marks = f"{'>' if chosen else ' '}{'x' if gone else ' '} "
            style = ("class:chosen " if chosen else "") + ("class:unreadable" if gone else "")
            drawn.append((style, f"{marks}{_line(table[index], widths)}"[:columns_] + "\n"))
        drawn.extend(("", f"{line}\n") for line in details[: max(0, rows - 1 - shown)])
        return drawn

    def _row(self, hit: Hit) -> tuple[str, ...]:
        text = "?" if hit.instruction is None else hit.instruction.text
        count = f"{'≥' if self._estimated else ''}{hit.count}"
        return tuple(map(printable, (count, text, hit.where, f"{hit.last:.1f} s")))

    def _detail_lines(self, columns_: int) -> Iterator[str]:
        hit = self._hit()
        if hit is None:
            return
        yield ""
        before, after = (
            raw.hex(" ") if raw is not None else "?" for raw in (hit.before, hit.after)
        )
        threads = quantities.count(len(hit.threads), "thread")
        yield f" {format_address(hit.address)}  {hit.location}  {before} -> {after}  {threads}"
        yield from _registers(hit, columns_)
        yield from self._code(hit)

    def _code(self, hit: Hit) -> Iterator[str]:
        try:
            code = self._session.attached.disassemble(hit.address, 1 + _AFTER)
        except (FarfetchError, OSError):
            return
        for instruction in code:
            mark = ">" if instruction.address == hit.address else " "
            yield printable(f" {mark} {format_address(instruction.address)}  {instruction.text}")

    def _state(self) -> str:
        target, state = self._session.attached, self._watchpoint.state
        lost = f", {state.lost} lost" if state.lost else ""
        hits = f"{quantities.count(state.hits, 'hit')}{lost}"
        return f"{_KEYS} | {hits} | {target.name} ({target.pid})"

    def _add_keys(self) -> None:
        keys, free = self.screen.keys, self.screen.free

        @keys.add("up", filter=free)
        @keys.add("k", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            self._move(-1)

        @keys.add("down", filter=free)
        @keys.add("j", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            self._move(1)

        @keys.add("enter", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            self._details = not self._details

        @keys.add("n", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            self.screen.attempt(self._nop_or_not)

        @keys.add("s", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            self.screen.attempt(self._sign)

    def _move(self, by: int) -> None:
        if self._hits:
            index = min(max(self._index + by, 0), len(self._hits) - 1)
            self._chosen = self._hits[index].address

    def _nop_or_not(self) -> None:
        hit = self._hit()
        if hit is None or hit.instruction is None:
            return
        patch = self._patches.pop(hit.address, None)
        if patch is not None:
            patch.undo()
        else:
            self._patches[hit.address] = self._session.attached.nop(hit.address)

    def _sign(self) -> None:
        hit = self._hit()
        if hit is not None and hit.instruction is not None:
            self.screen.message = str(self._session.attached.signature(hit.address))


def _registers(hit: Hit, columns_: int) -> Iterator[str]:
    """The registers, as many in a line as there is room for."""
    cells = [f"{name:>6} {value:016x}" for name, value in hit.registers.items()]
    each = max(1, (columns_ - 1) // 25)
    for start in range(0, len(cells), each):
        yield " " + "  ".join(cells[start : start + each])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blanks = " " * (width - columns(cell))
        parts.append(blanks + cell if index == 0 else cell + blanks)
    return "  ".join(parts)
