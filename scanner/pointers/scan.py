"""Pointer scans: what is asked of a map, and the counting of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from .. import arguments
from ..engine import cell, check, content, ffi, lib
from ..errors import ArgumentError
from ..memory.region_filter import Where
from ..memory.regions import Range, cut_out, merged
from .bases import (
    Base,
    Wanted,
    changed_modules,
    find_bases,
    match_modules,
    shift_between,
    without,
)
from .found import Found
from .moment import Moment
from .paths import PointerPaths
from .room import Room
from .tasks import TaskProgress, Tasks

_FARTHEST = 1 << 62  # bytes that an offset may be


class Options(NamedTuple):
    """What is asked of a map; :meth:`.PointerMap.scan` says what each is.

    Attributes:
        windows: the least and the greatest offset of each step, of the last step first.
    """

    address: int
    depth: int
    windows: tuple[tuple[int, int], ...]
    shortest: int
    bases: Wanted
    within: Where | None
    not_through: Where | None
    through_bases: bool

    @classmethod
    def of(
        cls,
        address: int,
        depth: int,
        *,
        max_offset: int,
        min_offset: int,
        bases: Wanted,
        within: str | Where | None,
        not_through: str | Where | None,
        ends_with: Iterable[int],
        through_bases: bool,
    ) -> Options:
        """The options, each looked at.

        Raises:
            ArgumentError: one is out of range.
        """
        depth = arguments.whole("depth", depth, 1, lib.FF_DEPTH_MAX)
        greatest = arguments.whole("max_offset", max_offset, -_FARTHEST, _FARTHEST)
        least = arguments.whole("min_offset", min_offset, -_FARTHEST, _FARTHEST)
        if least > greatest:
            raise ArgumentError("min_offset", min_offset, f"no more than max_offset, {greatest}")
        ends = _offsets(ends_with)
        if len(ends) > depth:
            raise ArgumentError("ends_with", ends_with, f"no more offsets than the depth, {depth}")
        exact = [(offset, offset) for offset in reversed(ends)]
        return cls(
            arguments.address(address),
            depth,
            (*exact, *[(least, greatest)] * (depth - len(exact))),
            max(1, len(exact)),
            bases,
            _where("within", within),
            _where("not_through", not_through),
            arguments.flag("through_bases", through_bases),
        )


class Mapped(NamedTuple):
    """A map, and what paths lead to in it.

    Attributes:
        handle: the core's map.
        moment: that it is of.
        room: that it and its scans take memory from.
        address: that paths lead to.
    """

    handle: Any
    moment: Moment
    room: Room
    address: int


def scan_map(
    maps: Sequence[Mapped],
    options: Options,
    tasks: Tasks,
    threads: int,
    progress: TaskProgress | None,
) -> PointerPaths:
    """Count the paths that maps have in common.

    Args:
        maps: the first one leads.
        options: what is asked.
        tasks: that do it.
        threads: of each.
        progress: called now and then.
    """
    cancels = tasks.cancels
    moment, room = maps[0].moment, maps[0].room
    others = [one.moment for one in maps[1:]]
    first = _bases_of(moment, options)
    matched = [(other, match_modules(moment, other)) for other in others]
    bases, shifts = _in_all(moment, first, matched)
    levels = []
    for handle, one, its_room, address in maps:
        its_bases = first if one is moment else _bases_of(one, options)
        spec = _Spec(handle, one, address, options, its_bases)
        spec.core.room = its_room.handle
        out = cell("levels")
        tasks.do(
            partial(lib.ff_levels_start, spec.core, threads),
            partial(_finish_levels, out),
            its_room,
            cancels,
            progress,
        )
        levels.append(content(out, uses=(its_room, handle)))
    found = Found(
        moment=moment,
        labels=moment.labels,
        address=options.address,
        depth=options.depth,
        shortest=options.shortest,
        bases=bases,
        levels=levels,
        rooms=[one.room for one in maps],
        handle=_paths(levels, bases, shifts),
        tasks=tasks,
        threads=threads,
        changed=changed_modules(moment, matched),
    )
    if others:
        found.make_reachable(options.depth, cancels)
        tasks.do(partial(lib.ff_paths_count_start, found.handle), _result, room, cancels, progress)
    return PointerPaths(found)


def _result(task: Any) -> int:
    return int(lib.ff_task_result(task))


def _finish_levels(out: Any, task: Any) -> int:
    return int(lib.ff_levels_finish(task, out))


class _Spec:
    """The core's description of what to count in one map."""

    def __init__(
        self, handle: Any, moment: Moment, address: int, options: Options, bases: list[Base]
    ) -> None:
        self.core = ffi.new("struct ff_levels_spec *")
        starts = sorted(base.range for base in bases)
        closed = _closed(moment, options, starts)
        self._kept = (
            handle,
            ffi.new("struct ff_window[]", list(options.windows)),
            ffi.new("struct ff_range[]", [tuple(one) for one in starts]),
            ffi.new("struct ff_range[]", [tuple(one) for one in closed]),
        )
        core = self.core
        core.pointers, core.windows, core.bases, core.closed = self._kept
        core.target, core.depth = address, options.depth
        core.nbases, core.nclosed = len(starts), len(closed)
        core.through = options.through_bases


def _bases_of(moment: Moment, options: Options) -> list[Base]:
    bases = find_bases(moment, options.bases)
    if options.not_through is not None:
        bases = without(bases, options.not_through.select(moment.regions, moment.modules))
    return bases


def _closed(moment: Moment, options: Options, bases: Sequence[Range]) -> list[Range]:
    """Where no pointer behind the first may lie, and that is no base; ascending."""
    closed: list[Range] = []
    if options.within is not None:
        inside = options.within.select(moment.regions, moment.modules)
        closed += cut_out(Range(0, arguments.HIGHEST), inside)
    if options.not_through is not None:
        closed += options.not_through.select(moment.regions, moment.modules)
    return [part for one in merged(closed) for part in cut_out(one, bases)]


def _in_all(
    moment: Moment, bases: list[Base], others: Sequence[tuple[Moment, Mapping[int, int]]]
) -> tuple[list[Base], list[list[int]]]:
    """The bases that all moments have, and for each where it is in each of them."""
    kept, shifts = [], []
    for base in bases:
        found = [shift_between(moment, base, other, matched) for other, matched in others]
        there = [one for one in found if one is not None]
        if len(there) == len(found):
            kept.append(base)
            shifts.append([0, *there])
    return kept, shifts


def _paths(levels: Sequence[Any], bases: Sequence[Base], shifts: Sequence[Sequence[int]]) -> Any:
    spec = ffi.new("struct ff_paths_spec *")
    maps = ffi.new("struct ff_levels *[]", list(levels))
    sections = ffi.new("struct ff_section[]", [(*base.range, base.rank) for base in bases])
    listed = ffi.new("int64_t[]", [_signed(one) for row in shifts for one in row])
    spec.maps, spec.nmaps, spec.sections = maps, len(levels), sections
    spec.nsections, spec.shifts = len(bases), listed
    out = cell("paths")
    check(lib.ff_paths_create(spec, out))
    return content(out, uses=tuple(levels))


def _signed(shift: int) -> int:
    """A distance as 64 bits have it; sums with it wrap around."""
    shift %= 1 << 64
    return shift - (1 << 64) if shift >= 1 << 63 else shift


def _offsets(ends_with: object) -> list[int]:
    expected = "offsets, the last one last"
    given = arguments.several("ends_with", ends_with, object, expected)
    return [arguments.whole("ends_with", one, -_FARTHEST, _FARTHEST, expected) for one in given]


def _where(name: str, where: str | Where | None) -> Where | None:
    if where is None or isinstance(where, Where):
        return where
    return Where.parse(arguments.text(name, where))
