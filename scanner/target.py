"""Targets: attach to a process, read and write values in it, begin scans of it."""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from . import arguments
from .errors import CodeError, ExpressionError, WaitTimeout
from .lifetime import waiting
from .live.access import Access
from .live.freeze import Freezer
from .live.frozen import Freeze
from .live.patch import Patch, Patches
from .live.watch import Watch
from .memory.base import Memory
from .memory.owner import ProcessInfo
from .memory.page_state import PageState
from .memory.path_group import AnyPath, PathGroup
from .memory.pointer_path import PointerPath
from .memory.region_filter import Where
from .memory.regions import Footprint
from .pointers.map import PointerMap, pointer_map_of
from .pointers.moment import Order
from .scan.arena import Arena
from .scan.budget import Budget
from .scan.job import ProgressFunction
from .scan.scan import Scan
from .values.convert import value_type
from .values.literals import parse_integer
from .values.value_type import AnyType, OtherType, T, ValueType

if TYPE_CHECKING:
    from .code.instruction import Instruction
    from .code.symbols import Symbol, Symbols
    from .debug.watchpoint import On, Watchpoint
    from .predicates.byte_pattern import Pattern
    from .script.live_script import LiveScript, Scripts


#: A function behind its module's name, and an offset.
_FUNCTION: Final = re.compile(r'"?([^"]*![^"+]*)"?\s*([+-]\s*(?:0x[0-9a-fA-F]+|[0-9]+))?')

_LOOKS: Final = 0.02  # seconds between looks whether it is still there


class Target(Access):
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
        self._making = threading.RLock()  # of the next two
        self._holder: Freezer | None = None
        self._patches: Patches | None = None
        self._scripts: Scripts | None = None
        self._symbols: Symbols | None = None
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
            chunk: bytes a thread reads at a time; the map does not depend on it.
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

    @overload
    def freeze(
        self,
        address: int | AnyPath,
        type: ValueType[T],
        value: T | None = None,
        *,
        allow: Literal["increase", "decrease"] | None = None,
        interval: float = 0.05,
        force: bool = False,
    ) -> Freeze[T]: ...

    @overload
    def freeze(
        self,
        address: int | AnyPath,
        type: OtherType,
        value: Any = None,
        *,
        allow: Literal["increase", "decrease"] | None = None,
        interval: float = 0.05,
        force: bool = False,
    ) -> Freeze[Any]: ...

    def freeze(
        self,
        address: int | AnyPath,
        type: AnyType,  # noqa: A002
        value: Any = None,
        *,
        allow: Literal["increase", "decrease"] | None = None,
        interval: float = 0.05,
        force: bool = False,
    ) -> Freeze[Any]:
        """Hold a value by writing it again whenever it changes.

        What cannot be reached for a while is held again when it can be; see :class:`.Freeze`.

        Args:
            address: of its first byte, or the path to it, which is followed at each look, or a
                group of paths, which holds it while they agree.
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
        self.memory.check_writable()
        if not isinstance(address, PointerPath | PathGroup):
            address = arguments.address(address)
        if value is None:
            at = address if isinstance(address, int) else address.resolve(self)
            value = self.read(at, construct)
        with self._making:
            self._life.check()
            if self._holder is None:
                self._holder = Freezer(self)
        return self._holder.add(
            address, construct, value, allow=allow, interval=interval, force=force
        )

    @property
    def frozen(self) -> tuple[Freeze[Any], ...]:
        """What is frozen, and held unless :attr:`.Freeze.holding` says otherwise."""
        if self._life.is_forked:
            self._life.check()
        return self._holder.entries if self._holder else ()

    def watch(self, places: Iterable[tuple[int, AnyType]]) -> Watch:
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

    def watchpoint(
        self,
        address: int,
        size: int = 4,
        on: On = "write",
        *,
        loss: float = 0.05,
        stack: int = 512,
    ) -> Watchpoint:
        """See which instructions touch a value from now on; the target is never stopped.

        Args:
            address: of the value.
            size: its bytes, up to 32 where they begin at a multiple of 8. The processor has four
                registers for it, each for 1, 2, 4 or 8 bytes at a multiple of as many.
            on: ``"write"``, ``"read"``, ``"access"`` for both, or ``"execute"`` for an instruction.
            loss: the part of its time that the target may lose, a twentieth unless told
                otherwise. With more hits the breakpoints rest in between, and counts are
                estimates; 1 lets them never rest.
            stack: bytes of the stack that are kept of each hit, up to 4096.

        Raises:
            WatchpointError: there are no such breakpoints here, for us, or for so many bytes; the
                text has the reason and the cure.
            CodeError: this machine's code cannot be read here.
            AccessDenied: the kernel does not let this user trace it.
            TargetGone: it has exited or executed another program.

        >>> import ctypes, os
        >>> value = ctypes.c_int()
        >>> try:
        ...     with attach(os.getpid()) as target:
        ...         with target.watchpoint(ctypes.addressof(value), 4) as hits:
        ...             value.value = 7
        ...         [(hit.count, hit.after.hex()) for hit in hits]
        ... except WatchpointError as error:
        ...     print(error.reason)
        [(1, '07000000')]
        """
        from .debug.watchpoint import Watchpoint  # which takes a while to load

        self._life.check()
        return Watchpoint(self, self._functions(), address, size, on, loss=loss, stack=stack)

    def address(self, text: str) -> int:
        """The address that a person wrote: ``0x7f00…``, ``game+0x4010``, ``game!hit+0x12``.

        Raises:
            ExpressionError: it is none.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     target.address("libc!qsort+4") - target.address("libc.so.6!qsort")
        4
        """
        try:
            return super().address(text)
        except ExpressionError:
            found = _FUNCTION.fullmatch(text.strip())
            address = None if found is None else self._function(found[1])
            if found is None or address is None:
                raise
            address += parse_integer((found[2] or "+0").replace(" ", "").lstrip("+"))
            return arguments.address(address)

    def _function(self, name: str) -> int | None:
        """The address of a function with its module's name before it."""
        from .code.naming import function_named

        return function_named(self._functions(), self.modules(), name)

    def symbol(self, address: int) -> Symbol | None:
        """The function that an address is in; None where none is known.

        They come from the symbols of the modules' files, from files of symbols that belong to
        these, from what libraries export, and from what unwinding knows.

        >>> import ctypes, os
        >>> getpid = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
        >>> with attach(os.getpid()) as target:
        ...     symbol = target.symbol(getpid + 2)
        >>> "getpid" in symbol.name, symbol.offset
        (True, 2)
        """
        return self._functions().at(arguments.address(address))

    def _functions(self) -> Symbols:
        from .code.symbols import Symbols

        self._life.check()
        with self._making:
            if self._symbols is None:
                self._symbols = Symbols(self)
        return self._symbols

    def nop(self, address: int) -> Patch:
        """Let an instruction do nothing; the patch puts it back.

        Threads that run through it meanwhile see the one or the other, but where its first two
        bytes lie on both sides of a multiple of 8: there one may see half of each.

        Args:
            address: of the instruction.

        Raises:
            CodeError: there is none, or this machine's code cannot be read here.
            MemoryFault: it cannot be read or written there.

        >>> memory = bytearray(bytes.fromhex("83 6b 04 05 c3"))
        >>> target = attach(Buffer(memory, base=0x1000))
        >>> with target.nop(0x1000):
        ...     print(target.disassemble(0x1000)[0])
        nop [rax]
        >>> print(target.disassemble(0x1000)[0])
        sub dword ptr [rbx+4], 5
        """
        from .code.nops import nothing

        found = self.disassemble(address)
        if not found or not found[0].is_valid:
            raise CodeError(address, "this is no instruction")
        return self.patch(address, nothing(address, found[0].size))

    def signature(self, address: int) -> Pattern:
        """The shortest pattern of eight bytes or more that is nowhere else in its module's code.

        It begins at an address. What is likely to be another in the next build is left wild: how
        far it is to data and to functions, and addresses.

        Args:
            address: of an instruction.

        Raises:
            CodeError: it is in no module's code, or no pattern of 256 bytes is unique.
            MemoryFault: it cannot be read.

        >>> import ctypes, os
        >>> getpid = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
        >>> with attach(os.getpid()) as target:
        ...     pattern = target.signature(getpid)
        ...     pattern.fits(target.read_bytes(getpid, len(pattern)))
        True
        """
        from .code.signature import signature_of

        self._life.check()
        return signature_of(self, arguments.address(address))

    def disassemble(self, address: int, count: int = 1) -> list[Instruction]:
        """The instructions from an address on.

        Args:
            address: of the first.
            count: how many; fewer come where the code ends.

        Raises:
            MemoryFault: nothing can be read there.
            CodeError: this machine's code cannot be read here.

        >>> target = attach(Buffer(bytes.fromhex("e8 0b 00 00 00 90"), base=0x1000))
        >>> call, nop = target.disassemble(0x1000, 2)
        >>> call.text, hex(call.target), nop.address - call.address
        ('call 0x1010', '0x1010', 5)
        """
        from .code.disassembling import disassembled

        return disassembled(self, address, count)

    def script(
        self,
        text: str,
        *,
        name: str = "",
        folder: str | os.PathLike[str] | None = None,
    ) -> LiveScript:
        r"""Take an Auto Assembler script, as Cheat Engine's tables have them; nothing changes yet.

        Args:
            text: of the script, with its [ENABLE] and [DISABLE].
            name: what errors call it.
            folder: from which the script may include files; it may include none if None.

        >>> memory = bytearray(b"\x29\xd8")
        >>> target = attach(Buffer(memory, base=0x1000))
        >>> script = target.script("[ENABLE]\n1000:\n nop 2\n[DISABLE]\n1000:\n db 29 D8")
        >>> script.enable()
        >>> memory.hex(" "), [one.name for one in target.scripts]
        ('90 90', ['script 1'])
        """
        from .script.live_script import Scripts  # which needs iced

        self._life.check()
        with self._making:
            if self._scripts is None:
                self._scripts = Scripts(self, self._functions())
        return self._scripts.script(text, name, folder)

    @property
    def scripts(self) -> tuple[LiveScript, ...]:
        """The scripts that are enabled, in the order in which that was done.

        >>> attach(Buffer(bytearray(8))).scripts
        ()
        """
        if self._life.is_forked:
            self._life.check()
        return self._scripts.enabled if self._scripts else ()

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

    def _thaw(self) -> None:
        if self._holder is not None:
            self._holder.close()  # first: so that nothing it holds seems to fail
        with self._making:
            self._life.is_closed = True
            freezer = self._holder
        if freezer is not None:
            freezer.close()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        life = getattr(self, "_life", None)
        if life is None or life.is_closed or life.is_forked:
            return
        if self.memory.must_be_closed:
            _warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        pid = f" pid {self.pid}" if self.pid is not None else ""
        return f"<Target {self.name}{pid} through {self.memory.name}>"
