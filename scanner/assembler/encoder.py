"""One instruction and its operands to bytes, each held against what it decodes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from iced_x86 import Decoder, Encoder, Instruction, OpKind
from iced_x86 import Register as Registers

from .encodings import WIDTHS, Encoding, Slot, catalogue
from .operands import ADDRESSING, MemoryOperand, Register

_MASK: Final = (1 << 64) - 1
#: With a plain number or memory as operand, these take words only when they are asked to.
_WORD: Final = 16


class Value(NamedTuple):
    """A number that has been resolved."""

    number: int
    size: int | None = None


class Memory(NamedTuple):
    """Memory whose displacement has been resolved."""

    operand: MemoryOperand
    displacement: int


Resolved: TypeAlias = "Register | Value | Memory"


class CannotEncode(Exception):
    """No encoding takes these operands.

    Args:
        reason: why not.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Ambiguous(CannotEncode):
    """Several encodings take them, and do different things."""


def encode(mnemonic: str, operands: Sequence[Resolved], address: int, bits: int) -> bytes:
    """The shortest bytes of an instruction that is no branch.

    Args:
        mnemonic: in small letters.
        operands: resolved.
        address: where it will be.
        bits: 32 or 64.

    Raises:
        CannotEncode: there is no such instruction, or it is not clear which is meant.

    >>> encode("inc", [Register(37)], 0, 64).hex()
    'ffc0'
    """
    known = catalogue().get(mnemonic)
    if known is None:
        raise CannotEncode(f"no instruction is called {mnemonic!r}")
    modes = [encoding for encoding in known if bits in encoding.modes]
    if not modes:
        raise CannotEncode(f"code of {bits} bits has no {mnemonic}")
    fitting = [encoding for encoding in modes if _takes(encoding, operands)]
    if not fitting:
        raise CannotEncode(f"{mnemonic} does not take these operands")
    chosen = _sized(fitting, operands, mnemonic)
    encoded = []
    for encoding in chosen:
        raw = _encoded(encoding, operands, address, bits)
        if raw is not None:
            encoded.append(raw)
    if not encoded:
        raise CannotEncode(_out_of_reach(operands, mnemonic, bits))
    return min(encoded, key=len)


def _out_of_reach(operands: Sequence[Resolved], mnemonic: str, bits: int) -> str:
    for operand in operands:
        if isinstance(operand, Value):
            return f"{mnemonic} does not take the number {operand.number & _MASK:X}"
    for operand in operands:
        if isinstance(operand, Memory):
            register = operand.operand.base or operand.operand.index
            if bits == 32 and ADDRESSING.get(register) == 8:
                return "32-bit code has no 64-bit registers"
            shown = f"{operand.displacement & _MASK:X}"
            return f"{shown} is too far away to be reached from here"
    return f"{mnemonic} does not take these operands"


def _takes(encoding: Encoding, operands: Sequence[Resolved]) -> bool:
    """Whether the kinds of the operands are those of an encoding; sizes are looked at later."""
    if len(encoding.slots) != len(operands):
        return False
    for slot, operand in zip(encoding.slots, operands, strict=True):
        if isinstance(operand, Register):
            if operand.number not in slot.registers:
                return False
        elif isinstance(operand, Memory):
            if not slot.memory or (slot.offset and (operand.operand.base or operand.operand.index)):
                return False
            size = operand.operand.size
            if size is not None and encoding.memory and size != encoding.memory:
                return False
        elif slot.immediates is None:
            return False
    return True


def _sized(
    encodings: list[Encoding], operands: Sequence[Resolved], mnemonic: str
) -> list[Encoding]:
    """Those of the size that is meant: a register's, what is said, or else a dword."""
    if any(isinstance(one, Register) and one.number in WIDTHS for one in operands):
        said = True
    else:
        said = any(isinstance(one, Memory) and one.operand.size for one in operands)
        said = said or any(isinstance(one, Value) and one.size for one in operands)
    if not said:  # push 10, inc [rax]
        encodings = [one for one in encodings if one.operand_size != _WORD] or encodings
    for operand in operands:
        if isinstance(operand, Value) and operand.size and len(operands) == 1:  # push dword 10
            wide = 64 if operand.size == 4 and mnemonic == "push" else 0  # as it is in 64-bit code
            widths = (operand.size * 8, wide)
            encodings = [one for one in encodings if one.operand_size in widths]
            if not encodings:
                raise CannotEncode(f"{mnemonic} takes no number of this size")
    memory = [one for one in operands if isinstance(one, Memory)]
    if memory and memory[0].operand.size is None:
        sizes = {encoding.memory for encoding in encodings}
        if len(sizes) > 1:
            wanted = 4 if 4 in sizes else None
            if wanted is None:
                raise Ambiguous(f"say how wide the memory is: {mnemonic} takes several sizes")
            encodings = [encoding for encoding in encodings if encoding.memory == wanted]
    return encodings


def _encoded(
    encoding: Encoding, operands: Sequence[Resolved], address: int, bits: int
) -> bytes | None:
    instruction: Any = Instruction()
    instruction.code = encoding.code
    immediates = 0
    for number, (slot, operand) in enumerate(zip(encoding.slots, operands, strict=True)):
        if isinstance(operand, Register):
            instruction.set_op_kind(number, OpKind.REGISTER)
            instruction.set_op_register(number, operand.number)
        elif isinstance(operand, Memory):
            if not _set_memory(instruction, slot, operand, bits):
                return None
            instruction.set_op_kind(number, OpKind.MEMORY)
        else:
            if not _set_immediate(instruction, slot, number, operand.number, immediates, encoding):
                return None
            immediates += 1
    return checked(instruction, address, bits)


def checked(instruction: Instruction, address: int, bits: int) -> bytes | None:
    """The bytes of an instruction, which decode to it; None where it has none."""
    encoder = Encoder(bits)
    try:
        encoder.encode(instruction, address)
    except ValueError:
        return None
    raw = encoder.take_buffer()
    decoder = Decoder(bits, raw, ip=address)
    decoded = decoder.decode()
    if decoded.len != len(raw) or _meaning(decoded, bits) != _meaning(instruction, bits):
        return None
    return raw


def _meaning(instruction: Instruction, bits: int) -> tuple[object, ...]:
    """All that an instruction does, without how long it is."""
    mask = (1 << bits) - 1
    parts: list[object] = [instruction.code, instruction.op_count]
    for number in range(instruction.op_count):
        kind = instruction.op_kind(number)
        parts.append(kind)
        if kind == OpKind.REGISTER:
            parts.append(instruction.op_register(number))
        elif kind == OpKind.MEMORY:
            base = instruction.memory_base
            parts += [
                base,
                instruction.memory_index,
                instruction.memory_index_scale,
                instruction.memory_displacement & mask & _reach(base, instruction.memory_index),
                instruction.segment_prefix,
            ]
        elif kind in _NEAR:
            parts.append(instruction.near_branch_target & mask)
        elif kind not in _IMPLIED:
            parts.append(instruction.immediate(number))
    flags = (instruction.has_lock_prefix, instruction.has_rep_prefix, instruction.has_repne_prefix)
    return (*parts, *flags)


_NEAR: Final = (OpKind.NEAR_BRANCH16, OpKind.NEAR_BRANCH32, OpKind.NEAR_BRANCH64)
_IMPLIED: Final = tuple(value for name, value in vars(OpKind).items() if name.startswith("MEMORY_"))


def _reach(base: int, index: int) -> int:
    return 0xFFFFFFFF if ADDRESSING.get(base or index) == 4 else _MASK


def _set_memory(instruction: Any, slot: Slot, memory: Memory, bits: int) -> bool:
    operand, displacement = memory.operand, memory.displacement
    width = ADDRESSING.get(operand.base or operand.index, 0) * 8
    if bits == 32 and width == 64:
        return False
    if operand.segment:
        instruction.segment_prefix = operand.segment
    mask = (1 << (width or bits)) - 1
    if not -(1 << 63) <= displacement <= _MASK:
        return False
    if slot.offset:
        instruction.memory_displacement = displacement & mask
        instruction.memory_displ_size = bits // 8
        return displacement & _MASK <= mask
    if not width:
        return _set_absolute(instruction, operand, displacement & _MASK, bits)
    signed = _signed(displacement & _MASK, 64)
    if width == 32 and 0 <= signed < 1 << 32:
        signed = _signed(signed, 32)
    if not -(1 << 31) <= signed < 1 << 31:
        return False
    instruction.memory_base = operand.base
    instruction.memory_index = operand.index
    instruction.memory_index_scale = operand.scale
    instruction.memory_displacement = signed & mask
    small = -128 <= signed < 128
    instruction.memory_displ_size = 0 if signed == 0 else 1 if small else width // 8
    if not operand.base:
        instruction.memory_displ_size = width // 8
    return True


def _set_absolute(instruction: Any, operand: MemoryOperand, address: int, bits: int) -> bool:
    """Memory without registers: 64-bit code counts from itself, unless a segment is named."""
    instruction.memory_displacement = address
    instruction.memory_displ_size = bits // 8
    if bits == 32:
        return address < 1 << 32 or address >= (1 << 64) - (1 << 31)
    if operand.segment or address < 1 << 31:
        signed = _signed(address, 64)
        return -(1 << 31) <= signed < 1 << 31
    instruction.memory_base = Registers.RIP
    return True


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _set_immediate(
    instruction: Any,
    slot: Slot,
    number: int,
    value: int,
    before: int,
    encoding: Encoding,
) -> bool:
    kind, bits, width = slot.immediates or (0, 0, 0)
    if bits == 1:
        if value != 1:
            return False
        bits = 8
    operand = encoding.operand_size if width > 8 and encoding.operand_size else width
    low = -(1 << (width - 1))
    high = _MASK if width == 64 else (1 << max(width, operand)) - 1
    if not low <= value <= high:
        return False
    stored = _signed(value & ((1 << width) - 1), width)
    if bits < width and not -(1 << (bits - 1)) <= stored < 1 << (bits - 1):
        return False
    if kind == OpKind.IMMEDIATE8 and before:
        kind = OpKind.IMMEDIATE8_2ND
    instruction.set_op_kind(number, kind)
    if kind == OpKind.IMMEDIATE8_2ND:
        instruction.immediate8_2nd = value & 0xFF
    else:
        instruction.set_immediate_u64(
            number, stored & _MASK if width != bits else value & _limit(bits)
        )
    return True


def _limit(bits: int) -> int:
    return (1 << bits) - 1
