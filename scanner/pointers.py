"""Pointer paths: addresses that are found by following pointers from a fixed place."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from . import arguments
from .errors import ArgumentError, MemoryFault, PointerError
from .literals import parse_integer

#: More steps than any program needs; a path with more is not followed.
MAX_STEPS = 64

_ARROW = "->"


class Followable(Protocol):
    """What following pointers needs of a target."""

    @property
    def bits(self) -> int:
        """32 or 64: the width of its pointers."""

    def address(self, text: str) -> int:
        """The address that a text says."""

    def read_bytes(self, address: int, size: int) -> bytes:
        """Read exactly that many bytes."""


class PointerStep(NamedTuple):
    """A pointer that was followed.

    Attributes:
        address: of the pointer.
        pointer: what it holds.
        offset: that is added to it.
        result: the sum, cut to the width of a pointer.
    """

    address: int
    pointer: int
    offset: int
    result: int


class PointerPath(NamedTuple):
    """A place, and the offsets to add behind each pointer that is followed from there.

    Attributes:
        base: where the first pointer lies, as ``Target.address`` takes it.
        offsets: in bytes, one for each pointer; without any, the base is the place itself.

    ``str()`` is what :meth:`parse` takes.

    >>> path = PointerPath.parse("game+0x4010 -> 0x18 -> -8")
    >>> path.base, path.offsets, str(path)
    ('game+0x4010', (24, -8), 'game+0x4010 -> 0x18 -> -0x8')
    """

    base: str
    offsets: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> PointerPath:
        """Read ``BASE -> OFFSET -> OFFSET``.

        Raises:
            PointerError: there is no base, an offset is no number, or there are too many.
        """
        arguments.text("text", text)
        base, *words = (part.strip() for part in text.split(_ARROW))
        if not base:
            raise PointerError(text, "begins with a place, as in game+0x4010 -> 0x18")
        if len(words) > MAX_STEPS:
            raise PointerError(text, f"has {len(words)} steps, more than {MAX_STEPS}")
        offsets = []
        for number, word in enumerate(words, 1):
            try:
                offset = parse_integer(word)
            except ValueError:
                raise PointerError(text, f"offset {number} is a number, not {word!r}") from None
            if abs(offset) >= 1 << 63:
                raise PointerError(text, f"offset {number} is too large: {word}")
            offsets.append(offset)
        return cls(base, tuple(offsets))

    def follow(self, target: Followable) -> tuple[PointerStep, ...]:
        """Follow all pointers, and say what was found at each.

        Raises:
            ExpressionError: the target has no such base.
            PointerError: a pointer cannot be read; says which.
        """
        arguments.like("target", target, ("address", "bits", "read_bytes"), "an attached target")
        arguments.text("base", self.base)
        if not isinstance(self.offsets, tuple) or len(self.offsets) > MAX_STEPS:
            raise ArgumentError("offsets", self.offsets, f"a tuple of up to {MAX_STEPS} offsets")
        for offset in self.offsets:
            arguments.whole("an offset", offset, -(1 << 63), (1 << 63) - 1)
        address, size, steps = target.address(self.base), target.bits // 8, []
        for number, offset in enumerate(self.offsets, 1):
            try:
                raw = target.read_bytes(address, size)
            except (MemoryFault, ArgumentError):
                reason = f"pointer {number}, at 0x{address:x}, cannot be read"
                raise PointerError(str(self), reason) from None
            pointer = int.from_bytes(raw, "little")
            result = (pointer + offset) % (1 << target.bits)
            steps.append(PointerStep(address, pointer, offset, result))
            address = result
        return tuple(steps)

    def resolve(self, target: Followable) -> int:
        """The address at its end; raises as :meth:`follow` does."""
        if self.offsets == ():
            arguments.like("target", target, ("address",), "an attached target")
            return target.address(arguments.text("base", self.base))
        return self.follow(target)[-1].result

    def __str__(self) -> str:
        offsets = (f"{'-' if one < 0 else ''}0x{abs(one):x}" for one in self.offsets)
        return f" {_ARROW} ".join((self.base, *offsets))
