"""Instructions: what one is, and which memory it reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .. import arguments

_MASKS: Final = {bits: (1 << bits) - 1 for bits in (8, 16, 32, 64)}


@dataclass(frozen=True, slots=True)
class MemoryOperand:
    """Memory that an instruction reads or writes.

    Attributes:
        segment: ``"fs"`` or ``"gs"`` where the address counts from a thread's own block, else "".
        base: the register that the address begins with, by its full name such as ``"rbx"``; or "".
        index: the register that is added, multiplied; or "".
        scale: what the index is multiplied with.
        displacement: bytes that are added; the address itself where there is no register.
        size: bytes that are reached; 0 where only the processor knows.
        bits: width of the address.

    >>> operand = MemoryOperand("", "rbx", "rcx", 4, 16, 4, 64)
    >>> operand.address({"rbx": 0x1000, "rcx": 2})
    4120
    """

    segment: str
    base: str
    index: str
    scale: int
    displacement: int
    size: int
    bits: int

    def address(self, registers: dict[str, int]) -> int | None:
        """Where it is, with these registers; None where they do not tell.

        Args:
            registers: their values by name.

        >>> MemoryOperand("fs", "", "", 1, 0x28, 8, 64).address({}) is None
        True
        """
        what, most = "a mapping of names to whole numbers", arguments.HIGHEST
        arguments.instance("registers", registers, dict, what)
        if self.segment:
            return None
        address = self.displacement
        for name, scale in ((self.base, 1), (self.index, self.scale)):
            if name and name not in registers:
                return None
            if name:
                address += scale * arguments.whole("registers", registers[name], 0, most, what)
        return address & _MASKS[self.bits]


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction of a program; made by :meth:`Target.disassemble`.

    ``str()`` is its text, as assemblers of Intel's syntax have it.

    Attributes:
        address: of its first byte.
        raw: its bytes.
        text: of it; ``"db 0x06"`` for a byte that begins none.
        reads: memory that it reads; registers are meant as they are before it.
        writes: memory that it writes.
        target: the address that it may branch to, where that stands in it; else None.

    >>> code = attach(Buffer(bytes.fromhex("83 6b 04 05 c3"), base=0x1000))
    >>> [str(instruction) for instruction in code.disassemble(0x1000, 2)]
    ['sub dword ptr [rbx+4], 5', 'ret']
    """

    address: int
    raw: bytes
    text: str
    reads: tuple[MemoryOperand, ...]
    writes: tuple[MemoryOperand, ...]
    target: int | None

    @property
    def is_valid(self) -> bool:
        """Whether it is an instruction at all, and no byte that begins none."""
        return not self.text.startswith("db ")

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.raw)

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + len(self.raw)

    def __str__(self) -> str:
        return self.text
