"""Bases: where pointer paths begin, and the same place in another run."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterable
from typing import NamedTuple

from .. import arguments
from ..errors import ArgumentError
from ..errors.suggest import near
from ..memory.addresses import format_address
from ..memory.regions import Range, cut_out, merged
from .moment import Moment, numbered


class Base(NamedTuple):
    """A part of a module, or plain addresses, that paths begin in.

    Attributes:
        rank: what is listed first: 0 is the program itself, 1 its libraries, 2 plain addresses.
        range: the addresses.
        module: the number of the module among the moment's; -1 for plain addresses.
    """

    rank: int
    range: Range
    module: int


Wanted = str | Range | Iterable[str | Range]
_EXPECTED = '"modules", names of modules, or Ranges of addresses'


def find_bases(moment: Moment, wanted: Wanted) -> list[Base]:
    """The bases that are asked for, by rank and by ascending address.

    Args:
        moment: of a map.
        wanted: ``"modules"`` for all of them; names of some, ``*``, ``?`` and ``[…]`` as in file
            names; Ranges, whose addresses are the same in every run.

    Raises:
        ArgumentError: there is no such module.
    """
    names, ranges = _split(wanted)
    bases = [Base(2, one, -1) for one in ranges]
    labels, taken = moment.labels, set()
    for name in names:
        chosen = [i for i, label in enumerate(labels) if _is_called(name, moment, i, label)]
        if not chosen and name != "modules":
            likest = near(name, labels, 3)
            hint = f"; near it: {', '.join(likest)}" if likest else ""
            raise ArgumentError("bases", name, f"the name of a module of the map{hint}")
        taken.update(chosen)
    for number in sorted(taken):
        module = moment.modules[number]
        rank = 0 if _is_program(moment, number) else 1
        bases += [Base(rank, Range(one.start, one.end), number) for one in module.regions]
    return _disjoint(sorted(bases))


def without(bases: Iterable[Base], closed: Iterable[Range]) -> list[Base]:
    """What of the bases is in none of some ranges."""
    closed = merged(closed)
    return [base._replace(range=part) for base in bases for part in cut_out(base.range, closed)]


def shift_between(moment: Moment, base: Base, other: Moment) -> int | None:
    """What to add to an address of a base to have it in another moment; None if it is not there."""
    if base.module < 0:
        return 0
    key = numbered(moment.modules)[base.module]
    twins = {one: number for number, one in enumerate(numbered(other.modules))}
    if key not in twins:
        return None
    return other.modules[twins[key]].base - moment.modules[base.module].base


def changed_modules(moment: Moment, others: Iterable[Moment]) -> tuple[str, ...]:
    """Labels of the modules of which another moment has another build."""
    builds = dict(zip(numbered(moment.modules), moment.builds, strict=True))
    changed = set()
    for other in others:
        for key, build in zip(numbered(other.modules), other.builds, strict=True):
            if build and builds.get(key) and builds[key] != build:
                changed.add(key)
    labels = dict(zip(numbered(moment.modules), moment.labels, strict=True))
    return tuple(labels[key] for key in sorted(changed))


def say_base(moment: Moment, labels: list[str], base: Base, address: int) -> str:
    """The base of a path, as ``Target.address`` takes it."""
    if base.module < 0:
        return format_address(address)
    return f"{labels[base.module]}+0x{address - moment.modules[base.module].base:x}"


def _disjoint(bases: list[Base]) -> list[Base]:
    """The same, with what several have as the first one's."""
    in_order = sorted(base.range for base in bases)
    if all(one.end <= after.start for one, after in itertools.pairwise(in_order)):
        return bases
    taken: list[Range] = []
    kept: list[Base] = []
    for base in bases:
        parts = cut_out(base.range, taken)
        kept += [base._replace(range=part) for part in parts]
        taken = sorted([*taken, *parts])
    return kept


def _split(wanted: Wanted) -> tuple[list[str], list[Range]]:
    if isinstance(wanted, str | Range):
        wanted = [wanted]
    names, ranges = [], []
    for one in arguments.several("bases", wanted, object, _EXPECTED):
        if isinstance(one, Range):
            start, end = arguments.address(one.start), arguments.whole("end", one.end, 1, 1 << 64)
            if start >= end:
                raise ArgumentError("bases", one, "a Range that is not empty")
            ranges.append(Range(start, min(end, arguments.HIGHEST)))
        else:
            names.append(arguments.instance("bases", one, str, _EXPECTED))
    return names, ranges


def _is_called(name: str, moment: Moment, number: int, label: str) -> bool:
    module = moment.modules[number]
    known = (label, label.strip('"'), module.name, module.path)
    return name == "modules" or name in known or any(fnmatch.fnmatchcase(k, name) for k in known)


def _is_program(moment: Moment, number: int) -> bool:
    module = moment.modules[number]
    return module.path == moment.program or module.name.lower().endswith(".exe")
