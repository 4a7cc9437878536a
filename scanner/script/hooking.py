"""Hooking: a jump out of the target's code, to code of ours and back."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import Any, Final

from ..code.caves import find_cave
from ..code.hook import ORIGINALS, Hook, Original, Room
from ..code.moving import JUMP, replaced_by_jump
from ..code.nops import padding
from ..code.symbols import Symbols
from ..errors import ArgumentError, CodeError, FarfetchError, MemoryFault
from ..live.patch import Patches, Way, is_one_store
from ..memory.space import Space
from .assembling import assembled

_BLOCK: Final = 1 << 16  # bytes that are allocated for several hooks
_ALIGN: Final = 16
_NEAR: Final = (1 << 31) - (1 << 20)
_SLACK: Final = 32  # bytes that code may grow by elsewhere


class _Block:
    """Memory that was allocated for hooks; nothing in it is given back.

    Args:
        address: of the first byte.
        size: in bytes.
    """

    def __init__(self, address: int, size: int) -> None:
        self.next = address
        self.end = address + size

    def reaches(self, address: int) -> bool:
        """Whether jumps between it and an address are possible."""
        return max(abs(self.next - address), abs(self.end - address)) < _NEAR


class Hooks:
    """The hooks of one target, and where their code is.

    Args:
        space: the target.
        functions: of its modules.
        patches: of the target.
    """

    def __init__(self, space: Space, functions: Symbols, patches: Patches) -> None:
        self._space = space
        self._functions = functions
        self._patches = patches
        self._blocks: list[_Block] = []
        self._rooms: dict[tuple[int, str | bytes, Original], Room] = {}
        self._lock = threading.RLock()

    def add(self, address: int, code: str | bytes, original: Original) -> Hook:
        """Hook an address; see :meth:`.Target.hook`."""
        if not isinstance(code, str | bytes) or not code.strip():
            raise ArgumentError("code", code, "instructions, or their bytes")
        if not isinstance(original, str) or original not in ORIGINALS:
            raise ArgumentError("original", original, "'after', 'before' or 'none'")
        self._space.check()
        with self._lock:
            taken = replaced_by_jump(self._space, self._functions, address)
            size = sum(decoded.len for decoded in taken)
            before = self._space.read_bytes(address, size)
            room = self._room((address, code, original), taken, size)
            try:
                return self._jump(address, taken, before, room)
            except FarfetchError:
                self._leave(room)
                raise

    def _jump(self, address: int, taken: list[Any], before: bytes, room: Room) -> Hook:
        distance = room.address - (address + JUMP)
        jump = b"\xe9" + (distance % (1 << 32)).to_bytes(4, "little")
        way: Way = "only stopped"
        if taken[0].len >= JUMP and is_one_store(address, JUMP):
            way = "store"
            if not is_one_store(address, len(before)):
                before = before[:JUMP]  # the rest is never reached
        raw = jump + padding(len(before) - JUMP)
        made = partial(Hook, room=room)
        return self._patches._make(made, address, raw, before=before, kind="hook", way=way)

    def _room(self, key: tuple[int, str | bytes, Original], taken: list[Any], size: int) -> Room:
        """Put the code where there is room for it; where it is already, if it is."""
        address = key[0]
        known = self._rooms.get(key)
        if known is not None:
            raw = self._built(key, taken, size, known.address)
            if raw == known.raw == self._space.memory.read(known.address, len(raw)):
                return known
        for block in self._blocks:
            if block.reaches(address):
                raw = self._built(key, taken, size, block.next)
                if block.next + len(raw) <= block.end:
                    return self._put(key, block, raw)
        length = max(_BLOCK, len(self._built(key, taken, size, address)) + _SLACK)
        try:
            block = _Block(self._space.memory.allocate(length, near=address), length)
        except FarfetchError as refused:
            self._space.check()
            return self._in_cave(key, taken, size, refused)
        self._blocks.append(block)
        return self._put(key, block, self._built(key, taken, size, block.next))

    def _put(self, key: tuple[int, str | bytes, Original], block: _Block, raw: bytes) -> Room:
        room = Room(key, block.next, raw, self._space.bits)
        self._space.write_bytes(room.address, raw, force=True)
        block.next += len(raw) + -len(raw) % _ALIGN
        self._rooms[key] = room
        return room

    def _in_cave(
        self,
        key: tuple[int, str | bytes, Original],
        taken: list[Any],
        size: int,
        refused: FarfetchError,
    ) -> Room:
        address = key[0]
        length = len(self._built(key, taken, size, address)) + _SLACK
        cave = find_cave(self._space, length, address)
        if cave is None:
            raise CodeError(
                address, f"there is no room for {length} bytes near it: {refused}"
            ) from None
        raw = self._built(key, taken, size, cave.address)
        there = self._space.read_bytes(cave.address - 1, 1 + len(raw))
        room = Room(key, cave.address, raw, self._space.bits, there)
        if len(raw) > cave.size:
            raise CodeError(address, "there is no room for it near it") from None
        try:
            self._space.write_bytes(room.address, raw, force=True)
        except MemoryFault as error:
            with contextlib.suppress(FarfetchError):
                self._space.write_bytes(room.address, there[1 : 1 + error.done], force=True)
            raise
        self._rooms[key] = room
        return room

    def _leave(self, room: Room) -> None:
        """Take back what was put into padding for a hook that was not made."""
        if room.padding is not None:
            with contextlib.suppress(FarfetchError):
                self._space.write_bytes(room.address, room.padding[1:], force=True)

    def _built(
        self, key: tuple[int, str | bytes, Original], taken: list[Any], size: int, at: int
    ) -> bytes:
        """The code for a place: what was given, what was there, and the jump back."""
        address, code, original = key
        text = code if isinstance(code, str) else f"db {code.hex(' ')}"
        moved = [f"reassemble(0{decoded.ip:X})" for decoded in taken]
        moved = ["label(original)", "original:", *moved]
        lines = {
            "after": [text, *moved],
            "before": [*moved, text],
            "none": [text],
        }[original]
        whole = "\n".join([*lines, "jmp back"])
        own, ahead = {"back": address + size}, len(moved) if original == "before" else 0
        return assembled(self._space, self._functions, at, whole, own, ahead=ahead)
