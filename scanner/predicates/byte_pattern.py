"""Patterns: bytes to look for, some of whose digits may be anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .. import arguments
from ..errors import ArgumentError, ExpressionError

_WORD: Final = re.compile(r"\S+")
_DIGITS: Final = "0123456789abcdefABCDEF?"


@dataclass(frozen=True)
class Pattern:
    """Bytes with wildcards; :func:`pattern` makes one from text.

    Attributes:
        value: the bytes, with zeros for the bits that may be anything.
        mask: as many bytes, with ones for the bits that count.

    >>> signature = Pattern(value=bytes([0x48, 0x0F]), mask=bytes([0xFF, 0x0F]))
    >>> print(signature, len(signature))
    48 ?F 2
    >>> signature == pattern("48 ?F")
    True
    """

    value: bytes
    mask: bytes

    def __post_init__(self) -> None:
        for name in ("value", "mask"):
            object.__setattr__(self, name, arguments.raw(name, getattr(self, name)))
        if any(mask not in (0, 0x0F, 0xF0, 0xFF) for mask in self.mask):
            raise ArgumentError(
                "mask", self.mask, "whole hex digits: 00, 0F, F0 or FF in each byte"
            )
        if len(self.value) != len(self.mask) or not any(self.mask):
            expected = "as many bytes as the pattern's value has, not all of them zero"
            raise ArgumentError("mask", self.mask, expected)
        if any(value & ~mask for value, mask in zip(self.value, self.mask, strict=True)):
            raise ArgumentError("value", self.value, "no bits that its mask has not")

    def __len__(self) -> int:
        return len(self.value)

    def __str__(self) -> str:
        return " ".join(map(_shown, self.value, self.mask))

    def fits(self, raw: bytes) -> bool:
        """Whether some bytes, as many as the pattern has, are what it says.

        >>> pattern("4? ff").fits(bytes.fromhex("48 ff"))
        True
        """
        raw = arguments.raw("raw", raw)
        return len(raw) == len(self) and all(
            byte & mask == value
            for byte, value, mask in zip(raw, self.value, self.mask, strict=True)
        )


def pattern(text: str) -> Pattern:
    """The pattern that a text says.

    Args:
        text: bytes in pairs of hex digits; a ``?`` stands for any digit, and alone between blanks
            for any byte. Blanks between bytes may be left out.

    Raises:
        ExpressionError: it cannot be understood, or every byte would do; it has the position.

    >>> print(pattern("488b ? ?f"))
    48 8B ?? ?F
    """
    arguments.text("text", text)
    value, mask = bytearray(), bytearray()
    for word in _WORD.finditer(text):
        digits = "??" if word[0] == "?" else word[0]
        for index, digit in enumerate(digits):
            if digit not in _DIGITS:
                reason = f'"{digit}" is no hex digit; ? stands for any'
                raise ExpressionError(text, word.start() + index, reason)
        if len(digits) % 2:
            reason = "a byte has two digits" + (", as in 0F" if len(digits) == 1 else "")
            raise ExpressionError(text, word.end() - 1, reason)
        for high, low in zip(digits[::2], digits[1::2], strict=True):
            value.append(int((high + low).replace("?", "0"), 16))
            mask.append((high != "?") * 0xF0 | (low != "?") * 0x0F)
    if not any(mask):
        reason = "a pattern needs a byte" + (" that is not a wildcard" if mask else "")
        raise ExpressionError(text, 0, reason)
    return Pattern(bytes(value), bytes(mask))


def _shown(value: int, mask: int) -> str:
    digits = f"{value:02X}"
    return "".join(
        digit if mask & nibble else "?" for digit, nibble in zip(digits, (0xF0, 0x0F), strict=True)
    )
