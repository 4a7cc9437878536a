"""Everything that farfetch raises on purpose.

::

    FarfetchError
    ├── AccessDenied          the kernel does not let us look at that process
    ├── TargetNotFound        no process has that pid or name
    ├── TargetAmbiguous       several processes have that name
    ├── TargetGone            the process exited, or executed another program
    ├── TargetClosed          the target was closed
    ├── StopError             the threads of a process cannot be stopped
    ├── WaitTimeout           what was waited for did not come in time (a TimeoutError too)
    ├── ForkedError           it is the parent process's, and this is a child
    ├── MemoryFault           these bytes cannot be read or written
    ├── MemoryUnavailable     this machine lacks that way of reading memory
    ├── TypeNameError         no such value type, or one that cannot be scanned
    ├── ValueRangeError       the value does not fit the type
    ├── ValueKindError        the value is of another kind than the type
    ├── ExpressionError       a predicate or an address that cannot be understood
    │   └── WhereError        the same for a region filter
    ├── DeclarationError      a structure's declaration that cannot be taken
    ├── AlignError            an alignment outside 1 to 4096
    ├── ArgumentError         an argument of a kind or size that is not taken (a ValueError and
    │                         a TypeError too)
    ├── CopyError             an object that belongs to this process (a TypeError too)
    ├── WatchpointError       a value that cannot be watched here
    ├── CodeError             machine code that is not to be understood, found or changed
    ├── PatchError            patched bytes that something else has changed since
    ├── PointerError          a pointer path that cannot be understood or followed
    ├── PointerMapError       a pointer map, or its file, that cannot be used
    ├── PointersClosed        the pointer map, or a scan of it, was closed
    ├── CoreFileError         a core file that cannot be read or written
    ├── ReadOnlyTarget        a target that cannot be written to, such as a core file
    ├── TableError            a table, or its file, that cannot be used
    ├── AssemblyError         a line of assembly that no instruction is
    ├── ScriptError           a script that cannot be run, or that failed
    ├── ScanOrderError        a step that needs an earlier one
    ├── ScanClosed            the scan was closed, or the step let go
    ├── MatchIndexError       no match has that index (an IndexError too)
    ├── ScanCancelled         a scan was stopped before its end
    │   └── PointersCancelled the same, of a pointer map or a pointer scan
    ├── SnapshotError         old values could not be stored or read back
    ├── BudgetError           a scan would have kept more than it may
    └── ConfigurationError    an environment variable that cannot be used

The text of every error is one printable line that says what, where and what to do. The attributes
are the arguments, under the same names.
"""

from __future__ import annotations

from .base import FarfetchError
from .code import AssemblyError, CodeError, ScriptError, WatchpointError
from .coredump import CoreFileError, ReadOnlyTarget
from .input import (
    AlignError,
    ArgumentError,
    ConfigurationError,
    CopyError,
    DeclarationError,
    ExpressionError,
    PointerError,
    TableError,
    TypeNameError,
    ValueKindError,
    ValueRangeError,
    WhereError,
)
from .pointers import PointerMapError, PointersCancelled, PointersClosed
from .scan import (
    BudgetError,
    MatchIndexError,
    ScanCancelled,
    ScanClosed,
    ScanOrderError,
    SnapshotError,
)
from .target import (
    AccessDenied,
    ForkedError,
    MemoryFault,
    MemoryUnavailable,
    PatchError,
    StopError,
    TargetAmbiguous,
    TargetClosed,
    TargetGone,
    TargetNotFound,
    WaitTimeout,
)

__all__ = [
    "AccessDenied",
    "AlignError",
    "ArgumentError",
    "AssemblyError",
    "BudgetError",
    "CodeError",
    "ConfigurationError",
    "CopyError",
    "CoreFileError",
    "DeclarationError",
    "ExpressionError",
    "FarfetchError",
    "ForkedError",
    "MatchIndexError",
    "MemoryFault",
    "MemoryUnavailable",
    "PatchError",
    "PointerError",
    "PointerMapError",
    "PointersCancelled",
    "PointersClosed",
    "ReadOnlyTarget",
    "ScanCancelled",
    "ScanClosed",
    "ScanOrderError",
    "ScriptError",
    "SnapshotError",
    "StopError",
    "TableError",
    "TargetAmbiguous",
    "TargetClosed",
    "TargetGone",
    "TargetNotFound",
    "TypeNameError",
    "ValueKindError",
    "ValueRangeError",
    "WaitTimeout",
    "WatchpointError",
    "WhereError",
]
