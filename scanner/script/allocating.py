"""Memory that a target allocates for scripts: each script's own, and what outlives them."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import FarfetchError, ScriptError
from ..memory.changes import Change
from ..memory.space import Space
from .layout import Names, Piece, value_of
from .statements import Allocation

if TYPE_CHECKING:
    from .around import TargetAround

_ALIGN: Final = 16  # of what is allocated
_REACH: Final = 1 << 31  # bytes that a jump may go
_APART: Final = 1 << 30  # addresses that one block serves


class Block(NamedTuple):
    """Memory that was allocated for a script, which keeps it for the next time.

    A thread may still be in it after the script is disabled, so it is never unmapped.

    Attributes:
        address: of the first byte.
        size: in bytes.
        key: which allocations of the script it is for.
    """

    address: int
    size: int
    key: tuple[tuple[str, int], ...]

    def is_near(self, address: int | None) -> bool:
        """Whether jumps reach all of it: code that it served may be elsewhere by now.

        >>> Block(0x10000, 4096, ()).is_near(0x20000), Block(0x10000, 4096, ()).is_near(1 << 40)
        (True, False)
        """
        if address is None:
            return True
        return max(address - self.address, self.address + self.size - address) < _REACH

    def holds(self, address: int, size: int = 1) -> bool:
        """Whether so many bytes at an address are in it."""
        return self.address <= address and address + size <= self.address + self.size


class Allocated:
    """What was allocated for one script.

    Args:
        kept: what outlives scripts (``globalalloc``), by names in small letters; all scripts of
            a target share it.
    """

    def __init__(self, kept: dict[str, Block]) -> None:
        self._own: list[Block] = []
        self._kept = kept
        self._before = 0
        self._made: list[tuple[Block, list[str]]] = []
        self._again: list[Block] = []

    def tried(self) -> Allocated:
        """The same for a script that is only tried: what is added to it is forgotten."""
        copy = Allocated(dict(self._kept))
        copy._own = list(self._own)
        return copy

    def begin(self) -> None:
        """Note what is there before the script is enabled."""
        self._before, self._made, self._again = len(self._own), [], []

    def take_back(self, space: Space) -> None:
        """Give back what a try has allocated that failed: nothing has run there."""
        gone = self._own[self._before :]
        del self._own[self._before :]
        for block, names in self._made:
            gone.append(block)
            for name in names:
                self._kept.pop(name, None)
        self._made = []
        for block in reversed(gone):
            with contextlib.suppress(FarfetchError):
                space.memory.release(block.address, block.size)

    def is_own(self, address: int) -> bool:
        """Whether an address is in memory that ends with the script."""
        return any(block.holds(address) for block in self._own)

    def holds(self, address: int, size: int) -> bool:
        """Whether bytes are in memory that was allocated for this script, or outlives all."""
        blocks = itertools.chain(self._own, self._kept.values())
        return any(block.holds(address, size) for block in blocks)

    def stale(self, pieces: Sequence[Piece], space: Space) -> Iterator[Change]:
        """What to clear of memory that the script has had before: it is all zeros, but for pieces.

        What is written again is left alone: a thread may be there.
        """
        for block in self._again:
            there = space.memory.read(block.address, block.size)
            inside = sorted(
                (piece.address - block.address, len(piece.raw))
                for piece in pieces
                if block.holds(piece.address)
            )
            at = 0
            for start, size in (*inside, (len(there), 0)):
                gap = there[at:start]
                left = len(gap) - len(gap.lstrip(b"\0"))
                used = gap.strip(b"\0")
                if used:
                    yield Change(block.address + at + left, b"", bytes(len(used)))
                at = max(at, start + size)

    def allocate(
        self,
        allocations: Sequence[Allocation],
        names: Names,
        around: TargetAround,
        *,
        dry: bool,
    ) -> None:
        """Allocate what is near the same place, and may be used alike, in one block.

        Args:
            allocations: of the script.
            names: that get the addresses.
            around: the target.
            dry: only say where it would be allocated.

        Raises:
            ScriptError: there is no room.
        """
        groups: dict[tuple[str, bool, int | None], list[tuple[Allocation, int | None]]] = {}
        for allocation, near in zip(allocations, _nearby(allocations, names, around), strict=True):
            known = self._known(allocation, around.space) if allocation.kept else None
            if known is not None:
                names.set(allocation.name, known)
                continue
            place = None if near is None else near // _APART
            members = groups.setdefault((allocation.access, allocation.kept, place), [])
            members.append((allocation, near))
        for (access, kept, _), members in groups.items():
            group = [allocation for allocation, _ in members]
            block = self._block(around, group, members[0][1], access, kept=kept, dry=dry)
            address = block.address
            for allocation in group:
                names.set(allocation.name, address)
                if kept:
                    key = ((allocation.name, allocation.size),)
                    self._kept[allocation.name.lower()] = Block(address, allocation.size, key)
                address += allocation.size + -allocation.size % _ALIGN

    def _known(self, allocation: Allocation, space: Space) -> int | None:
        """Where what outlives scripts is already; None of what is yet to be allocated."""
        block = self._kept.get(allocation.name.lower())
        if block is None:
            return space.symbols.get(allocation.name)
        if allocation.size > block.size:
            reason = f"{allocation.name:.80} is there already, with {block.size} bytes"
            raise ScriptError(allocation.line, f"globalalloc(): {reason}")
        return block.address

    def _block(
        self,
        around: TargetAround,
        group: Sequence[Allocation],
        near: int | None,
        access: str,
        *,
        kept: bool,
        dry: bool,
    ) -> Block:
        key = tuple((allocation.name, allocation.size) for allocation in group)
        alike = (block for block in self._own if block.key == key and not kept)
        known = next((block for block in alike if block.is_near(near)), None)
        if known is not None:
            self._again.append(known)
            return known
        memory = around.space.memory
        size = sum(allocation.size + -allocation.size % _ALIGN for allocation in group)
        try:
            if dry:  # behind what would be allocated before it
                before = sum(block.size for block in self._own)
                address = memory.gap(before + size, near=near) + before
            else:
                address = memory.allocate(size, near=near, access=access)
        except FarfetchError as error:
            around.space.check()
            raise ScriptError(group[0].line, f"alloc(): {error}") from None
        block = Block(address, size, key)
        if kept:
            self._made.append((block, [allocation.name.lower() for allocation in group]))
        if dry or not kept:
            self._own.append(block)
        return block


def _nearby(
    allocations: Sequence[Allocation], names: Names, around: TargetAround
) -> list[int | None]:
    """What each is to be near: what it says, or else what one before or behind it says.

    Neighbours are one block in Cheat Engine: data without a place lies beside the code that uses
    it. Where none says anything, it is the program.
    """
    said = [
        None
        if allocation.near is None
        else value_of(allocation.line, allocation.near, names, around.pointer)
        for allocation in allocations
    ]
    first = next((near for near in said if near is not None), around.symbol("$process"))
    return [first if near is None else near for near in itertools.accumulate(said, _or_before)]


def _or_before(before: int | None, near: int | None) -> int | None:
    return before if near is None else near
