"""Watching: values that are looked at again and again, and which of them have changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from .. import arguments
from ..engine import ffi
from ..errors import FarfetchError, ForkedError, TargetClosed, TargetGone
from ..lifetime.bound import Bound
from ..lifetime.life import Life
from ..memory.space import Space
from ..memory.values import Values
from ..values.codec import decoder, mask_of
from ..values.convert import value_type
from ..values.structures import fixed_size_of
from ..values.value_type import AnyConstruct, AnyType


class Seen(NamedTuple):
    """A value as a look found it.

    Attributes:
        address: of the value.
        type: of the value.
        value: that is there; None where it cannot be read.
        changed: whether it differs from what the look before found.
        changes: how many looks found it changed.

    >>> memory = bytearray(4)
    >>> watch = attach(Buffer(memory, base=16)).watch([(16, i32), (64, u8)])
    >>> _ = watch.look()
    >>> memory[0] = 7
    >>> [(seen.value, seen.changed, seen.changes) for seen in watch.look()]
    [(7, True, 1), (None, False, 0)]
    """

    address: int
    type: AnyConstruct
    value: Any
    changed: bool
    changes: int


class Watch(Bound):
    """Values of a target that are looked at together.

    Args:
        target: whose values they are.
        places: the address and the type of each, a construct of a fixed size.

    Raises:
        TypeNameError: a type has no size.

    >>> memory = bytearray(b"ab")
    >>> watch = Watch(attach(Buffer(memory, base=16)), [(16, u8), (17, u8)])
    >>> [(seen.value, seen.changed) for seen in watch.look()]
    [(97, False), (98, False)]
    >>> memory[1] = 7
    >>> [(seen.value, seen.changed) for seen in watch.look()]
    [(97, False), (7, True)]
    """

    def __init__(self, target: Space, places: Iterable[tuple[int, AnyType]]) -> None:
        self._target = target
        self._bits = target.bits
        self._places = [
            _Place(
                arguments.address(address),
                what,
                fixed_size_of(what, bits=self._bits),
                mask_of(what),
            )
            for address, what in ((place, value_type(kind)) for place, kind in places)
        ]
        self._sizes = [place.size for place in self._places]
        self._starts = [0, *accumulate(self._sizes)]
        self._decoders = [decoder(place.type, self._bits) for place in self._places]
        self._looked: _Looked | None = None
        self._life = Life(partial(TargetClosed, None, "target"))
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<Watch of {self._target!r}, places: {len(self._places)}>"

    def look(self) -> list[Seen]:
        """Read all values.

        Raises:
            TargetGone: the target has exited or executed another program.
            TargetClosed: it was closed.

        >>> attach(Buffer(bytes([7, 0]), base=16)).watch([(16, u16)]).look()[0].value
        7
        """
        self._life.check()
        with self._lock:
            return self._look()

    def _look(self) -> list[Seen]:
        now = self._read()
        before = self._looked
        if before is None:
            seen = [self._see(index, now, False, 0) for index in range(len(self._places))]
        elif before[:2] == now:  # only what had changed then is seen in another way
            seen = [self._again(index, was, now) for index, was in enumerate(before.seen)]
        else:
            seen = [self._compared(index, was, now) for index, was in enumerate(before.seen)]
        self._looked = _Looked(*now, seen)
        return list(seen)

    def _read(self) -> tuple[bytes, tuple[int, ...]]:
        """The bytes of all values side by side, and how many of each there were."""
        values = Values([place.address for place in self._places], sizes=self._sizes)
        try:
            self._target.memory.read_many(values)
        except (ForkedError, TargetClosed, TargetGone):
            raise
        except FarfetchError:  # none can be read at present
            values = Values([place.address for place in self._places], sizes=self._sizes)
        self._target.check()  # after the fact: so these are not another program's values
        return bytes(ffi.buffer(values.raw)), tuple(values.done)

    def _compared(self, index: int, was: Seen, now: _Bytes) -> Seen:
        assert self._looked is not None
        raw, done = self._looked.raw, self._looked.done
        start, end, size = self._starts[index], self._starts[index + 1], self._sizes[index]
        is_there, was_there = now[1][index] == size, done[index] == size
        same = is_there == was_there and (not is_there or now[0][start:end] == raw[start:end])
        if is_there and was_there and not same and self._places[index].mask:
            same = self._decoders[index](now[0][start:end]) == was.value
        if same:
            return self._again(index, was, now)
        return self._see(index, now, True, was.changes + 1)

    def _again(self, index: int, was: Seen, now: _Bytes) -> Seen:
        """A place that has not changed; only what nobody can change is shown twice."""
        if not was.changed and isinstance(was.value, int | float | str | bytes | None):
            return was
        return self._see(index, now, False, was.changes)

    def _see(self, index: int, now: _Bytes, changed: bool, changes: int) -> Seen:
        place, start, end = self._places[index], self._starts[index], self._starts[index + 1]
        is_there = now[1][index] == place.size
        value = self._decoders[index](now[0][start:end]) if is_there else None
        return Seen(place.address, place.type, value, changed, changes)


class _Place(NamedTuple):
    """A value that is looked at."""

    address: int
    type: AnyConstruct
    size: int
    mask: bytes


_Bytes = tuple[bytes, tuple[int, ...]]


class _Looked(NamedTuple):
    """What a look found: the bytes of all, how many of each there were, and what was seen."""

    raw: bytes
    done: tuple[int, ...]
    seen: list[Seen]
