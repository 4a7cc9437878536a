"""What a pointer scan has found: counted, and to be walked through as far as one likes."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from ..engine import cell, check, content, ffi, lib
from ..lifetime.life import Held
from ..memory.pointer_path import PointerPath
from .bases import Base, say_base
from .moment import Moment
from .room import Room
from .tasks import Tasks

_LOOKS: Final = 20_000  # steps that the core takes between two looks at signals and cancels
_PATH: Final = struct.Struct("=QII")  # struct ff_path
_BATCH: Final = 256  # paths that it hands over at a time
_FIRST: Final = 16  # of the first batch: somebody waits for it


@dataclass(frozen=True)
class Found:
    """The core's levels and paths of a scan, and what is known of them.

    Attributes:
        moment: of the first map.
        labels: of its modules.
        address: that paths lead to there.
        depth: pointers that a path follows at the most.
        shortest: that it follows at the least.
        bases: that all maps have; the core's sections.
        levels: the core's, of each map.
        rooms: of each map.
        handle: the core's paths.
        tasks: that make what walks need.
        threads: of these.
        changed: labels of modules of which another map has another build.
        making: one such task at a time.
    """

    moment: Moment
    labels: list[str]
    address: int
    depth: int
    shortest: int
    bases: Sequence[Base]
    levels: Sequence[Any]
    rooms: Sequence[Room]
    handle: Any
    tasks: Tasks
    threads: int
    changed: tuple[str, ...]
    making: Any = field(default_factory=threading.RLock)

    def make_reachable(self, steps: int, cancels: int) -> None:
        """Have the core know from where so many steps lead to the address."""
        with self.making:
            for levels, room in zip(self.levels, self.rooms, strict=True):
                self.tasks.do(
                    partial(lib.ff_reach_start, levels, steps, self.threads), _result, room, cancels
                )

    def total(self, steps: int, section: int) -> int:
        """How many paths of so many steps begin in a section."""
        low, high = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        lib.ff_paths_total(self.handle, steps, section, low, high)
        return int(low[0]) | int(high[0]) << 64

    @property
    def saturated(self) -> bool:
        """Whether some count was too high to be exact."""
        return bool(lib.ff_paths_saturated(self.handle))

    def name_base(self, section: int, address: int) -> str:
        """The base of a path, as text."""
        return say_base(self.moment, self.labels, self.bases[section], address)


class Block(NamedTuple):
    """Some paths, as the core hands them over.

    Attributes:
        bases: of each, as text.
        paths: the core's.
        offsets: the core's: ``depth`` of each, of which it has as many as steps.
        depth: pointers that one follows at the most.
    """

    bases: list[str]
    paths: Any
    offsets: Any
    depth: int


class Walk(Iterator[PointerPath]):
    """The paths from some sections, the best first; for one thread at a time.

    Attributes:
        cancels: of the found's tasks, when what goes on now was asked for.

    Args:
        held: whose paths they are; ends when it is let go.
        sections: that they begin in.
        loops: whether to list those that come by a place twice.
        batch: paths that the core hands over at a time.
    """

    def __init__(
        self, held: Held[Found], sections: frozenset[int], loops: bool, batch: int = _BATCH
    ) -> None:
        found = held.get()
        self._held = held
        self.cancels = found.tasks.cancels
        wanted = ffi.new("bool[]", [i in sections for i in range(len(found.bases))] or [False])
        out = cell("walk")
        check(lib.ff_walk_create(found.handle, wanted, loops, found.shortest, out))
        self._handle = content(out, uses=found.handle)
        self._paths = ffi.new("struct ff_path[]", batch)
        self._offsets = ffi.new("int64_t[]", batch * found.depth)
        self._needs = ffi.new("uint32_t *")
        self._named, self._base = -1, ""  # the last base, as a number and as text
        self._most, self._batch = batch, min(batch, _FIRST)
        self._ready: Iterator[PointerPath] = iter(())  # of a batch
        self._count = self._next = 0  # of the batch: how many there are, and which comes

    def __next__(self) -> PointerPath:
        """The next one.

        Raises:
            PointersCancelled: by a cancel meanwhile.
            PointersClosed: they were closed meanwhile.
            ForkedError: they are the parent process's.
        """
        found = self._held.get()
        path = next(self._ready, None)
        if path is None:
            if not self._find(found):
                raise StopIteration
            self._ready = iter(self._decoded(found))
            path = next(self._ready)
        return path

    def _decoded(self, found: Found) -> list[PointerPath]:
        """The paths of the batch: all at once, which takes a third of one by one."""
        first, count, depth = self._next, self._count - self._next, found.depth
        self._next = self._count
        raw = ffi.buffer(self._paths + first, count * _PATH.size)
        offsets = ffi.unpack(self._offsets + first * depth, count * depth)
        paths, new = [], tuple.__new__
        for row, (address, section, steps) in enumerate(_PATH.iter_unpack(raw)):
            if address != self._named:  # one base after the other
                self._named, self._base = address, found.name_base(section, address)
            at = row * depth
            paths.append(new(PointerPath, (self._base, tuple(offsets[at : at + steps]))))
        return paths

    def block(self, most: int) -> Block:
        """The next ones at once, up to so many; none at the end. Raises as a next one does."""
        found = self._held.get()
        rows = min(most, self._count - self._next) if self._find(found) else 0
        first, self._next = self._next, self._next + rows
        bases = [self._name(found, self._paths[first + i]) for i in range(rows)]
        return Block(bases, self._paths + first, self._offsets + first * found.depth, found.depth)

    def _name(self, found: Found, path: Any) -> str:
        if path.base != self._named:  # one base after the other
            self._named, self._base = path.base, found.name_base(path.section, path.base)
        return self._base

    def _find(self, found: Found) -> bool:
        """Have the next one, if there is one."""
        while self._next == self._count:
            if lib.ff_walk_ended(self._handle):
                return False
            self._go_on(found)
        return True

    def _go_on(self, found: Found) -> None:
        if self._needs[0]:
            found.make_reachable(self._needs[0], self.cancels)
        found.tasks.check(self.cancels)
        count = lib.ff_walk_next(
            self._handle, _LOOKS, self._batch, self._paths, self._offsets, self._needs
        )
        self._next, self._count = 0, check(count)
        if self._count == self._batch:
            self._batch = self._most


def _result(task: Any) -> int:
    return int(lib.ff_task_result(task))
