"""Deleting matches: a step that looks at nothing, and leaves some of the matches out."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterable
from typing import Any

from .. import arguments
from ..engine import cell, check, content, ffi, lib
from ..errors import ArgumentError, BudgetError, MatchIndexError, ScanClosed
from ..memory.region_filter import Where, filter_of
from ..memory.regions import Range, merged
from .history import Kept, Present, Step, addresses_of, hold
from .results import FaultSet, ScanResult
from .state import ScanState

Which = int | slice | Iterable[int]
_SHOWN = 4  # runs of indexes that a step's text names


def without_matches(
    scan: ScanState, path: tuple[Step, ...], which: Which, where: str | Where | None
) -> tuple[Kept, str]:
    """What is left of a path's matches, and what was deleted as text; see :meth:`.Scan.delete`."""
    started = time.monotonic()
    present = scan.history.present
    if present.ground is None:
        raise ScanClosed("step")  # by a reset, just now
    runs = _runs(which, present.total)
    ranges = [_addresses(present, run) for run in runs]
    said = [str(run.start) if len(run) == 1 else f"{run.start}..{run[-1]}" for run in runs]
    text = ", ".join(said[:_SHOWN]) + (", ..." if len(said) > _SHOWN else "")
    if where is not None:
        chosen = filter_of(where)
        regions = scan.target.regions()
        ranges += chosen.select(regions, scan.target.modules(regions))
        text = f"{text}, {chosen}" if text else str(chosen)
    before = path[-1].held.get()
    left = _left(scan, before.matches, merged(ranges))
    grown = int(lib.ff_matchset_bytes(left))
    if grown > max(0, present.ground.limits.memory - scan.memory):
        raise BudgetError("memory", scan.directory)
    count = int(lib.ff_matchset_count(left))
    result = ScanResult(count, 0, 0, time.monotonic() - started, FaultSet(()))
    # nothing was read: the old values are those of the step before
    return Kept(result, hold(left, before.snapshot), path[-1].epoch), text


def _left(scan: ScanState, matches: Any, ranges: list[Range]) -> Any:
    out = cell("matchset")
    listed = ffi.new("struct ff_range[]", [tuple(each) for each in ranges])
    try:
        check(lib.ff_matchset_without(matches, scan.isa, listed, len(ranges), out))
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError("not enough memory to keep what is left") from None
        raise
    return content(out)


def _runs(which: Which, total: int) -> list[range]:
    """The indexes of the matches that are meant, ascending: those side by side as one range."""
    if isinstance(which, range) and which.step == 1 and 0 <= which.start < which.stop <= total:
        return [which]
    if isinstance(which, slice):
        return _runs_of_slice(which, total)
    if arguments.is_whole(which):
        which = (which,)  # type: ignore[assignment]  # it is an index
    indexes = set()
    for index in arguments.several("which", which, object, "indexes of matches"):
        number = arguments.whole("an index", index, -arguments.HIGHEST, arguments.HIGHEST)
        wanted = number + total if number < 0 else number
        if not 0 <= wanted < total:
            raise MatchIndexError(number, total)
        indexes.add(wanted)
    return _joined(sorted(indexes))


def _runs_of_slice(which: slice, total: int) -> list[range]:
    try:
        chosen = range(total)[which]
    except (TypeError, ValueError):
        expected = "whole numbers, and a step not 0"
        raise ArgumentError("which", which, expected) from None
    if chosen.step < 0:
        chosen = chosen[::-1]
    return [chosen] if chosen and chosen.step == 1 else _joined(chosen)


def _joined(indexes: Iterable[int]) -> list[range]:
    runs: list[range] = []
    for index in indexes:
        if runs and index == runs[-1].stop:
            runs[-1] = range(runs[-1].start, index + 1)
        else:
            runs.append(range(index, index + 1))
    return runs


def _addresses(present: Present, run: range) -> Range:
    """From the address of the first of some matches to that of the last, included."""
    (first,) = addresses_of(present, run.start, 1)
    (last,) = addresses_of(present, run[-1], 1)
    return Range(first, last + 1)
