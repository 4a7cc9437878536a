"""Hooking: a jump out of the target's code, to code of ours and back."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import Any, Final, NamedTuple

from ..assembler.branches import Form, encode_branch
from ..code.caves import find_cave
from ..code.hook import ORIGINALS, Hook, Original, Room
from ..code.moving import FAR_JUMP, JUMP, replaced_by_jump
from ..code.nops import padding
from ..code.restartable import sequences
from ..code.running import NOTHING_RUNS, region_of
from ..code.symbols import Symbols
from ..errors import (
    ArgumentError,
    AssemblyError,
    CodeError,
    FarfetchError,
    MemoryFault,
    ScriptError,
)
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


class _Site(NamedTuple):
    """A place that is to be hooked.

    Attributes:
        address: of the first instruction that the jump takes the place of.
        code: what is to run.
        original: what becomes of those instructions.
        taken: the library's, all of them.
        jump: bytes of the jump.
    """

    address: int
    code: str | bytes
    original: Original
    taken: list[Any]
    jump: int = JUMP

    @property
    def size(self) -> int:
        """Bytes of the instructions."""
        return sum(decoded.len for decoded in self.taken)

    @property
    def key(self) -> tuple[int, str | bytes, Original]:
        """By which code that is there already is found again."""
        return self.address, self.code, self.original

    def reaches(self, address: int) -> bool:
        """Whether the jump may lead there, and the code back."""
        return self.jump == FAR_JUMP or abs(address - self.address) < _NEAR


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
        self._check_runs(address)
        with self._lock:
            taken = replaced_by_jump(self._space, self._functions, address)
            site = _Site(address, code, original, taken)
            self._check_sequences(address, site.size)
            try:
                room = self._near(site)
            except CodeError as none:
                site, room = self._far(site, none)
            before = self._space.read_bytes(address, site.size)
            try:
                return self._jump(site, before, room)
            except FarfetchError:
                self._leave(room)
                raise

    def _check_runs(self, address: int) -> None:
        """Refuse what is no code, and what others run, too; what is mapped nowhere is not read."""
        region = region_of(self._space, address)
        if region is None:
            return
        if not region.executable:
            raise CodeError(address, NOTHING_RUNS)
        if region.shared:
            whose = region.path or "shared memory"
            reason = f"it is shared (MAP_SHARED) with whoever else maps {whose}"
            raise CodeError(address, f"{reason}, where the code of a hook would not be")

    def _check_sequences(self, address: int, size: int) -> None:
        """Refuse what a thread begins anew when it is interrupted: elsewhere it would not."""
        if self._space.memory.pid is None:
            return
        modules = self._space.modules()
        module = next((module for module in modules if address in module), None)
        for sequence in [] if module is None else sequences(self._space, module):
            if sequence.is_reached(address, size):
                reason = f"it is in a restartable sequence (rseq), of 0x{sequence.start:x}"
                raise CodeError(address, f"{reason} to 0x{sequence.end:x}: hook another place")

    def _jump(self, site: _Site, before: bytes, room: Room) -> Hook:
        if site.jump == JUMP:
            distance = room.address - (site.address + JUMP)
            jump = b"\xe9" + (distance % (1 << 32)).to_bytes(4, "little")
        else:
            jump = encode_branch("jmp", room.address, site.address, 64, Form.FAR)[0]
        way: Way = "only stopped"
        if site.taken[0].len >= site.jump and is_one_store(site.address, site.jump):
            way = "store"
            if not is_one_store(site.address, len(before)):
                before = before[: site.jump]  # the rest is never reached
        raw = jump + padding(len(before) - len(jump))
        made = partial(Hook, room=room)
        return self._patches._make(made, site.address, raw, before=before, kind="hook", way=way)

    def _near(self, site: _Site) -> Room:
        """Put the code where a jump of five bytes reaches; where it is already, if it is."""
        room = self._there(site)
        if room is not None:
            return room
        length = len(self._built(site, site.address)) + _SLACK
        try:
            return self._in_new_block(site, length)
        except FarfetchError as refused:
            self._space.check()
            room = self._in_cave(site, length)
            if room is None:
                reason = f"there is no room for {length} bytes near it: {refused}"
                raise CodeError(site.address, reason) from None
            return room

    def _far(self, near: _Site, none: CodeError) -> tuple[_Site, Room]:
        """Put the code anywhere, if the instructions allow for a jump of fourteen bytes."""
        self._space.check()
        if self._space.bits == 32:
            raise none
        try:
            taken = replaced_by_jump(self._space, self._functions, near.address, FAR_JUMP)
            site = near._replace(taken=taken, jump=FAR_JUMP)
            self._check_sequences(site.address, site.size)
            length = len(self._built(site, _elsewhere(site.address))) + _SLACK
        except (CodeError, AssemblyError, ScriptError) as error:
            reason = f"{none.reason}; and what is farther away does not do: {error.reason}"
            raise CodeError(near.address, reason) from None
        room = self._there(site)
        if room is not None:
            return site, room
        try:
            return site, self._in_new_block(site, length)
        except FarfetchError:
            self._space.check()
            raise none from None

    def _there(self, site: _Site) -> Room | None:
        """What is there already; or what is left of a block, filled."""
        known = self._rooms.get(site.key)
        if known is not None and site.reaches(known.address):
            raw = self._built(site, known.address)
            if raw == known.raw == self._space.memory.read(known.address, len(raw)):
                return known
        for block in self._blocks:
            if site.reaches(block.next) and site.reaches(block.end):
                raw = self._built(site, block.next)
                if block.next + len(raw) <= block.end:
                    return self._put(site, block, raw)
        return None

    def _in_new_block(self, site: _Site, length: int) -> Room:
        near = site.address if site.jump == JUMP else None
        length = max(_BLOCK, length)
        block = _Block(self._space.memory.allocate(length, near=near), length)
        self._blocks.append(block)
        return self._put(site, block, self._built(site, block.next))

    def _put(self, site: _Site, block: _Block, raw: bytes) -> Room:
        room = Room(site.key, block.next, raw, self._space.bits)
        self._space.write_bytes(room.address, raw, force=True)
        block.next += len(raw) + -len(raw) % _ALIGN
        self._rooms[site.key] = room
        return room

    def _in_cave(self, site: _Site, length: int) -> Room | None:
        """Put the code into padding of a module; None where there is none."""
        cave = find_cave(self._space, length, site.address)
        if cave is None:
            return None
        raw = self._built(site, cave.address)
        if len(raw) > cave.size:
            return None
        there = self._space.read_bytes(cave.address - 1, 1 + len(raw))
        room = Room(site.key, cave.address, raw, self._space.bits, there)
        try:
            self._space.write_bytes(room.address, raw, force=True)
        except MemoryFault as error:
            with contextlib.suppress(FarfetchError):
                self._space.write_bytes(room.address, there[1 : 1 + error.done], force=True)
            raise
        self._rooms[site.key] = room
        return room

    def _leave(self, room: Room) -> None:
        """Take back what was put into padding for a hook that was not made."""
        if room.padding is not None:
            with contextlib.suppress(FarfetchError):
                self._space.write_bytes(room.address, room.padding[1:], force=True)

    def _built(self, site: _Site, at: int) -> bytes:
        """The code for a place: what was given, what was there, and the jump back."""
        code = site.code
        text = code if isinstance(code, str) else f"db {code.hex(' ')}"
        moved = [f"reassemble(0{decoded.ip:X})" for decoded in site.taken]
        moved = ["label(original)", "original:", *moved]
        return assembled(
            self._space,
            self._functions,
            at,
            text,
            {"back": site.address + site.size},
            before="\n".join(moved) if site.original == "before" else "",
            behind="\n".join([*(moved if site.original == "after" else ()), "jmp back"]),
        )


def _elsewhere(address: int) -> int:
    """An address that no jump of five bytes reaches from another."""
    return 1 << 16 if address > 1 << 33 else 1 << 40
