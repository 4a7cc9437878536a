"""accesses on the whole terminal."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from farfetch.scanner import Access, Accesses, WatchState, format_address

from ..session import entries, watching
from ..session.session import Session
from .choosing import ChoosingScreen, register_lines
from .hex import HexScreen


class AccessesScreen(ChoosingScreen[Access]):
    """The addresses that an instruction reaches, as they come.

    Args:
        session: with the target.
        accesses: what is seen.
    """

    heading = ("COUNT", "ADDRESS", "VALUE", "WHERE", "BASE", "LAST")
    nothing = "it has not run so far"
    keys = "Up Down  Enter details  h hex  b hex of the base  a to the table  p pointers  q quit"

    def __init__(self, session: Session, accesses: Accesses) -> None:
        super().__init__(session)
        self._accesses = accesses
        self._shows("enter", self._details)
        self._on_chosen("h", lambda row: self._hex(row.address))
        self._on_chosen("b", lambda row: self._hex(row.base))
        self._on_chosen("a", self._add)
        self._on_chosen("p", self._scan_pointers)

    def _found(self) -> list[Access]:
        return sorted(self._accesses, key=lambda access: access.first)

    def _name(self, row: Access) -> Hashable:
        return row.address, row.operand

    def _cells(self, row: Access) -> tuple[str, ...]:
        return (
            watching.counted(row.count, self._accesses.state),
            format_address(row.address),
            watching.value_text(self._session, row),
            row.location,
            format_address(row.base),
            f"{row.last:.1f} s",
        )

    def _watched(self) -> WatchState:
        return self._accesses.state

    def _details(self, row: Access, rows: int, columns_: int) -> Iterator[str]:  # noqa: ARG002
        raw = "?" if row.value is None else row.value.hex(" ")
        instruction = self._accesses.instruction
        yield f" {format_address(instruction.address)}  {instruction.text}  {row.on}  {raw}"
        yield from register_lines(row.registers, columns_)

    def _hex(self, address: int) -> None:
        """Memory there, where t lays a structure over it; then back to here."""
        session = self._session
        screen = HexScreen(session, address, session.settings.type, force=False).screen
        self._leave_for(screen.run)

    def _add(self, row: Access) -> None:
        wanted = watching.type_of(self._session, row)
        if wanted is None:
            self.screen.message = f"its {row.size} bytes are no number: table add with --type"
        else:
            self.screen.message = entries.take_up(self._session, row.address, wanted)

    def _scan_pointers(self, row: Access) -> None:
        self._session.next_line = f"pointers scan {format_address(row.base)}"
        self._leave_for(None)
