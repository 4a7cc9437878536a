"""The ways to a process's memory, and the choice among them."""

from __future__ import annotations

import bisect
import contextlib
import errno
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final

from .. import arguments
from ..arguments import HIGHEST
from ..engine import cell, content, ffi, lib
from ..errors import AccessDenied, MemoryUnavailable, TargetGone
from ..errors.suggest import did_you_mean
from ..lifetime.life import this_process
from ..memory.base import Memory
from ..memory.owner import ProcessInfo
from ..memory.regions import Region
from ..memory.values import Values
from .address_space import AddressSpace
from .dirty_pages import Pages
from .memory import ProcessMemory, process_error

# In the order in which "auto" tries them: fastest first.
_OPENERS: Final[dict[str, Callable[[int, Any], int]]] = {
    "syscall": lib.ff_reader_open_syscall,
    "device": lib.ff_reader_open_device,
    "process_vm": lib.ff_reader_open_process_vm,
    "proc_mem": lib.ff_reader_open_proc_mem,
}

_BYTES: Final = ffi.typeof("uint8_t[]")
_SETTLES: Final = 1000  # milliseconds that a value may take to be put back once more

_MISSING: Final = {
    "syscall": "this kernel has no system call 505, or the farfetch module is not loaded",
    "device": "there is no /dev/farfetch; load the farfetch module (see kmod/README.md)",
}


def memory_names() -> tuple[str, ...]:
    """The ways to a process's memory, by the names that ``attach(…, memory=…)`` takes.

    >>> memory_names()
    ('auto', 'syscall', 'device', 'process_vm', 'proc_mem')
    """
    return ("auto", *_OPENERS)


class GuardedMemory(ProcessMemory):
    """A process's memory, written only where the process itself may write, unless by force.

    The kernel's module and /proc/pid/mem write through the target's own protections, as a debugger
    does. process_vm_writev(2) stops at them, and tells in the same call that writes: so it is what
    writes, however the memory is read. Where that call is barred, the regions tell instead.

    Args:
        name: of the way to read.
        reader: the core's reader.
        process: as it was when it was attached to.
        plain: process_vm, where that is another way and there is one.
        space: its address space, held since it was attached to; closed with this memory.
    """

    must_be_closed = True

    def __init__(
        self,
        name: str,
        reader: Any,
        process: ProcessInfo,
        plain: ProcessMemory | None,
        space: AddressSpace,
    ) -> None:
        super().__init__(name, reader, process)
        self.pages = Pages(process.pid)
        self._space = space
        self._plain = plain
        self._forcing: ProcessMemory | None = None
        self._opening = threading.RLock()
        self._looks: weakref.WeakSet[Any] = weakref.WeakSet()  # calls of the core
        self._process = this_process()

    @property
    def alive(self) -> bool:
        """Whether the process still runs in the address space that it had then."""
        return self._space.alive

    def gone(self) -> TargetGone:
        """Whether it has exited or executed another program."""
        self._held.get()
        return self._space.gone()

    def write(self, address: int, raw: bytes, *, force: bool = False) -> int:
        """Write bytes from an address on. Returns how many, up to the first that cannot be.

        Args:
            address: of the first byte.
            raw: the bytes.
            force: also where the target may not write itself. It gets a copy of such a page; what
                it shares read-only with others nobody can write.
        """
        address, raw = arguments.address(address), arguments.raw("raw", raw)
        self._held.get()  # only to be refused as all else is
        part = raw[: HIGHEST + 1 - address]
        done = self._write_plainly(address, part)
        if self.name != "process_vm" and self._goes_on(address, len(part), done):
            may = len(part) - done
            if not force:  # such as a device's memory, which process_vm does not reach
                may = _writable(self.regions(), address + done, may)
            done += super().write(address + done, part[done : done + may])
        if force and self.name != "proc_mem" and self._goes_on(address, len(part), done):
            done += self._forced().write(address + done, part[done:])
        return done

    def peek(self, address: int, size: int) -> Any:
        """The bytes of one small value, as a buffer, where no more than one call is to be made."""
        out = ffi.new(_BYTES, size)
        try:
            if lib.ff_reader_read(self._held.get(), address, out, size) == size:
                return ffi.buffer(out)
        except OverflowError:  # it is no address
            pass
        return None

    def poke(self, address: int, raw: bytes) -> bool:
        """Write one small value, where no more than one call is to be made."""
        if self.name != "process_vm":
            return False
        try:
            done = lib.ff_reader_write(self._held.get(), address, raw, len(raw))
        except OverflowError:
            return False
        return bool(done == len(raw))

    def look(self, values: Values, interval: float, held: Sequence[bool] = ()) -> Any:
        """Look at values again and again, on a thread of the core, until some are no longer so."""
        call = cell("call")
        often = {"kind": lib.FF_CALL_LOOK, "interval": round(interval * 1e9)}
        # other ways would write where the process may not
        ours = bytes(held) if self.name == "process_vm" and any(held) else None
        put_back = ffi.NULL if ours is None else ffi.from_buffer("uint8_t[]", ours)
        spec = ffi.new(
            "struct ff_call_spec *", {**often, "values": values.given[0], "held": put_back}
        )
        if lib.ff_call_start(self.reader, spec, call):
            return None
        self._looks.add(call)
        self._held.get()  # closed just now: then it ends with its cell
        return call

    def write_many(self, values: Values, *, force: bool = False) -> int:
        """Write values at many addresses, each for itself; as :meth:`write` does."""
        self._held.get()
        done = self._write_many_plainly(values)
        if done == values.count or (self.name == "process_vm" and not force):
            return done
        regions = [] if force else self.regions()  # once, for there may be many
        raw, at = bytes(ffi.buffer(values.raw)), 0
        for index in range(values.count):
            size, address = values.size_of(index), values.addresses[index]
            if values.done[index] < size and (force or _writable(regions, address, size) == size):
                values.done[index] = self.write(address, raw[at : at + size], force=force)
                done += values.done[index] == size
            at += size
        return done

    @property
    def patience(self) -> float:
        """Seconds that a page which does not come is waited for; see :attr:`.Target.patience`."""
        return super().patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        ProcessMemory.patience.__set__(self, seconds)  # type: ignore[attr-defined]
        for other in self._others():
            other.patience = seconds

    def blocks(self, address: int, size: int = 1, *, writing: bool = False) -> bool:
        """Whether it is known that nobody brings a page of these bytes, so nothing waits."""
        known = super().blocks(address, size, writing=writing)
        return known or any(way.blocks(address, size, writing=writing) for way in self._others())

    def wait_no_more(self) -> None:
        """Let calls that wait for a page come back without it, from now on."""
        super().wait_no_more()
        for other in self._others():
            other.wait_no_more()

    def close(self) -> None:
        """Let go of the readers, and of the address space; nothing is put back from then on."""
        super().close()
        if self._process is this_process():  # a child has none of the threads
            for call in tuple(self._looks):
                lib.ff_call_settle(call[0], _SETTLES)
        for other in self._others():
            other.close()
        self._space.close()

    def _others(self) -> list[ProcessMemory]:
        return [way for way in (self._plain, self._forcing) if way is not None]

    def _forced(self) -> ProcessMemory:
        """The way that writes by force; kept, so that it knows what blocks and can be let go."""
        with self._opening:
            forced = self._forcing
            if forced is None:
                forced = _open("proc_mem", self.process, self._space)
                self._forcing = forced
                forced.patience = self.patience
                if not self._waits:
                    forced.wait_no_more()
            return forced

    def _goes_on(self, address: int, size: int, done: int) -> bool:
        """Whether another way may write the rest; none brings a page that does not come."""
        return done < size and not self.blocks(address + done, size - done, writing=True)

    def _write_plainly(self, address: int, raw: bytes) -> int:
        if self.name == "process_vm":
            return super().write(address, raw)
        try:
            return self._plain.write(address, raw) if self._plain else 0
        except AccessDenied:  # it hides by now, and the way to read is open all the same
            return 0

    def _write_many_plainly(self, values: Values) -> int:
        if self.name == "process_vm":
            return super().write_many(values)
        try:
            return self._plain.write_many(values) if self._plain else 0
        except AccessDenied:
            return 0


def _writable(regions: Sequence[Region], address: int, size: int) -> int:
    """How many of the bytes from an address on the target itself may write."""
    index = bisect.bisect_right(regions, address, key=lambda region: region.start) - 1
    end = address
    for region in regions[max(index, 0) :]:
        if not (end in region and region.writable):
            break
        end = region.end
        if end >= address + size:
            break
    return min(end - address, size)


def open_memory(name: str, info: ProcessInfo) -> Memory:
    """Open a way to a process's memory.

    Args:
        name: one of :func:`memory_names`; ``"auto"`` takes the first that works.
        info: the process.

    Raises:
        MemoryUnavailable: there is no such way, or not on this machine.
        AccessDenied: the kernel does not let us.
        TargetGone: the process has exited.
    """
    arguments.text("memory", name)
    space = AddressSpace(info)
    try:
        return _fastest(info, space) if name == "auto" else _guarded(name, info, space)
    except BaseException:
        space.close()
        raise


def _fastest(info: ProcessInfo, space: AddressSpace) -> GuardedMemory:
    for name in _OPENERS:
        try:
            return _guarded(name, info, space)
        except (MemoryUnavailable, AccessDenied) as error:  # a sandbox may bar one way only
            # with its traceback, this call's frame would keep itself, and the target's file
            refused = error.with_traceback(None)
    raise refused


def _guarded(name: str, info: ProcessInfo, space: AddressSpace) -> GuardedMemory:
    if name not in _OPENERS:
        near = did_you_mean(name, memory_names(), count=1, cutoff=0.6, before="")
        raise MemoryUnavailable(name, near or f"there are {', '.join(memory_names())}")
    reader, plain = _reader(name, info, space), None
    if name != "process_vm":
        with contextlib.suppress(MemoryUnavailable, AccessDenied):
            plain = _open("process_vm", info, space)
    return GuardedMemory(name, reader, info, plain, space)


def _open(name: str, info: ProcessInfo, space: AddressSpace) -> ProcessMemory:
    return ProcessMemory(name, _reader(name, info, space), info)


def _reader(name: str, info: ProcessInfo, space: AddressSpace) -> Any:
    out = cell("reader")
    code = -_OPENERS[name](info.pid, out)
    if not code:
        reader = content(out)
        space.own(reader)
        return reader
    if code == errno.ENOSYS:
        raise MemoryUnavailable(name, _MISSING.get(name, "this kernel does not have it"))
    if code == errno.EACCES and name == "device":
        raise MemoryUnavailable(name, "only root may open /dev/farfetch; try sudo")
    raise process_error(code, info) or MemoryUnavailable(name, os.strerror(code))
