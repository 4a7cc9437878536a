"""Values at many addresses, as the core reads and writes them in one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .. import arguments
from ..engine import ffi
from ..errors import ArgumentError


class Values:
    """Addresses, and side by side the bytes that are read or written there.

    Attributes:
        count: how many there are.
        size: bytes of each; 0 where each has its own size.
        addresses: the core's, ``count`` of them.
        raw: the bytes of all.
        done: how many bytes of each were read or written.
        given: what the core is given of that.

    Args:
        addresses: whole numbers, or the core's own ``uint64_t[]``; in any order.
        size: bytes of each.
        sizes: bytes of each, where they differ.
        raw: the bytes to write; those to read have room of their own if None.

    >>> from farfetch.scanner.memory.values import Values
    >>> values = Values([18, 64], 2)
    >>> Buffer(b"abcdef", base=16).read_many(values), list(values.done), list(values)
    (1, [2, 0], [b'cd', None])
    """

    __slots__ = ("_each", "addresses", "count", "done", "given", "raw", "size", "sizes")

    def __init__(
        self,
        addresses: Any,
        size: int = 0,
        *,
        sizes: Sequence[int] | None = None,
        raw: bytes | None = None,
    ) -> None:
        self.addresses = addresses
        if isinstance(addresses, list):
            self.addresses = ffi.new("uint64_t[]", addresses)
        self.count = len(self.addresses)
        self.size = size
        self.sizes = sizes
        total = self.count * size if sizes is None else sum(sizes)
        if raw is None:
            self.raw = ffi.new("uint8_t[]", total)
        else:
            self.raw = ffi.from_buffer("uint8_t[]", raw)
        self.done = ffi.new("uint32_t[]", self.count)
        self._each = ffi.NULL if sizes is None else ffi.new("uint32_t[]", sizes)
        # what that points at stays as long as this does
        self.given = ffi.new(
            "struct ff_values *",
            (self.addresses, self.count, size, self._each, self.raw, self.done),
        )

    def size_of(self, index: int) -> int:
        """Bytes of one of them."""
        return self.size if self.sizes is None else self.sizes[index]

    def __iter__(self) -> Iterator[bytes | None]:
        """The bytes of each; None where not all of them came."""
        raw, at = bytes(ffi.buffer(self.raw)), 0
        sizes = self.sizes or [self.size] * self.count
        for done, size in zip(self.done, sizes, strict=True):
            yield raw[at : at + size] if done == size else None
            at += size


def addresses_given(addresses: Iterable[int], name: str = "addresses") -> list[int]:
    """Addresses that somebody gave, as whole numbers.

    Args:
        addresses: whatever gives them: a list, a column of matches, an array of numpy.
        name: of the argument.

    Raises:
        ArgumentError: it gives none, or something that is no address.
    """
    try:
        # a construct can be indexed without an end, but not gone through
        if isinstance(addresses, str | bytes | bytearray) or not isinstance(addresses, Iterable):
            raise TypeError
        listed = list(addresses)
    except Exception:  # of that object
        raise ArgumentError(name, addresses, "addresses") from None
    kinds = set(map(type, listed))
    if kinds <= {int} and (not listed or (min(listed) >= 0 and max(listed) <= arguments.HIGHEST)):
        return listed
    return [arguments.address(at) for at in listed]
