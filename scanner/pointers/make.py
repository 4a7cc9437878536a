"""Making pointer maps: a job that reads, and a task that sorts."""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from ..compiler.predicate import compile_predicate
from ..engine import cell, check, content, ffi, isa, isa_index, lib
from ..errors import PointersCancelled, ScanCancelled
from ..images.builds import build_of
from ..memory.region_filter import Where
from ..memory.regions import Range
from ..memory.space import Space
from ..predicates.nodes import now
from ..scan.disk import Store
from ..scan.history import History
from ..scan.job import JobSpec, ProgressFunction
from ..scan.plan import lay_out
from ..scan.results import Progress
from ..scan.turns import Turns
from ..values.convert import layout_of, u32, u32be, u64, u64be
from .moment import Moment, Order
from .room import Room
from .tasks import Tasks, failure

_TYPES = {(32, "little"): u32, (32, "big"): u32be, (64, "little"): u64, (64, "big"): u64be}


class Plan(NamedTuple):
    """How a map is to be made.

    Attributes:
        where: which regions.
        align: bytes between the addresses looked at.
        order: of the bytes of a pointer.
        threads: that work on it.
        chunk: bytes that a thread reads at a time.
        goal: that paths are looked for to.
    """

    where: Where
    align: int
    order: Order
    threads: int
    chunk: int
    goal: int | None


def make_map(
    target: Space, plan: Plan, room: Room, progress: ProgressFunction | None
) -> tuple[Any, Moment]:
    """The core's map of a target's pointers, and the moment that it is of.

    Takes part in the turns of the target's scans, so that closing it stops this, too.
    """
    tasks = Tasks("map")
    turns = Turns(target, History(), tasks)
    try:
        return turns.step(lambda cancels: _Making(target, plan, room, tasks, cancels).run(progress))
    except PointersCancelled:
        raise
    except ScanCancelled as error:
        target.check()
        raise PointersCancelled("map", error.done, error.total) from None


class _Making:
    def __init__(self, target: Space, plan: Plan, room: Room, tasks: Tasks, cancels: int) -> None:
        self._target = target
        self._plan = plan
        self._room = room
        self._tasks = tasks
        self._cancels = cancels
        self._bits = target.bits
        self._collector: Any = None

    def run(self, progress: ProgressFunction | None) -> tuple[Any, Moment]:
        target, plan = self._target, self._plan
        started, made = time.monotonic(), time.time()
        regions = target.regions()
        modules = target.modules(regions)
        ranges = plan.where.select(regions, modules)
        builds = tuple(build_of(target.memory.read, module.base) for module in modules)
        stacks = tuple(target.memory.stacks())
        result = self._collect(ranges, progress)
        handle = self._sort()
        target.check()
        moment = Moment(
            target.memory.title,
            target.memory.program,
            self._bits,
            plan.order,
            plan.align,
            str(plan.where),
            made,
            time.monotonic() - started,
            result.bytes,
            result.faults,
            tuple(ranges),
            tuple(regions),
            tuple(modules),
            builds,
            plan.goal,
            stacks,
        )
        return handle, moment

    def _collect(self, ranges: Sequence[Range], progress: ProgressFunction | None) -> Any:
        """Read the ranges, and have the collector look at each word in question."""
        plan, target, room = self._plan, self._target, self._room
        word = self._bits // 8
        out = cell("collector")
        listed = ffi.new("struct ff_range[]", [tuple(one) for one in ranges])
        swapped = plan.order == "big"
        check(lib.ff_collector_create(listed, len(ranges), word, swapped, room.handle, out))
        self._collector = content(out)
        spec = JobSpec()
        core = spec.core
        core.grid = spec.lend(lay_out(ranges, plan.align, word, word, plan.chunk))
        core.program = spec.lend(self._program(ranges))
        core.store = spec.lend(Store(room.directory, plan.threads, 0).handle)
        core.reader = spec.lend(target.memory.reader)
        core.threads, core.isa, core.memory = plan.threads, isa_index(isa()), 1 << 62
        core.filter, core.context = ffi.addressof(lib, "ff_collect"), self._collector
        pages = target.memory.pages
        if pages.is_sparse(ranges):
            core.pages = spec.lend(pages.expecting_zeros(target.regions()))
            core.untouched = True
        try:
            found = self._tasks.run(
                spec, None, room.directory, self._counting(progress), self._cancels
            )
        except ScanCancelled:
            target.check()  # one that was closed or has gone says more
            raise
        except (OSError, MemoryError) as error:
            self._explain(error)
            raise
        except Exception as error:  # the budget is the collector's alone
            if lib.ff_collector_failed_in_room(self._collector):
                raise failure(errno.ENOBUFS, room) from error
            raise
        found.release()
        return found.result

    def _explain(self, error: Exception) -> None:
        code = error.errno or 0 if isinstance(error, OSError) else errno.ENOMEM
        if lib.ff_collector_failed_in_room(self._collector):
            raise failure(code, self._room) from None
        self._target.check()
        self._target.memory.check(-code)

    def _program(self, ranges: Sequence[Range]) -> Any:
        """What lets pass that is neither below the lowest address nor above the highest."""
        highest = (1 << self._bits) - 1
        low = min(ranges[0].start, highest)
        high = min(ranges[-1].end - 1, highest)
        tree = (now >= low) & (now <= high)
        layout = layout_of(_TYPES[self._bits, self._plan.order])
        return compile_predicate(tree, layout).handle

    def _counting(self, progress: ProgressFunction | None) -> ProgressFunction | None:
        """The progress function, told of pointers instead of the job's matches: it has none."""
        if progress is None:
            return None

        def report(seen: Progress) -> object:
            return progress(seen._replace(matches=lib.ff_collector_count(self._collector)))

        return report

    def _sort(self) -> Any:
        out = cell("pointers")
        self._tasks.do(
            partial(lib.ff_collector_map_start, self._collector, self._plan.threads),
            lambda task: int(lib.ff_collector_map_finish(task, out)),
            self._room,
            self._cancels,
        )
        return content(out, uses=self._room)
