"""The arguments of every public call that needs some; the rest are called as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from farfetch.scanner import (
    Buffer,
    CodeEntry,
    Declaration,
    Entry,
    Expr,
    Matches,
    Module,
    Patch,
    PointerMap,
    PointerPath,
    Predicate,
    Range,
    Region,
    Script,
    Table,
    Target,
)
from farfetch.scanner.memory.changes import Change
from farfetch.scanner.memory.values import Values

from torture.draw import C_TEXTS, CONSTRUCTS, NAMES, Draw
from torture.world import BASE


class Arguments(NamedTuple):
    """What a call is made with.

    Attributes:
        given: in their order.
        named: by name.
    """

    given: tuple[Any, ...]
    named: dict[str, Any]


def _(*given: Any, **named: Any) -> Arguments:
    return Arguments(given, named)


#: What is called so seldom that others have something to work with.
RARE: Final = {
    *("Target.close", "Scan.close", "Scan.reset", "Memory.close", "Buffer.close", "Freezer.close"),
    *("PointerMap.close", "PointerPaths.close", "PointerMap.__exit__", "PointerPaths.__exit__"),
    *("History.clear", "Step.release", "Snapshot.release", "Scan.forget", "History.forget"),
    *("processes", "find_process", "Target.footprints", "Target.__exit__", "Scan.__exit__"),
    *("Watchpoint.close", "Watchpoint.__exit__", "Accesses.close", "Accesses.__exit__"),
}

#: Whose objects come of calls alone: nobody makes them by hand.
MADE_BY_CALLS: Final = {
    *("AnyCase", "FaultSet", "Footprint", "Freeze", "Location", "Match", "Matches", "Member"),
    *("Memory", "Module", "Patch", "Patches", "Pattern", "PointerStep", "Predicate", "Expr"),
    *("CheckedPath", "PointerMap", "PointerMapInfo", "PointerPaths", "Columns", "Stack"),
    "Hook",
    *("ProcessInfo", "Progress", "Regex", "Region", "Scan", "ScanResult", "Seen", "Snapshot"),
    *("Hit", "Instruction", "MemoryOperand", "Symbol", "WatchState", "Watchpoint"),
    *("Access", "Accesses"),
    *("Step", "Target", "ValueType", "WriteResult", "Layout", "Taken"),
    *("Checked", "TableCheck", "TableGroup", "NamedAddress", "LiveScript", "ScriptChange"),
}

#: Not called, and why not.
LEFT_OUT: Final = {
    **dict.fromkeys(
        ("attach_async", "Scan.until_async", "Target.wait_exit_async", "Target.wait_for_async"),
        "is a coroutine, of what is called without one",
    ),
    "Columns.batch": "is asked by what makes the columns",
    "Freezer.touched": "is asked in a turn, by what writes",
    "Freezer.write_over": "is asked by what writes",
    "History.add": "takes what only a scan makes",
    "History.begin": "takes what only a scan makes",
    "History.save": "takes what only a scan makes",
    "Memory.check": "takes what the core returns",
    "Buffer.check": "takes what the core returns",
    "CoreFile.check": "takes what the core returns",
}


_BLOCKS: Final = (
    *(
        "Accesses",
        "Freeze",
        "Hook",
        "LiveScript",
        "Patch",
        "PointerMap",
        "PointerPaths",
        "Scan",
        "Target",
        "Watchpoint",
    ),
)


def _memory(name: str) -> dict[str, Callable[[Draw, Any], Arguments]]:
    return {
        f"{name}.modules": lambda d, _m: _(d.one(None, [d.a(Region)])),
        f"{name}.error": lambda d, _m: _(d.one(0, 1, 3, 14, 99)),
        f"{name}.read": lambda d, m: _(d.place(m), d.size()),
        f"{name}.read_into": lambda d, m: _(d.place(m), bytearray(d.size())),
        f"{name}.write": lambda d, m: _(d.place(m), d.raw(), force=d.often(0.3)),
        f"{name}.look": lambda d, m: _(_values(d, m), d.one(0.001, 3600)),
        f"{name}.peek": lambda d, m: _(d.place(m), 1 + d.below(16)),
        f"{name}.poke": lambda d, m: _(d.place(m), d.raw()),
        f"{name}.read_many": lambda d, m: _(_values(d, m)),
        f"{name}.write_many": lambda d, m: _(_values(d, m), force=d.often(0.3)),
        f"{name}.allocate": lambda d, m: _(
            d.one(1, 4096, 1 << 40, 0), near=d.one(None, d.place(m)), access=d.one("rwx", "r", "q")
        ),
        f"{name}.gap": lambda d, m: _(d.one(1, 4096, 1 << 40), near=d.one(None, d.place(m))),
        f"{name}.protect": lambda d, _m: _(d.one(0, -1), d.one(0, 1), d.one("rw", "q")),
        f"{name}.release": lambda d, _m: _(d.one(0, -1), d.one(0, 1)),
        f"{name}.change": lambda d, m: _([_same(m, d.place(m)) for _i in range(d.below(3))]),
        f"{name}.blocks": lambda d, m: _(d.place(m), d.size(), writing=d.often(0.5)),
    }


def _same(memory: Any, address: int) -> Change:
    """A change to what is there, so that no model has to know of it."""
    raw = memory.read(address, 4) if 0 <= address < 1 << 64 else b""
    return Change(address, raw, raw)


def _values(draw: Draw, memory: Any) -> Values:
    places = [draw.place(memory) % (1 << 64) for _ in range(draw.below(40))]
    size = 1 + draw.below(16)
    return Values(places, size, raw=bytes(len(places) * size))


def _change(draw: Draw, _table: Any) -> Arguments:
    return _(
        draw.name(), **draw.one({"note": "x"}, {"where": "["}, {"type": "u8"}, {"group": "a/b"})
    )


def _options(draw: Draw, target: Any) -> Arguments:
    return _(draw.type(), **draw.scan_options(target))


#: By name: what a call is made with, given the object it is of.
ARGUMENTS: Final[dict[str, Callable[[Draw, Any], Arguments]]] = {
    # functions
    "anycase": lambda d, _o: _(d.text()),
    "at": lambda d, _o: _(d.name()),
    "assemble": lambda d, _o: _(
        d.one("mov eax,[rbx+8]", "jmp 10", "nop 3", "[", d.text()),
        address=d.below(1 << 64),
        bits=d.one(32, 64, 7),
    ),
    "attach": lambda d, _o: _(
        d.one(d.pid(), d.pid(), d.pid(), d.ended_pid(), "no such process", _buffer(d)),
        memory=d.memory_name(),
        bits=d.one(None, None, None, 32, 64, 7),
    ),
    "check_paths": lambda d, _o: _([d.a(PointerPath)], d.a(Target), d.one(None, 16)),
    "check_table": lambda d, _o: _(d.path()),
    "c_struct": lambda d, _o: _(d.one(*C_TEXTS), d.one("", "player", "nothing")),
    "c_structs": lambda d, _o: _(d.one(*C_TEXTS)),
    "construct_struct": lambda d, _o: _(d.one(*CONSTRUCTS)),
    "decode": lambda d, _o: _(d.construct(), d.raw(), bits=d.one(32, 64)),
    "encode": lambda d, _o: _(d.construct(), d.value(), bits=d.one(32, 64)),
    "export_paths": lambda d, _o: _([d.a(PointerPath)], d.path(), force=d.often(0.3)),
    "write_csv": lambda d, _o: _(d.path(), ["a", "b"], [(1, "x")], force=d.often(0.3)),
    "export_table": lambda d, _o: _(d.a(Table), d.path(), force=d.often(0.3)),
    "field": lambda d, _o: _(d.one("hp", "pos.x", "")),
    "field_names": lambda d, _o: _(d.construct(), bits=d.one(32, 64)),
    "find_process": lambda d, _o: _(d.one(d.pid(), "no such process", "mutate")),
    "format_address": lambda d, _o: _(d.below(1 << 64)),
    "format_value": lambda d, _o: _(d.construct(), d.value()),
    "holds": lambda d, _o: _(d.a(Predicate), d.construct(), d.value(), prev=d.value()),
    "import_table": lambda d, _o: _(d.path()),
    "layout_of": lambda d, _o: _(d.construct(), bits=d.one(32, 64)),
    "member": lambda d, _o: _(d.construct(), d.one("hp", "x[0]", "")),
    "members": lambda d, _o: _(d.construct()),
    "import_paths": lambda d, _o: _(d.path()),
    "parse_address": lambda d, _o: _(d.text()),
    "did_you_mean": lambda d, _o: _(d.text(), [d.text(), "list"]),
    "parse_expression": lambda d, _o: _(d.text()),
    "parse_integer": lambda d, _o: _(d.text()),
    "parse_path": lambda d, o: _(d.one(d.address_text(o), "0x10 -> 8 | 0x20", "a | ")),
    "parse_predicate": lambda d, _o: _(d.text()),
    "parse_scan": lambda d, _o: _(d.text()),
    "parse_value": lambda d, _o: _(d.construct(), d.text()),
    "pattern": lambda d, _o: _(d.text()),
    "process": lambda d, _o: _(d.one(d.pid(), d.ended_pid())),
    "quote": lambda d, _o: _(d.one("gold", b"gold", "\0", '"')),
    "read_table": lambda d, _o: _(d.path()),
    "regex": lambda d, _o: _(d.one("go+ld", "a{3}", "(", "[0-9]+x", "")),
    "scan_layout": lambda d, _o: _(d.construct(), bits=d.one(32, 64)),
    "size_of": lambda d, _o: _(d.construct(), bits=d.one(32, 64)),
    "bit_field": lambda d, _o: _(d.construct(), d.one(0, 3, 99), d.one(3, 7, -1)),
    "text_in": lambda d, _o: _(d.one("shift-jis", "utf-32", "nope", d.text())),
    "sized": lambda d, _o: _(d.construct(), d.one(0, 1, 4, 1 << 40)),
    "struct_of": lambda d, _o: _(d.construct(), bits=d.one(32, 64)),
    "type_name": lambda d, _o: _(d.construct()),
    "type_named": lambda d, _o: _(d.one("i32", "text[4]", "nonsense", "bytes[x]")),
    "value_type": lambda d, _o: _(d.type()),
    # objects that are made by hand
    "Budget": lambda d, _o: _(d.one(None, 0, 4096), d.one(None, 0, 4096)),
    "Buffer": lambda d, _o: _(d.one(bytearray(64), b"gold", b""), d.one(BASE, 0, 1 << 64, -1)),
    "Declaration": lambda d, _o: _(d.one("player", "i32"), d.one("c", "construct"), C_TEXTS[0]),
    "Declarations": lambda _d, _o: _(),
    "Entry": lambda d, o: _(d.name(), d.address_text(o), d.one("i32", "text[4]", "x")),
    "CoreFile": lambda d, _o: _(d.path()),
    "CoreThread": lambda _d, _o: _(1, {"sp": 8}),
    "Freezer": lambda d, _o: _(d.a(Target)),
    "History": lambda _d, _o: _(),
    "Calculation": lambda d, o: _(d.one(f"[{d.address_text(o)}]*8", "p+[q]", "[", "")),
    "PathGroup": lambda d, o: _(tuple(PointerPath(d.address_text(o), (8,)) for _i in range(3))),
    "PointerPath": lambda d, o: _(d.address_text(o), d.one((), (0,), (8, -8), (1 << 70,))),
    "Range": lambda d, o: _(d.place(o), d.place(o)),
    "Script": lambda d, _o: _(d.name(), d.one("[ENABLE]\n[DISABLE]", "nop", "")),
    "NamedAddresses": lambda _d, _o: _(),
    "Table": lambda _d, _o: _(),
    "Watch": lambda d, _o: _watch(d, d.a(Target)),
    "Where": lambda d, _o: _(d.text(), ()),
    # targets, and what is read and written
    **_memory("Memory"),
    **_memory("Buffer"),
    **_memory("CoreFile"),
    "Target.address": lambda d, t: _(d.address_text(t)),
    "Target.freeze": lambda d, t: _(
        *(d.one(d.place(t), d.place(t), d.a(PointerPath)), d.type(), d.one(None, d.value())),
        allow=d.one(None, None, "increase", "decrease", "sideways"),
        interval=d.one(0.05, 0.001, 0.2, 0),
    ),
    "Target.locate": lambda d, t: _(d.place(t)),
    "Target.modules": lambda d, _t: _(d.one(None, [d.a(Region)])),
    "Target.patch": lambda d, t: _(d.place(t), d.raw()),
    "Target.read": lambda d, t: _(d.place(t), d.type()),
    "Target.read_bytes": lambda d, t: _(d.place(t), d.size()),
    "Target.read_many": lambda d, t: _([d.place(t) for _i in range(d.below(40))], d.type()),
    "Target.save_memory": lambda d, _t: _(d.path(), force=d.often(0.3)),
    "Target.scan": _options,
    "MemoryOperand.address": lambda _d, _m: _({"rax": 1, "rbx": BASE}),
    "Target.disassemble": lambda d, t: _(d.place(t), d.one(0, 1, 8)),
    "Target.nop": lambda d, t: _(d.place(t)),
    "Target.allocate": lambda d, t: _(
        d.one(1, 4096, 1 << 20, 1 << 40),
        near=d.one(None, d.place(t)),
        access=d.one("rwx", "rw", "q"),
    ),
    "Target.free": lambda d, t: _(d.place(t)),
    "Target.functions": lambda d, _t: _(d.one("mutate!m", "libc!re", "x"), d.one(1, 100)),
    "CodeEntry": lambda d, _o: _(d.name(), "mutate+1", d.one("nop", "hook", "x"), "90"),
    "CodeEntry.of": lambda d, _o: _(d.a(Target), d.a(Patch), d.name()),
    "CodeEntry.find": lambda d, _o: _(d.a(Target)),
    "CodeEntry.enable": lambda d, _o: _(d.a(Target)),
    "Table.put_code": lambda d, _t: _(d.a(CodeEntry)),
    "Table.remove_code": lambda d, _t: _(d.name()),
    "Target.assemble": lambda d, t: _(
        d.place(t), d.one("nop", "jmp 10", "[", "a:\njmp a", d.text())
    ),
    "Target.hook": lambda d, t: _(
        d.place(t),
        d.one("nop", b"\x90", "[", d.text()),
        original=d.one("after", "before", "none", "x"),
    ),
    "Target.signature": lambda d, t: _(d.place(t)),
    "Target.script": lambda d, t: _(
        d.one("[ENABLE]\n[DISABLE]", f"{d.place(t):x}:\n db 1", "luacall(x)"), name=d.name()
    ),
    "Target.symbol": lambda d, t: _(d.place(t)),
    "Target.watchpoint": lambda d, t: _(
        *(d.place(t), d.one(1, 4, 8, 33), d.one("write", "access", "execute", "never")),
        loss=d.one(0.05, 1),
        by=d.one("perf", "perf", "never"),
    ),
    "Target.accesses_of": lambda d, t: _(d.place(t), loss=d.one(0.05, 1)),
    "Accesses.wait": lambda d, _w: _(0.01, hits=d.one(0, 5)),
    "Watchpoint.wait": lambda d, _w: _(0.01, hits=d.one(0, 5)),
    "Target.wait_exit": lambda d, _t: _(d.one(0.001, 0.01)),
    "Target.wait_for": lambda d, t: _(d.place(t), d.type(), d.a(Predicate), timeout=0.001),
    "Scan.until": lambda d, _s: _(d.a(Predicate), timeout=0.001),
    "Target.watch": lambda d, t: _([(d.place(t), d.type()) for _i in range(d.below(4))]),
    "Target.write": lambda d, t: _(d.place(t), d.type(), d.value(), force=d.often(0.3)),
    "Target.write_many": lambda d, t: _(
        *([d.place(t), d.place(t)], d.type(), [d.value() for _i in range(1 + d.below(2))]),
        force=d.often(0.3),
    ),
    "Target.write_bytes": lambda d, t: _(d.place(t), d.raw(), force=d.often(0.3)),
    "Freezer.add": lambda d, f: _(
        *(d.place(f), d.construct(), d.value()),
        allow=d.one(None, "increase", "decrease"),
        interval=d.one(0.05, 0.001),
    ),
    **dict.fromkeys(
        [f"{name}.__exit__" for name in _BLOCKS],
        lambda _d, _o: _(None, None, None),
    ),
    "Patch.undo": lambda d, _p: _(force=d.often(0.5)),
    "Hook.undo": lambda d, _p: _(force=d.often(0.5)),
    "Patches.original": lambda d, p: _(d.place(p), d.raw()),
    "Patches.add": lambda d, p: _(d.place(p), d.raw()),
    "Target.pointer_map": lambda d, t: _(
        where=d.where(t),
        align=d.one(None, 1, 4, 8, 3),
        order=d.one("little", "big"),
        goal=d.one(None, d.place(t)),
    ),
    "PointerMap.load": lambda d, _m: _(d.path()),
    "PointerMap.save": lambda d, _m: _(d.path(), force=d.often(0.3)),
    "PointerMap.scan": lambda d, m: _pointers(d, m),
    "PointerPaths.__getitem__": lambda d, _p: _(d.one(0, 3, slice(0, 9), slice(2, 7, 2), -1)),
    "PointerPaths.check": lambda d, _p: _(d.a(Target), d.one(None, d.below(1 << 64))),
    "PointerPaths.of": lambda d, _p: _(d.one("mutate", "nothing")),
    "Calculation.follow": lambda d, _g: _(d.a(Target)),
    "Calculation.parse": lambda d, o: _(f"=[{d.address_text(o)}]*8+{d.address_text(o)}"),
    "Calculation.plus": lambda d, _g: _(d.one(0, 8, -8, 1 << 70)),
    "Calculation.resolve": lambda d, _g: _(d.a(Target)),
    "PathGroup.agreed": lambda d, _g: _(d.one((8, 8, None), (8, 16, 8), (None, None, None))),
    "PathGroup.each": lambda d, _g: _(d.a(Target)),
    "PathGroup.follow": lambda d, _g: _(d.a(Target)),
    "PathGroup.parse": lambda d, o: _(f"{d.address_text(o)} -> 8 | {d.address_text(o)}"),
    "PathGroup.plus": lambda d, _g: _(d.one(0, 8, -8, 1 << 70)),
    "PathGroup.resolve": lambda d, _g: _(d.a(Target)),
    "PointerPath.follow": lambda d, _p: _(d.a(Target)),
    "PointerPath.plus": lambda d, _p: _(d.one(0, 8, -8, 1 << 70)),
    "PointerPath.parse": lambda d, o: _(f"{d.address_text(o)} -> {d.one('8', '-0x10', 'x')}"),
    "PointerPath.resolve": lambda d, _p: _(d.a(Target)),
    "Region.__contains__": lambda d, _r: _(d.below(1 << 64)),
    "Module.__contains__": lambda d, _m: _(d.below(1 << 64)),
    "Where.parse": lambda d, o: _(str(d.where(o))),
    "Where.select": lambda d, _w: _([d.a(Region)], [d.a(Module)] if d.often(0.2) else []),
    # scans
    "Scan.first": lambda d, _s: _(d.predicate(), progress=d.progress()),
    "Scan.next": lambda d, _s: _(d.predicate(), progress=d.progress()),
    "Scan.snapshot": lambda d, _s: _(d.name(), progress=d.progress()),
    "Scan.decode": lambda d, _s: _(d.raw()),
    "Scan.delete": lambda d, s: _(
        d.one((), 0, [0, 2], slice(1, 3), -1, 1 << 70),
        where=d.one(None, None, d.where(s)),
    ),
    "Scan.drop": lambda d, _s: _(d.name()),
    "Scan.go_to": lambda d, _s: _(d.below(9)),
    "Scan.undo": lambda d, _s: _(d.one(1, 1, 1, 2, 0, 9)),
    "Scan.redo": lambda d, _s: _(d.one(1, 1, 1, 2, 0, 9)),
    "Scan.reading": lambda d, s: _(d.place(s)),
    "Scan.write_all": lambda d, _s: _(d.one(d.value(), "now + 1"), force=d.often(0.2)),
    "Scan.compute": lambda d, _s: _("now * 2 - prev", count=d.one(1, 100)),
    "Scan.__getitem__": lambda d, _s: _(d.piece()),
    "History.drop": lambda d, _h: _(d.name()),
    "History.go_to": lambda d, _h: _(d.below(9)),
    "History.redo": lambda d, _h: _(d.one(1, 2, 9)),
    "History.snapshot": lambda d, _h: _(d.name()),
    "History.undo": lambda d, _h: _(d.one(1, 2, 9)),
    "Matches.__getitem__": lambda d, _m: _(d.piece()),
    "Matches.addresses": lambda d, _m: _(d.one(0, 1, 500), d.one(None, 0, 1, 3000)),
    "Matches.bisect": lambda d, _m: _(d.below(1 << 64)),
    "Matches.column": lambda d, _m: _(
        *(d.one("address", "now", "previous", "first"), d.one(0, 0, 5), d.one(None, 1, 3000)),
    ),
    "Matches.columns": lambda d, _m: _(d.one(0, 0, 5), d.one(None, 1, 3000)),
    "Matches.locations": lambda d, _m: _(d.one(0, 0, 5), d.one(None, 1, 3000)),
    "PointerPaths.columns": lambda d, _p: _(d.one(None, 0, 3)),
    "Step.value": lambda d, _s: _value(d),
    "Snapshot.value": lambda d, _s: _value(d),
    # what needs no target
    "AnyCase.choices": lambda d, _a: _(d.one("utf-8", "utf-16-le")),
    "Budget.of": lambda d, _b: _(d.world.folder),
    "Declarations.__contains__": lambda d, _t: _(d.one("player", *NAMES)),
    "Declarations.__getitem__": lambda d, _t: _(d.one("player", "team")),
    "Declarations.add": lambda d, _t: _(d.a(Declaration)),
    "Declarations.add_c": lambda d, _t: _(d.one(*C_TEXTS)),
    "Declarations.add_construct": lambda d, _t: _(d.one("player", "i32"), d.one(*CONSTRUCTS)),
    "Declarations.add_header": lambda d, _t: _(d.path()),
    "Declarations.check_name": lambda d, _t: _(d.one("player", "i32", "9", *NAMES)),
    "Declarations.get": lambda d, _t: _(d.one("player", "team")),
    "Declarations.remove": lambda d, _t: _(d.one("player", "team")),
    "Declarations.type_named": lambda d, _t: _(d.one("player", "team", "i32")),
    "Expr.between": lambda d, _e: _(d.a(Expr), 100),
    "Expr.near": lambda _d, _e: _(7.5),
    "Expr.same_as": lambda d, _e: _(d.a(Expr)),
    "Layout.convert": lambda d, _l: _(d.one(1, 1.5)),
    "Layout.pack": lambda d, _l: _(d.value()),
    "Layout.unpack": lambda d, lay: _(d.chance.randbytes(lay.size or 0)),
    "Layout.with_size": lambda d, _l: _(d.one(1, 4)),
    "Pattern.fits": lambda d, _p: _(d.raw()),
    "Regex.found": lambda d, _r: _(d.one(b"gold", b"", b"goooold!")),
    "Table.__contains__": lambda d, _t: _(d.name()),
    "Table.__getitem__": lambda d, _t: _(d.name()),
    "Table.change": _change,
    "Table.load": lambda d, _t: _(d.path()),
    "Table.put": lambda d, _t: _(d.a(Entry)),
    "Table.redeclare": lambda d, _t: _(d.a(Declaration)),
    "Table.put_script": lambda d, _t: _(d.a(Script)),
    "Table.remove": lambda d, _t: _(d.name()),
    "Table.rename": lambda d, _t: _(d.name(), d.name()),
    "Table.merge": lambda d, _t: _(d.a(Table)),
    "Table.remove_script": lambda d, _t: _(d.name()),
    "Table.script": lambda d, _t: _(d.name()),
    "NamedAddresses.__getitem__": lambda d, _t: _(d.name()),
    "NamedAddresses.register": lambda d, _t: _(d.name(), d.below(1 << 64)),
    "NamedAddresses.unregister": lambda d, _t: _(d.name()),
    "Entry.name_of": lambda d, _t: _(d.text()),
    "Table.save": lambda d, _t: _(d.path(), force=d.often(0.3)),
}


def _pointers(draw: Draw, pointers: Any) -> Arguments:
    return _(
        draw.place(pointers),
        draw.one(1, 2, 3, 70),
        max_offset=draw.one(8, 64, 200),
        min_offset=draw.one(0, -16),
        bases=draw.one("modules", "nothing", Range(BASE, BASE + 4000)),
        ends_with=draw.one((), (), (4,)),
        compare=[(draw.a(PointerMap), draw.place(pointers))] if draw.often(0.3) else (),
    )


def _buffer(draw: Draw) -> Any:
    return draw.one(draw.a(Buffer), Buffer(draw.world.contents, base=BASE))


def _value(draw: Draw) -> Arguments:
    places = draw.a(Matches).addresses(0, 5)
    return _(draw.one(*places) if places else draw.below(1 << 64), 4, draw.world.folder)


def _watch(draw: Draw, target: Target) -> Arguments:
    return _(target, [(draw.place(target), draw.construct()) for _i in range(draw.below(4))])


__all__ = ["ARGUMENTS", "LEFT_OUT", "MADE_BY_CALLS", "RARE", "Arguments"]
