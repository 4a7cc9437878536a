"""Pointer paths that a scan has found: how many there are, and the best of them."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, overload

from .. import arguments
from ..arrow.columns import Columns
from ..errors import ArgumentError, MatchIndexError, PointersClosed
from ..errors.suggest import near
from ..lifetime.bound import Closing
from ..lifetime.life import Held
from ..memory.pointer_path import PointerPath
from ..memory.stacks import stack_label
from .bases import Base
from .check import Checkable, CheckedPath, checked
from .found import Found, Walk
from .path_columns import columns_of_paths

_MOST = 1 << 62


class PointerPaths(Closing):
    """The paths that a scan of a pointer map has found; a context manager.

    Nothing is written down: :attr:`total` is known at once, and paths come one by one as they are
    asked for, the best first. That is: fewest steps; of these, from the program itself before its
    libraries, these before threads' stacks, and these before plain addresses; of these, the
    smallest offsets, in classes whose bound doubles (their sum, each taken as positive, is below 1,
    2, 4, 8 …); of these, by the base's address and the offsets.

    What is counted are walks, which may come by a place twice. Such loops are left out of what is
    listed, unless :meth:`walks` is asked; so fewer may be listed than there are.

    A cancel ends what runs with PointersCancelled; what was listed by index stays.

    Attributes:
        address: that they lead to.
        depth: pointers that one follows at the most.
        changed: labels of the modules of which a map that was compared has another build: their
            paths may lead elsewhere. The program's own comes first.

    >>> from farfetch.scanner import Buffer, Range, attach
    >>> memory = bytearray(4096)
    >>> for at in (0, 8, 0x108):
    ...     memory[at : at + 8] = (0x1100).to_bytes(8, "little")
    >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
    >>> paths = pointers.scan(0x1104, depth=2, bases=Range(0x1000, 0x1010))
    >>> paths.total, paths.by_steps
    (4, (2, 2))
    >>> print(paths.text())
    0x1000 -> 0x4
    0x1008 -> 0x4
    0x1000 -> 0x8 -> 0x4
    0x1008 -> 0x8 -> 0x4
    """

    def __init__(self, found: Found, sections: frozenset[int] | None = None) -> None:
        self.address = found.address
        self.depth = found.depth
        self.changed = found.changed
        self._sections = frozenset(range(len(found.bases))) if sections is None else sections
        self._held = Held(found, partial(PointersClosed, "paths"))
        self._tasks = found.tasks
        self._listing = threading.RLock()
        self._listed: list[PointerPath] = []
        self._walk: Walk | None = None

    @property
    def total(self) -> int:
        """How many paths there are, those that come by a place twice included."""
        return sum(self.by_steps)

    @property
    def exact(self) -> bool:
        """Whether :attr:`total` is exact: from one place 2**64 paths or more count as one less."""
        return not self._held.get().saturated

    @property
    def by_steps(self) -> tuple[int, ...]:
        """How many there are of one step, of two, and so on up to the depth."""
        found = self._held.get()
        return tuple(
            sum(found.total(steps, section) for section in self._sections)
            if steps >= found.shortest
            else 0
            for steps in range(1, found.depth + 1)
        )

    @property
    def by_module(self) -> dict[str, int]:
        """How many there are from each module, by its label, or stack of a thread, ``stack[0]``.

        ``""`` is for plain addresses.
        """
        found = self._held.get()
        totals: dict[str, int] = {}
        for section in sorted(self._sections):
            label = _label(found, found.bases[section])
            count = sum(
                found.total(steps, section) for steps in range(found.shortest, found.depth + 1)
            )
            totals[label] = totals.get(label, 0) + count
        return {label: count for label, count in totals.items() if count}

    @property
    def memory(self) -> int:
        """Bytes of memory that the maps and their scans take at present."""
        return sum({id(room): room.memory for room in self._held.get().rooms}.values())

    def of(self, *modules: str) -> PointerPaths:
        """Only the paths that begin in some modules.

        Args:
            modules: labels, as :attr:`by_module` has them.

        Raises:
            ArgumentError: no path may begin in such a module.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
        >>> paths = pointers.scan(0x100C, depth=2, bases=Range(0x1000, 0x1010))
        >>> paths.by_module, paths.of("").total, paths.of().total
        ({'': 6}, 6, 0)
        """
        found = self._held.get()
        known = [_label(found, base) for base in found.bases]
        for name in modules:
            arguments.text("modules", name)
            if name not in known:
                likest = near(name, {*known} - {""}, 3)
                hint = f"; near it: {', '.join(likest)}" if likest else ""
                raise ArgumentError("modules", name, f"a module that paths begin in{hint}")
        return PointerPaths(found, frozenset(i for i in self._sections if known[i] in modules))

    def walks(self) -> Iterator[PointerPath]:
        """All paths, those that come by a place twice included: as many as :attr:`total` says.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
        >>> paths = pointers.scan(0x100C, depth=2, through_bases=True, bases=Range(0x1000, 0x1010))
        >>> len(list(paths.walks())) == paths.total > len(list(paths))
        True
        """
        return Walk(self._held, self._sections, True)

    def __iter__(self) -> Iterator[PointerPath]:
        return Walk(self._held, self._sections, False)

    @overload
    def __getitem__(self, index: int) -> PointerPath: ...

    @overload
    def __getitem__(self, index: slice) -> list[PointerPath]: ...

    def __getitem__(self, index: int | slice) -> PointerPath | list[PointerPath]:
        if isinstance(index, slice):
            start = _position(index.start, 0)
            stop = None if index.stop is None else _position(index.stop, 0)
            step = 1 if index.step is None else arguments.whole("step", index.step, 1, _MOST)
            return self._list(stop)[start:stop:step]
        position = _position(index, 0)
        listed = self._list(position + 1)
        if position >= len(listed):
            raise MatchIndexError(position, len(listed), "path")
        return listed[position]

    def _list(self, stop: int | None) -> list[PointerPath]:
        """The first paths, up to so many; what was listed before is not walked again."""
        found = self._held.get()
        with self._listing:
            if self._walk is None:
                self._walk = Walk(self._held, self._sections, False)
            self._walk.cancels = found.tasks.cancels
            missing = None if stop is None else max(0, stop - len(self._listed))
            for path in itertools.islice(self._walk, missing):
                self._listed.append(path)  # one by one: a cancel keeps them
            return self._listed

    def check(
        self,
        target: Checkable,
        address: int | None = None,
        *,
        type: Any = None,  # noqa: A002
        value: Any = None,
    ) -> Iterator[CheckedPath]:
        """The paths that lead somewhere in a target, as it is now.

        Args:
            target: to follow them in.
            address: that they have to lead to; anywhere if None.
            type: of the value at the end of each.
            value: that has to be there; any if None.

        Raises:
            ArgumentError: a value without a type.
            ValueRangeError, ValueKindError: the value is none of the type.
            TypeNameError: the type is none.
            TargetGone, TargetClosed: there is nothing to follow them in.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> target = attach(Buffer(memory, base=0x1000))
        >>> paths = target.pointer_map().scan(0x100C, depth=1, bases=Range(0x1000, 0x1010))
        >>> target.write(0x1000, "u64", 0x1010)
        >>> [str(one.path) for one in paths.check(target, 0x100C)]
        ['0x1008 -> 0x4']
        """
        order = self._held.get().moment.order
        return checked(self, target, address, type=type, value=value, order=order)

    def text(self, count: int = 1000) -> str:
        """The best paths, a line each, as :meth:`.PointerPath.parse` takes them.

        Args:
            count: of them.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
        >>> paths = pointers.scan(0x100C, depth=2, bases=Range(0x1000, 0x1010))
        >>> print(paths.text(1))
        0x1000 -> 0x4
        """
        return "\n".join(map(str, self[: arguments.whole("count", count, 0, _MOST)]))

    def json(self, count: int = 1000) -> str:
        """The best paths and how many there are, as JSON.

        Args:
            count: of paths.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
        >>> paths = pointers.scan(0x100C, depth=2, bases=Range(0x1000, 0x1010))
        >>> import json
        >>> json.loads(paths.json(1))["paths"]
        [{'base': '0x1000', 'offsets': [4]}]
        """
        paths = self[: arguments.whole("count", count, 0, _MOST)]
        return json.dumps(
            {
                "address": f"0x{self.address:x}",
                "depth": self.depth,
                "total": self.total,
                "exact": self.exact,
                "changed": list(self.changed),
                "paths": [{"base": base, "offsets": list(offsets)} for base, offsets in paths],
            }
        )

    def columns(self, count: int | None = None) -> Columns:
        """The best paths as columns, for whatever takes Arrow: ``base`` and ``offsets``.

        Each stream of them walks anew, and its paths come as they are asked for. The paths are such
        columns themselves, of all that there are; polars takes them for a list, and is to be given
        these.

        Args:
            count: of them; all if None.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
        >>> paths = pointers.scan(0x100C, depth=2, bases=Range(0x1000, 0x1010))
        >>> import pyarrow
        >>> pyarrow.table(paths.columns(1)).to_pylist()
        [{'base': '0x1000', 'offsets': [4]}]
        """
        if count is not None:
            count = arguments.whole("count", count, 0, _MOST)
        self._held.get()
        return columns_of_paths(self._held, self._sections, count)

    def __arrow_c_schema__(self) -> object:
        """What :meth:`columns` are: a capsule with an ``ArrowSchema``."""
        return self.columns().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All :meth:`columns`: a capsule with an ``ArrowArrayStream``."""
        return self.columns().__arrow_c_stream__(requested_schema)

    def cancel(self) -> None:
        """Stop what lists paths, from another thread or a signal handler; waits for nobody.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
        >>> paths = pointers.scan(0x100C, depth=2, bases=Range(0x1000, 0x1010))
        >>> paths.cancel()
        """
        self._tasks.cancel()

    def close(self) -> None:
        """Let go of what was counted, as soon as nobody walks through it.

        >>> from farfetch.scanner import Buffer, Range, attach
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
        >>> paths = pointers.scan(0x100C, depth=2, bases=Range(0x1000, 0x1010))
        >>> paths.close()
        """
        self._held.let_go()
        self._walk = None

    def __bool__(self) -> bool:
        return self.total > 0

    def __repr__(self) -> str:
        return f"<PointerPaths to 0x{self.address:x}>"


def _label(found: Found, base: Base) -> str:
    if base.stack >= 0:
        return stack_label(base.stack)
    return found.labels[base.module] if base.module >= 0 else ""


def _position(index: object, default: int) -> int:
    if index is None:
        return default
    return arguments.whole("index", index, 0, _MOST, "an index from 0: paths have no known end")
