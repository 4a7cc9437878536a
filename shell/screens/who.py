"""who on the whole terminal."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final

from farfetch.scanner import (
    FarfetchError,
    Hit,
    Patch,
    Watchpoint,
    WatchState,
    format_address,
    quote,
)

from ..answers import quantities
from ..session import codes, watching
from ..session.session import Session
from .choosing import ChoosingScreen, register_lines

_AFTER: Final = 6  # instructions behind the one that hit


class WhoScreen(ChoosingScreen[Hit]):
    """The instructions that touch a value, as they come.

    Args:
        session: with the target.
        hits: what is seen.
    """

    heading = ("COUNT", "INSTRUCTION", "WHERE", "LAST")
    nothing = "nobody so far"
    keys = "Up Down  Enter details  d code  n nop  a to the table  s signature  p pointers  q quit"

    def __init__(self, session: Session, hits: Watchpoint) -> None:
        super().__init__(session)
        self._watchpoint = hits
        self._patches: dict[int, Patch] = {}  # by address, those that do nothing
        self._shows("enter", self._details)
        self._shows("d", self._code)
        self._on_chosen("n", self._nop_or_not)
        self._on_chosen("a", self._add)
        self._on_chosen("s", self._sign)
        self._on_chosen("p", self._scan_pointers)

    def _found(self) -> list[Hit]:
        return sorted(self._watchpoint, key=lambda hit: hit.first)

    def _name(self, row: Hit) -> Hashable:
        return row.address

    def _cells(self, row: Hit) -> tuple[str, ...]:
        text = "?" if row.instruction is None else row.instruction.text
        count = watching.counted(row.count, self._watchpoint.state)
        return count, text, row.where, f"{row.last:.1f} s"

    def _watched(self) -> WatchState:
        return self._watchpoint.state

    def _is_struck(self, row: Hit) -> bool:
        return row.address in self._patches

    def _details(self, row: Hit, rows: int, columns_: int) -> Iterator[str]:  # noqa: ARG002
        before, after = (
            raw.hex(" ") if raw is not None else "?" for raw in (row.before, row.after)
        )
        threads = quantities.count(len(row.threads), "thread")
        yield f" {format_address(row.address)}  {row.location}  {before} -> {after}  {threads}"
        yield from register_lines(row.registers, columns_)
        yield from self._instructions(row, 1 + _AFTER)

    def _code(self, row: Hit, rows: int, columns_: int) -> Iterator[str]:  # noqa: ARG002
        yield f" {row.where}"
        yield from self._instructions(row, rows - 2, raw=True)

    def _instructions(self, hit: Hit, count: int, *, raw: bool = False) -> Iterator[str]:
        try:
            code = self._session.attached.disassemble(hit.address, count)
        except (FarfetchError, OSError):
            return
        for one in code:
            mark = ">" if one.address == hit.address else " "
            bytes_ = f"{one.raw.hex(' '):<30}  " if raw else ""
            yield f" {mark} {format_address(one.address)}  {bytes_}{one.text}"

    def _nop_or_not(self, hit: Hit) -> None:
        if hit.instruction is None:
            return
        patch = self._patches.pop(hit.address, None)
        if patch is not None:
            patch.undo()
        else:
            self._patches[hit.address] = self._session.attached.nop(hit.address)

    def _add(self, hit: Hit) -> None:
        """Put an instruction that does nothing into the table, which switches it off and on."""
        patch, name = self._patches.get(hit.address), hit.where
        if patch is None:
            self.screen.message = "n first: the table holds what code is changed to"
        elif codes.named(self._session, name) or name in self._session.table:
            self.screen.message = f"{quote(name)} is in the table already"
        else:
            codes.take(self._session, patch.number, name, group="", note="")
            self.screen.message = f"{quote(name)} is in the table, and on"

    def _sign(self, hit: Hit) -> None:
        if hit.instruction is not None:
            self.screen.message = str(self._session.attached.signature(hit.address))

    def _scan_pointers(self, hit: Hit) -> None:
        """Leave with a scan for pointers to what the instruction reaches the value by."""
        base = base_of(hit, self._watchpoint)
        if base is None:
            self.screen.message = "this instruction reaches the value by no register"
            return
        self._session.next_line = f"pointers scan {format_address(base)}"
        self._leave_for(None)


def base_of(hit: Hit, watchpoint: Watchpoint) -> int | None:
    """What the register held that an instruction has reached a value by; None without one.

    What it holds behind the instruction may be something else: where it does not lead to the value,
    the instruction is taken to have reached the value's first byte.
    """
    operands = () if hit.instruction is None else (*hit.instruction.writes, *hit.instruction.reads)
    for operand in operands:
        if not operand.base or operand.base == "rsp":
            continue
        there = operand.address(hit.registers)
        size = max(operand.size, 1)
        if there is not None and watchpoint.address - size < there < (
            watchpoint.address + watchpoint.size
        ):
            return hit.registers[operand.base]
        if not operand.index:
            return (watchpoint.address - operand.displacement) & ((1 << operand.bits) - 1)
    return None
