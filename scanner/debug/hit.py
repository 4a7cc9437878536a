"""Hits: an instruction that touched a watched value, and what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..code.instruction import Instruction
from ..code.symbols import Symbol


@dataclass(frozen=True, slots=True)
class Hit:
    """An instruction that touched a watched value; those of a :class:`Watchpoint`.

    Attributes:
        instruction: that did; None where it is not known, behind a jump through the value or a
            return, for the processor tells only where the program went on.
        ip: where the program went on; of what is executed, the instruction's own address.
        symbol: the function that it is in; None where none is known.
        location: the address in its module, as ``game+0x1189``.
        count: how often, with an estimate for the time in which nobody looked.
        seen: how often it was seen.
        first: when first, in seconds from the watchpoint's beginning.
        last: when last.
        threads: that did, by number; no more than 256.
        registers: by name, as they were *behind* the instruction, the last time.
        stack: the first bytes of the stack then.
        before: the value before it was seen last, as it was at the look before; None where it
            could not be read.
        after: the value soon after.

    >>> import ctypes, os
    >>> value = ctypes.c_int(1)
    >>> with attach(os.getpid()) as target, target.watchpoint(ctypes.addressof(value)) as hits:
    ...     value.value = 5
    >>> [hit] = hits
    >>> hit.count, hit.before[0], hit.after[0], hit.address == hit.instruction.address
    (1, 1, 5, True)
    """

    instruction: Instruction | None
    ip: int
    symbol: Symbol | None
    location: str
    count: int
    seen: int
    first: float
    last: float
    threads: tuple[int, ...]
    registers: dict[str, int] = field(repr=False)
    stack: bytes = field(repr=False)
    before: bytes | None
    after: bytes | None

    @property
    def address(self) -> int:
        """Of the instruction; where that is not known, where the program went on."""
        return self.ip if self.instruction is None else self.instruction.address

    @property
    def where(self) -> str:
        """The function and the bytes from its start, or else the place in the module."""
        named = self.symbol is not None and self.symbol.name
        return str(self.symbol) if named else self.location
