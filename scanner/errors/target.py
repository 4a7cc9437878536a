"""Errors of a target and its memory. The whole tree is drawn in :mod:`.errors`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from .base import FarfetchError, called, count

_PTRACE_SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")
#: Of its highest level, which stays until the next start.
NOBODY_TRACES = (
    "lets nobody look into other programs, not even root: start this machine anew with a lower one"
)


class KnownProcess(Protocol):
    """What errors tell of a process."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def user(self) -> str:
        """The name of the user it runs as."""


class AccessDenied(FarfetchError):
    """The kernel does not let us look at that process; the text names the cure.

    Args:
        pid: the process.
        name: its name, or "" when not even that is known.
        what: what was refused, as a verb: ``"read the regions of"``.

    >>> print(AccessDenied(1, "init", "read the regions of"))  # doctest: +ELLIPSIS
    cannot read the regions of init (1): permission denied; ...
    """

    def __init__(self, pid: int, name: str, what: str) -> None:
        super().__init__(pid, name, what)
        self.pid = pid
        self.name = name
        self.what = what
        self.cure = _ptrace_cure()

    def _message(self) -> str:
        return f"cannot {self.what} {_process(self.pid, self.name)}: permission denied; {self.cure}"


class StopError(FarfetchError):
    """The threads of a process cannot be stopped, for what is done only while they stand still.

    Args:
        pid: the process.
        name: its name.
        why: what is in the way.

    >>> print(StopError(12, "game", "gdb (99) traces it: let it detach first"))
    cannot stop game (12): gdb (99) traces it: let it detach first
    """

    def __init__(self, pid: int, name: str, why: str) -> None:
        super().__init__(pid, name, why)
        self.pid = pid
        self.name = name
        self.why = why

    def _message(self) -> str:
        return f"cannot stop {_process(self.pid, self.name)}: {self.why}"


class WaitTimeout(FarfetchError, TimeoutError):
    """What was waited for did not come in time; a TimeoutError too.

    Args:
        wanted: what that is.
        last: what was there instead, at the last look.

    >>> print(WaitTimeout("now > 5", "it is 3 at 0x1000"))
    waited in vain for now > 5: it is 3 at 0x1000
    """

    def __init__(self, wanted: str, last: str) -> None:
        super().__init__(wanted, last)
        self.wanted = wanted
        self.last = last

    def _message(self) -> str:
        return f"waited in vain for {self.wanted}: {self.last}"


class TargetNotFound(FarfetchError):
    """No process has that pid or name.

    Args:
        wanted: the pid or name asked for.
        near: processes whose names come near.
        reason: why a process that is there cannot be a target.

    >>> print(TargetNotFound("gmae"))
    no process is called gmae; to list processes: farfetch -c ps
    """

    def __init__(
        self, wanted: int | str, near: Sequence[KnownProcess] = (), reason: str = ""
    ) -> None:
        super().__init__(wanted, tuple(near), reason)
        self.wanted = wanted
        self.near = tuple(near)
        self.reason = reason

    def _message(self) -> str:
        if self.reason:
            return f"process {self.wanted} {self.reason}"
        what = "no process" if _is_pid(self.wanted) else "no process is called"
        if self.near:
            near = ", ".join(f"{process.name} ({process.pid})" for process in self.near)
            return f"{what} {called(str(self.wanted))}; near it: {near}"
        return f"{what} {called(str(self.wanted))}; to list processes: farfetch -c ps"


class TargetAmbiguous(FarfetchError):
    """Several processes have that name: give one's pid instead.

    Args:
        wanted: the name asked for.
        candidates: the processes that have it, by ascending pid.

    >>> games = [ProcessInfo(pid, "game", None, (), 0, "root", 1, 0, 64) for pid in (12, 34)]
    >>> print(TargetAmbiguous("game", games))
    2 processes are called game, give a pid: 12 game root, 34 game root
    """

    def __init__(self, wanted: str, candidates: Sequence[KnownProcess]) -> None:
        super().__init__(wanted, tuple(candidates))
        self.wanted = wanted
        self.candidates = tuple(candidates)

    def _message(self) -> str:
        listed = ", ".join(
            f"{process.pid} {process.name} {process.user}" for process in self.candidates
        )
        return f"{len(self.candidates)} processes are called {self.wanted}, give a pid: {listed}"


class TargetGone(FarfetchError):
    """The process is no longer what was attached to.

    Args:
        pid: the process; None for other memory.
        name: its name, or the memory's; "" when not known.
        how: ``"exited"``, or ``"replaced"`` by executing another program.

    >>> print(TargetGone(12, "game", "replaced"))
    game (12) has executed another program: attach again
    """

    def __init__(self, pid: int | None, name: str, how: Literal["exited", "replaced"]) -> None:
        super().__init__(pid, name, how)
        self.pid = pid
        self.name = name
        self.how = how

    def _message(self) -> str:
        if self.pid is None:
            return f"the {self.name} is no longer there: attach again"
        if self.how == "replaced":
            return f"{_process(self.pid, self.name)} has executed another program: attach again"
        return f"{_process(self.pid, self.name)} has exited"


class TargetClosed(FarfetchError):
    """The target was closed, here or by another thread.

    Args:
        pid: the process; None for other memory.
        name: its name, or the memory's.

    >>> with attach(Buffer(b"abc")) as target:
    ...     target.alive
    True
    >>> target.regions()
    Traceback (most recent call last):
    farfetch.scanner.TargetClosed: the buffer was closed here: attach again
    """

    def __init__(self, pid: int | None, name: str) -> None:
        super().__init__(pid, name)
        self.pid = pid
        self.name = name

    def _message(self) -> str:
        what = f"the {self.name}" if self.pid is None else _process(self.pid, self.name)
        return f"{what} was closed here: attach again"


class ForkedError(FarfetchError):
    """What a child process was born with is its parent's, and cannot be used in it.

    Args:
        owner: the pid of the process that made it.

    >>> print(ForkedError(12))
    this belongs to process 12, which made it before it forked this one: attach again here
    """

    def __init__(self, owner: int) -> None:
        super().__init__(owner)
        self.owner = owner

    def _message(self) -> str:
        return (
            f"this belongs to process {self.owner}, which made it before it forked this one: "
            "attach again here"
        )


class MemoryFault(FarfetchError):
    """These bytes cannot be read or written.

    Args:
        address: of the first byte wanted.
        size: bytes wanted.
        done: bytes that were read or written before the first bad one.
        writing: whether it was a write.
        hint: more about the cause, when known.
        blocked: whether they are mapped, and who should bring the page does not answer. A write
            that waits for it may still be made if it ever comes.

    >>> try:
    ...     attach(Buffer(b"abcdef", base=16)).read_bytes(20, 8)
    ... except MemoryFault as fault:
    ...     print(f"{fault.done} of {fault.size} bytes came: {fault}")
    2 of 8 bytes came: cannot read 8 bytes at 0x14: 0x16 is not mapped or not readable
    """

    def __init__(
        self,
        address: int,
        size: int,
        done: int,
        writing: bool,
        hint: str = "",
        blocked: bool = False,
    ) -> None:
        super().__init__(address, size, done, writing, hint, blocked)
        self.address = address
        self.size = size
        self.done = done
        self.writing = writing
        self.hint = hint
        self.blocked = blocked

    def _message(self) -> str:
        verb, able = ("write", "writable") if self.writing else ("read", "readable")
        text = f"cannot {verb} {count(self.size, 'byte')} at 0x{self.address:x}: "
        if self.blocked:
            return (
                f"{text}the page at 0x{self.address + self.done:x} does not come: who should bring "
                "it, a process with a userfaultfd or a file system, does not answer"
            )
        if self.done:
            text += f"0x{self.address + self.done:x} is not mapped or not {able}"
            if self.writing:
                text += f", and {count(self.done, 'byte')} before it {_were(self.done)} written"
        else:
            text += f"not mapped or not {able}"
        return f"{text}; {self.hint}" if self.hint else text


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


class MemoryUnavailable(FarfetchError):
    """A way of reading memory that is not on this machine.

    Args:
        name: of the way of reading.
        why: what is missing, or which names there are.

    >>> import os
    >>> attach(os.getpid(), memory="process-vm")
    Traceback (most recent call last):
    farfetch.scanner.MemoryUnavailable: memory process-vm is not available: did you mean process_vm?
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def _message(self) -> str:
        return f"memory {called(self.name)} is not available: {self.why}"


class PatchError(FarfetchError):
    """Patched bytes that something else has changed since: undoing would overwrite that.

    Args:
        address: of the patch.
        expected: its bytes.
        found: the bytes that are there.

    >>> memory = bytearray(b"abc")
    >>> patch = attach(Buffer(memory, base=16)).patch(16, b"X")
    >>> memory[0] = 0
    >>> patch.undo()
    Traceback (most recent call last):
    farfetch.scanner.PatchError: the patch at 0x10 is no longer there: expected 58, found 00;
        undo later patches first, or force it
    """

    def __init__(self, address: int, expected: bytes, found: bytes) -> None:
        super().__init__(address, expected, found)
        self.address = address
        self.expected = expected
        self.found = found

    def _message(self) -> str:
        return (
            f"the patch at 0x{self.address:x} is no longer there: expected {_hex(self.expected)}, "
            f"found {_hex(self.found)}; undo later patches first, or force it"
        )


def _ptrace_cure() -> str:
    """What lets this user look at that process; see ptrace(2), "Ptrace access mode checking"."""
    try:
        scope = int(_PTRACE_SCOPE.read_text())
    except (OSError, ValueError):
        scope = 0
    if scope > 2:
        return f"{_PTRACE_SCOPE} is {scope}, which {NOBODY_TRACES}"
    if os.geteuid() == 0:
        return "even root needs CAP_SYS_PTRACE for it, which this container or sandbox took away"
    cure = "run as the user it runs as, or with sudo"
    if scope > 0:
        cure += f"; {_PTRACE_SCOPE} is {scope}, which forbids it without sudo even to the same user"
    return cure


def _is_pid(wanted: int | str) -> bool:
    return isinstance(wanted, int) or (wanted.isascii() and wanted.isdigit())


def _process(pid: int, name: str) -> str:
    return f"{name} ({pid})" if name else f"process {pid}"


def _hex(raw: bytes) -> str:
    return raw.hex(" ") if len(raw) <= 16 else f"{raw[:16].hex(' ')} … ({len(raw)} bytes)"
