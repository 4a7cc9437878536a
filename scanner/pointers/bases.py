"""Bases: where pointer paths begin, and the same place in another run."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .. import arguments
from ..errors import ArgumentError
from ..errors.suggest import near
from ..memory.addresses import format_address
from ..memory.regions import Range, cut_out, merged
from ..memory.stacks import stack_label, stack_number
from .moment import Moment


class Base(NamedTuple):
    """A part of a module, the stack of a thread, or plain addresses, that paths begin in.

    Attributes:
        rank: what is listed first: 0 is the program itself, 1 its libraries, 2 threads' stacks, 3
            plain addresses.
        range: the addresses.
        module: the number of the module among the moment's; -1 for what is in none.
        stack: the number of the thread whose stack it is; -1 for what is none.
    """

    rank: int
    range: Range
    module: int
    stack: int = -1


Wanted = str | Range | Iterable[str | Range]
_EXPECTED = '"modules", "stacks", names of either, or Ranges of addresses'


def find_bases(moment: Moment, wanted: Wanted) -> list[Base]:
    """The bases that are asked for, by rank and by ascending address.

    Args:
        moment: of a map.
        wanted: ``"modules"`` for all of them; names of some, ``*``, ``?`` and ``[…]`` as in file
            names; ``"stacks"`` for those of all threads, or ``stack[0]`` for one; Ranges, whose
            addresses are the same in every run.

    Raises:
        ArgumentError: there is no such module, or stack.
    """
    names, ranges = _split(wanted)
    bases = [Base(3, one, -1) for one in ranges]
    labels, taken = moment.labels, set()
    threads = {one.number: Base(2, one.range, -1, one.number) for one in moment.stacks}
    stacks: dict[int, Base] = {}
    for name in names:
        chosen = [i for i, label in enumerate(labels) if _is_called(name, moment, i, label)]
        thread = stack_number(name)
        if name == "stacks":
            stacks.update(threads)
            continue
        if thread is not None and not chosen:
            if thread not in threads:
                raise ArgumentError("bases", name, f"one of the map's {len(threads)} known stacks")
            stacks[thread] = threads[thread]
            continue
        if not chosen and name != "modules":
            likest = near(name, labels, 3)
            hint = f"; near it: {', '.join(likest)}" if likest else ""
            raise ArgumentError("bases", name, f"the name of a module of the map{hint}")
        taken.update(chosen)
    for number in sorted(taken):
        module = moment.modules[number]
        rank = 0 if is_program(moment, number) else 1
        bases += [Base(rank, Range(one.start, one.end), number) for one in module.regions]
    return _disjoint(sorted([*bases, *stacks.values()]))


def without(bases: Iterable[Base], closed: Iterable[Range]) -> list[Base]:
    """What of the bases is in none of some ranges."""
    closed = merged(closed)
    return [base._replace(range=part) for base in bases for part in cut_out(base.range, closed)]


def shift_between(
    moment: Moment, base: Base, other: Moment, matched: Mapping[int, int]
) -> int | None:
    """What to add to an address of a base to have it in another moment; None if it is not there.

    Args:
        moment: that the base is of.
        base: the base.
        other: the other moment.
        matched: what :func:`match_modules` says of the two.
    """
    if base.stack >= 0:
        tops = {one.number: one.top for one in moment.stacks}
        there = {one.number: one.top for one in other.stacks}
        return there[base.stack] - tops[base.stack] if base.stack in there else None
    if base.module < 0:
        return 0
    if base.module not in matched:
        return None
    return other.modules[matched[base.module]].base - moment.modules[base.module].base


def match_modules(moment: Moment, other: Moment) -> dict[int, int]:
    """Which module of another moment each one is, by their numbers.

    Those of one name and one build are the same, and where there are several of both, in the order
    of their addresses. Of what is left, those of one name, in that order; and at last those of one
    build, where only one module on either side has it: it was renamed.

    Args:
        moment: whose modules are looked for.
        other: in which.
    """
    matched: dict[int, int] = {}

    def pair(key: Callable[[Moment, int], object], *, alone: bool = False) -> None:
        taken = set(matched.values())
        here = _by_key(moment, [i for i in range(len(moment.modules)) if i not in matched], key)
        there = _by_key(other, [i for i in range(len(other.modules)) if i not in taken], key)
        for known, own in here.items():
            theirs = there.get(known, [])
            if not alone or len(own) == len(theirs) == 1:
                matched.update(zip(own, theirs, strict=False))

    pair(lambda one, i: (one.modules[i].name, one.builds[i]) if one.builds[i] else None)
    pair(lambda one, i: one.modules[i].name)
    pair(lambda one, i: one.builds[i] or None, alone=True)
    return matched


def _by_key(
    moment: Moment, numbers: Iterable[int], key: Callable[[Moment, int], object]
) -> dict[object, list[int]]:
    found: dict[object, list[int]] = {}
    for number in numbers:
        known = key(moment, number)
        if known is not None:
            found.setdefault(known, []).append(number)
    return found


def changed_modules(
    moment: Moment, others: Iterable[tuple[Moment, Mapping[int, int]]]
) -> tuple[str, ...]:
    """Labels of the modules of which another moment has another build, the program's own first.

    Args:
        moment: whose modules they are.
        others: each with what :func:`match_modules` says of it.
    """
    changed = {
        number
        for other, matched in others
        for number, theirs in matched.items()
        if moment.builds[number] and other.builds[theirs]
        if moment.builds[number] != other.builds[theirs]
    }
    labels = moment.labels
    in_order = sorted(changed, key=lambda number: (not is_program(moment, number), number))
    return tuple(labels[number] for number in in_order)


def say_base(moment: Moment, labels: list[str], base: Base, address: int) -> str:
    """The base of a path, as ``Target.address`` takes it."""
    if base.stack >= 0:
        top = next(one.top for one in moment.stacks if one.number == base.stack)
        return f"{stack_label(base.stack)}{'-' if address < top else '+'}0x{abs(address - top):x}"
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


def is_program(moment: Moment, number: int) -> bool:
    """Whether a module is the program itself, or for Windows one of its programs."""
    module = moment.modules[number]
    return module.path == moment.program or module.name.lower().endswith(".exe")
