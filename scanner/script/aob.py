"""Arrays of bytes, as scripts look for them: ``48 8B ?? 4?``."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: Bytes of one.
MAX_BYTES: Final = 4096
_WORD: Final = re.compile(r"[0-9A-Za-z?*]+")
_NO_DIGIT: Final = re.compile(r"[^0-9A-Fa-f]")


class ByteArray(NamedTuple):
    r"""Bytes, some of them any.

    Attributes:
        raw: the bytes; 0 where a bit may be any.
        mask: the bits that count.

    >>> ByteArray(b"\x40", b"\xf0").matches(b"\x4f")
    True
    """

    raw: bytes
    mask: bytes

    def matches(self, there: bytes) -> bool:
        """Whether some bytes are like that."""
        return len(there) == len(self.raw) and all(
            byte & mask == raw for byte, raw, mask in zip(there, self.raw, self.mask, strict=True)
        )

    def __str__(self) -> str:
        return " ".join(
            "??" if not mask else f"{raw:02X}" if mask == 0xFF else _nibbles(raw, mask)
            for raw, mask in zip(self.raw, self.mask, strict=True)
        )


def _nibbles(raw: int, mask: int) -> str:
    high = f"{raw >> 4:X}" if mask & 0xF0 else "?"
    return high + (f"{raw & 15:X}" if mask & 0x0F else "?")


def parse_aob(text: str) -> ByteArray:
    """Read an array of bytes, as Cheat Engine does: what is no digit of one may be any.

    Raises:
        ValueError: it is none; says why.

    >>> str(parse_aob("48 8B ?? 4? 0F * 9090 xx-5"))
    '48 8B ?? 4? 0F ?? 90 90 ?? 05'
    """
    raw, mask = bytearray(), bytearray()
    for word in filter(None, re.split(r"[\s,-]+", text)):
        if not _WORD.fullmatch(word):
            raise ValueError(f"{word[:20]!r} is no byte")
        digits = _NO_DIGIT.sub("?", word)
        pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
        if len(pairs[-1]) == 1:
            pairs[-1] = "??" if pairs[-1] == "?" else f"0{pairs[-1]}"
        for pair in pairs:
            value, bits = 0, 0
            for digit in pair:
                value, bits = value << 4, bits << 4
                if digit != "?":
                    value, bits = value | int(digit, 16), bits | 15
            raw.append(value)
            mask.append(bits)
        if len(raw) > MAX_BYTES:
            raise ValueError(f"an array has at most {MAX_BYTES} bytes")
    if not any(mask):
        raise ValueError("an array has at least one byte that is said")
    return ByteArray(bytes(raw), bytes(mask))
