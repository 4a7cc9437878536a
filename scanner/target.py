"""Targets: attach to a process, read and write values in it, begin scans of it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final, overload

from . import arguments
from .changed import Changed
from .errors import WaitTimeout
from .lifetime import waiting
from .memory.base import Memory
from .memory.owner import ProcessInfo
from .memory.page_state import PageState
from .memory.region_filter import Where
from .memory.regions import Footprint
from .pointers.map import PointerMap, pointer_map_of
from .pointers.moment import Order
from .scan.arena import Arena
from .scan.budget import Budget
from .scan.job import ProgressFunction
from .scan.scan import Scan
from .values.value_type import AnyType, OtherType, T, ValueType

_LOOKS: Final = 0.02  # seconds between looks whether it is still there


class Target(Changed):
    """A process, or any memory, whose values can be found and changed.

    Made by :func:`attach`; a context manager. Once it is closed, all that needs the target raises
    TargetClosed. Any thread may use it, and close it under the others: what they are in the middle
    of ends, scans with that error.

    Attributes:
        memory: the way its bytes are read and written.
        stepping: what stops each scan that is in the middle of a step, and waits for it; and each
            watchpoint.
        symbols: names of addresses, which texts of addresses may begin with.

    >>> target = attach(Buffer(bytearray(4096), base=0x1000))
    >>> target.write(0x1010, i32, 100)
    >>> target.read(0x1010, "i32"), target.read_bytes(0x1010, 4).hex(" ")
    (100, '64 00 00 00')
    >>> target.name, target.pid, target.bits, target.alive
    ('buffer', None, 64, True)
    >>> target.close()
    """

    def __init__(self, memory: Memory, *, bits: int | None = None) -> None:
        super().__init__(memory, bits=bits)
        self._arena = Arena()

    @property
    def process(self) -> ProcessInfo | None:
        """What is known of the process; None for other memory."""
        return self.memory.process

    @property
    def pages(self) -> PageState:
        """What the kernel knows of its pages; nothing of other memory's."""
        return self.memory.pages

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
        return self.memory.pid

    @property
    def name(self) -> str:
        """The process's name, or the memory's."""
        return self.memory.title

    def footprints(self) -> list[Footprint]:
        """How much of each region is in memory, by ascending address; of a buffer all is.

        Costs a walk over all the target's pages, which :meth:`regions` does not.

        Raises:
            TargetGone: it has exited or executed another program.

        >>> [footprint] = attach(Buffer(bytearray(4096))).footprints()
        >>> footprint.resident, footprint.dirty
        (4096, 4096)
        """
        self.check()
        return self.memory.footprints()

    @overload
    def scan(
        self,
        type: ValueType[T],
        *,
        align: int | None = None,
        where: str | Where = "writable",
        threads: int | None = None,
        directory: str | None = None,
        budget: Budget | None = None,
        soft_dirty: bool = True,
        chunk: int | None = None,
    ) -> Scan[T]: ...

    @overload
    def scan(
        self,
        type: OtherType,
        *,
        align: int | None = None,
        where: str | Where = "writable",
        threads: int | None = None,
        directory: str | None = None,
        budget: Budget | None = None,
        soft_dirty: bool = True,
        chunk: int | None = None,
    ) -> Scan[Any]: ...

    def scan(
        self,
        type: AnyType,  # noqa: A002  # the field's word
        *,
        align: int | None = None,
        where: str | Where = "writable",
        threads: int | None = None,
        directory: str | None = None,
        budget: Budget | None = None,
        soft_dirty: bool = True,
        chunk: int | None = None,
    ) -> Scan[Any]:
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
            chunk: bytes a thread reads at a time; if None 2 MiB, or what is the thread's share of
                half the processor's cache, down to 512 KiB. Matches do not depend on it.

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
            arena=self._arena,
        )

    def pointer_map(
        self,
        *,
        where: str | Where = "writable",
        align: int | None = None,
        order: Order = "little",
        threads: int | None = None,
        directory: str | None = None,
        budget: Budget | None = None,
        chunk: int | None = None,
        goal: int | None = None,
        progress: ProgressFunction | None = None,
    ) -> PointerMap:
        """Read all pointers of the target: words that lead into the regions looked at.

        Scans of the map say by which paths an address can be found again in every run.

        Args:
            where: which regions are looked at, and led into; see :class:`Where`.
            align: bytes between the addresses looked at: 1, 2, 4 or 8; a pointer's width if None.
            order: of the bytes of a pointer: ``"little"``, or ``"big"`` as in some emulators.
            threads: worker threads; one a processor if None.
            directory: for what does not fit into the budget of memory; FARFETCH_TMPDIR, TMPDIR or
                /var/tmp if None.
            budget: what the map and its scans may take; see :class:`Budget`.
            chunk: bytes a thread reads at a time, as of a scan; the map does not depend on it.
            goal: the address that paths are looked for to; the map keeps it, as a note for later.
            progress: called in this thread about 20 times a second; its matches are pointers.

        Raises:
            WhereError: no region matches.
            PointersCancelled: by Ctrl-C.
            PointerMapError: there is not enough memory or disk, or there are too many.
            ScanOrderError: inside of a step of a scan.
            TargetGone: it has exited or executed another program.

        >>> from farfetch.scanner import Buffer
        >>> memory = bytearray((0x1008).to_bytes(8, "little") * 4)
        >>> len(attach(Buffer(memory, base=0x1000)).pointer_map())
        4
        """
        self._life.check()
        return pointer_map_of(
            self,
            where=where,
            align=align,
            order=order,
            threads=threads,
            directory=directory,
            budget=budget,
            chunk=chunk,
            goal=goal,
            progress=progress,
        )

    def save_memory(
        self,
        file: str | os.PathLike[str],
        *,
        force: bool = False,
        progress: ProgressFunction | None = None,
    ) -> int:
        """Write a core file of the target, which runs on: it is scanned as a target is, later.

        Written is what is in memory, and readable; memory that nobody touched is a hole in the
        file, and left out where it goes on for more than a gibibyte. The target is not stopped, so
        what it changes meanwhile is there as it was or as it is. Of threads only those registers
        are told that the kernel tells of sleeping ones. gdb reads it, too.

        Args:
            file: its name; a core file of that name is replaced. All of it is written or nothing.
            force: replace whatever is there.
            progress: called in this thread about 20 times a second; its matches are pages.

        Returns:
            The bytes of memory that are in it.

        Raises:
            CoreFileError: it cannot be written, or another file is there; that is untouched.
            TargetGone: it has exited or executed another program.

        >>> import tempfile
        >>> from farfetch.scanner import CoreFile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     attach(Buffer(b"gold" + bytes(4092), base=0x1000)).save_memory(f"{folder}/core")
        ...     attach(CoreFile(f"{folder}/core")).read(0x1000, "text[4]")
        4096
        'gold'
        """
        from .coredump.save import save_core  # which most programs do without

        self._life.check()
        return save_core(self, file, force=force, progress=progress)

    def wait_exit(self, timeout: float | None = None) -> None:
        """Wait until it has exited, or executed another program.

        Args:
            timeout: seconds to wait; as long as it takes if None.

        Raises:
            WaitTimeout: it still runs.
            TargetClosed: it was closed, maybe meanwhile.

        >>> import subprocess
        >>> started = subprocess.Popen(["sleep", "0.1"])
        >>> with attach(started) as target:
        ...     target.wait_exit(timeout=60)
        >>> started.wait()
        0
        """
        waiting.wait(self._ends(waiting.pauses(timeout, _LOOKS)))

    async def wait_exit_async(self, timeout: float | None = None) -> None:
        """Wait as :meth:`wait_exit` does, in a coroutine.

        >>> import asyncio
        >>> target = attach(Buffer(b"abc"))
        >>> asyncio.run(target.wait_exit_async(timeout=0.01))
        Traceback (most recent call last):
        farfetch.scanner.WaitTimeout: waited in vain for the end of buffer: it still runs
        """
        await waiting.wait_async(self._ends(waiting.pauses(timeout, _LOOKS)))

    def _ends(self, rests: Iterator[float]) -> waiting.Waiting[None]:
        while True:
            self._life.check()
            if not self.memory.alive:
                return
            pause = next(rests, None)
            if pause is None:
                raise WaitTimeout(f"the end of {self.name}", "it still runs")
            yield pause

    def spare_memory(self) -> None:
        """Have old values take no more memory than the machine can spare now.

        While others wait for memory, or near the limit of a control group, what is free of it is
        given back, and the oldest values go to disk. Scans see to that themselves; whoever keeps
        values while no scan runs may call this now and then, as the prompt does. After
        :meth:`close` there is nothing to do.

        >>> with attach(Buffer(bytes(8))) as target:
        ...     target.spare_memory()
        """
        self._life.refuse_children()
        self._arena.relieve()

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
            self._thaw()
        super().close()
        if not self._life.is_forked:
            self._arena.close()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        life = getattr(self, "_life", None)
        if life is None or life.is_closed or life.is_forked:
            return
        if self.memory.must_be_closed:
            _warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        pid = f" pid {self.pid}" if self.pid is not None else ""
        closed = ", closed" if self._life.is_closed else ""
        return f"<Target {self.name}{pid} through {self.memory.name}{closed}>"
