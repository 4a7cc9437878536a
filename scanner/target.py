"""Targets: attach to a process, read and write values in it, begin scans of it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, Literal

from . import arguments
from .errors import ArgumentError, MemoryFault, TargetClosed, TypeNameError
from .lifetime.bound import Bound
from .lifetime.life import Life
from .live.freeze import Freeze, Freezer
from .live.patch import Patch, Patches
from .live.watch import Watch
from .memory import writing
from .memory.addresses import parse_address
from .memory.base import Memory
from .memory.modules import Location, Module, locate, modules_of
from .memory.pointer_path import PointerPath
from .memory.regions import Region
from .memory.where import Where
from .process.address_space import AddressSpace
from .process.footprints import Footprint, read_footprints
from .process.pages import Pages
from .process.processes import ProcessInfo, find_process
from .process.threads import opened_root
from .process.ways import open_memory
from .process.widths import is_width, program_bits
from .scan.budget import Budget
from .scan.scan import Scan
from .scan.turns import Turns
from .values.convert import decode, encode, value_type
from .values.structures import size_of


def attach(what: int | str | Memory, *, memory: str = "auto", bits: int | None = None) -> Target:
    """Attach to a process, or to any memory.

    Nothing is stopped and nothing is changed: attaching asks the kernel for permission and keeps
    hold of the address space, so that a process that later takes the pid is never mistaken for it.

    Args:
        what: a pid, a name (of the process, its program or script), or a memory.
        memory: how to reach a process, one of :func:`memory_names`.
        bits: width of its pointers, 32 or 64; what its program says if None. See
            :attr:`Target.bits`.

    Raises:
        TargetNotFound: no process is called that.
        TargetAmbiguous: several are.
        AccessDenied: the kernel does not let this user trace it.
        MemoryUnavailable: this machine lacks that way of reading.

    >>> import os
    >>> with attach(os.getpid()) as target:
    ...     target.alive
    True
    >>> attach(Buffer(b"any bytes", base=0x1000)).read(0x1004, "text[5]")
    'bytes'
    """
    _check_bits(bits)
    arguments.text("memory", memory)
    if isinstance(what, Memory):
        return Target(what, bits=bits)
    info = find_process(what)
    space = AddressSpace(info)
    try:
        return Target(open_memory(memory, info), info, space, bits=bits)
    except BaseException:
        space.close()
        raise


class Target(Bound):
    """A process, or any memory, whose values can be found and changed.

    Made by :func:`attach`; a context manager. Once it is closed, all that needs the target raises
    TargetClosed. Any thread may use it, and close it under the others: what they are in the middle
    of ends, scans with that error.

    Attributes:
        memory: the way its bytes are read and written.
        process: what is known of the process; None for other memory.
        pages: what the kernel knows of its pages; None for other memory.
        stepping: whose turn it is in the scans that are in the middle of a step.

    >>> target = attach(Buffer(bytearray(4096), base=0x1000))
    >>> target.write(0x1010, i32, 100)
    >>> target.read(0x1010, "i32"), target.read_bytes(0x1010, 4).hex(" ")
    (100, '64 00 00 00')
    >>> target.name, target.pid, target.bits, target.alive
    ('buffer', None, 64, True)
    >>> target.close()
    """

    def __init__(
        self,
        memory: Memory,
        process: ProcessInfo | None = None,
        space: AddressSpace | None = None,
        *,
        bits: int | None = None,
    ) -> None:
        self.memory = memory
        self.process = process
        self._space = space
        self._bits = bits
        self._life = Life(partial(TargetClosed, self.pid, self.name))
        self._making = threading.RLock()  # of the next two
        self._freezer: Freezer | None = None
        self._patches: Patches | None = None
        self.stepping: dict[Turns, None] = {}
        self._known: tuple[list[Region], list[Module]] = ([], [])
        self.pages = Pages(process.pid) if process else None

    @property
    def patience(self) -> float:
        """Seconds that a page which does not come is waited for, 1 unless set; others may be read.

        Some pages must be brought by a process (userfaultfd(2)), and nobody may be there to do so.
        A page that a file system or a disk is to bring is waited for ten times as long. What is
        not brought counts as unreadable: in :attr:`.FaultSet.blocked` of a scan, and as a
        :class:`MemoryFault` that says so elsewhere. From the same mapping, only pages that are in
        memory are read from then on, until the page comes after all.
        """
        return self.memory.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self.memory.patience = seconds

    @property
    def pid(self) -> int | None:
        """The process's pid; None for other memory."""
        return self.process.pid if self.process else None

    @property
    def name(self) -> str:
        """The process's name, or the memory's."""
        return self.process.name if self.process else self.memory.name

    @property
    def bits(self) -> int:
        """Width of a pointer: 32 or 64.

        It is that of the process's program; under Wine that of the Windows program, which may be 32
        in a process of 64 bits. What cannot be seen from outside, as in emulators, can be said: set
        it, or set None to go by the program again. Scans that have begun keep theirs.
        """
        if self._bits is None and self.process is not None:
            found = program_bits(self.process, self.memory)
            if found is None:  # it may not be mapped yet
                return self.process.bits or 64
            self._bits = found
        return self._bits or 64

    @bits.setter
    def bits(self, bits: int | None) -> None:
        _check_bits(bits)
        self._bits = bits

    @property
    def alive(self) -> bool:
        """Whether it is still what was attached to: not closed, nor exited, nor executed anew."""
        if self._life.is_closed:
            return False
        self._life.check()
        return self._space is None or self._space.alive

    def check(self) -> None:
        """Raise unless it is still what was attached to.

        Raises:
            TargetGone: it has exited or executed another program.
            TargetClosed: it was closed.
            ForkedError: it is the parent process's.

        >>> target = attach(Buffer(b"abc"))
        >>> target.close()
        >>> target.check()
        Traceback (most recent call last):
        farfetch.scanner.TargetClosed: the buffer was closed here: attach again
        """
        self._life.check()
        if self._space is not None and not self._space.alive:
            raise self._space.gone()

    def regions(self) -> list[Region]:
        """The regions that are mapped, by ascending address.

        Raises:
            TargetGone: it has exited or executed another program.

        >>> [region] = attach(Buffer(bytearray(4096), base=0x1000)).regions()
        >>> hex(region.start), region.size, region.perms
        ('0x1000', 4096, 'rw-p')
        """
        self.check()
        return self.memory.regions()

    def footprints(self) -> list[Footprint]:
        """How much of each region is in memory, by ascending address; of a buffer all is.

        Costs a walk over all the target's pages, which :meth:`regions` does not.

        Raises:
            TargetGone: it has exited or executed another program.

        >>> [footprint] = attach(Buffer(bytearray(4096))).footprints()
        >>> footprint.resident, footprint.dirty
        (4096, 4096)
        """
        if self.pid is None:
            return [Footprint(one, one.size, one.size) for one in self.regions()]
        self.check()
        return read_footprints(self.pid, self.name)

    def modules(self, regions: list[Region] | None = None) -> list[Module]:
        """The programs and libraries that are mapped, by ascending address.

        Args:
            regions: that :meth:`regions` gave; they are read anew if None.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     any(module.name.startswith("libc.") for module in target.modules())
        True
        """
        self.check()
        if regions is None:
            regions = self.regions()
        else:
            regions = arguments.several("regions", regions, Region, "regions of a target, or None")
        return self._modules_of(regions)

    def scan(
        self,
        type: Any,  # noqa: A002  # the field's word
        *,
        align: int | None = None,
        where: str | Where = "writable",
        threads: int | None = None,
        directory: str | None = None,
        budget: Budget | None = None,
        soft_dirty: bool = True,
        chunk: int | None = None,
    ) -> Scan:
        """Begin a scan for values of a type.

        Args:
            type: a construct, or the name of one.
            align: bytes between the addresses looked at, 1 to 4096; the type's own if None.
            where: which regions, see :class:`Where`.
            threads: worker threads; one a processor if None.
            directory: for the files of old values; FARFETCH_TMPDIR, TMPDIR or /var/tmp if None.
            budget: what the matches and old values may take; see :class:`Budget`.
            soft_dirty: leave out pages that the kernel says nobody wrote to, where it can tell;
                the target then takes a page fault at its next write to each.
            chunk: bytes a thread reads at a time; matches do not depend on it.

        >>> target = attach(Buffer(bytearray(64)))
        >>> scan = target.scan("u16", align=1, where="all", threads=1)
        >>> scan.first("now == 0").matches
        63
        """
        self._life.check()
        return Scan(
            self,
            type,
            align=align,
            where=where,
            threads=threads,
            directory=directory,
            budget=Budget() if budget is None else budget,
            soft_dirty=arguments.flag("soft_dirty", soft_dirty),
            chunk=chunk,
        )

    def read_bytes(self, address: int, size: int) -> bytes:
        """The bytes at an address, all of them.

        Raises:
            MemoryFault: some cannot be read; says how many could.
            TargetGone: it has exited or executed another program.

        >>> target = attach(Buffer(b"abcdef", base=16))
        >>> target.read_bytes(18, 3)
        b'cde'
        >>> target.read_bytes(20, 3)
        Traceback (most recent call last):
        farfetch.scanner.MemoryFault: cannot read 3 bytes at 0x14: 0x16 is not mapped or not
            readable
        """
        address, size = arguments.address(address), arguments.size(size)
        raw = self.memory.read(address, size)
        self.check()  # after the fact: so these are not another program's bytes
        if len(raw) < size:
            blocked = self.memory.blocks(address + len(raw), size - len(raw))
            raise MemoryFault(address, size, len(raw), False, blocked=blocked)
        return raw

    def write_bytes(self, address: int, raw: bytes, *, force: bool = False) -> None:
        """Write bytes at an address, all of them; what is frozen there is held so from then on.

        Args:
            address: of the first.
            raw: the bytes.
            force: also where the target may not write itself, as a debugger does: it gets its own
                copy of such a page.

        Raises:
            MemoryFault: some cannot be written; says how many were.
            TargetGone: it has exited or executed another program.

        >>> memory = bytearray(b"abcdef")
        >>> attach(Buffer(memory, base=16)).write_bytes(18, b"XY")
        >>> bytes(memory)
        b'abXYef'
        """
        address, raw = arguments.address(address), arguments.raw("raw", raw)
        self.check()
        done = self._put(address, raw, arguments.flag("force", force))
        writing.check(self.memory, address, len(raw), done, force=force)

    def read(self, address: int, type: Any) -> Any:  # noqa: A002
        """The value at an address.

        Args:
            address: of its first byte.
            type: a construct with a size, or the name of one.

        >>> target = attach(Buffer(b"hi" + bytes(6), base=16))
        >>> target.read(16, "text[4]"), target.read(16, u16be)
        ('hi', 26729)
        """
        construct = value_type(type)
        return decode(construct, self.read_bytes(address, self._size(construct)), bits=self.bits)

    def write(
        self,
        address: int,
        type: Any,  # noqa: A002
        value: Any,
        *,
        force: bool = False,
    ) -> None:
        """Write a value at an address; what is frozen there is held so from then on.

        Args:
            address: of its first byte.
            type: a construct, or the name of one.
            value: of that type.
            force: also where the target may not write itself.

        Raises:
            ValueRangeError: it does not fit the type; nothing is written.
            MemoryFault: it cannot be written there, or only by force.

        >>> target = attach(Buffer(bytearray(8), base=16))
        >>> held = target.freeze(16, i32, 77)
        >>> target.write(16, i32, 5)
        >>> held.value
        5
        """
        raw = encode(value_type(type), value, bits=self.bits)
        self.write_bytes(address, raw, force=force)

    def freeze(
        self,
        address: int | PointerPath,
        type: Any,  # noqa: A002
        value: Any = None,
        *,
        allow: Literal["increase", "decrease"] | None = None,
        interval: float = 0.05,
        force: bool = False,
    ) -> Freeze:
        """Hold a value by writing it again whenever it changes.

        What cannot be reached for a while is held again when it can be; see :class:`.Freeze`.

        Args:
            address: of its first byte, or the path to it, which is followed at each look.
            type: a construct, or the name of one.
            value: to hold; what is there now if None.
            allow: the way in which the value may still move, taking the frozen value with it.
            interval: seconds between looks.
            force: hold it even where the target may not write itself.

        Raises:
            ValueRangeError: the value does not fit the type.
            MemoryFault: it cannot be read or written there now.
            PointerError: the path leads nowhere now.

        >>> memory = bytearray(8)
        >>> target = attach(Buffer(memory, base=16))
        >>> with target.freeze(16, i32, 77, allow="increase") as held:
        ...     memory[0], held.holding, len(target.frozen)
        (77, True, 1)
        >>> held.active, len(target.frozen)
        (False, 0)
        """
        self._life.check()
        construct = value_type(type)
        if not isinstance(address, PointerPath):
            address = arguments.address(address)
        if value is None:
            at = address.resolve(self) if isinstance(address, PointerPath) else address
            value = self.read(at, construct)
        with self._making:
            self._life.check()
            if self._freezer is None:
                self._freezer = Freezer(writing.PastTheFreezer(self))
        return self._freezer.add(
            address, construct, value, allow=allow, interval=interval, force=force
        )

    @property
    def frozen(self) -> tuple[Freeze, ...]:
        """What is frozen, and held unless :attr:`.Freeze.holding` says otherwise."""
        if self._life.is_forked:
            self._life.check()
        return self._freezer.entries if self._freezer else ()

    def watch(self, places: Iterable[tuple[int, Any]]) -> Watch:
        """Look at several values together, again and again.

        Args:
            places: the address and the type of each: a construct with a size, or its name.

        >>> target = attach(Buffer(bytes([7, 0, 0, 0, 9, 0]), base=16))
        >>> watch = target.watch([(16, i32), (20, "u16")])
        >>> [seen.value for seen in watch.look()]
        [7, 9]
        """
        self._life.check()
        return Watch(self, arguments.pairs("places", places))

    def patch(self, address: int, raw: bytes) -> Patch:
        """Change bytes and keep the old ones; code, too, where the target cannot write it itself.

        This is the one way to write that forces without being asked; :attr:`.Patch.forced` says
        whether it had to.

        Args:
            address: of the first.
            raw: the new bytes.

        Raises:
            MemoryFault: they cannot be read or written there; nothing is changed.

        >>> target = attach(Buffer(bytearray(b"abc"), base=16))
        >>> with target.patch(17, b"X"):
        ...     target.read_bytes(16, 3)
        b'aXc'
        >>> target.read_bytes(16, 3)
        b'abc'
        """
        self._life.check()
        with self._making:
            if self._patches is None:
                self._patches = Patches(self)
        return self._patches.add(address, raw)

    @property
    def patches(self) -> tuple[Patch, ...]:
        """The patches that were not undone, in the order in which they were made."""
        if self._life.is_forked:
            self._life.check()
        return self._patches.entries if self._patches else ()

    def locate(self, address: int) -> Location:
        """The region and module of an address.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     program = target.modules()[0]
        ...     location = target.locate(program.base + 16)
        >>> location.module == program, location.offset
        (True, 16)
        """
        address = arguments.address(address)
        regions = self.regions()
        return locate(address, regions, self._modules_of(regions))

    def address(self, text: str) -> int:
        """The address that a person wrote: ``0x7f00…``, ``game+0x4010``, ``[heap]+0x2a0``.

        Raises:
            ExpressionError: it is none.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     target.address("0x7f00"), target.address("[stack]+16") - target.address("[stack]")
        (32512, 16)
        """
        regions = self.regions()
        return parse_address(text, self._modules_of(regions), regions)

    def close(self) -> None:
        """Let go: what is frozen thaws, the target runs on.

        Steps of scans that run are cancelled and waited for; what other threads read or write
        meanwhile ends as it would have, but waits for no page. What scans have found so far stays
        theirs. In a child of the process that attached only its own descriptors are closed.

        >>> target = attach(Buffer(bytearray(8)))
        >>> target.close()
        >>> target.alive
        False
        """
        if not self._life.is_forked:
            self.memory.wait_no_more()
            self._stop_all()
        self.memory.close()
        if self.pages is not None:
            self.pages.close()
        if self._space is not None:
            self._space.close()

    def _stop_all(self) -> None:
        if self._freezer is not None:
            self._freezer.close()  # first: so that nothing it holds seems to fail
        with self._making:
            self._life.is_closed = True
            freezer = self._freezer
        if freezer is not None:
            freezer.close()
        for turns in tuple(self.stepping):
            turns.cancel()
            turns.wait()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        life: Life | None = getattr(self, "_life", None)
        if life is None or life.is_closed or life.is_forked:
            return
        if self.process is not None:
            _warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)

    def __enter__(self) -> Target:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        pid = f" pid {self.pid}" if self.pid is not None else ""
        return f"<Target {self.name}{pid} through {self.memory.name}>"

    def _modules_of(self, regions: list[Region]) -> list[Module]:
        """The modules among regions; files are only looked into when the regions have changed."""
        known = self._known
        if regions != known[0]:
            if self.pid is None:
                known = self._known = (regions, modules_of(regions))
            else:
                with opened_root(self.pid) as root:
                    known = self._known = (regions, modules_of(regions, root))
        return known[1]

    def _size(self, construct: Any) -> int:
        size = size_of(construct, bits=self.bits)
        if size is None:
            raise TypeNameError(construct.name, reason="needs a length here, as in text[16]")
        return size

    def _put(self, address: int, raw: bytes, force: bool) -> int:
        return writing.write(self.memory, self._freezer, address, raw, force=force)

    def _put_each(self, addresses: Any, count: int, raw: bytes, force: bool) -> int:
        return writing.write_each(self.memory, self._freezer, addresses, count, raw, force=force)


def _check_bits(bits: object) -> None:
    if bits is not None and not is_width(bits):
        raise ArgumentError("bits", bits, "32, 64, or None for the program's own")
