"""What was written over, so that it can be put back."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from farfetch.scanner import MemoryFault

if TYPE_CHECKING:
    from farfetch.scanner import Scan, Target

#: Of so many bytes the old ones are kept, for all writes together.
ROOM: Final = 64 << 20
#: Matches that are looked at in one go.
BATCH: Final = 4096
#: Undone writes of which something was left that are remembered.
LEFT: Final = 8
#: Values that could not be put back of which it is said why.
SAID: Final = 100
#: Bytes that are put back in one go.
_RUN: Final = 1 << 16


class Piece(NamedTuple):
    """Bytes that were written over.

    Attributes:
        address: of the first.
        before: what was there.
        after: what was there once it was written.
        width: of each of the values among them.
        mask: the bits of them that were written, of bit fields; b"" for all. Others are whoever's
            they are.
    """

    address: int
    before: bytes
    after: bytes
    width: int
    mask: bytes = b""

    @property
    def values(self) -> int:
        """How many values they are."""
        return -(-len(self.before) // self.width)

    @property
    def is_changed(self) -> bool:
        """Whether anything became of what was written."""
        return not self._same(self.before, self.after)

    def is_there(self, there: bytes) -> bool:
        """Whether what was written still is."""
        return self._same(there, self.after)

    def is_restored(self, there: bytes) -> bool:
        """Whether it is as it was before."""
        return self._same(there, self.before)

    def restored(self, there: bytes) -> bytes:
        """What is there with what was written over put back."""
        if not self.mask:
            return self.before
        its = int.from_bytes(self.mask, "little")
        old, new = (int.from_bytes(raw, "little") for raw in (self.before, there))
        return (old & its | new & ~its).to_bytes(len(there), "little")

    def parts(self, size: int) -> Iterator[Piece]:
        """The same in pieces of so many bytes."""
        for at in range(0, len(self.before), size):
            before, after, mask = (
                raw[at : at + size] for raw in (self.before, self.after, self.mask)
            )
            yield Piece(self.address + at, before, after, self.width, mask)

    def _same(self, raw: bytes, other: bytes) -> bool:
        if not self.mask:
            return raw == other
        differ = int.from_bytes(raw, "little") ^ int.from_bytes(other, "little")
        return not differ & int.from_bytes(self.mask, "little")


class PutBack(NamedTuple):
    """What has become of values that were to be put back.

    Attributes:
        restored: how many were.
        changed: how many something else has changed since, so that they were left.
        failed: how many could not be read or written.
        refused: the first of those, by their addresses, and why.
    """

    restored: int = 0
    changed: int = 0
    failed: int = 0
    refused: tuple[tuple[int, str], ...] = ()

    @property
    def total(self) -> int:
        """How many there were in all."""
        return self.restored + self.changed + self.failed

    def plus(self, other: PutBack) -> PutBack:
        """Both together."""
        return PutBack(
            self.restored + other.restored,
            self.changed + other.changed,
            self.failed + other.failed,
            (self.refused + other.refused)[:SAID],
        )


class Room(NamedTuple):
    """Where a value is written.

    Attributes:
        address: of its first byte.
        size: its bytes.
        mask: the bits of them that a bit field is; b"" for all.
    """

    address: int
    size: int
    mask: bytes = b""

    def cut(self, size: int) -> Room:
        """The first so many bytes of it."""
        return Room(self.address, min(self.size, size), self.mask[:size])


class Before:
    """What stands at places before they are written to.

    Args:
        target: to read from.
        rooms: where values are written.
    """

    def __init__(self, target: Target, rooms: Iterable[Room]) -> None:
        self._target = target
        rooms = map(self._readable, sorted(set(rooms)))
        self._before = {room: self._look(room) for room in rooms}
        self._after: dict[Room, bytes | None] = {}

    def _readable(self, room: Room) -> Room:
        """A place up to where its memory ends: so far a write that fails there gets."""
        try:
            self._target.read_bytes(room.address, room.size)
        except MemoryFault as fault:
            return room.cut(fault.done) if fault.done else room
        return room

    def _look(self, room: Room) -> bytes | None:
        return _read(self._target, room.address, room.size)

    def failed(self, fault: MemoryFault) -> None:
        """A write got no further than that: what is behind stays as it is."""
        for room in [room for room in self._before if room.address == fault.address]:
            before = self._before.pop(room)
            if before and fault.done:
                self._before[room.cut(fault.done)] = before[: fault.done]

    def written(self) -> None:
        """They have been written to: look again."""
        self._after = {room: self._look(room) for room in self._before}

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self._before)

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(2 * room.size for room in self._before)

    def pieces(self) -> Iterator[Piece]:
        """What was written over, by address."""
        for room, before in self._before.items():
            after = self._after.get(room)
            if before and after:
                yield Piece(room.address, before, after, room.size, room.mask)


class AllBefore:
    """What stands at all matches of a scan before they are written to.

    Args:
        scan: with them.
        room: where in a match at the address 0 the value is written.
    """

    def __init__(self, scan: Scan, room: Room) -> None:
        self._scan, (self._offset, self._width, self._mask) = scan, room
        self._addresses = array("Q", scan.matches.addresses())
        self._before = self._look(len(self._addresses))
        self._after = b""

    def written(self, count: int | None = None) -> None:
        """They have been written to, all or the first so many: look again."""
        self._after = self._look(len(self._addresses) if count is None else count)

    @property
    def count(self) -> int:
        """How many matches were written to."""
        return len(self._after) // self._width

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return 8 * len(self._addresses) + len(self._before) + len(self._after)

    def pieces(self) -> Iterator[Piece]:
        """What was written over, by address."""
        width = self._width
        for at in range(0, len(self._after), width):
            before, after = self._before[at : at + width], self._after[at : at + width]
            address = self._addresses[at // width] + self._offset
            piece = Piece(address, before, after, width, self._mask)
            if piece.is_changed:
                yield piece

    def _look(self, count: int) -> bytes:
        return b"".join(self._batches(count))

    def _batches(self, count: int) -> Iterator[bytes]:
        """What is at the first so many matches; what cannot be read counts as unchanged zeros."""
        target, matches, width = self._scan.target, self._scan.matches, self._width
        for start in range(0, count, BATCH):
            addresses = self._addresses[start : min(count, start + BATCH)]
            if not self._offset:
                with suppress(MemoryFault):
                    column = matches.column("now", start, len(addresses))
                    if column.nbytes == width * len(addresses):
                        yield column.tobytes()
                        continue
            for address in addresses:
                yield _read(target, address + self._offset, width) or bytes(width)


@dataclass(eq=False)
class Overwritten:
    """What one command has written over.

    Attributes:
        kept: what was there before, and once it was written.
        force: whether that was forced.
        left: what could not be put back yet; None before anybody tried.
    """

    kept: Before | AllBefore
    force: bool = False
    left: list[Piece] | None = None

    def put_back(self, target: Target, *, force: bool, step: Callable[[PutBack], object]) -> None:
        """Put the old bytes back; what is left as it is can be put back later.

        Args:
            target: that they are of.
            force: also where something else has changed them since.
            step: told what became of each piece; may end it by raising.
        """
        pieces = list(joined(self.kept.pieces())) if self.left is None else self.left
        self.left = []
        try:
            while pieces:
                piece = pieces[-1]
                done = PutBack()
                for part in piece.parts(max(1, _RUN // piece.width) * piece.width):
                    done = done.plus(self._put_back(target, part, force=force))
                pieces.pop()
                step(done)
        finally:
            self.left += pieces

    def _put_back(self, target: Target, piece: Piece, *, force: bool) -> PutBack:
        """Put some values back at once, or where only some of them can be, one by one."""
        assert self.left is not None
        there, fault = None, None
        try:
            there = target.read_bytes(piece.address, len(piece.before))
            if force or piece.is_there(there):
                target.write_bytes(piece.address, piece.restored(there), force=self.force)
                return PutBack(restored=piece.values)
        except MemoryFault as error:
            fault = error
        if piece.values > 1:
            done = PutBack()
            for one in piece.parts(piece.width):
                done = done.plus(self._put_back(target, one, force=force))
            return done
        if not piece.is_changed:
            return PutBack()  # it was never changed by us
        if there is not None and piece.is_restored(there):
            return PutBack(restored=1)  # as far as a write of several got
        self.left.append(piece)
        if fault is None:
            return PutBack(changed=1)
        return PutBack(failed=1, refused=((piece.address, str(fault)),))


def joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Make one piece of those that touch, and are of one width, or that overlap.

    Args:
        pieces: by ascending address.

    >>> one, other = Piece(8, b"ab", b"AB", 2), Piece(9, b"bc", b"BC", 2)
    >>> list(joined([one, other]))
    [Piece(address=8, before=b'abc', after=b'ABC', width=2, mask=b'')]
    """
    run: list[Piece] = []
    end = 0
    for piece in pieces:
        if run and piece.address >= end and (piece.address, piece.width) != (end, run[0].width):
            yield _one(run)
            run = []
        run.append(piece)
        end = max(end, piece.address + len(piece.before))
    if run:
        yield _one(run)


def _one(run: Sequence[Piece]) -> Piece:
    """One piece of several, each of which begins within those before it or right behind them."""
    address, masked = run[0].address, any(piece.mask for piece in run)
    before, after, mask = bytearray(), bytearray(), bytearray()
    for piece in run:
        at = piece.address - address
        more = max(0, at + len(piece.before) - len(before))
        before += piece.before[len(piece.before) - more :]
        after += piece.after[len(piece.after) - more :]
        if masked:
            mask += bytes(more)
            for index, bits in enumerate(piece.mask or b"\xff" * len(piece.before), at):
                mask[index] |= bits
    return Piece(address, bytes(before), bytes(after), run[0].width, bytes(mask))


class Writes:
    """The writes of a session to its target that can be undone."""

    def __init__(self) -> None:
        self._done: list[Overwritten] = []
        self._left: list[Overwritten] = []

    def __len__(self) -> int:
        return len(self._done)

    def add(self, kept: Before | AllBefore, *, force: bool) -> None:
        """Keep what was written over; the oldest goes when there is no more room."""
        self._done.append(Overwritten(kept, force))
        while self._done and sum(each.kept.size for each in self._done) > ROOM:
            del self._done[0]

    def last(self, count: int | None, *, left: bool) -> Sequence[Overwritten]:
        """The last writes, the latest first.

        Args:
            count: how many; all if None.
            left: also of undone writes what was left, because something else had changed it.
        """
        last = [*(self._left if left else ()), *self._done[::-1]]
        return last if count is None else last[:count]

    def undone(self, written: Overwritten) -> None:
        """It was put back, but for what is left of it."""
        self._done = [each for each in self._done if each is not written]
        self._left = [each for each in self._left if each is not written]
        if written.left:
            self._left = [written, *self._left][:LEFT]

    def clear(self) -> None:
        """There is no target any more that they were to."""
        self._done.clear()
        self._left.clear()


def fits(matches: int, size: int) -> bool:
    """Whether so many values can be kept to be put back."""
    return matches * (8 + 2 * size) <= ROOM


def _read(target: Any, address: int, size: int) -> bytes | None:
    try:
        raw: bytes = target.read_bytes(address, size)
    except MemoryFault:
        return None
    return raw
