"""What every memory is: bytes to read and write, regions, and whether it is still there."""

from __future__ import annotations

import abc
import contextlib
import errno
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from .. import arguments
from ..engine import cell, check, ffi, lib
from ..errors import (
    ArgumentError,
    FarfetchError,
    MemoryFault,
    MemoryUnavailable,
    PatchError,
    TargetClosed,
    TargetGone,
)
from ..lifetime.bound import Bound
from ..lifetime.life import Held
from .changes import Change, checked
from .modules import Module, modules_of
from .owner import ProcessInfo
from .page_state import PageState
from .regions import Footprint, Region
from .stacks import Stack
from .values import Values

_MAY_BLOCK: Final = -errno.EAGAIN
_POLL: Final = 10  # milliseconds between looks at a call that may block
_AT_ONCE: Final = 1 << 20  # bytes read in one call
_PATIENCE: Final = 1.0  # seconds
_PATIENCE_MOST: Final = 86400.0


class Memory(Bound, abc.ABC):
    """A way to read and write a target, and all that is known of the address space there.

    The bytes are moved by one of the core's readers, which the scanning threads call with no
    Python in between. A kind of memory of one's own says at least what its regions are; whatever
    else it does not say is as with a buffer: it never goes away, its modules are the files in its
    regions, and nothing is known of its pages.

    Attributes:
        name: of this way: ``"process_vm"``, ``"proc_mem"``, ``"buffer"``.
        process: whose memory it is, if it is a process's.
        pid: of that process; None for other memory.
        title: what errors call it: the process's name, or that of this way.
        program: the path of its program; "" where that is not known.
        pages: what is known of its pages beside their bytes.
        must_be_closed: whether who forgets to close it is to be warned.

    Args:
        name: of this way.
        reader: the core's reader, which ends with its last use.
        process: whose memory it is, if it is a process's.

    >>> memory = Buffer(b"abcdef", base=16)
    >>> isinstance(memory, Memory), memory.name, memory.read(18, 2)
    (True, 'buffer', b'cd')
    """

    must_be_closed = False

    def __init__(self, name: str, reader: Any, process: ProcessInfo | None = None) -> None:
        self.name = name
        self.process = process
        self.pid = process.pid if process else None
        self.title = process.name if process else name
        self.program = (process.exe or "") if process else ""
        self.pages: PageState = PageState()
        self._patience = _PATIENCE
        self._waits = True
        self._known: tuple[list[Region], list[Module]] = ([], [])
        self._held = Held(reader, partial(TargetClosed, self.pid, self.title))

    @property
    def reader(self) -> Any:
        """The core's reader.

        Raises:
            TargetClosed: it was closed.
            ForkedError: it is the parent process's.
        """
        return self._held.get()

    @abc.abstractmethod
    def regions(self) -> list[Region]:
        """The regions that are mapped, by ascending address.

        >>> [str(region).split()[:2] for region in Buffer(b"abcdef", base=16).regions()]
        [['00000010-00000016', 'r--p']]
        """

    @property
    def bits(self) -> int:
        """Width of a pointer in it: 32 or 64."""
        return 64

    def check_writable(self) -> None:
        """Raise where nothing can ever be written, as in a core file.

        >>> Buffer(bytearray(8)).check_writable()
        """

    @property
    def alive(self) -> bool:
        """Whether it is still what was opened; False once that has gone, or was closed."""
        return True

    def gone(self) -> FarfetchError:
        """The error that says what became of it; asked when it is no longer alive.

        Raises:
            TargetClosed: it was closed here.
            ForkedError: it is the parent process's.
        """
        self._held.get()
        return TargetGone(self.pid, self.title, "exited")

    def allocate(
        self,
        size: int,
        *,
        near: int | None = None,
        access: str = "rwx",
    ) -> int:
        """Let it map more memory; only a process can.

        Args:
            size: in bytes.
            near: an address within 2 GiB of all of it; None where it does not matter.
            access: of ``r``, ``w`` and ``x``.

        Returns:
            The address of its first byte.

        Raises:
            MemoryUnavailable: it cannot.

        >>> Buffer(bytearray(8)).allocate(16)
        Traceback (most recent call last):
        farfetch.scanner.MemoryUnavailable: memory buffer is not available: only processes
            allocate more of it
        """
        self._held.get()
        arguments.allocation(size, near, access)
        raise MemoryUnavailable(self.name, "only processes allocate more of it")

    def gap(self, size: int, *, near: int | None = None) -> int:
        """Where :meth:`allocate` would allocate; raises what that does."""
        return self.allocate(size, near=near)

    def release(self, address: int, size: int) -> None:
        """Let it unmap what :meth:`allocate` gave; nothing where it cannot."""
        self._held.get()
        arguments.address(address)
        arguments.allocation(size, None, "r")

    def protect(self, address: int, size: int, access: str) -> None:
        """Let it set who may do what in whole pages; nothing where there are no such rights.

        Args:
            address: of the first byte; all pages that hold some of them are meant.
            size: in bytes.
            access: of ``r``, ``w`` and ``x``; none if empty.

        Raises:
            MemoryUnavailable: something there is not mapped, or may not have these rights.

        >>> Buffer(bytearray(8), base=16).protect(16, 8, "rwx")
        """
        self._held.get()
        arguments.rights(arguments.address(address), size, access)

    def change(self, changes: Sequence[Change]) -> None:
        """Change bytes, also code that runs: all of them or none, while nothing runs.

        Raises:
            PatchError: the old bytes are not there; nothing is changed.
            MemoryFault: some cannot be written; nothing is changed.

        >>> from farfetch.scanner.memory.changes import Change
        >>> memory = Buffer(bytearray(b"abc"), base=16)
        >>> memory.change([Change(17, b"b", b"X")])
        >>> memory.read(16, 3)
        b'aXc'
        """
        self._held.get()
        changes = checked(changes)
        for change in changes:
            there = self.read(change.address, len(change.before))
            if there != change.before:
                raise PatchError(change.address, change.before, there)
        done: list[Change] = []
        for change in changes:
            written = self.write(change.address, change.after)
            done.append(change)
            if written != len(change.after):
                for earlier in reversed(done):
                    self.write(earlier.address, earlier.before)
                raise MemoryFault(change.address, len(change.after), 0, True)

    def modules(self, regions: list[Region] | None = None) -> list[Module]:
        """The programs and libraries that are mapped, by ascending address.

        Args:
            regions: that :meth:`regions` gave; they are read anew if None. Files are only looked
                into when the regions have changed.

        >>> Buffer(bytearray(8), base=16).modules()
        []
        """
        if regions is None:
            regions = self.regions()
        known = self._known
        if regions != known[0]:
            with self._root() as root:
                known = self._known = (regions, modules_of(regions, root))
        return known[1]

    def stacks(self) -> list[Stack]:
        """The stacks of its threads, as far as they are known, by thread.

        >>> Buffer(bytearray(8), base=16).stacks()
        []
        """
        self._held.get()  # only to be refused as all else is
        return []

    def _root(self) -> contextlib.AbstractContextManager[Path]:
        """The folder that its target sees as ``/``, for as long as the context lasts."""
        return contextlib.nullcontext(Path("/"))

    def footprints(self) -> list[Footprint]:
        """How much of each region is in memory, by ascending address: all, where nobody knows more.

        >>> [footprint.resident for footprint in Buffer(bytearray(8), base=16).footprints()]
        [8]
        """
        return [Footprint(region, region.size, region.size) for region in self.regions()]

    def error(self, code: int) -> FarfetchError | None:
        """What an errno of the reader means for this memory, if it is about the whole target."""
        del code
        return None

    def read(self, address: int, size: int) -> bytes:
        """The bytes from an address on, up to the first that cannot be read.

        Args:
            address: of the first byte.
            size: bytes wanted.

        >>> Buffer(b"abcdef", base=16).read(20, 8)
        b'ef'
        """
        try:
            raw = bytearray(arguments.size(size))
        except MemoryError:
            raise ArgumentError("size", size, "what there is memory for") from None
        done = self.read_into(address, raw)
        return bytes(raw if done == len(raw) else raw[:done])

    def read_into(self, address: int, buffer: bytearray | memoryview) -> int:
        """Fill a buffer from an address on. Returns the bytes up to the first unreadable one.

        >>> raw = bytearray(4)
        >>> Buffer(b"abcdef", base=16).read_into(19, raw), raw.hex(" ")
        (3, '64 65 66 00')
        """
        address, there = arguments.address(address), _writable(buffer)
        size, done = len(there), 0
        while done < size:
            part = min(_AT_ONCE, size - done)
            got = self._read_part(address + done, there + done, part)
            done += got
            if got < part:
                break
        return done

    def _read_part(self, address: int, out: Any, size: int) -> int:
        code = lib.ff_reader_read(self.reader, address, out, size)
        if code == _MAY_BLOCK:
            spec = {"kind": lib.FF_CALL_READ, "address": address, "size": size}
            code = self._call(spec, out=out)
        return self.check(code)

    def peek(self, address: int, size: int) -> Any:
        """The bytes of one small value, as a buffer, where no more than one call is to be made.

        Returns:
            None where :meth:`read` has to be asked, for whatever reason.
        """
        del address, size
        self._held.get()  # only to be refused as all else is

    def poke(self, address: int, raw: bytes) -> bool:
        """Write one small value, where no more than one call is to be made.

        Returns:
            False where :meth:`write` has to be asked, for whatever reason.
        """
        del address, raw
        self._held.get()
        return False

    def read_many(self, values: Values) -> int:
        """Read values at many addresses, each for itself. Returns how many came whole.

        ``values.done`` has how many bytes of each came; the rest of them is not touched.
        """
        code = lib.ff_reader_read_many(self.reader, values.given)
        if code == _MAY_BLOCK:
            spec = {"kind": lib.FF_CALL_READ_MANY, "values": values.given[0]}
            code = self._call(spec, out=values.raw, done=values.done)
        return self.check(code)

    def write(self, address: int, raw: bytes, *, force: bool = False) -> int:
        """Write bytes from an address on. Returns how many, up to the first that cannot be.

        Args:
            address: of the first byte.
            raw: the bytes.
            force: also where a process may not write itself; other memories know no such place.

        >>> contents = bytearray(4)
        >>> Buffer(contents, base=16).write(18, b"abc"), contents.hex(" ")
        (2, '00 00 61 62')
        """
        del force
        address, raw = arguments.address(address), arguments.raw("raw", raw)
        code = lib.ff_reader_write(self.reader, address, raw, len(raw))
        if code == _MAY_BLOCK:
            written = ffi.from_buffer("uint8_t[]", raw)
            spec = {"kind": lib.FF_CALL_WRITE, "address": address, "size": len(raw)}
            code = self._call({**spec, "bytes": written})
        return self.check(code)

    def write_many(self, values: Values, *, force: bool = False) -> int:
        """Write values at many addresses, each for itself. Returns how many were written whole.

        ``values.done`` has how many bytes of each were written; ``force`` is that of :meth:`write`.
        """
        del force
        code = lib.ff_reader_write_many(self.reader, values.given)
        if code == _MAY_BLOCK:
            spec = {"kind": lib.FF_CALL_WRITE_MANY, "values": values.given[0]}
            code = self._call(spec, done=values.done)
        return self.check(code)

    @property
    def patience(self) -> float:
        """Seconds that a page which does not come is waited for; see :attr:`.Target.patience`."""
        return self._patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        seconds = arguments.seconds("patience", seconds)
        if seconds > _PATIENCE_MOST:
            raise ArgumentError("patience", seconds, "seconds above 0, no more than a day's")
        self._patience = seconds
        lib.ff_reader_set_patience(self.reader, max(1, round(seconds * 1000)))

    def blocks(self, address: int, size: int = 1, *, writing: bool = False) -> bool:
        """Whether it is known that nobody brings a page of these bytes, so nothing waits.

        Only the first and the last byte are looked at: what stops within a page has read or
        written nothing of it.

        >>> Buffer(bytearray(8), base=16).blocks(16, 8)
        False
        """
        address, size = arguments.whole("address", address, 0, 1 << 64), arguments.size(size)
        return any(
            0 <= edge < 1 << 64 and bool(lib.ff_reader_blocks(self.reader, edge, writing))
            for edge in {address, address + size - 1}
        )

    def _call(self, filled: dict[str, Any], *, out: Any = ffi.NULL, done: Any = ffi.NULL) -> int:
        """Do on a thread of its own what may block; one that does not come back is given up.

        The call after that knows what it waits for, and goes around it.
        """
        spec = ffi.new("struct ff_call_spec *", filled)
        while True:
            call = cell("call")
            check(lib.ff_call_start(self.reader, spec, call))
            while not (state := lib.ff_call_wait(call[0], _POLL)):
                if not self._waits:  # between two looks Python sees to signals, too
                    return 0
            if state > 0:
                if done:
                    lib.ff_call_done(call[0], done)
                return int(lib.ff_call_result(call[0], out))

    def look(self, values: Values, interval: float, held: Sequence[bool] = ()) -> Any:
        """Look at values again and again, on a thread of the core, until some are no longer so.

        Args:
            values: where they are, and what they are expected to be.
            interval: seconds between two looks, at the most.
            held: which of them may be put back there, so that nobody has to; none if empty. Where
                this memory is not written to so, they end the looks as others do.

        Returns:
            A cell with the core's call; None where this memory is not looked at so.
        """
        del values, interval, held
        self._held.get()

    def check(self, code: int) -> int:
        """A reader's result; its negative errno becomes the exception that it means here."""
        if code >= 0:
            return code
        raise self.error(-code) or OSError(-code, "the target cannot be reached")

    def wait_no_more(self) -> None:
        """Let calls that wait for a page come back without it, from now on."""
        self._waits = False

    def close(self) -> None:
        """Let go of the reader; a read or write that is under way ends as it would have.

        >>> memory = Buffer(bytearray(8), base=16)
        >>> memory.close()
        >>> memory.read(16, 1)
        Traceback (most recent call last):
        farfetch.scanner.TargetClosed: the buffer was closed here: attach again
        """
        self._held.let_go()
        self.pages.close()


def _writable(buffer: bytearray | memoryview) -> Any:
    try:
        return ffi.from_buffer("uint8_t[]", buffer, require_writable=True)
    except Exception:  # TypeError, BufferError, or what its __buffer__ raises
        raise ArgumentError("buffer", buffer, "bytes that can be changed") from None
