"""Arguments, looked at where they come in: what is wrong with one is said there, in one line."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, SupportsIndex, TypeVar

from .errors import ArgumentError

Kind = TypeVar("Kind")

HIGHEST: Final = (1 << 64) - 1
#: Bytes that one call reads or writes at the most.
MOST_BYTES: Final = 1 << 40


def whole(name: str, value: object, low: int, high: int, what: str = "") -> int:
    """A whole number in a range; those of other libraries become Python's, truth values do not.

    Args:
        name: of the argument.
        value: that was given.
        low: the least that it may be.
        high: the most.
        what: the range in words.

    Raises:
        ArgumentError: it is none.

    >>> whole("threads", 4, 1, 256)
    4
    """
    if type(value) is int:
        number = value
    else:
        try:
            number = operator.index(_index(value))
        except Exception:  # of that object
            number = low - 1
    if not low <= number <= high:
        raise ArgumentError(name, value, what or f"a whole number from {low} to {high}")
    return number


def _index(value: object) -> SupportsIndex:
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise TypeError
    return value


def is_whole(value: object) -> bool:
    """Whether it says that it is a whole number."""
    try:
        return isinstance(value, SupportsIndex)
    except Exception:  # of that object
        return False


def address(value: object, name: str = "address") -> int:
    """An address; what is above the highest is none."""
    return whole(name, value, 0, HIGHEST, "an address from 0 to 0xffffffffffffffff")


def size(value: object, name: str = "size") -> int:
    """Bytes to read."""
    return whole(name, value, 0, MOST_BYTES)


def bits(value: object) -> int:
    """A width of pointers."""
    number = whole("bits", value, 32, 64, "32 or 64")
    if number not in (32, 64):
        raise ArgumentError("bits", value, "32 or 64")
    return number


def text(name: str, value: object) -> str:
    """A text, and no bytes."""
    return instance(name, value, str, "a text")


def raw(name: str, value: object) -> bytes:
    """Bytes, of whatever has them side by side."""
    if isinstance(value, bytes):
        return value
    try:
        return bytes(memoryview(value))  # type: ignore[arg-type]  # it says so when it is none
    except Exception:
        raise ArgumentError(name, value, "bytes") from None


def flag(name: str, value: object) -> bool:
    """True or False, and nothing that only counts as one."""
    return instance(name, value, bool, "True or False")


def choice(name: str, value: object, known: Iterable[str]) -> str:
    """One of some words."""
    words = tuple(known)
    if not isinstance(value, str) or value not in words:
        raise ArgumentError(name, value, f"one of {', '.join(words)}")
    return value


def like(name: str, value: object, has: Iterable[str], what: str) -> None:
    """An object that has what is needed of it."""
    try:
        there = all(hasattr(value, attribute) for attribute in has)
    except Exception:  # of that object
        there = False
    if not there:
        raise ArgumentError(name, value, what)


def instance(name: str, value: object, kind: type[Kind], what: str) -> Kind:
    """An object of a kind."""
    if not isinstance(value, kind):
        raise ArgumentError(name, value, what)
    return value


def path(name: str, value: object) -> str:
    """The name of a file or folder."""
    try:
        decoded = os.fsdecode(value)  # type: ignore[arg-type]
    except Exception:
        decoded = ""  # which would be the folder that we are in
    if not decoded:
        raise ArgumentError(name, value, "the name of a file, as text or as a path")
    return decoded


def function(name: str, value: object) -> Callable[..., Any] | None:
    """Something to call, or None."""
    if value is not None and not callable(value):
        raise ArgumentError(name, value, "a function, or None")
    return value


def seconds(name: str, value: object) -> float:
    """A time of more than nothing."""
    try:
        number = float(value) if not isinstance(value, str | bytes | bytearray) else 0.0  # type: ignore[arg-type]
    except Exception:
        number = 0.0
    if isinstance(value, bool) or not 0 < number < 1e9:
        raise ArgumentError(name, value, "seconds above 0")
    return number


def names(name: str, value: object) -> Collection[str]:
    """Several texts."""
    if isinstance(value, str | bytes) or not isinstance(value, Collection):
        raise ArgumentError(name, value, "a collection of names")
    return [text(name, item) for item in value]


def several(name: str, value: object, kind: type[Kind], what: str) -> list[Kind]:
    """Objects of a kind, of whatever gives them."""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise ArgumentError(name, value, what)
    return [instance(name, item, kind, what) for item in value]


def pairs(name: str, value: object) -> list[tuple[Any, Any]]:
    """Pairs of an address and a type."""
    expected = "pairs of an address and a type"
    try:
        paired = [(first, second) for first, second in value]  # type: ignore[attr-defined]
    except Exception:
        raise ArgumentError(name, value, expected) from None
    return paired


def rights(start: int, size: object, access: object) -> tuple[int, str]:
    """How many bytes from an address on, and which rights they are to have."""
    wanted = whole("size", size, 1, HIGHEST + 1 - start)
    chosen = text("access", access)
    if set(chosen) - set("rwx"):
        raise ArgumentError("access", access, "some of 'r', 'w' and 'x', or none")
    return wanted, chosen


def allocation(size: object, near: object, access: object) -> tuple[int, int | None, str]:
    """What memory is asked for: bytes, an address that it is to be near, and its rights."""
    wanted = whole("size", size, 1, MOST_BYTES)
    place = None if near is None else address(near, "near")
    rights = text("access", access)
    if not rights or set(rights) - set("rwx"):
        raise ArgumentError("access", access, "some of 'r', 'w' and 'x'")
    return wanted, place, rights
