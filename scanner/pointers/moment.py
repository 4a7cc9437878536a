"""Moments: what a pointer map knows of its target beside the pointers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .. import arguments
from ..memory.modules import Module
from ..memory.regions import Range, Region
from ..memory.stacks import Stack
from ..scan.results import FaultSet

Order = Literal["little", "big"]


@dataclass(frozen=True)
class Moment:
    """A target, as it was when its pointers were read.

    Attributes:
        name: of the target.
        program: the path of its program; "" where that is not known.
        bits: width of a pointer.
        order: of the bytes of one.
        align: bytes between the addresses looked at.
        where: which regions were.
        made: when, in seconds since 1970.
        seconds: it took.
        bytes: that were read.
        faults: what could not be read.
        ranges: addresses that were looked at, ascending; pointers lead into these.
        regions: all that was mapped.
        modules: the programs and libraries among it, by ascending address.
        builds: what tells one build of each module from another; "" where nothing does.
        goal: the address that paths are looked for to; None where that was not said.
        stacks: of its threads, as far as they are known.
    """

    name: str
    program: str
    bits: int
    order: Order
    align: int
    where: str
    made: float
    seconds: float
    bytes: int
    faults: FaultSet
    ranges: tuple[Range, ...]
    regions: tuple[Region, ...]
    modules: tuple[Module, ...]
    builds: tuple[str, ...]
    goal: int | None = None
    stacks: tuple[Stack, ...] = ()

    @property
    def labels(self) -> list[str]:
        """What each module is called, here and in every other run: ``game``, ``libz.so.1[1]``."""
        names = Counter(module.name for module in self.modules)
        return [
            _quoted(name if names[name] == 1 else f"{name}[{number}]")
            for name, number in numbered(self.modules)
        ]


def order_of(order: object) -> Order:
    """An order of bytes that somebody gave."""
    return "little" if arguments.choice("order", order, ("little", "big")) == "little" else "big"


def numbered(modules: Sequence[Module]) -> list[tuple[str, int]]:
    """Each module's name, and how many of that name lie below it."""
    seen: Counter[str] = Counter()
    keys = []
    for module in modules:
        keys.append((module.name, seen[module.name]))
        seen[module.name] += 1
    return keys


def _quoted(label: str) -> str:
    return f'"{label}"' if any(map(str.isspace, label)) else label
