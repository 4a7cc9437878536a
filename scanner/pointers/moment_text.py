"""Moments as JSON has them, in the header of a pointer map's file, and back."""

from __future__ import annotations

import itertools
import math
from typing import Any, Final

from ..arguments import HIGHEST
from ..memory.modules import Module
from ..memory.regions import Range, Region
from ..memory.stacks import Stack
from ..scan.results import FaultSet
from .moment import Moment, Order

_THREADS: Final = 1 << 22  # more than Linux has
_REGION: Final = ("start", "end", "perms", "offset", "device", "inode", "path", "deleted")


def moment_to(moment: Moment) -> dict[str, Any]:
    """What :func:`moment_from` takes."""
    return {
        "name": moment.name,
        "program": moment.program,
        "bits": moment.bits,
        "order": moment.order,
        "align": moment.align,
        "where": moment.where,
        "made": moment.made,
        "seconds": moment.seconds,
        "bytes": moment.bytes,
        "faults": _pairs(moment.faults.ranges),
        "blocked": _pairs(moment.faults.blocked),
        "ranges": _pairs(moment.ranges),
        "regions": [_row(region) for region in moment.regions],
        "modules": [
            {
                "name": module.name,
                "path": module.path,
                "base": module.base,
                "end": module.end,
                "build": build,
                "regions": [_row(region) for region in module.regions],
            }
            for module, build in zip(moment.modules, moment.builds, strict=True)
        ],
        "goal": moment.goal,
        "stacks": [[one.number, one.top, *one.range] for one in moment.stacks],
    }


def moment_from(header: dict[str, Any]) -> Moment:
    """The moment that a header says.

    Raises:
        ValueError, KeyError, TypeError, IndexError, AttributeError: it says none.
    """
    modules = header["modules"]
    found = Moment(
        name=_text(header["name"]),
        program=_text(header["program"]),
        bits=_one_of(header["bits"], (32, 64)),
        order=_order(header["order"]),
        align=_one_of(header["align"], (1, 2, 4, 8)),
        where=_text(header["where"]),
        made=_time(header["made"]),
        seconds=_time(header["seconds"]),
        bytes=_whole(header["bytes"], 1 << 64),
        faults=FaultSet(_ranges(header["faults"]), _ranges(header["blocked"])),
        ranges=_ranges(header["ranges"]),
        regions=tuple(_region(row) for row in header["regions"]),
        modules=tuple(_module(one) for one in modules),
        builds=tuple(_text(one["build"]) for one in modules),
        goal=None if header.get("goal") is None else _whole(header["goal"]),
        stacks=tuple(_stack(row) for row in header.get("stacks", [])),
    )
    _check_order([Range(region.start, region.end) for region in found.regions])
    _check_order([Range(module.base, module.base + 1) for module in found.modules])
    _check_order([Range(one.number, one.number + 1) for one in found.stacks])
    return found


def _pairs(ranges: tuple[Range, ...]) -> list[list[int]]:
    return [list(one) for one in ranges]


def _row(region: Region) -> list[Any]:
    return [getattr(region, name) for name in _REGION]


def _region(row: Any) -> Region:
    start, end, perms, offset, device, inode, path, deleted = row
    if type(deleted) is not bool or len(_text(perms)) != 4:
        raise ValueError(row)
    start, end = _range((start, end))
    return Region(
        start,
        end,
        perms,
        _whole(offset),
        _text(device),
        _whole(inode),
        _text(path),
        deleted,
    )


def _stack(row: Any) -> Stack:
    number, top, start, end = row
    return Stack(_whole(number, _THREADS), _whole(top), _range((start, end)))


def _module(one: Any) -> Module:
    base, end = _range((one["base"], one["end"]))
    regions = tuple(_region(row) for row in one["regions"])
    _check_order([Range(base, base), *(Range(part.start, part.end) for part in regions)])
    return Module(_text(one["name"]), _text(one["path"]), base, end, regions)


def _range(pair: Any) -> Range:
    start, end = pair
    if not _whole(start) < _whole(end, 1 << 64):
        raise ValueError(pair)
    return Range(start, end)


def _ranges(pairs: Any) -> tuple[Range, ...]:
    ranges = tuple(_range(pair) for pair in pairs)
    _check_order(ranges)
    return ranges


def _check_order(ranges: Any) -> None:
    """Ranges of addresses ascend, and no two overlap."""
    for one, after in itertools.pairwise(ranges):
        if one.end > after.start:
            raise ValueError(after)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(value)
    return value


def _whole(value: Any, most: int = HIGHEST) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(value)
    return value


def _one_of(value: Any, known: tuple[int, ...]) -> int:
    if type(value) is not int or value not in known:
        raise ValueError(value)
    return value


def _order(value: Any) -> Order:
    if value == "little":
        return "little"
    if value == "big":
        return "big"
    raise ValueError(value)


def _time(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise ValueError(value)
    return float(value)
