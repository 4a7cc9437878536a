"""Pointer paths: addresses that are found by following pointers from a fixed place."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, Literal, NamedTuple, TypeVar

from .. import arguments
from ..errors import ArgumentError, MemoryFault, PointerError
from ..values.literals import parse_integer
from .space import Space

#: More steps than any program needs; a path with more is not followed.
MAX_STEPS = 64

_ARROW = "->"

K = TypeVar("K")  # where what has a name is


class PointerStep(NamedTuple):
    """A pointer that was followed.

    Attributes:
        address: of the pointer.
        pointer: what it holds.
        offset: that is added to it.
        result: the sum, cut to the width of a pointer.

    >>> target = attach(Buffer(bytearray(64), base=0x1000))
    >>> target.write(0x1000, pointer, 0x1020)
    >>> [step] = PointerPath.parse("0x1000 -> 4").follow(target)
    >>> hex(step.address), hex(step.pointer), step.offset, hex(step.result)
    ('0x1000', '0x1020', 4, '0x1024')
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
        """The path that a text says: ``BASE -> OFFSET -> OFFSET``.

        Raises:
            PointerError: there is no base, an offset is no number, or there are too many.

        >>> PointerPath.parse("[heap]+0x2a0->8->0x10").offsets
        (8, 16)
        >>> PointerPath.parse("game -> end")
        Traceback (most recent call last):
        farfetch.scanner.PointerError: the pointer path "game -> end": offset 1 is a number,
            not 'end'
        """
        if _ARROW not in arguments.text("text", text) and (place := text.strip()):
            return cls(place)
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

    def follow(
        self, target: Space, base: int | None = None, *, order: Literal["little", "big"] = "little"
    ) -> tuple[PointerStep, ...]:
        """Follow all pointers, and say what was found at each.

        Args:
            target: to follow them in.
            base: the address of :attr:`base`, where that is known.
            order: of the bytes of a pointer: ``"big"`` in some emulated machines.

        Raises:
            ExpressionError: the target has no such base.
            PointerError: a pointer cannot be read; says which.

        >>> target = attach(Buffer(bytearray(64), base=0x1000))
        >>> target.write(0x1000, pointer, 0x1020)
        >>> target.write(0x1028, pointer, 0x1030)
        >>> [hex(step.result) for step in PointerPath.parse("0x1000 -> 8 -> 4").follow(target)]
        ['0x1028', '0x1034']
        """
        arguments.like("target", target, ("address", "bits", "read_bytes"), "an attached target")
        self._check()
        arguments.choice("order", order, ("little", "big"))
        address = self._base(target, base)
        size, steps = target.bits // 8, []
        for number, offset in enumerate(self.offsets, 1):
            try:
                raw = target.read_bytes(address, size)
            except (MemoryFault, ArgumentError):
                reason = f"pointer {number}, at 0x{address:x}, cannot be read"
                raise PointerError(str(self), reason) from None
            pointer = int.from_bytes(raw, order)
            result = (pointer + offset) % (1 << target.bits)
            steps.append(PointerStep(address, pointer, offset, result))
            address = result
        return tuple(steps)

    def resolve(
        self, target: Space, base: int | None = None, *, order: Literal["little", "big"] = "little"
    ) -> int:
        """The address at its end; takes and raises what :meth:`follow` does.

        >>> target = attach(Buffer(bytearray(64), base=0x1000))
        >>> target.write(0x1000, pointer, 0x1020)
        >>> hex(PointerPath.parse("0x1000 -> 4").resolve(target))
        '0x1024'
        >>> target.write_bytes(0x1000, (0x1030).to_bytes(8, "big"))
        >>> hex(PointerPath.parse("0x1000 -> 4").resolve(target, order="big"))
        '0x1034'
        """
        if self.offsets == ():
            arguments.like("target", target, ("address",), "an attached target")
            return self._base(target, base)
        return self.follow(target, base, order=order)[-1].result

    def plus(self, offset: int) -> PointerPath:
        """The path to what lies so many bytes behind its end.

        >>> str(PointerPath.parse("game+0x4010 -> 0x18").plus(8))
        'game+0x4010 -> 0x20'
        >>> str(PointerPath.parse("game+0x4010").plus(8))
        'game+0x4018'
        """
        offset = arguments.whole("offset", offset, 0, (1 << 63) - 1)
        self._check()
        if self.offsets:
            return self._replace(offsets=(*self.offsets[:-1], self.offsets[-1] + offset))
        name, _, number = self.base.rpartition("+")
        try:
            return PointerPath(f"{name}{'+' if name else ''}0x{parse_integer(number) + offset:x}")
        except ValueError:  # a module or a region alone
            return PointerPath(f"{self.base}+0x{offset:x}")

    def _check(self) -> None:
        arguments.text("base", self.base)
        if not isinstance(self.offsets, tuple) or len(self.offsets) > MAX_STEPS:
            raise ArgumentError("offsets", self.offsets, f"a tuple of up to {MAX_STEPS} offsets")
        for offset in self.offsets:
            arguments.whole("an offset", offset, -(1 << 63), (1 << 63) - 1)

    def _base(self, target: Space, base: int | None) -> int:
        if base is None:
            return target.address(arguments.text("base", self.base))
        return arguments.address(base, "base")

    def __str__(self) -> str:
        offsets = (f"{'-' if offset < 0 else ''}0x{abs(offset):x}" for offset in self.offsets)
        return f" {_ARROW} ".join((self.base, *offsets))


class Resolver(Generic[K]):
    """What leads to a place is followed again and again, as often as one likes.

    Pointers are read each time. Where what has a name is takes a look at all regions, thousands in
    some programs; that is asked anew as often as a hundredth of the time allows, and when it has
    led nowhere.

    Args:
        ask: says where what has a name is.
        follow: says from that which address it leads to now.
    """

    _SHARE: Final = 100

    def __init__(self, ask: Callable[[], K], follow: Callable[[K], int]) -> None:
        self._ask = ask
        self._follow = follow
        self._known: K | None = None
        self._stale = 0.0  # when to ask anew

    def resolve(self) -> int:
        """The address that it leads to now; raises what asking and following do."""
        now = time.monotonic()
        if self._known is None or now >= self._stale:
            self._known = self._ask()
            asked = time.monotonic()
            self._stale = asked + self._SHARE * (asked - now)
        try:
            return self._follow(self._known)
        except PointerError:
            self._stale = 0.0
            raise


class Follower(Resolver[int]):
    """Follows a path; its base is what has a name.

    Args:
        path: to follow.
        target: to follow it in.
    """

    def __init__(self, path: PointerPath, target: Space) -> None:
        super().__init__(lambda: target.address(path.base), lambda base: path.resolve(target, base))
        self.path = path
