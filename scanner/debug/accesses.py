"""Accesses: which addresses an instruction reaches, seen whenever it is about to run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from .. import arguments
from ..code.decoder import iced
from ..code.disassembling import disassembled
from ..code.instruction import Instruction, MemoryOperand
from ..code.running import NOTHING_RUNS, is_data
from ..engine import lib
from ..errors import CodeError
from ..memory.space import Space
from .following import Following, Wanted, asked, checked_by, checked_loss
from .refusals import ABOUT_DATA, By
from .sighting import NAMES, Sighting

On = Literal["read", "write", "access"]


@dataclass(frozen=True, slots=True)
class Access:
    """An address that an instruction reached; those of :class:`Accesses`.

    Attributes:
        address: that it reached.
        size: bytes of it; 0 where only the processor knows.
        on: ``"read"``, ``"write"``, or ``"access"`` for both.
        count: how often, with an estimate for the time in which nobody looked.
        seen: how often it was seen.
        first: when first, in seconds from when watching began.
        last: when last.
        threads: that did, by number; no more than 256.
        registers: by name, as they were *before* the instruction, the last time.
        operand: how the instruction says the address.
        location: the address in its module, as ``game+0x4010``, or ``[heap]+0x2a0``.
        value: its bytes as they are now; None where they cannot be read.

    >>> operand = MemoryOperand("", "rbx", "", 1, 4, 4, 64)
    >>> access = Access(
    ...     0x1004, 4, "write", 2, 2, 0.1, 0.2, (7,), {"rbx": 0x1000}, operand, "0x1004", None
    ... )
    >>> hex(access.base)
    '0x1000'
    """

    address: int
    size: int
    on: On
    count: int
    seen: int
    first: float
    last: float
    threads: tuple[int, ...]
    registers: dict[str, int] = field(repr=False)
    operand: MemoryOperand = field(repr=False)
    location: str
    value: bytes | None

    @property
    def base(self) -> int:
        """What the operand's base register held: where a structure begins, most of the time."""
        return self.registers.get(self.operand.base, self.address)


class Accesses(Following):
    """Which addresses an instruction reaches, from now on; made by :meth:`Target.accesses_of`.

    The target is not stopped, nor is it traced, unless that was asked for by name, as with a
    :class:`Watchpoint`. A context manager; once it is closed nothing more is seen, and what was
    seen stays. What it gives when it is gone through are :class:`Access` objects, the most frequent
    first. String instructions are seen where they begin.

    Attributes:
        instruction: that is watched.

    >>> code = attach(Buffer(bytes.fromhex("89 d8 c3"), base=0x1000))
    >>> try:
    ...     code.accesses_of(0x1000)
    ... except CodeError as error:
    ...     print(error)
    the code at 0x1000: mov eax, ebx reaches no memory
    """

    def __init__(
        self,
        space: Space,
        instruction: int | Instruction,
        *,
        loss: float = 0.05,
        by: By = "perf",
    ) -> None:
        if isinstance(instruction, Instruction):
            address = instruction.address
        else:
            address = arguments.address(instruction, "instruction")
        loss = checked_loss(loss)
        by = checked_by(by)
        space.check()
        iced()  # whose absence is to be told first
        if is_data(space, address):
            raise CodeError(address, f"{NOTHING_RUNS}; {ABOUT_DATA}")
        (self.instruction,) = disassembled(space, address, 1)
        self._operands = _operands(self.instruction)
        used = {name for operand, _ in self._operands for name in (operand.base, operand.index)}
        wanted = Wanted(lib.FF_WATCH_EXECUTE, address, 1, 0, loss, by, frozenset(used - {""}))
        super().__init__(space, wanted, "accesses")

    def __iter__(self) -> Iterator[Access]:
        return iter(self._accesses())

    def __len__(self) -> int:
        return len(self._accesses())

    def _accesses(self) -> list[Access]:
        found: dict[tuple[int, MemoryOperand, On], Sighting] = {}
        for sighting in self._sightings():
            for operand, on in self._operands:
                address = operand.address(sighting.registers)
                if address is None:  # a kernel thread's, or one without registers
                    continue
                key = (address, operand, on)
                found[key] = sighting.joined(found.get(key))
        accesses = (self._access(*key, seen) for key, seen in found.items())
        return sorted(accesses, key=lambda access: -access.count)

    def _access(self, address: int, operand: MemoryOperand, on: On, seen: Sighting) -> Access:
        value = None
        if operand.size:
            value = asked(lambda: self._space.memory.read(address, operand.size)) or None
        return Access(
            address,
            operand.size,
            on,
            seen.count,
            seen.seen,
            seen.first,
            seen.last,
            seen.threads,
            seen.registers,
            operand,
            asked(lambda: str(self._space.locate(address))) or f"0x{address:x}",
            value,
        )

    def __repr__(self) -> str:
        return f"<Accesses of {self.instruction} at 0x{self.instruction.address:x}>"


def _operands(instruction: Instruction) -> list[tuple[MemoryOperand, On]]:
    """The memory that an instruction reaches, and how.

    Raises:
        CodeError: there is none, or registers do not tell where.
    """
    kinds: dict[MemoryOperand, On] = dict.fromkeys(instruction.reads, "read")
    for operand in instruction.writes:
        kinds[operand] = "access" if operand in kinds else "write"
    known = {
        operand: on
        for operand, on in kinds.items()
        if not operand.segment and {operand.base, operand.index} <= {*NAMES, ""}
    }
    if not kinds:
        what = "reaches no memory" if instruction.is_valid else "is no instruction"
        raise CodeError(instruction.address, f"{instruction} {what}")
    if not known:
        reason = "begins in a thread's own block, or has many addresses at once: that is not told"
        raise CodeError(instruction.address, f"what {instruction} reaches {reason}")
    return list(known.items())
