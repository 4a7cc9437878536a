"""Pointer scans: the steps of a pointer hunt, each in the session that it is of."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from farfetch.scanner import (
    PointerMap,
    PointerPath,
    PointerPaths,
    PointersCancelled,
    check_paths,
    parse_address,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .session import Session

#: Depths and greatest offsets that are tried one after the other, nearest first.
WIDER: Final = (
    *((2, 512), (3, 512), (4, 512), (5, 512), (5, 1024), (5, 2048), (5, 4096), (8, 4096)),
)
#: As many paths as somebody looks through.
FEW: Final = 50

_POINTERS: Final = ("pointer", "pointers")


class Compared(NamedTuple):
    """Another run: the file of its map, and where the value was then.

    Attributes:
        file: of the map.
        where: an address, as text; "" for the one that the map was made with.
    """

    file: Path
    where: str


class Limits(NamedTuple):
    """How far pointers are followed.

    Attributes:
        depth: at the most.
        max_offset: of a step.
    """

    depth: int
    max_offset: int


def make_map(session: Session, where: str, goal: int | None) -> PointerMap:
    """Map the target's pointers; the map of before stays if this fails.

    Args:
        session: with the target.
        where: region filter.
        goal: the address that paths are looked for to.
    """
    options, meter = session.settings.options, session.meter
    try:
        made = session.attached.pointer_map(
            where=where,
            goal=goal,
            threads=options.threads,
            directory=options.directory,
            budget=options.budget,
            progress=lambda seen: meter.show(seen, _POINTERS),
        )
    finally:
        meter.clear()
    session.hunt.map = made
    return made


def load_map(session: Session, file: Path) -> PointerMap:
    """Load a map from its file."""
    options = session.settings.options
    return PointerMap.load(
        file, threads=options.threads, directory=options.directory, budget=options.budget
    )


def address_in(pointers: PointerMap, text: str) -> int:
    """The address that a text says, as things were when a map was made.

    Raises:
        ExpressionError: it says none.
    """
    moment = pointers.moment
    return parse_address(text, pointers.modules, moment.regions, stacks=moment.stacks)


def scan(
    session: Session,
    pointers: PointerMap,
    address: int,
    limits: Iterable[Limits],
    others: Sequence[tuple[PointerMap, int]],
    **asked: Any,
) -> Limits:
    """Find the paths, as far as leaves no more than a few; those of before stay if this fails.

    What is true by chance grows with each step, so farther is looked only while there are none, or
    while more would still be few.

    Args:
        session: whose hunt it is.
        pointers: the map.
        address: that paths lead to.
        limits: to try, nearest first.
        others: the maps of other runs, with the address there.
        asked: what else :meth:`PointerMap.scan` is told.

    Returns:
        The limits within which they were found, or the farthest.
    """
    meter, started = session.meter, time.monotonic()
    kept: tuple[PointerPaths, Limits] | None = None
    for depth, max_offset in limits:
        so_far = f"; {kept[0].total:,} found so far" if kept is not None else ""
        said = f"steps; paths of up to {depth} pointers, offsets up to {max_offset}{so_far}"

        def show(done: int, total: int, said: str = said) -> None:
            meter.count(done, total, time.monotonic() - started, said)

        try:
            paths = pointers.scan(
                address,
                depth,
                max_offset=max_offset,
                compare=others,
                threads=session.settings.options.threads,
                progress=show,
                **asked,
            )
        except PointersCancelled:
            if kept is not None and kept[0].total:
                session.hunt.keep(kept[0])  # what was found nearer by
            raise
        finally:
            meter.clear()
        if kept is not None and kept[0].total and paths.total > FEW:
            paths.close()
            break
        if kept is not None:
            kept[0].close()
        kept = (paths, Limits(depth, max_offset))
        if paths.total > FEW:
            break
    assert kept is not None
    session.hunt.keep(kept[0])
    return kept[1]


def narrow(
    session: Session, address: int | None, value_type: Any, value: object, most: int
) -> tuple[int, int]:
    """Keep those of the paths that lead to an address or a value in the target.

    Args:
        session: with the target and the paths.
        address: that they lead to; None for any.
        value_type: of the value.
        value: at their end; None for any that can be read.
        most: of the best that are looked at.

    Returns:
        How many were looked at, and how many are left.
    """
    hunt, meter = session.hunt, session.meter
    started, looked = time.monotonic(), 0
    whole = min(most, hunt.total)

    def each() -> Iterable[PointerPath]:
        nonlocal looked
        for path in islice(hunt.paths, most):
            if looked % 1000 == 0:
                seconds = time.monotonic() - started
                meter.count(looked, whole, seconds, f"paths followed, {len(left):,} lead there")
            looked += 1
            yield path

    left: list[PointerPath] = []
    order = hunt.map.moment.order if hunt.map else "little"
    asked = {"type": value_type, "value": value, "order": order}
    try:
        left += [found.path for found in check_paths(each(), session.attached, address, **asked)]
    finally:
        meter.clear()
    hunt.keep(left)
    return looked, len(left)
