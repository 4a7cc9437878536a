"""farfetch.scanner: find and change values inside running Linux programs.

>>> from farfetch.scanner import Buffer, attach, i32, now, prev
>>> memory = bytearray(4096)
>>> memory[64:68] = (100).to_bytes(4, "little")
>>> target = attach(Buffer(memory, base=0x1000))
>>> scan = target.scan(i32)
>>> scan.first(now == 100).matches
1
>>> memory[64:68] = (93).to_bytes(4, "little")
>>> scan.next(now < prev).matches
1
>>> target.write(scan[0].address, i32, 9999)
>>> scan[0].value, scan[0].previous, scan[0].first
(9999, 93, 100)
"""

import importlib as _importlib
import typing as _typing

from farfetch import __version__ as __version__

from .arrow.columns import Columns
from .attaching import attach, attach_async
from .declarations.registry import Declaration, Declarations
from .engine import default_threads, isa, isas
from .errors import (
    AccessDenied,
    AlignError,
    ArgumentError,
    AssemblyError,
    BudgetError,
    CodeError,
    ConfigurationError,
    CopyError,
    CoreFileError,
    DeclarationError,
    ExpressionError,
    FarfetchError,
    ForkedError,
    MatchIndexError,
    MemoryFault,
    MemoryUnavailable,
    PatchError,
    PointerError,
    PointerMapError,
    PointersCancelled,
    PointersClosed,
    ReadOnlyTarget,
    ScanCancelled,
    ScanClosed,
    ScanOrderError,
    ScriptError,
    SnapshotError,
    StopError,
    TableError,
    TargetAmbiguous,
    TargetClosed,
    TargetGone,
    TargetNotFound,
    TypeNameError,
    ValueKindError,
    ValueRangeError,
    WaitTimeout,
    WatchpointError,
    WhereError,
)
from .errors.suggest import did_you_mean
from .live.freeze import Freezer
from .live.frozen import Freeze
from .live.patch import Patch, Patches
from .live.watch import Seen, Watch
from .memory.addresses import format_address, parse_address
from .memory.base import Memory
from .memory.buffer import Buffer
from .memory.calculation import Calculation
from .memory.modules import Location, Module
from .memory.named import NamedAddress, NamedAddresses
from .memory.owner import ProcessInfo
from .memory.path_group import PathGroup, parse_path
from .memory.pointer_path import PointerPath, PointerStep
from .memory.region_filter import Where
from .memory.regions import Footprint, Range, Region
from .memory.stacks import Stack
from .pointers.check import CheckedPath, check_paths
from .pointers.map import PointerMap, PointerMapInfo
from .pointers.paths import PointerPaths
from .predicates.any_case import AnyCase, anycase
from .predicates.byte_pattern import Pattern, pattern
from .predicates.holds import holds
from .predicates.language import parse_expression, parse_predicate, parse_scan
from .predicates.nodes import (
    Expr,
    Predicate,
    at,
    changed,
    decreased,
    field,
    first,
    increased,
    now,
    prev,
    unchanged,
    unknown,
)
from .predicates.regex import Regex, regex
from .process.processes import find_process, process, processes
from .process.ways import memory_names
from .publishing import publish as _publish
from .scan.budget import Budget
from .scan.history import History, Snapshot, Step
from .scan.matches import Match, Matches
from .scan.results import FaultSet, Progress, ScanResult
from .scan.scan import Scan
from .scan.writing import WriteResult
from .tables.code_entry import CodeEntry
from .tables.entry import Entry
from .tables.group import TableGroup
from .tables.script_entry import Script
from .tables.table import Table
from .target import Target
from .values.convert import (
    TYPES,
    any_,
    bit_field,
    bytes_,
    decode,
    encode,
    f16,
    f16be,
    f32,
    f32be,
    f64,
    f64be,
    format_value,
    i8,
    i16,
    i16be,
    i24,
    i24be,
    i32,
    i32be,
    i64,
    i64be,
    layout_of,
    number,
    parse_value,
    pointer,
    sized,
    text,
    text_in,
    type_name,
    type_named,
    u8,
    u16,
    u16be,
    u24,
    u24be,
    u32,
    u32be,
    u64,
    u64be,
    utf16,
    value_type,
)
from .values.layout import Layout
from .values.literals import parse_integer, quote
from .values.members import Member, member, members
from .values.names import SCAN_TYPES
from .values.structures import field_names, scan_layout, size_of, struct_of
from .values.value_type import ValueType

if _typing.TYPE_CHECKING:
    from .assembler.assembler import assemble
    from .code.hook import Hook
    from .code.instruction import Instruction, MemoryOperand
    from .code.symbols import Symbol
    from .coredump.core_file import CoreFile
    from .coredump.image import CoreThread
    from .debug.accesses import Access, Accesses
    from .debug.following import WatchState
    from .debug.hit import Hit
    from .debug.watchpoint import Watchpoint
    from .declarations.c_layout import c_struct, c_structs
    from .declarations.construct import construct_struct
    from .pointers.ptr_file import export_paths, import_paths
    from .script.live_script import LiveScript, ScriptChange
    from .tables.cheat_engine import Taken, import_table
    from .tables.check import Checked, TableCheck, check_table
    from .tables.csv_file import write_csv
    from .tables.ct_export import export_table
    from .tables.reading import read_table
else:
    # What takes a while to load and most programs do without: readers of declarations, of XML
    # and of core files, the assembler, machine code.
    _LATER: _typing.Final = {
        "Access": ".debug.accesses",
        "Accesses": ".debug.accesses",
        "CoreFile": ".coredump.core_file",
        "CoreThread": ".coredump.image",
        "c_struct": ".declarations.c_layout",
        "c_structs": ".declarations.c_layout",
        "construct_struct": ".declarations.construct",
        "Checked": ".tables.check",
        "Hit": ".debug.hit",
        "Hook": ".code.hook",
        "Instruction": ".code.instruction",
        "LiveScript": ".script.live_script",
        "MemoryOperand": ".code.instruction",
        "ScriptChange": ".script.live_script",
        "Symbol": ".code.symbols",
        "TableCheck": ".tables.check",
        "Taken": ".tables.cheat_engine",
        "WatchState": ".debug.following",
        "Watchpoint": ".debug.watchpoint",
        "assemble": ".assembler.assembler",
        "check_table": ".tables.check",
        "export_paths": ".pointers.ptr_file",
        "export_table": ".tables.ct_export",
        "import_paths": ".pointers.ptr_file",
        "import_table": ".tables.cheat_engine",
        "read_table": ".tables.reading",
        "write_csv": ".tables.csv_file",
    }

    def __getattr__(name: str) -> _typing.Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return _publish(getattr(_importlib.import_module(_LATER[name], __name__), name), __name__)

    def __dir__() -> list[str]:
        return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


__all__ = [
    "SCAN_TYPES",
    "TYPES",
    "Access",
    "AccessDenied",
    "Accesses",
    "AlignError",
    "AnyCase",
    "ArgumentError",
    "AssemblyError",
    "Budget",
    "BudgetError",
    "Buffer",
    "Calculation",
    "Checked",
    "CheckedPath",
    "CodeEntry",
    "CodeError",
    "Columns",
    "ConfigurationError",
    "CopyError",
    "CoreFile",
    "CoreFileError",
    "CoreThread",
    "Declaration",
    "DeclarationError",
    "Declarations",
    "Entry",
    "Expr",
    "ExpressionError",
    "FarfetchError",
    "FaultSet",
    "Footprint",
    "ForkedError",
    "Freeze",
    "Freezer",
    "History",
    "Hit",
    "Hook",
    "Instruction",
    "Layout",
    "LiveScript",
    "Location",
    "Match",
    "MatchIndexError",
    "Matches",
    "Member",
    "Memory",
    "MemoryFault",
    "MemoryOperand",
    "MemoryUnavailable",
    "Module",
    "NamedAddress",
    "NamedAddresses",
    "Patch",
    "PatchError",
    "Patches",
    "PathGroup",
    "Pattern",
    "PointerError",
    "PointerMap",
    "PointerMapError",
    "PointerMapInfo",
    "PointerPath",
    "PointerPaths",
    "PointerStep",
    "PointersCancelled",
    "PointersClosed",
    "Predicate",
    "ProcessInfo",
    "Progress",
    "Range",
    "ReadOnlyTarget",
    "Regex",
    "Region",
    "Scan",
    "ScanCancelled",
    "ScanClosed",
    "ScanOrderError",
    "ScanResult",
    "Script",
    "ScriptChange",
    "ScriptError",
    "Seen",
    "Snapshot",
    "SnapshotError",
    "Stack",
    "Step",
    "StopError",
    "Symbol",
    "Table",
    "TableCheck",
    "TableError",
    "TableGroup",
    "Taken",
    "Target",
    "TargetAmbiguous",
    "TargetClosed",
    "TargetGone",
    "TargetNotFound",
    "TypeNameError",
    "ValueKindError",
    "ValueRangeError",
    "ValueType",
    "WaitTimeout",
    "Watch",
    "WatchState",
    "Watchpoint",
    "WatchpointError",
    "Where",
    "WhereError",
    "WriteResult",
    "any_",
    "anycase",
    "assemble",
    "at",
    "attach",
    "attach_async",
    "bit_field",
    "bytes_",
    "c_struct",
    "c_structs",
    "changed",
    "check_paths",
    "check_table",
    "construct_struct",
    "decode",
    "decreased",
    "default_threads",
    "did_you_mean",
    "encode",
    "export_paths",
    "export_table",
    "f16",
    "f16be",
    "f32",
    "f32be",
    "f64",
    "f64be",
    "field",
    "field_names",
    "find_process",
    "first",
    "format_address",
    "format_value",
    "holds",
    "i8",
    "i16",
    "i16be",
    "i24",
    "i24be",
    "i32",
    "i32be",
    "i64",
    "i64be",
    "import_paths",
    "import_table",
    "increased",
    "isa",
    "isas",
    "layout_of",
    "member",
    "members",
    "memory_names",
    "now",
    "number",
    "parse_address",
    "parse_expression",
    "parse_integer",
    "parse_path",
    "parse_predicate",
    "parse_scan",
    "parse_value",
    "pattern",
    "pointer",
    "prev",
    "process",
    "processes",
    "quote",
    "read_table",
    "regex",
    "scan_layout",
    "size_of",
    "sized",
    "struct_of",
    "text",
    "text_in",
    "type_name",
    "type_named",
    "u8",
    "u16",
    "u16be",
    "u24",
    "u24be",
    "u32",
    "u32be",
    "u64",
    "u64be",
    "unchanged",
    "unknown",
    "utf16",
    "value_type",
    "write_csv",
]


for _name in __all__:
    if _name in globals():
        _publish(globals()[_name], __name__)
