"""The ways to a process's memory, and the choice among them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any, Final

from .. import arguments
from ..errors import AccessDenied, MemoryUnavailable
from ..native import ffi, lib
from ..process import ProcessInfo
from .base import Memory, ProcessMemory, process_error

# In the order in which "auto" tries them: fastest first.
_OPENERS: Final[dict[str, Callable[[int, Any], int]]] = {
    "syscall": lib.ff_reader_open_syscall,
    "device": lib.ff_reader_open_device,
    "process_vm": lib.ff_reader_open_process_vm,
    "proc_mem": lib.ff_reader_open_proc_mem,
}

_MISSING: Final = {
    "syscall": "this kernel has no system call 505, or the farfetch module is not loaded",
    "device": "there is no /dev/farfetch; load the farfetch module (see kmod/README.md)",
}


def memory_names() -> tuple[str, ...]:
    """The names that ``attach(…, memory=…)`` takes.

    >>> memory_names()
    ('auto', 'syscall', 'device', 'process_vm', 'proc_mem')
    """
    return ("auto", *_OPENERS)


class AutoMemory(ProcessMemory):
    """The fastest way there is; what that one may not write goes through /proc/pid/mem.

    process_vm_writev(2) stops at pages that the target itself cannot write; /proc/pid/mem gives
    the target a private copy of such a page, as a debugger would.
    """

    def write(self, address: int, raw: bytes) -> int:
        """Write bytes from an address on. Returns how many, up to the first that cannot be."""
        done = super().write(address, raw)
        blocked = self.blocks(address + done, writing=True)  # no other way brings the page
        if done < len(raw) and self.name != "proc_mem" and not blocked:
            forced = _open("proc_mem", self.process, ProcessMemory)
            try:
                done += forced.write(address + done, raw[done:])
            finally:
                forced.close()
        return done


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
    if name == "auto":
        for one in _OPENERS:
            try:
                return _open(one, info, AutoMemory)
            except (MemoryUnavailable, AccessDenied) as error:  # a sandbox may bar one way only
                # with its traceback, this call's frame would keep itself, and the target's file
                refused = error.with_traceback(None)
        raise refused
    if name not in _OPENERS:
        near = arguments.near(name, memory_names(), 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(memory_names())}"
        raise MemoryUnavailable(name, hint)
    return _open(name, info, ProcessMemory)


def _open(name: str, info: ProcessInfo, kind: type[ProcessMemory]) -> ProcessMemory:
    out = ffi.new("struct ff_reader **")
    code = -_OPENERS[name](info.pid, out)
    if not code:
        return kind(name, out[0], info)
    if code == errno.ENOSYS:
        raise MemoryUnavailable(name, _MISSING.get(name, "this kernel does not have it"))
    if code == errno.EACCES and name == "device":
        raise MemoryUnavailable(name, "only root may open /dev/farfetch; try sudo")
    raise process_error(code, info) or MemoryUnavailable(name, os.strerror(code))
