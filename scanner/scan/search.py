"""Searches: what a scan's steps have the core look for, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ..compiler.predicate import Program, compile_bound
from ..compiler.residue import Filter
from ..engine import lib
from ..errors import FarfetchError, ScanCancelled, ScanClosed, ScanOrderError, ValueKindError
from ..memory.page_state import PageState
from ..memory.regions import Region
from ..predicates.binding import bind
from ..predicates.bound_tree import BoundPredicate
from ..predicates.nodes import Predicate, Source
from ..values.convert import decode as decode_value
from .disk import Store
from .history import Kept, Step
from .job import JobSpec, ProgressFunction
from .plan import Ground, lay_out
from .state import ScanState

_MANY: Final = 1 << 16  # matches, from which on it pays to know which pages are clean


def first_search(
    scan: ScanState, tree: Predicate, progress: ProgressFunction | None, cancels: int
) -> tuple[Ground, Kept]:
    """Look at every address; :meth:`.Scan.first` says what is raised."""
    bound = bind(tree, scan.layout)
    program = compile_bound(bound)
    missing = sorted(program.streams.keys() - {"now"})
    if missing:
        reason = f"{missing[0]} needs an earlier scan; begin with a value, or with ? for unknown"
        raise ScanOrderError(f"{tree}: {reason}")
    regions = scan.target.regions()
    ranges = scan.where.select(regions, scan.target.modules(regions))
    share = scan.arena.share if scan.budget.values is None else None
    limits = scan.budget.of(scan.directory, share)
    store = Store(scan.directory, scan.threads, limits.disk, arena=scan.arena, values=limits.values)
    sought = bound.regexes
    least = bound.layout.least
    if scan.layout.size is None:
        least = min((regex.least for regex in sought), default=least)
    handle = lay_out(ranges, scan.align, least, program.span, scan.chunk)
    ground = Ground(
        bound.layout, sought[0] if sought else None, least, ranges, handle, store, limits
    )
    filtering = _filter(scan, bound, program, ground)
    spec = _spec(scan, program, ground, limits.memory, filtering)
    pages = scan.target.memory.pages
    if pages.is_sparse(ranges):
        _leave_out_untouched(spec, pages, regions)
    epoch = _new_epoch(scan, program, pages)
    return ground, _run(scan, spec, filtering, epoch, progress, cancels)


def next_search(
    scan: ScanState,
    tree: Predicate,
    path: tuple[Step, ...],
    progress: ProgressFunction | None,
    cancels: int,
) -> Kept:
    """Look at the matches of a path's last step; :meth:`.Scan.next` says what is raised."""
    ground, before = scan.history.present.ground, path[-1]
    if ground is None:
        raise ScanClosed("step")  # by a reset, just now
    bound = bind(tree, ground.layout)
    program = compile_bound(bound)
    kept: dict[Source, Kept] = {"prev": before, "first": path[0]}
    for source in program.streams:
        if source.startswith("@"):
            kept[source] = scan.history.snapshot(source[1:])
    left = ground.limits.memory - scan.memory
    filtering = _filter(scan, bound, program, ground)
    spec = _spec(scan, program, ground, left, filtering)
    spec.core.candidates = spec.lend(before.held.get().matches)
    for source, stream in program.streams.items():
        if source != "now":
            spec.core.streams[stream] = spec.lend(kept[source].held.get().snapshot)
    pages, epoch, many = scan.target.memory.pages, None, before.result.matches >= _MANY
    trusted = scan.soft_dirty and pages.trusts(before.epoch)
    if trusted:
        spec.core.pages = spec.lend(pages.handle)
        spec.core.prev = spec.lend(before.held.get().snapshot)
        epoch = before.epoch
    elif many:
        epoch = _new_epoch(scan, program, pages)
    if many and pages.is_sparse(ground.ranges):
        _leave_out_untouched(spec, pages, scan.target.regions())
    made = _run(scan, spec, filtering, epoch, progress, cancels)
    if trusted and pages.epoch != before.epoch:
        # another scan had the kernel forget meanwhile, and what was written before was missed
        made.release()
        return next_search(scan, tree, path, progress, cancels)
    # too much has been written to meanwhile: better begin anew
    worn = epoch == before.epoch and made.result.bytes > ground.extent // 2
    return replace(made, epoch=None) if worn else made


def _leave_out_untouched(spec: JobSpec, pages: PageState, regions: list[Region]) -> None:
    """Have pages that nobody touched be taken for zeros, and not read."""
    spec.core.pages = spec.lend(pages.expecting_zeros(regions))
    spec.core.untouched = True


def _new_epoch(scan: ScanState, program: Program, pages: PageState) -> int | None:
    """Begin one where many matches, and so pages to leave out, are to be expected."""
    return pages.forget() if scan.soft_dirty and not program.constant else None


def _filter(
    scan: ScanState, bound: BoundPredicate, program: Program, ground: Ground
) -> Filter | None:
    """What looks closer at the core's matches, where that is needed."""
    if not (program.is_weaker or ground.regex):
        return None

    def fields(raw: bytes) -> Any:
        try:
            return decode_value(scan.type, raw, bits=scan.bits)
        except ValueKindError:
            return {}  # bytes that are no such structure have no fields

    decode = fields if scan.layout.kind == "struct" else bytes
    return Filter(bound, program.streams, decode)


def _spec(
    scan: ScanState,
    program: Program,
    ground: Ground,
    memory: int,
    filtering: Filter | None,
) -> JobSpec:
    spec = JobSpec()
    core = spec.core
    core.grid, core.program = spec.lend(ground.handle), spec.lend(program.handle)
    core.store = spec.lend(ground.store.handle)
    core.reader = spec.lend(scan.target.memory.reader)
    core.threads, core.isa, core.memory = scan.threads, scan.isa, max(0, memory)
    core.ntypes = len(program.parts)
    core.types[0 : core.ntypes] = [spec.lend(part) for part in program.parts]
    core.type_aligns[0 : len(scan.part_aligns)] = scan.part_aligns
    if filtering:
        core.filter, core.context = lib.ff_filter_in_python, spec.lend(filtering.handle)
    return spec


def _run(
    scan: ScanState,
    spec: JobSpec,
    filtering: Filter | None,
    epoch: int | None,
    progress: ProgressFunction | None,
    cancels: int,
) -> Kept:
    try:
        made = scan.jobs.run(spec, epoch, scan.directory, progress, cancels)
    except ScanCancelled:
        scan.target.check()  # one that was closed or has gone says more
        raise
    except OSError as error:
        if filtering and filtering.error:
            wrong, filtering.error = filtering.error, None
            raise wrong from None
        scan.target.check()
        scan.target.memory.check(-(error.errno or 0))
        raise
    try:
        # what ran on into another program's memory is no result
        scan.target.check()
        if epoch is not None:
            scan.target.memory.pages.remember_dirty(scan.target.regions(), epoch)
    except FarfetchError:
        made.release()
        raise
    return made
