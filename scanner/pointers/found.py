"""What a pointer scan has found: counted, and to be walked through as far as one likes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from ..engine import cell, check, content, ffi, lib
from ..memory.pointer_path import PointerPath
from .bases import Base, say_base
from .moment import Moment
from .room import Room
from .tasks import Tasks

_LOOKS: Final = 20_000  # steps that the core takes between two looks at signals and cancels
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


def walk(found: Found, sections: frozenset[int], loops: bool) -> Iterator[PointerPath]:
    """The paths from some sections, the best first.

    Raises:
        PointersCancelled: by a cancel since the walk began.
    """
    cancels = found.tasks.cancels
    wanted = ffi.new("bool[]", [i in sections for i in range(len(found.bases))] or [False])
    out = cell("walk")
    check(lib.ff_walk_create(found.handle, wanted, loops, found.shortest, out))
    handle = content(out, uses=found.handle)
    paths = ffi.new("struct ff_path[]", _BATCH)
    offsets = ffi.new("int64_t[]", _BATCH * found.depth)
    needs = ffi.new("uint32_t *")
    batch = _FIRST
    while not lib.ff_walk_ended(handle):
        count = check(lib.ff_walk_next(handle, _LOOKS, batch, paths, offsets, needs))
        for i in range(count):
            path = paths[i]
            first = i * found.depth
            yield PointerPath(
                found.name_base(path.section, path.base),
                tuple(ffi.unpack(offsets + first, path.steps)),
            )
        if count == batch:
            batch = _BATCH
        found.tasks.check(cancels)
        if needs[0]:
            found.make_reachable(needs[0], cancels)


def _result(task: Any) -> int:
    return int(lib.ff_task_result(task))
