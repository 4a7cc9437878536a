"""Patching: bytes that are changed, with the old ones kept so that they can be put back."""

from __future__ import annotations

import contextlib
import threading
from functools import partial

from .. import arguments
from ..errors import ArgumentError, FarfetchError, MemoryFault, PatchError, TargetClosed
from ..lifetime.bound import Bound, Scoped
from ..lifetime.life import Life
from ..memory.space import Space


class Patch(Scoped):
    """Bytes that were changed; made by :meth:`Patches.add`.

    As a context manager it is undone at the end of the block.

    Attributes:
        number: of its target's patches, from 0 on; no other ever gets it.
        address: of the first of them.
        before: the old bytes.
        after: the new ones, as many.
        forced: whether they lie where the target may not write itself, as code does.
        active: whether it has not been undone.

    >>> memory = bytearray(b"abc")
    >>> patch = attach(Buffer(memory, base=16)).patch(17, b"XY")
    >>> patch
    <Patch 0x11 62 63 -> 58 59>
    >>> bytes(memory), patch.before, patch.forced
    (b'aXY', b'bc', False)
    """

    def __init__(
        self,
        patches: Patches,
        number: int,
        address: int,
        before: bytes,
        after: bytes,
        forced: bool,
    ) -> None:
        self.number = number
        self.address = address
        self.before = before
        self.after = after
        self.forced = forced
        self.active = True
        self._patches = patches

    def undo(self, *, force: bool = False) -> None:
        """Put the old bytes back. Does nothing when that has been done.

        Args:
            force: even where the bytes there are no longer the patch's.

        Raises:
            PatchError: they no longer are; nothing is written.
            MemoryFault: they cannot be read or written any more.
            TargetGone: the target has exited or executed another program.

        >>> memory = bytearray(b"abc")
        >>> patch = attach(Buffer(memory, base=16)).patch(17, b"XY")
        >>> patch.undo()
        >>> bytes(memory), patch.active
        (b'abc', False)
        """
        self._patches._undo(self, force)

    def _leave(self) -> None:
        if not self._patches.is_forked:  # a child that leaves the block leaves it to its parent
            self.undo()

    def __repr__(self) -> str:
        return f"<Patch 0x{self.address:x} {self.before.hex(' ')} -> {self.after.hex(' ')}>"


class Patches(Bound):
    """The patches of one target.

    Args:
        target: whose bytes they change.

    >>> patches = Patches(attach(Buffer(bytearray(b"abc"), base=16)))  # as target.patch() does
    >>> first_patch, second_patch = patches.add(16, b"X"), patches.add(17, b"Y")
    >>> first_patch.undo()
    >>> patches.entries == (second_patch,), second_patch.number
    (True, 1)
    """

    def __init__(self, target: Space) -> None:
        self._target = target
        self._entries: list[Patch] = []
        self._made = 0
        self._life = Life(partial(TargetClosed, None, "target"))
        self._lock = threading.RLock()

    @property
    def entries(self) -> tuple[Patch, ...]:
        """The patches that were not undone, in the order in which they were made."""
        self._life.check()
        return tuple(self._entries)

    def add(self, address: int, raw: bytes) -> Patch:
        """Change bytes; where not all of them can be changed, none is.

        Args:
            address: of the first.
            raw: the new bytes, at least one.

        Raises:
            MemoryFault: they cannot be read or written there.
            TargetGone: the target has exited or executed another program.
            ForkedError: these are the parent process's.
            ArgumentError: there are no bytes.

        >>> Patches(attach(Buffer(bytearray(b"abc"), base=16))).add(16, b"X")
        <Patch 0x10 61 -> 58>
        """
        self._life.check()
        arguments.address(address)
        raw = arguments.raw("raw", raw)
        if not raw:
            raise ArgumentError("raw", raw, "at least one byte")
        with self._lock:
            before = self._target.read_bytes(address, len(raw))
            try:
                forced = self._write(address, bytes(raw))
            except MemoryFault as error:
                with contextlib.suppress(FarfetchError):
                    self._target.write_bytes(address, before[: error.done], force=True)
                raise
            patch = Patch(self, self._made, address, before, bytes(raw), forced)
            self._made += 1
            self._entries.append(patch)
        return patch

    @property
    def is_forked(self) -> bool:
        """Whether these are the parent process's."""
        return self._life.is_forked

    def _write(self, address: int, raw: bytes) -> bool:
        """Write, by force where it has to be. Returns whether it had to."""
        try:
            self._target.write_bytes(address, raw)
        except MemoryFault as error:
            if error.blocked:
                raise
            self._target.write_bytes(address, raw, force=True)
            return True
        return False

    def _undo(self, patch: Patch, force: bool) -> None:
        self._life.check()
        with self._lock:
            if not patch.active:
                return
            there = self._target.read_bytes(patch.address, len(patch.after))
            if there not in (patch.after, patch.before) and not force:
                raise PatchError(patch.address, patch.after, there)
            if there != patch.before:
                self._write(patch.address, patch.before)
            patch.active = False
            self._entries.remove(patch)
