"""Pointer maps: all pointers of a target at one moment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from .. import arguments
from ..engine import lib
from ..errors import ArgumentError, PointersClosed
from ..lifetime.bound import Closing
from ..lifetime.life import Held
from ..memory.modules import Module
from ..memory.region_filter import Where, filter_of
from ..memory.space import Space
from ..scan.budget import Budget
from ..scan.job import ProgressFunction
from ..scan.results import FaultSet
from ..scan.state import chunk_of, threads_of
from . import map_file, scandata
from .bases import Wanted
from .make import Plan, make_map
from .moment import Moment, Order, order_of
from .paths import PointerPaths
from .room import Room
from .scan import Mapped, Options, scan_map
from .tasks import TaskProgress, Tasks

_ALIGNS = (1, 2, 4, 8)


class PointerMapInfo(NamedTuple):
    """What a pointer map is of, and what it takes.

    Attributes:
        name: of the target.
        program: the path of its program; "" where that is not known.
        bits: width of a pointer: 32 or 64.
        order: ``"little"`` or ``"big"``.
        align: bytes between the addresses looked at.
        where: which regions were.
        made: when, in seconds since 1970.
        seconds: it took.
        pointers: how many there are.
        bytes: that were read.
        unreadable: bytes that could not be.
        memory: bytes of memory that it and its scans take at present.
        disk: bytes of disk.

    >>> from farfetch.scanner import Buffer, attach
    >>> info = attach(Buffer(bytearray(64), base=0x1000)).pointer_map().info
    >>> info.pointers, info.bytes, info.bits, info.order, info.where
    (0, 64, 64, 'little', 'writable')
    """

    name: str
    program: str
    bits: int
    order: str
    align: int
    where: str
    made: float
    seconds: float
    pointers: int
    bytes: int
    unreadable: int
    memory: int
    disk: int


class PointerMap(Closing):
    """All pointers of a target at one moment: words that lead into the regions looked at.

    Made by :meth:`.Target.pointer_map`, or from a file by :meth:`load`; a context manager. It is
    of its moment: it needs the target no longer, and scans of it find what was true then.

    Attributes:
        moment: what else is known of the target.
        room: the memory and disk that it takes.

    >>> from farfetch.scanner import Buffer, Range, attach
    >>> memory = bytearray(4096)
    >>> memory[0:8] = (0x1100).to_bytes(8, "little")
    >>> memory[0x108:0x110] = (0x1200).to_bytes(8, "little")
    >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
    >>> len(pointers)
    2
    >>> paths = pointers.scan(0x1210, max_offset=64, bases=Range(0x1000, 0x1010))
    >>> paths.total, str(paths[0])
    (1, '0x1000 -> 0x8 -> 0x10')
    """

    def __init__(self, handle: Any, moment: Moment, room: Room) -> None:
        self.moment = moment
        self.room = room
        self._pointers = int(lib.ff_pointers_count(handle))
        self._held = Held(handle, partial(PointersClosed, "map"))
        self._tasks = Tasks("scan")

    @classmethod
    def load(
        cls,
        file: str | os.PathLike[str],
        *,
        threads: int | None = None,
        directory: str | None = None,
        budget: Budget | None = None,
    ) -> PointerMap:
        """A map that :meth:`save` has written, or Cheat Engine: a ``.scandata`` file.

        Args:
            file: its name.
            threads: that check it; one a processor if None.
            directory: for what does not fit into the budget of memory.
            budget: what the map and its scans may take; see :class:`Budget`.

        Raises:
            PointerMapError: the file cannot be read, or is damaged, or is no pointer map.
            PointersCancelled: by Ctrl-C.

        >>> PointerMap.load("/dev/null")
        Traceback (most recent call last):
        farfetch.scanner.PointerMapError: the pointer map /dev/null: is not a regular file
        """
        room = Room(directory, budget)
        name = arguments.path("file", file)
        threads = threads_of(threads)
        if scandata.is_one(map_file.begins(name)):
            return cls(*scandata.load(name, room, threads), room)
        handle, moment = map_file.load(name, room, threads)
        return cls(handle, moment, room)

    def save(self, file: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write it to a file, all of it or nothing; ``.ffmap`` is what they are called.

        Where the name ends in ``.scandata`` it is written as Cheat Engine reads it, without all
        that this does not have: the goal, the regions, and what builds the modules are.

        Args:
            file: its name; a pointer map of that name is replaced.
            force: replace whatever is there.

        Raises:
            PointerMapError: it cannot be written, or another file is there; that is untouched.

        >>> import os, tempfile
        >>> from farfetch.scanner import Buffer, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     name = os.path.join(folder, "it.ffmap")
        ...     attach(Buffer(memory, base=0x1000)).pointer_map().save(name)
        ...     len(PointerMap.load(name))
        4
        """
        name, force = arguments.path("file", file), arguments.flag("force", force)
        if not force:
            map_file.check_replaced(name)
        if name.lower().endswith(scandata.ENDING):
            scandata.save(name, self.handle, self.moment)
        else:
            map_file.save(name, self.handle, self.moment)

    @property
    def handle(self) -> Any:
        """The core's.

        Raises:
            PointersClosed: it was closed.
            ForkedError: it is the parent process's.
        """
        return self._held.get()

    @property
    def info(self) -> PointerMapInfo:
        """What it is of, and what it takes."""
        moment, room = self.moment, self.room
        return PointerMapInfo(
            moment.name,
            moment.program,
            moment.bits,
            moment.order,
            moment.align,
            moment.where,
            moment.made,
            moment.seconds,
            self._pointers,
            moment.bytes,
            moment.faults.bytes,
            room.memory,
            room.disk,
        )

    @property
    def bits(self) -> int:
        """Width of its pointers: 32 or 64."""
        return self.moment.bits

    @property
    def goal(self) -> int | None:
        """The address that paths are looked for to, as it was said when the map was made.

        >>> from farfetch.scanner import Buffer, attach
        >>> attach(Buffer(bytearray(64), base=0x1000)).pointer_map(goal=0x1010).goal
        4112
        """
        return self.moment.goal

    @property
    def modules(self) -> tuple[Module, ...]:
        """The programs and libraries that were mapped, by ascending address."""
        return self.moment.modules

    @property
    def faults(self) -> FaultSet:
        """Where the target could not be read."""
        return self.moment.faults

    def scan(
        self,
        address: int,
        depth: int = 5,
        *,
        max_offset: int = 2048,
        min_offset: int = 0,
        bases: Wanted = "modules",
        within: str | Where | None = None,
        not_through: str | Where | None = None,
        ends_with: Iterable[int] = (),
        through_bases: bool = False,
        compare: Iterable[tuple[PointerMap, int]] = (),
        threads: int | None = None,
        progress: TaskProgress | None = None,
    ) -> PointerPaths:
        """Find the pointer paths that led to an address: count them all, and list the best.

        Args:
            address: that they lead to.
            depth: pointers that one follows at the most, 1 to 64.
            max_offset: bytes that one step adds at the most.
            min_offset: bytes that it adds at the least; negative to go back as well.
            bases: where paths begin: ``"modules"``, names of modules, ``"stacks"`` for those of all
                threads, ``stack[0]`` for the first one's, Ranges of addresses that are the same in
                every run, or several of these.
            within: which regions the pointers behind the first lie in; anywhere if None.
            not_through: regions in which no pointer of a path lies.
            ends_with: the last offsets of each path, the very last one last.
            through_bases: let paths go on through what is a base itself; else they begin there.
            compare: other maps, of other runs, each with the address there: only paths are found
                that lead to all of them.
            threads: that count; one a processor if None.
            progress: called with steps that are counted, and to count, every few milliseconds.

        Raises:
            ArgumentError: something is out of range, or a module is not there.
            WhereError: no region matches.
            PointersCancelled: by :meth:`cancel` or Ctrl-C.
            PointersClosed: a map was closed.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
        >>> print(pointers.scan(0x100C, depth=1, bases=Range(0x1000, 0x1010)).text())
        0x1000 -> 0x4
        0x1008 -> 0x4
        """
        options = Options.of(
            address,
            depth,
            max_offset=max_offset,
            min_offset=min_offset,
            bases=bases,
            within=within,
            not_through=not_through,
            ends_with=ends_with,
            through_bases=through_bases,
        )
        others = _others(compare, self)
        return scan_map(
            [one._mapped(goal) for one, goal in [(self, options.address), *others]],
            options,
            self._tasks,
            threads_of(threads),
            arguments.function("progress", progress),
        )

    def _mapped(self, address: int) -> Mapped:
        return Mapped(self.handle, self.moment, self.room, address)

    def cancel(self) -> None:
        """Stop the scans that run, from another thread or a signal handler; waits for nobody.

        >>> from farfetch.scanner import Buffer, attach
        >>> attach(Buffer(bytearray(64), base=0x1000)).pointer_map().cancel()
        """
        self._tasks.cancel()

    def close(self) -> None:
        """Let go of the pointers, as soon as no scan uses them any more.

        >>> from farfetch.scanner import Buffer, attach
        >>> pointers = attach(Buffer(bytearray(64), base=0x1000)).pointer_map()
        >>> pointers.close()
        """
        self._held.let_go()

    def __len__(self) -> int:
        self._held.get()
        return self._pointers

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<PointerMap of {self.moment.name}: {self._pointers} pointers>"


def pointer_map_of(
    target: Space,
    *,
    where: str | Where,
    align: int | None,
    order: Order,
    threads: int | None,
    directory: str | None,
    budget: Budget | None,
    chunk: int | None,
    goal: int | None,
    progress: ProgressFunction | None,
) -> PointerMap:
    """What :meth:`.Target.pointer_map` makes, and says."""
    workers = threads_of(threads)
    plan = Plan(
        filter_of(where),
        _align(align, target.bits // 8),
        order_of(order),
        workers,
        chunk_of(chunk, workers),
        None if goal is None else arguments.address(goal, "goal"),
    )
    room = Room(directory, budget)
    function = arguments.function("progress", progress)
    handle, moment = make_map(target, plan, room, function)
    return PointerMap(handle, moment, room)


def _align(align: int | None, word: int) -> int:
    if align is None:
        return word
    if arguments.whole("align", align, 1, 8, "1, 2, 4 or 8") not in _ALIGNS:
        raise ArgumentError("align", align, "1, 2, 4 or 8")
    return int(align)


def _others(compare: object, first: PointerMap) -> list[tuple[PointerMap, int]]:
    expected = "pairs of a pointer map and an address"
    try:
        given: list[Any] = [*arguments.several("compare", compare, object, expected)]
        pairs = [(other, address) for other, address in given]
    except Exception:
        raise ArgumentError("compare", compare, expected) from None
    if len(pairs) >= lib.FF_MAPS_MAX:
        raise ArgumentError("compare", compare, f"up to {lib.FF_MAPS_MAX - 1} other maps")
    others = []
    for other, address in pairs:
        arguments.instance("compare", other, PointerMap, expected)
        same = (other.moment.bits, other.moment.order) == (first.moment.bits, first.moment.order)
        if not same:
            raise ArgumentError("compare", other, "a map with pointers of the same width and order")
        others.append((other, arguments.address(address, "compare")))
    return others
