"""Watching: values that are looked at again and again, and which of them have changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from construct import Construct

from .. import arguments
from ..errors import FarfetchError, ForkedError, TargetClosed, TargetGone, TypeNameError
from ..lifetime.bound import Bound
from ..lifetime.life import Life
from ..memory.space import Space
from ..values.convert import decode, type_name, value_type
from ..values.structures import size_of


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
    type: Construct
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

    def __init__(self, target: Space, places: Iterable[tuple[int, Construct]]) -> None:
        self._target = target
        self._bits = target.bits
        self._places = [
            (arguments.address(address), what, _size(what, self._bits))
            for address, what in ((place, value_type(kind)) for place, kind in places)
        ]
        self._raw: list[bytes | None] | None = None
        self._changes = [0] * len(self._places)
        self._life = Life(partial(TargetClosed, None, "target"))
        self._lock = threading.RLock()

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
        raw = [self._read(address, size) for address, _, size in self._places]
        before, self._raw = self._raw or raw, raw
        seen = []
        for index, (address, what, _) in enumerate(self._places):
            there, was = raw[index], before[index]
            changed = there != was
            self._changes[index] += changed
            value = None if there is None else self._decode(what, there)
            seen.append(Seen(address, what, value, changed, self._changes[index]))
        return seen

    def _read(self, address: int, size: int) -> bytes | None:
        try:
            return self._target.read_bytes(address, size)
        except (ForkedError, TargetClosed, TargetGone):
            raise
        except FarfetchError:
            return None

    def _decode(self, what: Construct, raw: bytes) -> Any:
        try:
            return decode(what, raw, bits=self._bits)
        except FarfetchError:
            return None


def _size(what: Construct, bits: int) -> int:
    size = size_of(what, bits=bits)
    if size is None:
        raise TypeNameError(type_name(what), reason="needs a length here, as in text[16]")
    return size
