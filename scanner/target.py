"""Targets: attach to a process, read and write values in it, begin scans of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Literal

from . import writing
from .addresses import parse_address
from .budget import Budget
from .errors import AccessDenied, MemoryFault, TargetGone, TypeNameError
from .footprints import Footprint, read_footprints
from .freeze import Freeze, Freezer
from .memory import Memory, open_memory
from .memory.base import gone
from .modules import Location, Module, locate, modules_of
from .pages import Pages
from .patch import Patch, Patches
from .pointers import PointerPath
from .process import ProcessInfo, find_process
from .regions import Region, Where
from .scan import Scan
from .structs import size_of
from .values import decode, encode, value_type
from .watch import Watch


def attach(what: int | str | Memory, *, memory: str = "auto") -> Target:
    """Attach to a process, or to any memory.

    Nothing is stopped and nothing is changed: attaching asks the kernel for permission and keeps
    hold of the address space, so that a process that later takes the pid is never mistaken for it.

    Args:
        what: a pid, a name (of the process, its program or script), or a memory.
        memory: how to reach a process, one of :func:`memory_names`.

    Raises:
        TargetNotFound: no process is called that.
        TargetAmbiguous: several are.
        AccessDenied: the kernel does not let this user trace it.
        MemoryUnavailable: this machine lacks that way of reading.

    >>> import os
    >>> with attach(os.getpid()) as target:
    ...     target.alive
    True
    """
    if isinstance(what, Memory):
        return Target(what)
    info = find_process(what)
    space = AddressSpace(info)
    try:
        return Target(open_memory(memory, info), info, space)
    except BaseException:
        space.close()
        raise


class AddressSpace:
    """The address space a process had when it was attached to.

    An open /proc/pid/mem belongs to that address space, not to the pid: once the process has
    exited or executed another program, reads give 0 bytes; see proc_pid_mem(5).

    Args:
        info: the process.
    """

    def __init__(self, info: ProcessInfo) -> None:
        self._info = info
        try:
            self._fd = os.open(f"/proc/{info.pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:
            raise AccessDenied(info.pid, info.name, "attach to") from None
        except (FileNotFoundError, ProcessLookupError):
            raise TargetGone(info.pid, info.name, "exited") from None

    @property
    def alive(self) -> bool:
        """Whether the process still runs in it."""
        if self._fd < 0:
            return False
        try:
            # nothing is mapped at 0: EIO while there is an address space, no bytes after
            return bool(os.pread(self._fd, 1, 0))
        except OSError:
            return True

    def gone(self) -> TargetGone:
        """What became of it."""
        return gone(self._info)

    def close(self) -> None:
        """Let go of it."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Target:
    """A process, or any memory, whose values can be found and changed.

    Made by :func:`attach`; a context manager.

    Attributes:
        memory: the way its bytes are read and written.
        process: what is known of the process; None for other memory.
        pages: what the kernel knows of its pages; None for other memory.
    """

    def __init__(
        self,
        memory: Memory,
        process: ProcessInfo | None = None,
        space: AddressSpace | None = None,
    ) -> None:
        self.memory = memory
        self.process = process
        self._space = space
        self._freezer: Freezer | None = None
        self._patches = Patches(self)
        self._closed = False
        self._known: tuple[list[Region], list[Module]] = ([], [])
        self.pages = Pages(process.pid) if process else None

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
        """Width of a pointer: 32 or 64."""
        return (self.process.bits if self.process else None) or 64

    @property
    def alive(self) -> bool:
        """Whether it is still what was attached to: it has neither exited nor executed anew."""
        return not self._closed and (self._space is None or self._space.alive)

    def check(self) -> None:
        """Raise TargetGone unless it is still what was attached to."""
        if self._space is not None and not self._space.alive:
            raise self._space.gone()

    def regions(self) -> list[Region]:
        """What is mapped, by ascending address.

        Raises:
            TargetGone: it has exited or executed another program.
        """
        self.check()
        return self.memory.regions()

    def footprints(self) -> list[Footprint]:
        """What each region takes, by ascending address; a buffer's are all in memory.

        Costs a walk over all the target's pages, which :meth:`regions` does not.

        Raises:
            TargetGone: it has exited or executed another program.
        """
        if self.pid is None:
            return [Footprint(one, one.size, one.size) for one in self.regions()]
        self.check()
        return read_footprints(self.pid, self.name)

    def modules(self, regions: list[Region] | None = None) -> list[Module]:
        """The programs and libraries that are mapped, by ascending address.

        Args:
            regions: that :meth:`regions` gave; they are read anew if None.
        """
        return self._modules_of(self.regions() if regions is None else regions)

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
        """
        return Scan(
            self,
            type,
            align=align,
            where=where,
            threads=threads,
            directory=directory,
            budget=budget or Budget(),
            soft_dirty=soft_dirty,
            chunk=chunk,
        )

    def read_bytes(self, address: int, size: int) -> bytes:
        """The bytes at an address, all of them.

        Raises:
            MemoryFault: some cannot be read; says how many could.
            TargetGone: it has exited or executed another program.
        """
        raw = self.memory.read(address, size)
        self.check()  # after the fact: so these are not another program's bytes
        if len(raw) < size:
            raise MemoryFault(address, size, len(raw), False)
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
        """
        self.check()
        done = self._put(address, raw, force)
        writing.check(self.memory, address, len(raw), done, force=force)

    def read(self, address: int, type: Any) -> Any:  # noqa: A002
        """The value at an address.

        Args:
            address: of its first byte.
            type: a construct with a size, or the name of one.
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

        >>> from farfetch.scanner import Buffer, i32
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
        """
        construct = value_type(type)
        if value is None:
            at = address.resolve(self) if isinstance(address, PointerPath) else address
            value = self.read(at, construct)
        if self._freezer is None:
            self._freezer = Freezer(writing.PastTheFreezer(self))
        return self._freezer.add(
            address, construct, value, allow=allow, interval=interval, force=force
        )

    @property
    def frozen(self) -> tuple[Freeze, ...]:
        """What is frozen, and held unless :attr:`.Freeze.holding` says otherwise."""
        return self._freezer.entries if self._freezer else ()

    def watch(self, places: Iterable[tuple[int, Any]]) -> Watch:
        """Look at several values together, again and again.

        Args:
            places: the address and the type of each: a construct with a size, or its name.
        """
        return Watch(self, ((address, value_type(what)) for address, what in places))

    def patch(self, address: int, raw: bytes) -> Patch:
        """Change bytes and keep the old ones; code, too, where the target cannot write it itself.

        This is the one way to write that forces without being asked; :attr:`.Patch.forced` says
        whether it had to.

        Args:
            address: of the first.
            raw: the new bytes.

        Raises:
            MemoryFault: they cannot be read or written there; nothing is changed.
        """
        return self._patches.add(address, raw)

    @property
    def patches(self) -> tuple[Patch, ...]:
        """The patches that were not undone, in the order in which they were made."""
        return self._patches.entries

    def locate(self, address: int) -> Location:
        """The region and module of an address."""
        regions = self.regions()
        return locate(address, regions, self._modules_of(regions))

    def address(self, text: str) -> int:
        """The address that a person wrote: ``0x7f00…``, ``game+0x4010``, ``[heap]+0x2a0``.

        Raises:
            ExpressionError: it is none.
        """
        regions = self.regions()
        return parse_address(text, self._modules_of(regions), regions)

    def close(self) -> None:
        """Let go: what is frozen thaws, the target runs on."""
        if self._closed:
            return
        self._closed = True
        if self._freezer is not None:
            self._freezer.close()
        self.memory.close()
        if self.pages is not None:
            self.pages.close()
        if self._space is not None:
            self._space.close()

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
        if regions != self._known[0]:
            root = "/" if self.pid is None else f"/proc/{self.pid}/root"
            self._known = (regions, modules_of(regions, root))
        return self._known[1]

    def _size(self, construct: Any) -> int:
        size = size_of(construct, bits=self.bits)
        if size is None:
            raise TypeNameError(construct.name, reason="needs a length here, as in text[16]")
        return size

    def _put(self, address: int, raw: bytes, force: bool) -> int:
        return writing.write(self.memory, self._freezer, address, raw, force=force)

    def _put_each(self, addresses: Any, count: int, raw: bytes, force: bool) -> int:
        return writing.write_each(self.memory, self._freezer, addresses, count, raw, force=force)
