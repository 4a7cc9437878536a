"""Attaching: from what somebody calls a process, or any memory, to a target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol

from . import arguments
from .errors import TargetGone, TargetNotFound
from .lifetime import waiting
from .memory.base import Memory
from .memory.space import checked_bits
from .process.processes import find_process
from .process.ways import open_memory
from .target import Target

_LOOKS: Final = 0.02  # seconds between looks whether it is there


class Running(Protocol):
    """A process that somebody has started."""

    @property
    def pid(self) -> int | None:
        """Its number."""


def attach(
    what: int | str | Memory | Running,
    *,
    memory: str = "auto",
    bits: int | None = None,
    wait: float | None = None,
) -> Target:
    """Attach to a process, or to any memory.

    Nothing is stopped and nothing is changed: attaching asks the kernel for permission and keeps
    hold of the address space, so that a process that later takes the pid is never mistaken for it.

    Args:
        what: a pid, a name (of the process, its program or script), what was started, such as a
            :class:`subprocess.Popen`, or a memory.
        memory: how to reach a process, one of :func:`memory_names`.
        bits: width of its pointers, 32 or 64; what its program says if None. See
            :attr:`Target.bits`.
        wait: seconds for such a process to be there; it has to be at once if None.

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
    return waiting.wait(_attached(what, memory, bits, wait))


async def attach_async(
    what: int | str | Memory | Running,
    *,
    memory: str = "auto",
    bits: int | None = None,
    wait: float | None = None,
) -> Target:
    """Attach as :func:`attach` does, in a coroutine; one that is cancelled leaves nothing open.

    >>> import asyncio
    >>> asyncio.run(attach_async(Buffer(b"abc"))).name
    'buffer'
    """
    return await waiting.wait_async(_attached(what, memory, bits, wait), let_go=Target.close)


def _attached(
    what: int | str | Memory | Running, memory: str, bits: int | None, wait: float | None
) -> waiting.Waiting[Target]:
    """Attach, and wait for what is to be attached to; checks what it is given first."""
    bits = checked_bits(bits)
    arguments.text("memory", memory)
    rests = iter(()) if wait is None else waiting.pauses(arguments.seconds("wait", wait), _LOOKS)
    if isinstance(what, Memory):
        return _at_once(Target(what, bits=bits))
    return _attaching(_named(what), memory, bits, rests)


def _named(what: Any) -> Any:
    """The pid or name that somebody gave, or the pid of what he started."""
    if isinstance(what, int | str):
        return what
    try:
        return what.pid
    except Exception:  # of that object
        return what


def _at_once(target: Target) -> waiting.Waiting[Target]:
    yield from ()  # nothing is waited for
    return target


def _attaching(
    wanted: Any, memory: str, bits: int | None, rests: Iterator[float]
) -> waiting.Waiting[Target]:
    while True:
        try:
            return Target(open_memory(memory, find_process(wanted)), bits=bits)
        except (TargetNotFound, TargetGone):  # gone: it has just become another program
            pause = next(rests, None)
            if pause is None:
                raise
        yield pause
