"""Everything that farfetch raises on purpose.

::

    FarfetchError
    ├── AccessDenied          the kernel does not let us look at that process
    ├── TargetNotFound        no process has that pid or name
    ├── TargetAmbiguous       several processes have that name
    ├── TargetGone            the process exited, or executed another program
    ├── MemoryFault           these bytes cannot be read or written
    ├── MemoryUnavailable     this machine lacks that way of reading memory
    ├── TypeNameError         no such value type, or one that cannot be scanned
    ├── ValueRangeError       the value does not fit the type
    ├── ValueKindError        the value is of another kind than the type
    ├── ExpressionError       a predicate or an address that cannot be understood
    │   └── WhereError        the same for a region filter
    ├── AlignError            an alignment outside 1 to 4096
    ├── PatchError            patched bytes that something else has changed since
    ├── PointerError          a pointer path that cannot be understood or followed
    ├── TableError            a table, or its file, that cannot be used
    ├── ScanOrderError        a step that needs an earlier one
    ├── MatchIndexError       no match has that index (an IndexError too)
    ├── ScanCancelled         a scan was stopped before its end
    ├── SnapshotError         old values could not be stored or read back
    ├── BudgetError           a scan would have kept more than it may
    └── ConfigurationError    an environment variable that cannot be used

The text of every error is one printable line that says what, where and what to do. The attributes
are the arguments, under the same names.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .process import ProcessInfo

_PTRACE_SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")


class FarfetchError(Exception):
    """The root: catches everything that farfetch raises on purpose."""

    def _message(self) -> str:
        return " ".join(map(str, self.args))

    def __str__(self) -> str:
        return _printable(self._message())


class AccessDenied(FarfetchError):
    """The kernel does not let us look at that process; the text names the cure.

    Args:
        pid: the process.
        name: its name, or "" when not even that is known.
        what: what was refused, as a verb: ``"read the regions of"``.
    """

    def __init__(self, pid: int, name: str, what: str) -> None:
        super().__init__(pid, name, what)
        self.pid = pid
        self.name = name
        self.what = what
        self.cure = _ptrace_cure()

    def _message(self) -> str:
        return f"cannot {self.what} {_process(self.pid, self.name)}: permission denied; {self.cure}"


class TargetNotFound(FarfetchError):
    """No process has that pid or name.

    Args:
        wanted: the pid or name asked for.
        near: processes whose names come near.
        reason: why a process that is there cannot be a target.
    """

    def __init__(
        self, wanted: int | str, near: Sequence[ProcessInfo] = (), reason: str = ""
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
            return f"{what} {self.wanted}; near it: {near}"
        return f"{what} {self.wanted}; to list processes: farfetch -c ps"


class TargetAmbiguous(FarfetchError):
    """Several processes have that name: give one's pid instead.

    Args:
        wanted: the name asked for.
        candidates: the processes that have it, by ascending pid.
    """

    def __init__(self, wanted: str, candidates: Sequence[ProcessInfo]) -> None:
        super().__init__(wanted, tuple(candidates))
        self.wanted = wanted
        self.candidates = tuple(candidates)

    def _message(self) -> str:
        listed = ", ".join(f"{one.pid} {one.name} {one.user}" for one in self.candidates)
        return f"{len(self.candidates)} processes are called {self.wanted}, give a pid: {listed}"


class TargetGone(FarfetchError):
    """The process is no longer what was attached to.

    Args:
        pid: the process.
        name: its name, or "" when not known.
        how: ``"exited"``, or ``"replaced"`` by executing another program.
    """

    def __init__(self, pid: int, name: str, how: Literal["exited", "replaced"]) -> None:
        super().__init__(pid, name, how)
        self.pid = pid
        self.name = name
        self.how = how

    def _message(self) -> str:
        if self.how == "replaced":
            return f"{_process(self.pid, self.name)} has executed another program: attach again"
        return f"{_process(self.pid, self.name)} has exited"


class MemoryFault(FarfetchError):
    """These bytes cannot be read or written.

    Args:
        address: of the first byte wanted.
        size: bytes wanted.
        done: bytes that were read or written before the first bad one.
        writing: whether it was a write.
        hint: more about the cause, when known.
    """

    def __init__(self, address: int, size: int, done: int, writing: bool, hint: str = "") -> None:
        super().__init__(address, size, done, writing, hint)
        self.address = address
        self.size = size
        self.done = done
        self.writing = writing
        self.hint = hint

    def _message(self) -> str:
        verb, able = ("write", "writable") if self.writing else ("read", "readable")
        text = f"cannot {verb} {_count(self.size, 'byte')} at 0x{self.address:x}: "
        if self.done:
            text += f"0x{self.address + self.done:x} is not mapped or not {able}"
        else:
            text += f"not mapped or not {able}"
        return f"{text}; {self.hint}" if self.hint else text


class MemoryUnavailable(FarfetchError):
    """A way of reading memory that is not on this machine.

    Args:
        name: of the way of reading.
        why: what is missing, or which names there are.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def _message(self) -> str:
        return f"memory {self.name} is not available: {self.why}"


class TypeNameError(FarfetchError):
    """No such value type, or one that cannot be scanned.

    Args:
        text: the name asked for.
        near: names that come near.
        reason: why a type that is there cannot be used.
    """

    def __init__(self, text: str, near: Sequence[str] = (), reason: str = "") -> None:
        super().__init__(text, tuple(near), reason)
        self.text = text
        self.near = tuple(near)
        self.reason = reason

    def _message(self) -> str:
        if self.reason:
            return f"{self.text}: {self.reason}"
        if self.near:
            return f'no value type is called "{self.text}": did you mean {_either(self.near)}?'
        return f'no value type is called "{self.text}": there are i8 to u64, f32, f64, text, …'


class ValueRangeError(FarfetchError):
    """The value does not fit the type.

    Args:
        value: the value.
        type_name: of the type it should fit.
        low: the lowest value that fits; for text and bytes the lowest length.
        high: the highest; for text and bytes the highest length, in bytes.
    """

    def __init__(self, value: object, type_name: str, low: float, high: float) -> None:
        super().__init__(value, type_name, low, high)
        self.value = value
        self.type_name = type_name
        self.low = low
        self.high = high

    def _message(self) -> str:
        if isinstance(self.value, str | bytes):
            bound = "exactly" if self.low == self.high else "at most"
            size = f"{bound} {_count(int(self.high), 'byte')}"
            return f"{_short(self.value)} does not fit {self.type_name} ({size})"
        return f"{_short(self.value)} does not fit {self.type_name} ({self.low}..{self.high})"


class ValueKindError(FarfetchError):
    """The value is of another kind than the type.

    Args:
        value: the value.
        type_name: of the type.
        expected: the kind that the type takes.
    """

    def __init__(self, value: object, type_name: str, expected: str = "a number") -> None:
        super().__init__(value, type_name, expected)
        self.value = value
        self.type_name = type_name
        self.expected = expected

    def _message(self) -> str:
        return f"{_short(self.value)} is not {self.expected} for {self.type_name}"


class ExpressionError(FarfetchError):
    """A predicate or an address that cannot be understood.

    Args:
        text: all that was given.
        position: where it went wrong, counted in characters from 0 (the text shows it from 1).
        reason: what is wrong there.

    >>> error = ExpressionError("now == == 5", 7, 'expected a value, found "=="')
    >>> print(error)
    now == == 5: column 8: expected a value, found "=="
    >>> print(error.pointer())
    now == == 5
           ^
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(text, position, reason)
        self.text = text
        self.position = position
        self.reason = reason

    def _message(self) -> str:
        where = f"{self.text}: " if self.text.strip() else ""
        return f"{where}column {self.position + 1}: {self.reason}"

    def pointer(self) -> str:
        """Two lines: the text, and a caret under the place where it went wrong."""
        shown = "".join(mark if mark.isprintable() else " " for mark in self.text)
        before = sum(map(_columns, shown[: self.position]))
        return f"{shown}\n{' ' * before}^"


class WhereError(ExpressionError):
    """A region filter that cannot be understood, or that leaves no region.

    Args:
        text: the whole filter.
        position: of the word at fault, counted in characters from 0.
        reason: what is wrong there.
    """


class AlignError(FarfetchError):
    """An alignment outside 1 to 4096.

    Args:
        align: the alignment asked for, in bytes.
    """

    def __init__(self, align: object) -> None:
        super().__init__(align)
        self.align = align

    def _message(self) -> str:
        return f"align takes 1 to 4096, not {self.align}"


class PatchError(FarfetchError):
    """Patched bytes that something else has changed since: undoing would overwrite that.

    Args:
        address: of the patch.
        expected: its bytes.
        found: the bytes that are there.
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


class PointerError(FarfetchError):
    """A pointer path that cannot be understood or followed.

    Args:
        path: as text.
        reason: which of its pointers, and why.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def _message(self) -> str:
        return f'the pointer path "{self.path:.200}": {self.reason}'


class TableError(FarfetchError):
    """A table, or its file, that cannot be used.

    Args:
        file: its name; "" for what is not in a file.
        reason: what is wrong, and where in it.
    """

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file = file
        self.reason = reason

    def _message(self) -> str:
        return f"the table {self.file}: {self.reason}" if self.file else self.reason


class ScanOrderError(FarfetchError):
    """A step that needs an earlier one.

    Args:
        what: the whole complaint, with the step that is missing.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class MatchIndexError(FarfetchError, IndexError):
    """No match has that index.

    Args:
        index: the index asked for.
        total: how many matches there are.
    """

    def __init__(self, index: int, total: int) -> None:
        super().__init__(index, total)
        self.index = index
        self.total = total

    def _message(self) -> str:
        if not self.total:
            return f"no match {self.index}: there are none"
        return f"no match {self.index}: there are {self.total}, from 0 to {self.total - 1}"


class ScanCancelled(FarfetchError):
    """A scan was stopped before its end; the earlier matches are kept.

    Args:
        done: bytes that had been looked at.
        total: bytes there were to look at.
    """

    def __init__(self, done: int, total: int) -> None:
        super().__init__(done, total)
        self.done = done
        self.total = total

    def _message(self) -> str:
        part = f"after {self.done} of {_count(self.total, 'byte')}"
        return f"the scan was cancelled {part}; the earlier matches are kept"


class SnapshotError(FarfetchError):
    """Old values could not be stored or read back; the earlier matches are kept.

    Args:
        directory: where the snapshot files are.
        errno: what the kernel said.
        what: what could not be done.
    """

    def __init__(self, directory: str, errno: int, what: str) -> None:
        super().__init__(directory, errno, what)
        self.directory = directory
        self.errno = errno
        self.what = what

    def _message(self) -> str:
        return (
            f"{self.what} in {self.directory}: {os.strerror(self.errno)}; make room there or set "
            "FARFETCH_TMPDIR to another directory; the earlier matches are kept"
        )


class BudgetError(FarfetchError):
    """A scan would have kept more than it may; the earlier matches are kept.

    Args:
        of: ``"memory"`` or ``"disk"``.
        directory: where the snapshot files are.
    """

    def __init__(self, of: str, directory: str) -> None:
        super().__init__(of, directory)
        self.of = of
        self.directory = directory

    def _message(self) -> str:
        where = f" in {self.directory}" if self.of == "disk" else ""
        room = "make room there or set FARFETCH_TMPDIR" if self.of == "disk" else "allow more"
        return (
            f"matches and old values would take more than the scan's budget of {self.of}{where}; "
            f"look at fewer regions, forget undone steps, {room}; the earlier matches are kept"
        )


class ConfigurationError(FarfetchError):
    """An environment variable that cannot be used.

    Args:
        name: of the variable.
        value: what it holds.
        reason: why that cannot be used.
    """

    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(name, value, reason)
        self.name = name
        self.value = value
        self.reason = reason

    def _message(self) -> str:
        return f'{self.name}="{self.value}": {self.reason}'


def _ptrace_cure() -> str:
    """What lets this user look at that process; see ptrace(2), "Ptrace access mode checking"."""
    if os.geteuid() == 0:
        return "even root needs CAP_SYS_PTRACE for it, which this container or sandbox took away"
    cure = "run as the user it runs as, or with sudo"
    try:
        scope = int(_PTRACE_SCOPE.read_text())
    except (OSError, ValueError):
        return cure
    if scope > 0:
        cure += f"; {_PTRACE_SCOPE} is {scope}, which forbids it without sudo even to the same user"
    return cure


def _is_pid(wanted: int | str) -> bool:
    return isinstance(wanted, int) or (wanted.isascii() and wanted.isdigit())


def _process(pid: int, name: str) -> str:
    return f"{name} ({pid})" if name else f"process {pid}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _either(words: Sequence[str]) -> str:
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} or {words[-1]}"


def _short(value: object) -> str:
    # Python refuses to write very large numbers in decimal.
    is_huge = isinstance(value, int) and value.bit_length() > 256
    text = f"{value:#x}" if is_huge else repr(value)
    return text if len(text) <= 60 else f"{text[:40]}…{text[-10:]}"


def _hex(raw: bytes) -> str:
    return raw.hex(" ") if len(raw) <= 16 else f"{raw[:16].hex(' ')} … ({len(raw)} bytes)"


def _columns(mark: str) -> int:
    """Columns that a character takes on a terminal."""
    if unicodedata.combining(mark):
        return 0
    return 2 if unicodedata.east_asian_width(mark) in "WF" else 1


def _printable(text: str) -> str:
    """The text with what a terminal would obey, or could not show, written as escapes."""
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii")
        for mark in text
    )
