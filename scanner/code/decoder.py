"""Decoding of x86: the one place that knows the library that does it, iced-x86."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from ..errors import CodeError
from .instruction import Instruction, MemoryOperand

if TYPE_CHECKING:
    import iced_x86

#: Bytes of the longest instruction.
LONGEST: Final = 15


@functools.cache
def iced() -> ModuleType:
    """The library; it takes a while to load.

    Raises:
        CodeError: it is not installed, as on machines with other processors.
    """
    try:
        import iced_x86
    except ImportError:
        reason = "code can be read on x86-64 only, with the package iced-x86 installed"
        raise CodeError(None, reason) from None
    return iced_x86


@functools.cache
def _tools() -> Decoding:
    return Decoding()


class Decoding:
    """What the library is asked through, and its numbers by name."""

    def __init__(self) -> None:
        library = iced()
        self._library = library
        self.info = library.InstructionInfoFactory()
        self.registers: dict[int, str] = {
            value: name.lower()
            for name, value in vars(library.Register).items()
            if isinstance(value, int) and name.isupper()
        }
        self.registers[library.Register.NONE] = ""
        access = library.OpAccess
        self.reading = {
            access.READ, access.COND_READ, access.READ_WRITE, access.READ_COND_WRITE,
        }  # fmt: skip
        self.writing = {
            access.WRITE, access.COND_WRITE, access.READ_WRITE, access.READ_COND_WRITE,
        }  # fmt: skip
        self._formatter = library.Formatter(library.FormatterSyntax.INTEL)
        self._formatter.hex_prefix = "0x"
        self._formatter.hex_suffix = ""
        self._formatter.uppercase_hex = False
        self._formatter.space_after_operand_separator = True
        self._formatter.rip_relative_addresses = False
        self._formatter.small_hex_numbers_in_decimal = True
        self._formatter.branch_leading_zeros = False
        self._formatter.show_branch_size = False

    def text(self, decoded: iced_x86.Instruction) -> str:
        """As people read it."""
        return str(self._formatter.format(decoded))

    def full(self, register: int) -> str:
        """The name of a register's whole: ``"rax"`` of al, and ``"eip"`` as ``"rip"``."""
        if register in (self._library.Register.EIP, self._library.Register.RIP):
            return "rip"
        return self.registers[self._library.RegisterExt.full_register(register)]

    def operands(
        self, decoded: iced_x86.Instruction
    ) -> tuple[tuple[MemoryOperand, ...], tuple[MemoryOperand, ...]]:
        """The memory that it reads, and that it writes."""
        reads, writes = [], []
        for used in self.info.info(decoded).used_memory():
            operand = self._operand(used)
            if used.access in self.reading:
                reads.append(operand)
            if used.access in self.writing:
                writes.append(operand)
        return tuple(reads), tuple(writes)

    def _operand(self, used: iced_x86.UsedMemory) -> MemoryOperand:
        segment = self.registers[used.segment]
        sizes = {1: 16, 2: 32, 3: 64}  # CodeSize
        return MemoryOperand(
            segment if segment in ("fs", "gs") else "",
            self.full(used.base),
            self.full(used.index),
            used.scale,
            used.displacement,
            self._library.MemorySizeExt.size(used.memory_size),
            sizes.get(used.address_size, 64),
        )

    def overwritten(self, decoded: iced_x86.Instruction) -> frozenset[str]:
        """The registers that it changes, by their full names."""
        return frozenset(
            self.full(used.register)
            for used in self.info.info(decoded).used_registers()
            if used.access in self.writing
        )

    def target(self, decoded: iced_x86.Instruction) -> int | None:
        """The address that it may branch to, where that stands in it."""
        near = {
            self._library.OpKind.NEAR_BRANCH16,
            self._library.OpKind.NEAR_BRANCH32,
            self._library.OpKind.NEAR_BRANCH64,
        }
        if decoded.op_count and decoded.op0_kind in near:
            return int(decoded.near_branch_target)
        return None


def tools() -> Decoding:
    """What the library is asked through."""
    return _tools()


def decode(raw: bytes, address: int, bits: int) -> Iterator[Any]:
    """The library's instructions of some bytes, up to the first that is not whole.

    What is none is one byte long and ``is_invalid``.
    """
    library = iced()
    at = 0
    decoder = library.Decoder(bits, raw, ip=address)
    while at < len(raw):
        decoder.position = at
        decoder.ip = address + at
        decoded = decoder.decode()
        if decoded.is_invalid:
            if decoder.last_error == library.DecoderError.NO_MORE_BYTES:
                return
            decoded.len, decoded.ip = 1, address + at
            yield decoded
            at += 1
        else:
            yield decoded
            at += decoded.len


def decode_one(raw: bytes, address: int, bits: int) -> Any | None:
    """The library's instruction at the beginning of some bytes; None where there is none."""
    decoded = iced().Decoder(bits, raw, ip=address).decode()
    return None if decoded.is_invalid else decoded


def described(decoded: iced_x86.Instruction, raw: bytes) -> Instruction:
    """An instruction of ours.

    Args:
        decoded: the library's.
        raw: its bytes.
    """
    if decoded.is_invalid:
        return Instruction(decoded.ip, raw, f"db 0x{raw[0]:02x}", (), (), None)
    using = tools()
    reads, writes = using.operands(decoded)
    return Instruction(decoded.ip, raw, using.text(decoded), reads, writes, using.target(decoded))


def instructions(raw: bytes, address: int, bits: int) -> Iterator[Instruction]:
    """The instructions of some bytes, up to the first that is not whole.

    Args:
        raw: the bytes.
        address: of the first.
        bits: of the code: 32 or 64.

    >>> [instruction.text for instruction in instructions(bytes.fromhex("c3 06 90"), 0, 64)]
    ['ret', 'db 0x06', 'nop']
    """
    for decoded in decode(raw, address, bits):
        at = decoded.ip - address
        yield described(decoded, raw[at : at + max(1, decoded.len)])
