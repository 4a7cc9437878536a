"""What a core file holds, whatever its format: bytes at addresses, regions, modules, threads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..memory.modules import Module
from ..memory.regions import Region

#: Reads so many bytes from an offset in the file on; fewer where it ends.
Read = Callable[[int, int], bytes]

MOST_PIECES = 1 << 20  # more than any kernel maps


class Damaged(Exception):
    """A file that is not what it begins as; its text says what is wrong, in the user's words."""


class Piece(NamedTuple):
    """Addresses whose bytes are in the file.

    Attributes:
        start: the first address.
        end: the first behind them.
        offset: of the first byte in the file.
    """

    start: int
    end: int
    offset: int


class CoreThread(NamedTuple):
    """A thread, as it was at that moment.

    Attributes:
        tid: its number.
        registers: their values, by the names that the processor's makers gave them; none where the
            format or the processor is not known.

    >>> CoreThread(12, {"rsp": 0x7FFE0010}).stack_pointer == 0x7FFE0010
    True
    """

    tid: int
    registers: Mapping[str, int]

    @property
    def stack_pointer(self) -> int | None:
        """Where its stack ends; None where that is not known."""
        names = ("rsp", "esp", "sp")
        return next((self.registers[name] for name in names if name in self.registers), None)


@dataclass
class Image:
    """What a core file says.

    Attributes:
        bits: width of a pointer.
        order: of the bytes of a number: ``"little"`` or ``"big"``.
        pieces: ascending, and no two overlap.
        regions: ascending, and no two overlap.
        threads: the one that ended the process first, where one did.
        modules: as the file lists them; None where they follow from the regions.
        pid: of the process; None where that is not said.
        name: of its program; "" where that is not said.
        program: the path of its program; "" where that is not known.
        auxiliary: what the kernel has told the program of itself; b"" where that is not said.
        random: the address of bytes that it has put behind that; 0 where that is not said.
        stack_bases: where the stacks of a Windows program's threads end; 0 where one is not known.
    """

    bits: int
    order: str
    pieces: list[Piece] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    threads: list[CoreThread] = field(default_factory=list)
    modules: list[Module] | None = None
    pid: int | None = None
    name: str = ""
    program: str = ""
    auxiliary: bytes = b""
    random: int = 0
    stack_bases: list[int] = field(default_factory=list)


def check_pieces(pieces: Sequence[Piece], size: int) -> list[Piece]:
    """The pieces by ascending address, where they are in order.

    Args:
        pieces: in any order.
        size: of the file.

    Raises:
        Damaged: two overlap, or one lies behind the end of the file or of all addresses.
    """
    ordered = sorted(piece for piece in pieces if piece.start != piece.end)
    before = 0
    for piece in ordered:
        if piece.end > 1 << 64 or piece.end < piece.start:
            raise Damaged(f"is damaged: memory at 0x{piece.start:x} goes on behind all addresses")
        if piece.start < before:
            raise Damaged(f"is damaged: two parts of it hold the memory at 0x{piece.start:x}")
        before = piece.end
        end = piece.offset + piece.end - piece.start
        if end > size:
            said = f"the memory at 0x{piece.start:x} ends at byte {end:,}, and the file at {size:,}"
            raise Damaged(f"is cut short: {said}")
    return ordered


def split_by_pieces(regions: Sequence[Region], pieces: Sequence[Piece]) -> list[Region]:
    """The regions, cut where the file begins and ends to have their bytes.

    What it does not have cannot be read, so it is not readable; a scan need not try.

    Args:
        regions: ascending, and no two overlap.
        pieces: ascending, and no two overlap.
    """
    split: list[Region] = []
    at = 0
    for region in regions:
        start = region.start
        while at < len(pieces) and pieces[at].end <= start:
            at += 1
        index = at
        while index < len(pieces) and pieces[index].start < region.end:
            piece = pieces[index]
            if piece.start > start:
                split.append(_part(region, start, piece.start, there=False))
                start = piece.start
            end = min(piece.end, region.end)
            while end < region.end and index + 1 < len(pieces) and pieces[index + 1].start == end:
                index += 1
                end = min(pieces[index].end, region.end)
            split.append(_part(region, start, end, there=True))
            start = end
            index += 1
        if start < region.end:
            split.append(_part(region, start, region.end, there=False))
    return split


def _part(region: Region, start: int, end: int, *, there: bool) -> Region:
    perms = region.perms if there else f"-{region.perms[1:]}"
    offset = region.offset + start - region.start if region.path else 0
    return replace(region, start=start, end=end, perms=perms, offset=offset)


def region_at(regions: Sequence[Region], address: int) -> int | None:
    """The index of the region that an address is in."""
    index = bisect_right(regions, address, key=lambda region: region.start) - 1
    return index if index >= 0 and address in regions[index] else None
