"""Jumps and calls to an address: short, near, and over more than 2 GiB."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from iced_x86 import Code, Instruction

from .encoder import CannotEncode, checked

_CONDITIONS: Final = [
    "o",
    "no",
    "b",
    "ae",
    "e",
    "ne",
    "be",
    "a",
    "s",
    "ns",
    "p",
    "np",
    "l",
    "ge",
    "le",
    "g",
]
#: Other names of conditions.
ALIASES: Final = {
    "z": "e",
    "nz": "ne",
    "c": "b",
    "nc": "ae",
    "nae": "b",
    "nb": "ae",
    "na": "be",
    "nbe": "a",
    "nge": "l",
    "nl": "ge",
    "ng": "le",
    "nle": "g",
    "pe": "p",
    "po": "np",
}
_CODES: Final[dict[str, Any]] = {
    name: value for name, value in vars(Code).items() if isinstance(value, int)
}
#: Those that have one byte for the distance, by the width of code.
_ONLY_SHORT: Final = {
    "loop": {32: "LOOP_REL8_32_ECX", 64: "LOOP_REL8_64_RCX"},
    "loope": {32: "LOOPE_REL8_32_ECX", 64: "LOOPE_REL8_64_RCX"},
    "loopne": {32: "LOOPNE_REL8_32_ECX", 64: "LOOPNE_REL8_64_RCX"},
    "jecxz": {32: "JECXZ_REL8_32", 64: "JECXZ_REL8_64"},
    "jrcxz": {64: "JRCXZ_REL8_64"},
}
MNEMONICS: Final = frozenset(
    ("jmp", "call", *_ONLY_SHORT, *(f"j{condition}" for condition in _CONDITIONS))
)


class Form(IntEnum):
    """How far a branch reaches; a later form reaches farther and is longer."""

    SHORT = 0
    NEAR = 1
    FAR = 2


def encode_branch(
    mnemonic: str, target: int, address: int, bits: int, least: Form = Form.SHORT
) -> tuple[bytes, Form]:
    """The bytes of a branch, in the shortest form that reaches.

    In 64-bit code, what is farther than 2 GiB is reached through the address behind the
    instruction, as Cheat Engine does: a jump of 14 bytes, a call of 16, a conditional jump of 18.

    Args:
        mnemonic: one of :data:`MNEMONICS`.
        target: where it leads.
        address: where it will be.
        bits: 32 or 64.
        least: the shortest form to take.

    Raises:
        CannotEncode: it cannot lead there.

    >>> encode_branch("jmp", 0x1000, 0x1010, 64)[0].hex()
    'ebee'
    >>> len(encode_branch("je", 1 << 40, 0x1000, 64)[0])
    18
    """
    target &= (1 << bits) - 1
    short = _ONLY_SHORT.get(mnemonic)
    if short is not None:
        if bits not in short:
            raise CannotEncode(f"code of {bits} bits has no {mnemonic}")
        raw = _near(short[bits], target, address, bits)
        if raw is None:
            raise CannotEncode(f"{mnemonic} reaches no farther than 128 bytes")
        return raw, Form.SHORT
    name = mnemonic.upper()
    if least is Form.SHORT and mnemonic != "call":
        raw = _near(f"{name}_REL8_{bits}", target, address, bits)
        if raw is not None:
            return raw, Form.SHORT
    if least <= Form.NEAR:
        raw = _near(f"{name}_REL32_{bits}", target, address, bits)
        if raw is not None:
            return raw, Form.NEAR
    if bits == 32:
        raise CannotEncode(f"{mnemonic} has no far form in 32-bit code")
    return _far(mnemonic, target, address), Form.FAR


def _near(code: str, target: int, address: int, bits: int) -> bytes | None:
    return checked(Instruction.create_branch(_CODES[code], target), address, bits)


def _far(mnemonic: str, target: int, address: int) -> bytes:
    pointer = target.to_bytes(8, "little")
    jump = bytes.fromhex("ff2500000000") + pointer
    if mnemonic == "jmp":
        return jump
    if mnemonic == "call":  # past the address, once it returns
        return bytes.fromhex("ff1502000000eb08") + pointer
    taken = _near(f"{mnemonic.upper()}_REL8_64", address + 4, address, 64)
    assert taken is not None
    return taken + bytes.fromhex("eb0e") + jump
