"""Matches: a lazy sequence over what a scan found."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

from . import arguments
from .bound import Bound
from .errors import ArgumentError, MatchIndexError, MemoryFault, SnapshotError
from .modules import Location, Module, locate
from .native import ffi, lib
from .regions import Region

if TYPE_CHECKING:
    from .scan import Scan
    from .target import Target

ColumnName = Literal["address", "now", "previous", "first"]
_BATCH = 1024
_FAR = 1 << 80  # beyond all indexes


class _MatchMap(Bound):
    """A target's regions and modules, looked up once for many matches, when first asked for."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._regions: list[Region] | None = None
        self._modules: list[Module] = []

    def location(self, address: int) -> Location:
        if self._regions is None:
            self._regions = self._target.regions()
            self._modules = self._target.modules()
        return locate(address, self._regions, self._modules)


@dataclass(frozen=True)
class Match:
    """One address that a scan found.

    Attributes:
        index: in the scan's matches.
        address: of the value's first byte.
        value: that is there now; None where it can no longer be read.
        previous: at the last scan.
        first: at the first scan.
        type: the construct of those values.
        types: the names of all types that it matches as; of a number of unknown type several.
    """

    index: int
    address: int
    value: Any
    previous: Any
    first: Any
    type: Any
    types: tuple[str, ...]
    _map: _MatchMap = field(repr=False, compare=False)

    @property
    def location(self) -> Location:
        """Its region, module and offset, as they are mapped now."""
        return self._map.location(self.address)

    @property
    def region(self) -> Region | None:
        """The region it lies in."""
        return self.location.region

    @property
    def module(self) -> Module | None:
        """The module it lies in."""
        return self.location.module

    @property
    def offset(self) -> int:
        """Bytes from the module's base, or else from the region's start."""
        return self.location.offset


class Matches(Bound, Sequence[Match]):
    """What a scan has found at present, by ascending address.

    Nothing is read before it is asked for: an index reads one value, iteration reads in batches.
    """

    def __init__(self, scan: Scan) -> None:
        self._scan = scan

    def __len__(self) -> int:
        steps = self._scan.steps
        return steps[-1].result.matches if steps else 0

    @overload
    def __getitem__(self, index: int) -> Match: ...

    @overload
    def __getitem__(self, index: slice) -> list[Match]: ...

    def __getitem__(self, index: int | slice) -> Match | list[Match]:
        total = len(self)
        if isinstance(index, slice):
            try:
                indexes = range(total)[index]
            except (TypeError, ValueError):
                raise ArgumentError("an index", index, "whole numbers, and a step not 0") from None
            if not indexes:
                return []
            if indexes.step == 1:
                return self._fetch(indexes.start, len(indexes))
            shared = self._map()
            return [match for one in indexes for match in self._fetch(one, 1, shared)]
        index = arguments.whole("an index", index, -_FAR, _FAR, "a whole number")
        wanted = index + total if index < 0 else index
        if not 0 <= wanted < total:
            raise MatchIndexError(index, total)
        return self._fetch(wanted, 1)[0]

    def __iter__(self) -> Iterator[Match]:
        start = 0
        while batch := self._fetch(start, _BATCH):
            yield from batch
            start += len(batch)

    def addresses(self, start: int = 0, count: int | None = None) -> list[int]:
        """Addresses of the matches from one index on.

        Args:
            start: the first index.
            count: how many; all that follow if None.
        """
        start, count = self._part(start, count)
        if not count:
            return []
        out = ffi.new("uint64_t[]", count)
        got = lib.ff_matchset_addresses(self._scan.steps[-1].matches, start, count, out)
        return ffi.unpack(out, got)  # type: ignore[no-any-return]

    def bisect(self, address: int) -> int:
        """The index of the first match at or behind an address; their number when none is.

        So ``bisect(end) - bisect(start)`` matches lie from start up to, not including, end.
        """
        address = arguments.whole("address", address, 0, arguments.HIGHEST + 1, "an address")
        return bisect_left(range(len(self)), address, key=lambda index: self.addresses(index, 1)[0])

    def column(self, what: ColumnName, start: int = 0, count: int | None = None) -> memoryview[Any]:
        """A property of many matches at once, for whatever takes Python's buffer protocol.

        Numbers in this machine's byte order have their own format; other values are rows of
        bytes. ``numpy.asarray`` makes an array of either without copying.

        Args:
            what: ``"address"``; or the value ``"now"``, at the ``"previous"`` scan or at the
                ``"first"``.
            start: the first index.
            count: how many; all that follow if None.

        Raises:
            MemoryFault: a value can no longer be read; a next scan lets go of such matches.
            SnapshotError: old values cannot be read back.
            TargetGone: the target exited or executed another program.
        """
        arguments.choice("what", what, ("address", "now", "previous", "first"))
        start, count = self._part(start, count)
        scan = self._scan
        addresses = ffi.new("uint64_t[]", count)
        letter: Any = "Q" if what == "address" else scan.layout.buffer_format
        if not count:
            return memoryview(b"").cast(letter or "B")
        newest = scan.steps[-1]
        lib.ff_matchset_addresses(newest.matches, start, count, addresses)
        if what == "address":
            return memoryview(ffi.buffer(addresses)).cast("B").cast(letter)
        values = ffi.new("uint8_t[]", count * scan.size)
        if what == "now":
            self._read_each(addresses, count, values)
        else:
            kept = newest if what == "previous" else scan.steps[0]
            code = lib.ff_snapshot_values(kept.snapshot, newest.matches, start, count, values)
            if code < 0:
                raise SnapshotError(scan.directory, -code, "cannot read old values back")
        view = memoryview(ffi.buffer(values)).cast("B")
        return view.cast(letter) if letter else view.cast("B", shape=[count, scan.size])

    def _part(self, start: int, count: int | None) -> tuple[int, int]:
        """A first index and how many matches there are from it on, of those asked for."""
        start = arguments.whole("start", start, 0, _FAR, "an index, 0 or more")
        if count is not None:
            count = arguments.whole("count", count, 0, _FAR, "a number of matches, 0 or more")
        left = max(0, len(self) - start)
        return start, left if count is None else min(count, left)

    def _read_each(self, addresses: Any, count: int, out: Any) -> None:
        scan = self._scan
        reading = scan.reading(addresses[0])
        least = min(reading.least, scan.size)
        memory = scan.target.memory
        size = scan.size
        code = lib.ff_reader_read_each(memory.reader, addresses, count, size, least, out)
        done = memory.check(code)
        scan.target.check()  # after the fact: so these are not another program's values
        if done < count:
            raise MemoryFault(addresses[done], size, 0, False)

    def _map(self) -> _MatchMap:
        return _MatchMap(self._scan.target)

    def _fetch(self, start: int, count: int, shared: _MatchMap | None = None) -> list[Match]:
        addresses = self.addresses(start, count)
        if not addresses:
            return []
        scan = self._scan
        where = shared or self._map()
        newest, oldest = scan.steps[-1], scan.steps[0]
        found = []
        for index, address in enumerate(addresses, start):
            reading = scan.reading(address)
            raw = scan.target.memory.read(address, reading.size)
            previous = old = reading.decode(newest.value(address, scan.size, scan.directory))
            if newest is not oldest:
                old = reading.decode(oldest.value(address, scan.size, scan.directory))
            value = reading.decode(raw) if len(raw) >= reading.least else None
            types = reading.type, reading.names
            found.append(Match(index, address, value, previous, old, *types, where))
        scan.target.check()  # after the fact: so these are not another program's values
        return found
