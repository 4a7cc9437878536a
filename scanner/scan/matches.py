"""Matches: a lazy sequence over what a scan found."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, overload

from .. import arguments
from ..arrow.columns import Columns
from ..engine import ffi, lib
from ..errors import (
    ArgumentError,
    FarfetchError,
    MatchIndexError,
    MemoryFault,
    SnapshotError,
    TypeNameError,
)
from ..lifetime.bound import Bound
from ..memory.addresses import format_address
from ..memory.modules import Location, Module, locate, locations_said
from ..memory.regions import Region
from ..memory.space import Space
from ..memory.values import Values
from ..values.convert import layout_of, value_type
from ..values.value_type import AnyConstruct, T
from .columns import columns_of_matches
from .history import Present, addresses_of
from .reading import Readings
from .state import ScanState

if TYPE_CHECKING:
    Column = memoryview[Any]
else:
    Column = memoryview  # which can be indexed so by Python 3.14 and newer

ColumnName = Literal["address", "now", "previous", "first"]
_BATCH = 1024
_FAR = 1 << 80  # beyond all indexes


class _MatchMap(Bound):
    """A target's regions and modules, looked up once for many matches, when first asked for."""

    def __init__(self, target: Space) -> None:
        self._target = target
        self._regions: list[Region] | None = None
        self._modules: list[Module] = []

    def location(self, address: int) -> Location:
        if self._regions is None:
            self._regions = self._target.regions()
            self._modules = self._target.modules()
        return locate(address, self._regions, self._modules)


@dataclass(frozen=True, init=False, repr=False)
class Match(Generic[T]):
    """One address that a scan found.

    Attributes:
        index: in the scan's matches.
        address: of the value's first byte.
        value: that is there now; None where it can no longer be read.
        previous: at the last scan.
        first: at the first scan.
        type: the construct of those values.
        types: the names of all types that it matches as; of a number of unknown type several.

    >>> memory = bytearray([1, 5, 9])
    >>> scan = attach(Buffer(memory, base=0x1000)).scan(u8)
    >>> scan.first("now == 5").matches
    1
    >>> memory[1] = 6
    >>> match = scan[0]
    >>> hex(match.address), match.value, match.previous, match.types, str(match.location)
    ('0x1001', 6, 5, ('u8',), '0x1001')

    A match can be copied and pickled, and has its location then as it was at that time.
    """

    index: int
    address: int
    value: T | None
    previous: T
    first: T
    type: AnyConstruct
    types: tuple[str, ...]
    _map: _MatchMap | _Known = field(repr=False, compare=False)

    def __init__(
        self,
        index: int,
        address: int,
        value: T | None,
        previous: T,
        first: T,
        type: AnyConstruct,  # noqa: A002
        types: tuple[str, ...],
        _map: _MatchMap | _Known,
    ) -> None:
        own = self.__dict__  # what a frozen dataclass does by itself takes three times as long
        own["index"] = index
        own["address"] = address
        own["value"] = value
        own["previous"] = previous
        own["first"] = first
        own["type"] = type
        own["types"] = types
        own["_map"] = _map

    def __repr__(self) -> str:
        shown = ("value", "previous", "first", "types")
        rest = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"Match(index={self.index}, address={format_address(self.address)}, {rest})"

    def __reduce__(self) -> tuple[Callable[..., Match], tuple[object, ...]]:
        try:
            location = self.location
        except FarfetchError:  # of what is gone, nothing but the address is known
            location = Location(self.address, None, None, self.address, "")
        try:
            kind: object = layout_of(self.type).name
        except TypeNameError:
            kind = self.type
        values = self.value, self.previous, self.first
        return _copied, (self.index, self.address, *values, kind, self.types, location)

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


@dataclass(frozen=True)
class _Known:
    """A location that was looked up before."""

    place: Location

    def location(self, address: int) -> Location:  # noqa: ARG002
        return self.place


def _copied(
    index: int,
    address: int,
    value: Any,
    previous: Any,
    first: Any,
    kind: Any,
    types: tuple[str, ...],
    location: Location,
) -> Match[Any]:
    """A match as it was copied or pickled."""
    return Match(index, address, value, previous, first, value_type(kind), types, _Known(location))


class Matches(Bound, Sequence[Match[T]]):
    """What a scan has found at present, by ascending address.

    Nothing is read before it is asked for: an index reads one value, iteration reads in batches.
    Each call, and an iteration as a whole, is about the step that was present when it began; what
    that takes is kept until it ends.

    >>> scan = attach(Buffer(bytes([1, 5, 9]), base=16)).scan(u8, where="all")
    >>> scan.first("now > 4").matches
    2
    >>> [(match.index, match.address, match.value) for match in scan.matches]
    [(0, 17, 5), (1, 18, 9)]
    >>> scan.matches[-1].value, len(scan.matches[:1])
    (9, 1)
    """

    def __init__(self, scan: ScanState) -> None:
        self._scan = scan

    def __len__(self) -> int:
        return self._scan.history.present.total

    def __repr__(self) -> str:
        return f"<Matches of {self._scan!r}>"

    @overload
    def __getitem__(self, index: int) -> Match[T]: ...

    @overload
    def __getitem__(self, index: slice) -> list[Match[T]]: ...

    def __getitem__(self, index: int | slice) -> Match[T] | list[Match[T]]:
        present = self._scan.history.present
        total = present.total
        if isinstance(index, slice):
            try:
                indexes = range(total)[index]
            except (TypeError, ValueError):
                raise ArgumentError("an index", index, "whole numbers, and a step not 0") from None
            if not indexes:
                return []
            if indexes.step == 1:
                return self._fetch(present, indexes.start, len(indexes))
            shared = self._map()
            return [match for at in indexes for match in self._fetch(present, at, 1, shared)]
        index = arguments.whole("an index", index, -_FAR, _FAR, "a whole number")
        wanted = index + total if index < 0 else index
        if not 0 <= wanted < total:
            raise MatchIndexError(index, total)
        return self._fetch(present, wanted, 1)[0]

    def __iter__(self) -> Iterator[Match[T]]:
        return self._walk(self._scan.history.present)

    def _walk(self, present: Present) -> Iterator[Match[T]]:
        start = 0
        while batch := self._fetch(present, start, _BATCH):
            yield from batch
            start += len(batch)
            self._scan.history.check()  # of a closed scan there is no more

    def addresses(self, start: int = 0, count: int | None = None) -> list[int]:
        """Addresses of the matches from one index on.

        Args:
            start: the first index.
            count: how many; all that follow if None.

        >>> scan = attach(Buffer(bytes(8), base=16)).scan(u16, where="all")
        >>> scan.first().matches
        4
        >>> scan.matches.addresses(start=1, count=2)
        [18, 20]
        """
        present = self._scan.history.present
        return addresses_of(present, *part_of(present, start, count))

    def locations(self, start: int = 0, count: int | None = None) -> list[str]:
        """What the locations of the matches from one index on are called, of many at once.

        Args:
            start: the first index.
            count: how many; all that follow if None.

        Raises:
            TargetGone: the target exited or executed another program.
            TargetClosed: it was closed.

        >>> scan = attach(Buffer(bytes(8), base=16)).scan(u16, where="all")
        >>> scan.first().matches
        4
        >>> scan.matches.locations(start=2) == [str(match.location) for match in scan.matches[2:]]
        True
        """
        target, found = self._scan.target, self.addresses(start, count)
        regions = target.regions()
        return locations_said(found, regions, target.modules(regions))

    def bisect(self, address: int) -> int:
        """The index of the first match at or behind an address; their number when none is.

        So ``bisect(end) - bisect(start)`` matches lie from start up to, not including, end.

        >>> scan = attach(Buffer(bytes(8), base=16)).scan(u16, where="all")
        >>> scan.first().matches
        4
        >>> scan.matches.bisect(22) - scan.matches.bisect(17)
        2
        """
        address = arguments.whole("address", address, 0, arguments.HIGHEST + 1, "an address")
        present = self._scan.history.present
        indexes = range(present.total)
        return bisect_left(indexes, address, key=lambda at: addresses_of(present, at, 1)[0])

    def column(self, what: ColumnName, start: int = 0, count: int | None = None) -> Column:
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
            TargetClosed: it was closed, and ``"now"`` is asked for.
            ScanClosed: the scan was closed.

        >>> memory = bytearray([1, 5, 9])
        >>> scan = attach(Buffer(memory, base=16)).scan(u8)
        >>> scan.first("now > 4").matches
        2
        >>> memory[2] = 7
        >>> [scan.matches.column(what).tolist() for what in ("address", "previous", "now")]
        [[17, 18], [5, 9], [5, 7]]
        """
        arguments.choice("what", what, ("address", "now", "previous", "first"))
        scan = self._scan
        present = scan.history.present
        start, count = part_of(present, start, count)
        addresses = ffi.new("uint64_t[]", count)
        letter: Any = "Q" if what == "address" else scan.layout.buffer_format
        if not count:
            return memoryview(b"").cast(letter or "B")
        lib.ff_matchset_addresses(present.matches, start, count, addresses)
        if what == "address":
            return memoryview(ffi.buffer(addresses)).cast("B").cast(letter)
        size = _size(present)
        if what == "now":
            values = _read_each(scan, present, addresses, size)
        else:
            kept = present.previous if what == "previous" else present.first
            values = _recall_each(scan, present, kept, start, count)
        view = memoryview(ffi.buffer(values)).cast("B")
        return view.cast(letter) if letter else view.cast("B", shape=[count, size])

    def columns(self, start: int = 0, count: int | None = None) -> Columns:
        """The matches of the present step as columns, for whatever takes Arrow.

        They are ``address``, ``value``, ``previous`` and ``first``, as :class:`Match` has them; the
        value is read when a stream of them comes to it, and is null where it can no longer be. Of a
        structure each field has a column within; of numbers of unknown type each type has one,
        which is null where the number is none of that type. What is neither a number nor text is
        bytes. The matches are such columns themselves, as pyarrow, pandas and DuckDB take them;
        polars takes them for a list of objects, and is to be given these:
        ``polars.DataFrame(scan.matches.columns())``.

        Args:
            start: the first index.
            count: how many; all that follow if None.

        Raises:
            ScanClosed: the scan was closed; a stream that has begun then ends with this error.

        >>> memory = bytearray([1, 5, 9])
        >>> scan = attach(Buffer(memory, base=16)).scan(u8)
        >>> scan.first("now > 4").matches
        2
        >>> memory[2] = 7
        >>> import pyarrow
        >>> pyarrow.table(scan.matches.columns(start=1)).to_pylist()
        [{'address': 18, 'value': 7, 'previous': 9, 'first': 9}]
        """
        present = self._scan.history.present
        start, count = part_of(present, start, count)
        return columns_of_matches(self._scan, present, range(start, start + count))

    def __arrow_c_schema__(self) -> object:
        """What :meth:`columns` are: a capsule with an ``ArrowSchema``."""
        return self.columns().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All :meth:`columns`: a capsule with an ``ArrowArrayStream``."""
        return self.columns().__arrow_c_stream__(requested_schema)

    def _map(self) -> _MatchMap:
        return _MatchMap(self._scan.target)

    def _fetch(
        self, present: Present, start: int, count: int, shared: _MatchMap | None = None
    ) -> list[Match[T]]:
        addresses = addresses_of(present, start, count)
        if not addresses:
            return []
        scan, count = self._scan, len(addresses)
        readings = Readings(scan, addresses, present)
        whole = scan.target.memory.read_many(readings.values) == count
        scan.target.check()  # after the fact: so these are not another program's values
        newest = readings.then(_recall_each(scan, present, present.previous, start, count))
        oldest = newest
        if present.first is not present.previous:
            oldest = readings.then(_recall_each(scan, present, present.first, start, count))
        now, where = readings.now(whole), shared or self._map()
        rows = zip(
            range(start, start + count), addresses, now, newest, oldest, readings.each, strict=True
        )
        return [
            Match(index, address, value, previous, first, reading.type, reading.names, where)
            for index, address, value, previous, first, reading in rows
        ]


def values_now(scan: ScanState, present: Present, indexes: range) -> bytes:
    """The bytes that some matches have now, side by side.

    Raises:
        MemoryFault: some can no longer be read.
    """
    count = len(indexes)
    addresses = ffi.new("uint64_t[]", count)
    lib.ff_matchset_addresses(present.matches, indexes.start, count, addresses)
    return bytes(ffi.buffer(_read_each(scan, present, addresses, _size(present))))


def values_then(scan: ScanState, present: Present, snapshot: Any, indexes: range) -> bytes:
    """The bytes that some matches had, by one of the core's snapshots, side by side.

    Raises:
        SnapshotError: they cannot be read back.
    """
    return bytes(ffi.buffer(_recall_each(scan, present, snapshot, indexes.start, len(indexes))))


def _read_each(scan: ScanState, present: Present, addresses: Any, size: int) -> Any:
    """The bytes at each address, side by side, where as many as have to be there are."""
    least = min(present.ground.least, size) if present.ground else size
    memory, count = scan.target.memory, len(addresses)
    values = Values(addresses, size)
    whole = memory.read_many(values)
    scan.target.check()  # after the fact: so these are not another program's values
    if whole < count:
        short = next((index for index, done in enumerate(values.done) if done < least), count)
        if short < count:
            blocked = memory.blocks(addresses[short])
            raise MemoryFault(addresses[short], size, 0, False, blocked=blocked)
    return values.raw


def _recall_each(scan: ScanState, present: Present, snapshot: Any, start: int, count: int) -> Any:
    """The bytes that each had, side by side."""
    values = ffi.new("uint8_t[]", count * _size(present))
    code = lib.ff_snapshot_values(snapshot, present.matches, start, count, values)
    if code < 0:
        raise SnapshotError(scan.directory, -code, "cannot read old values back")
    return values


def part_of(present: Present, start: int, count: int | None) -> tuple[int, int]:
    """A first index and how many matches there are from it on, of those asked for."""
    start = arguments.whole("start", start, 0, _FAR, "an index, 0 or more")
    if count is not None:
        count = arguments.whole("count", count, 0, _FAR, "a number of matches, 0 or more")
    left = max(0, present.total - start)
    return start, left if count is None else min(count, left)


def _size(present: Present) -> int:
    """Bytes of one value."""
    return (present.ground.layout.size if present.ground else None) or 0
