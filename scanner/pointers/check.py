"""Checking pointer paths: which of them still lead where they should."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from .. import arguments
from ..errors import ArgumentError, ExpressionError, MemoryFault
from ..memory.addresses import parse_address
from ..memory.base import Memory
from ..memory.modules import Module
from ..memory.pointer_path import PointerPath
from ..memory.regions import Region
from ..memory.stacks import Stack, names_stack
from ..values.convert import decode, encode, value_type
from ..values.structures import size_of
from .moment import Order, order_of

_EXPECTED = "paths, each a PointerPath"
_MANY = 1 << 16  # pointers that are kept in mind: paths share most of theirs


class Checkable(Protocol):
    """What checking needs of a target."""

    @property
    def bits(self) -> int:
        """32 or 64: the width of its pointers."""

    @property
    def memory(self) -> Memory:
        """What it is made of."""

    def regions(self) -> list[Region]:
        """What is mapped."""

    def modules(self, regions: list[Region] | None = None) -> list[Module]:
        """The programs and libraries that are mapped."""

    def read_bytes(self, address: int, size: int) -> bytes:
        """Read exactly that many bytes."""


class CheckedPath(NamedTuple):
    """A path, and where it leads in a target.

    Attributes:
        path: the path.
        address: that it leads to now; None where a pointer cannot be read.
        value: that is there; None where no type was asked for, or it cannot be read.

    >>> CheckedPath(PointerPath.parse("game+0x4010 -> 0x18"), 0x7F20, 100).value
    100
    """

    path: PointerPath
    address: int | None
    value: Any


def check_paths(
    paths: Iterable[PointerPath],
    target: Checkable,
    address: int | None = None,
    *,
    type: Any = None,  # noqa: A002
    value: Any = None,
    order: Order = "little",
) -> Iterator[CheckedPath]:
    """Those of some paths that lead somewhere in a target, as it is now.

    Args:
        paths: any, such as those that are left of an earlier check.
        target: to follow them in.
        address: that they have to lead to; anywhere if None.
        type: of the value at the end of each.
        value: that has to be there; any if None.
        order: of the bytes of a pointer.

    Raises:
        ArgumentError: a value without a type.
        ValueRangeError, ValueKindError: the value is none of the type.
        TypeNameError: the type is none.
        TargetGone, TargetClosed: there is nothing to follow them in.

    >>> from farfetch.scanner import Buffer, attach
    >>> target = attach(Buffer(bytearray((0x1008).to_bytes(8, "little") * 4), base=0x1000))
    >>> target.write(0x1018, "i32", 77)
    >>> paths = [PointerPath.parse("0x1000 -> 0x10"), PointerPath.parse("0x1008 -> 0x4")]
    >>> [str(one.path) for one in check_paths(paths, target, type="i32", value=77)]
    ['0x1000 -> 0x10']
    """
    arguments.like("paths", paths, ("__iter__",), _EXPECTED)
    each = (arguments.instance("paths", path, PointerPath, _EXPECTED) for path in paths)
    return checked(each, target, address, type=type, value=value, order=order_of(order))


def checked(
    paths: Iterable[PointerPath],
    target: Checkable,
    address: int | None,
    *,
    type: Any,  # noqa: A002
    value: Any,
    order: Order,
) -> Iterator[CheckedPath]:
    """What :func:`check_paths` gives, of paths that nobody has looked at yet."""
    what = "an attached target"
    arguments.like("target", target, ("regions", "modules", "read_bytes", "bits"), what)
    if address is not None:
        address = arguments.address(address)
    if value is not None and type is None:
        raise ArgumentError("value", value, "given together with its type")
    if value is not None:
        construct, bits = value_type(type), target.bits
        value = decode(construct, encode(construct, value, bits=bits), bits=bits)
    followed = follow_all(paths, target, type, order)
    return (one for one in followed if leads_to(one, address, value))


def follow_all(
    paths: Iterable[PointerPath],
    target: Checkable,
    type: Any,  # noqa: A002
    order: Order,
) -> Iterator[CheckedPath]:
    """Where each path leads in a target, at this moment: what several share is read once.

    Args:
        paths: to follow.
        target: to follow them in.
        type: of the value at the end of each; None for no value.
        order: of the bytes of a pointer.

    Raises:
        TargetGone: it has exited.
        TargetClosed: it was closed.
    """
    follower = _Follower(target, order)
    construct = None if type is None else value_type(type)
    for path in paths:
        address = follower.resolve(path)
        value = None
        if construct is not None and address is not None:
            size = size_of(construct, bits=target.bits) or 0
            try:
                value = decode(construct, target.read_bytes(address, size), bits=target.bits)
            except (MemoryFault, ArgumentError):
                value = None
        yield CheckedPath(path, address, value)


class _Follower:
    """Follows many paths in one target, as it is at this moment."""

    def __init__(self, target: Checkable, order: Order) -> None:
        self._target = target
        self._order = order
        self._regions = target.regions()
        self._modules = target.modules(self._regions)
        self._stacks: list[Stack] | None = None
        self._bases: dict[str, int | None] = {}
        self._pointers: dict[int, int | None] = {}

    def resolve(self, path: PointerPath) -> int | None:
        """The address at a path's end; None where it leads nowhere."""
        address = self._base(path.base)
        for offset in path.offsets:
            if address is None:
                return None
            pointer = self._pointer(address)
            if pointer is None:
                return None
            address = (pointer + offset) % (1 << self._target.bits)
        return address

    def _base(self, text: str) -> int | None:
        if text not in self._bases:
            try:
                self._bases[text] = self._parsed(text)
            except ExpressionError:
                self._bases[text] = None
        return self._bases[text]

    def _parsed(self, text: str) -> int:
        if names_stack(text) and self._stacks is None:
            self._stacks = self._target.memory.stacks()
        stacks = self._stacks or ()
        return parse_address(text, self._modules, self._regions, stacks=stacks)

    def _pointer(self, address: int) -> int | None:
        if address not in self._pointers:
            if len(self._pointers) >= _MANY:
                self._pointers.clear()
            try:
                raw = self._target.read_bytes(address, self._target.bits // 8)
                self._pointers[address] = int.from_bytes(raw, self._order)
            except (MemoryFault, ArgumentError):
                self._pointers[address] = None
        return self._pointers[address]


def leads_to(checked: CheckedPath, address: int | None, value: Any) -> bool:
    """Whether a path leads to an address, or to a value; to anything at all if neither is given."""
    if checked.address is None or (address is not None and checked.address != address):
        return False
    return value is None or bool(checked.value == value)
