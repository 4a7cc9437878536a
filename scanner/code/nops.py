"""Instructions that do nothing, in place of one that does something."""

from __future__ import annotations

from typing import Final

#: The ones that processors' makers recommend, by their bytes; Intel's manual, "NOP".
_NOPS: Final = tuple(
    bytes.fromhex(code)
    for code in (
        "",
        "90",
        "66 90",
        "0f 1f 00",
        "0f 1f 40 00",
        "0f 1f 44 00 00",
        "66 0f 1f 44 00 00",
        "0f 1f 80 00 00 00 00",
        "0f 1f 84 00 00 00 00 00",
    )
)
_WORD: Final = 8  # bytes that are written at once, if they begin at a multiple of it
_JUMP: Final = 0xEB  # over as many bytes as the next one says


def nothing(address: int, size: int) -> bytes:
    """What is written over an instruction so that it does nothing.

    Threads run through it meanwhile: what they see has to be the old instruction or the new one.
    Bytes within one aligned word are written at once. Others are left, all but the first two,
    which become a jump over the rest; only where even these lie across words all are replaced.

    Args:
        address: of the instruction.
        size: its bytes, 1 to 15.

    >>> nothing(0x1000, 3).hex(" "), nothing(0x1006, 7).hex(" ")
    ('0f 1f 00', 'eb 05')
    """
    if address % _WORD + size <= _WORD:
        return _NOPS[size]
    if address % _WORD + 2 <= _WORD:
        return bytes([_JUMP, size - 2])
    return _NOPS[min(size, 8)] + _NOPS[max(0, size - 8)]


def padding(size: int) -> bytes:
    """As few instructions as do nothing in so many bytes.

    >>> padding(10).hex(" ")
    '0f 1f 84 00 00 00 00 00 66 90'
    """
    longest = len(_NOPS) - 1
    return _NOPS[longest] * (size // longest) + _NOPS[size % longest]
