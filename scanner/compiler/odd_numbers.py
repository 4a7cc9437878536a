"""Numbers that no processor compares as they lie, f16, three bytes and bits, out of those it does.

A comparison with a constant becomes atoms over the bytes, which the kernels have as fast as any
other; whatever else is compared or computed with is put together on the stack of an expression::

    i24 in -70000..5    i8 at 2 is -2 and u16 at 0 is 61072 or more, or -2 < i8 at 2 < 0, or …
    f16 in -1.0..0.5    u16 in 0..0x3800, or u16 in 0x8000..0xbc00
    u8[3..5] in 2..5    of the byte, the bits 0x30 are 0x10, or 0x20
    now < prev          u16 at 0 | u8 at 2 << 16 < …;  u8 >> 3 & 3 < …
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from ..engine import lib
from ..predicates.bound_tree import Lookup
from ..values.layout import Layout
from .program import Code

#: What the core is given for a number that lies so many bytes behind a value's first.
Operand = Callable[[int, int], dict[str, Any]]

_UNSIGNED: Final = {1: lib.FF_U8, 2: lib.FF_U16, 4: lib.FF_U32, 8: lib.FF_U64}
_SIGNED: Final = {1: lib.FF_I8, 2: lib.FF_I16, 4: lib.FF_I32, 8: lib.FF_I64}
_LOW: Final = 16  # bits below the third byte
_SIGN: Final = 0x8000  # of an f16
_MOST: Final = 32  # parts of a range of bits; an expression is as fast as more of them


class Load(NamedTuple):
    """A number of the core's among the bytes of an odd one.

    Attributes:
        type: the core's.
        offset: bytes behind the value's first.
        shift: how far to the left its bits belong.
    """

    type: int
    offset: int
    shift: int


class Parts(NamedTuple):
    """How a whole number is put together.

    Attributes:
        loads: what is joined.
        down: bits by which that is shifted to the right then.
        bits: that are left of it; 0 for all.
        signed: whether the last of these is the sign.
    """

    loads: tuple[Load, ...]
    down: int = 0
    bits: int = 0
    signed: bool = False


def parts_of(layout: Layout) -> Parts:
    """How a whole number of 24 bits, or a bit field, is put together.

    >>> from farfetch.scanner import layout_of, u8, u24be, bit_field
    >>> parts_of(layout_of(bit_field(u8, 3, 4)))[1:], len(parts_of(layout_of(u24be)).loads)
    ((3, 2, False), 2)
    """
    size, first = layout.size or 0, layout.first_bit
    if first is None:
        return Parts(_three(layout, signed=layout.signed))
    low = first // 8
    needed = (first + layout.bits - 1) // 8 - low + 1
    width = next((width for width in (1, 2, 4, 8) if needed <= width <= size), 0)
    if not width:
        return Parts(_three(layout, signed=False), first, layout.bits, layout.signed)
    low = min(low, size - width)
    offset = size - low - width if layout.big_endian else low
    # eight bytes as signed ones: whatever is above is cut off
    kind = _SIGNED[8] if width == 8 else _UNSIGNED[width]
    return Parts((Load(int(kind), offset, 0),), first - 8 * low, layout.bits, layout.signed)


def compile_range(
    code: Code, value: Lookup, operand: Operand, low: float, high: float
) -> int | None:
    """Write whether an odd number is in a range, both ends included, with atoms.

    Args:
        code: to write to.
        value: the number.
        operand: what the core is given for a part of it.
        low: the least that it may be, a value of its type or an infinity.
        high: the most.

    Returns:
        How many masks that needs at once; None where atoms do not say it.
    """
    layout = value.layout
    if not low <= high:  # also where one is no number
        return code.nothing()
    if layout.kind == "float":
        return _half_range(code, operand, low, high)
    if (low, high) == (layout.low, layout.high):
        return code.everything()
    if layout.first_bit is not None:
        return _bits_range(code, layout, operand, int(low), int(high))
    if low == high:
        return code.masked(operand(0, 0), layout.pack(low), b"\xff" * 3)
    return _three_range(code, layout, operand, int(low), int(high))


def _three(layout: Layout, *, signed: bool) -> tuple[Load, ...]:
    """The two numbers that three bytes are, the lower one first."""
    high = (_SIGNED if signed else _UNSIGNED)[1]
    below, above = (1, 0) if layout.big_endian else (0, 2)
    return Load(int(lib.FF_U16), below, 0), Load(int(high), above, _LOW)


def _three_range(code: Code, layout: Layout, operand: Operand, low: int, high: int) -> int:
    """Whether three bytes are in a range: by the highest, then by the two below."""
    below, above = _three(layout, signed=layout.signed)
    member = "i" if layout.signed else "u"
    most = (1 << _LOW) - 1
    first, last = low >> _LOW, high >> _LOW
    rests = {first: [low & most, most], last: [0, high & most]}
    if first == last:
        rests = {first: [low & most, high & most]}
    # a highest byte with which all may stand below it needs no second look
    inner = range(
        first + (rests[first] != [0, most]), last + 1 - (first != last and rests[last] != [0, most])
    )
    depth = written = 0

    def top(least: int, greatest: int) -> None:
        code.atom(
            kind=lib.FF_ATOM_RANGE,
            a=operand(above.type, above.offset),
            low={member: least},
            high={member: greatest},
        )

    if inner:
        top(inner[0], inner[-1])
        depth = written = 1
    for byte, (least, greatest) in rests.items():
        if byte in inner:
            continue
        top(byte, byte)
        skip = code.skip(lib.FF_LOGIC_SKIP_NONE)
        place = operand(below.type, below.offset)
        code.atom(kind=lib.FF_ATOM_RANGE, a=place, low={"u": least}, high={"u": greatest})
        code.op(lib.FF_LOGIC_AND)
        code.land(skip)
        depth = max(depth, written + 2)
        if written:
            code.op(lib.FF_LOGIC_OR)
        written = 1
    return depth


def _bits_range(code: Code, layout: Layout, operand: Operand, low: int, high: int) -> int | None:
    """Whether bits are in a range: whether their first ones are those of a part of it."""
    stretches = [(low, high)]
    if low < 0:
        over = 1 << layout.bits
        stretches = [(low + over, min(high, -1) + over)] + [(0, high)] * (high >= 0)
    parts = [part for stretch in stretches for part in _parts(*stretch)]
    if len(parts) > _MOST:
        return None
    size, order = layout.size or 0, "big" if layout.big_endian else "little"
    all_bits = (1 << layout.bits) - 1
    for index, (value, free) in enumerate(parts):
        raw, mask = (
            (bits << (layout.first_bit or 0)).to_bytes(size, order)  # type: ignore[arg-type]
            for bits in (value, all_bits >> free << free)
        )
        code.masked(operand(0, 0), raw, mask)
        if index:
            code.op(lib.FF_LOGIC_OR)
    return min(len(parts), 2)


def _parts(low: int, high: int) -> Iterator[tuple[int, int]]:
    """A range cut into parts whose values differ in their last bits alone, and in all of these.

    >>> list(_parts(3, 9))
    [(3, 0), (4, 2), (8, 1)]
    """
    while low <= high:
        free = min((low & -low).bit_length() - 1 if low else 64, (high - low + 1).bit_length() - 1)
        yield low, free
        low += 1 << free


def _half_range(code: Code, operand: Operand, low: float, high: float) -> int:
    """Whether an f16 is in a range: of one sign they are ordered as their bits are."""
    stretches = []
    if high >= 0:
        stretches.append((_bits(max(low, 0.0)), _bits(high)))
    if low <= 0:
        stretches.append((_SIGN | _bits(min(high, 0.0)), _SIGN | _bits(low)))
    for index, (least, greatest) in enumerate(stretches):
        place = operand(int(lib.FF_U16), 0)
        code.atom(kind=lib.FF_ATOM_RANGE, a=place, low={"u": least}, high={"u": greatest})
        if index:
            code.op(lib.FF_LOGIC_OR)
    return len(stretches)


def _bits(number: float) -> int:
    """The bits of an f16's amount."""
    (raw,) = struct.unpack("<H", struct.pack("<e", math.fabs(number)))
    return int(raw)
