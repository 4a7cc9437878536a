"""Patching: bytes that are changed, with the old ones kept so that they can be put back."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, Literal, TypeVar

from .. import arguments
from ..errors import (
    ArgumentError,
    CodeError,
    FarfetchError,
    MemoryFault,
    PatchError,
    TargetClosed,
)
from ..lifetime.bound import Bound, Scoped
from ..lifetime.life import Life
from ..memory.changes import Change
from ..memory.space import Space
from ..predicates.byte_pattern import Pattern

#: What a patch does to the code that was there.
Kind = Literal["patch", "nop", "hook"]
#: How code is written: with threads stopped where that can be done, by one store, or only with
#: threads stopped.
Way = Literal["stopped", "store", "only stopped"]

_WORD: Final = 8  # bytes that one store writes, if they begin at a multiple of it


def is_one_store(address: int, size: int) -> bool:
    """Whether bytes lie in one aligned word, so that nobody sees half of what is written there.

    >>> is_one_store(0x1003, 5), is_one_store(0x1004, 5)
    (True, False)
    """
    return address % _WORD + size <= _WORD


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
        kind: ``"patch"``, or ``"nop"`` and ``"hook"`` as :class:`.Target` makes them.

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
        kind: Kind = "patch",
        way: Way = "stopped",
    ) -> None:
        self.number = number
        self.address = address
        self.before = before
        self.after = after
        self.forced = forced
        self.active = True
        self.kind = kind
        self._way = way
        self._signature: Pattern | None = None
        self._patches = patches

    @property
    def signature(self) -> Pattern:
        """The pattern by which the code that was there is found again, in other builds too.

        It is made when it is asked for, of the code as it was before all patches, and kept.

        Raises:
            CodeError: it is in no module's code, or no pattern is unique.
            TargetGone: the target has exited before it was asked for.

        >>> attach(Buffer(bytearray(b"abc"), base=16)).patch(17, b"X").signature
        Traceback (most recent call last):
        farfetch.scanner.CodeError: the code at 0x11: it is in no module's code, so there is
            nothing to be unique in
        """
        if self._signature is None:
            self._signature = self._patches._sign(self.address)
        return self._signature

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

    def _back(self, there: bytes) -> list[Change]:
        """The changes that undo it, where other bytes are there now."""
        return [Change(self.address, there, self.before)]

    def _leave(self) -> None:
        if not self._patches.is_forked:  # a child that leaves the block leaves it to its parent
            self.undo()

    def __repr__(self) -> str:
        change = f"{self.before.hex(' ')} -> {self.after.hex(' ')}"
        return f"<{type(self).__name__} 0x{self.address:x} {change}>"


Made = TypeVar("Made", bound=Patch)


class Patches(Bound):
    """The patches of one target.

    Code that runs is written so that no thread sees half of it: threads that might are stopped for
    a tenth of a millisecond, and those within the old bytes are led out of them first.

    Args:
        target: whose bytes they change.
        sign: makes the signature of an address; nothing has one if None.

    >>> patches = Patches(attach(Buffer(bytearray(b"abc"), base=16)))  # as target.patch() does
    >>> first_patch, second_patch = patches.add(16, b"X"), patches.add(17, b"Y")
    >>> first_patch.undo()
    >>> patches.entries == (second_patch,), second_patch.number
    (True, 1)
    """

    def __init__(self, target: Space, *, sign: Callable[[int], Pattern] | None = None) -> None:
        self._target = target
        self._signs = sign
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
        return self._make(Patch, address, raw)

    def _make(
        self,
        made: Callable[..., Made],
        address: int,
        raw: bytes,
        *,
        before: bytes | None = None,
        kind: Kind = "patch",
        way: Way = "stopped",
    ) -> Made:
        """Change bytes as :meth:`add` does.

        Args:
            made: what the patch is.
            address: of the first.
            raw: the new bytes.
            before: what has to be there; whatever is there if None.
            kind: what it does.
            way: how it is written.
        """
        self._life.check()
        address = arguments.address(address)
        raw = bytes(arguments.raw("raw", raw))
        if not raw:
            raise ArgumentError("raw", raw, "at least one byte")
        with self._lock:
            there = self._target.read_bytes(address, len(raw))
            if before is not None and there != before:
                raise PatchError(address, before, there)
            forced = self._write([Change(address, there, raw)], way)
            patch = made(self, self._made, address, there, raw, forced, kind, way)
            self._made += 1
            self._entries.append(patch)
        return patch

    @property
    def is_forked(self) -> bool:
        """Whether these are the parent process's."""
        return self._life.is_forked

    def original(self, address: int, raw: bytes) -> bytes:
        """Bytes as they were before all patches.

        Args:
            address: of the first.
            raw: what is there now.

        >>> patches = Patches(attach(Buffer(bytearray(b"abc"), base=16)))
        >>> patch = patches.add(17, b"X")
        >>> patches.original(16, b"aXc")
        b'abc'
        """
        address, raw = arguments.address(address), bytes(arguments.raw("raw", raw))
        found = bytearray(raw)
        for patch in reversed(self.entries):
            start = max(address, patch.address)
            end = min(address + len(raw), patch.address + len(patch.after))
            if start < end:
                kept = patch.before[start - patch.address : end - patch.address]
                found[start - address : end - address] = kept
        return bytes(found)

    def _sign(self, address: int) -> Pattern:
        self._life.check()
        if self._signs is None:
            raise CodeError(address, "the patches were made without their target")
        return self._signs(address)

    def _write(self, changes: list[Change], way: Way) -> bool:
        """Write all or none; returns whether a place was not the target's to write.

        The first change is the patch's own.
        """
        [first, *more] = changes
        if way == "only stopped" or more or (way == "stopped" and self._may_run(first)):
            try:
                self._target.memory.change(changes)
            except (MemoryFault, PatchError):
                self._target.check()
                raise
            except FarfetchError:  # they cannot be stopped
                self._target.check()
                if way == "only stopped" or more:
                    raise
            else:
                self._target.check()
                return not self._is_writable(first.address)
        try:
            return self._store(first.address, first.after)
        except MemoryFault as error:
            with contextlib.suppress(FarfetchError):
                kept = first.before[: error.done]
                self._target.write_bytes(first.address, kept, force=True)
            raise

    def _may_run(self, change: Change) -> bool:
        """Whether bytes are code of which a thread might see a part."""
        if len(change.after) < 2:
            return False
        regions = self._target.regions()
        return any(change.address in region and region.executable for region in regions)

    def _is_writable(self, address: int) -> bool:
        return any(address in region and region.writable for region in self._target.regions())

    def _store(self, address: int, raw: bytes) -> bool:
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
                self._write(patch._back(there), patch._way)
            patch.active = False
            self._entries.remove(patch)
