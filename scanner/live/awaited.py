"""Values that are waited for: looked at until one fulfils a predicate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from .. import arguments
from ..errors import (
    ExpressionError,
    FarfetchError,
    MemoryFault,
    PointerError,
    ScanOrderError,
    ValueKindError,
    WaitTimeout,
)
from ..lifetime.waiting import Waiting, pauses
from ..memory.addresses import format_address
from ..memory.path_group import AnyPath, follower_of
from ..memory.space import Space
from ..predicates.binding import bind
from ..predicates.language import parse_predicate
from ..predicates.meaning import fulfils
from ..predicates.nodes import Predicate, uses
from ..values.convert import decode, format_value
from ..values.structures import fixed_size_of, scan_layout
from ..values.value_type import AnyConstruct

_SOURCES = frozenset(("now", "prev", "first"))
#: What may pass while it is waited: the value is not there, or is none.
_PASSING = (MemoryFault, PointerError, ExpressionError, ValueKindError)


class _Look(NamedTuple):
    """What was there."""

    address: int
    value: Any
    raw: bytes


def awaited(
    space: Space,
    address: int | AnyPath,
    type: AnyConstruct,  # noqa: A002
    predicate: Predicate | str,
    timeout: float | None,
    interval: float,
) -> Waiting[Any]:
    """Wait for a value; :meth:`.Target.wait_for` says what is taken and raised."""
    layout = scan_layout(type, bits=space.bits)
    if isinstance(predicate, str):
        predicate = parse_predicate(predicate, layout.names)
    expected = "a predicate such as now > 5, also as text"
    tree = arguments.instance("predicate", predicate, Predicate, expected)
    bound, others = bind(tree, layout), sorted(uses(tree) - _SOURCES)
    if others:
        raise ScanOrderError(f"{tree}: there is no {' and no '.join(others)} where one value is")
    size = fixed_size_of(type, bits=space.bits)
    if isinstance(address, AnyPath):
        resolve: Callable[[], int] = follower_of(address, space).resolve
    else:
        resolve = partial(int, arguments.address(address))

    def look() -> _Look:
        at = resolve()
        raw = space.read_bytes(at, size)
        return _Look(at, decode(type, raw, bits=space.bits), raw)

    def is_so(first: _Look, prev: _Look, now: _Look) -> bool:
        looks = {"first": first, "prev": prev, "now": now}
        values = {name: one.value for name, one in looks.items()}
        return fulfils(bound, values, {name: one.raw for name, one in looks.items()})

    def told(now: _Look) -> str:
        return f"it is {format_value(type, now.value)} at {format_address(now.address)}"

    return _looks(str(tree), look, is_so, told, pauses(timeout, interval))


def _looks(
    wanted: str,
    look: Callable[[], _Look],
    is_so: Callable[[_Look, _Look, _Look], bool],
    told: Callable[[_Look], str],
    rests: Iterator[float],
) -> Waiting[Any]:
    first: _Look | None = None
    prev: _Look | None = None
    while True:
        failed: FarfetchError | None = None
        try:
            now = look()
        except _PASSING as error:
            failed = error
        else:
            first, prev = first or now, prev or now
            if is_so(first, prev, now):
                return now.value
            prev = now
        pause = next(rests, None)
        if pause is None:
            raise WaitTimeout(wanted, str(failed) if failed else told(now))
        yield pause
