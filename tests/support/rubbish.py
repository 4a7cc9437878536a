"""Arguments that no function takes, and good ones to put them beside."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import enum
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import construct
from farfetch import scanner
from farfetch.scanner import Buffer, Entry, Table, attach, i32, now, prev, u8

from . import own_code

BASE = 0x1000


class Text(str):
    """A text that is more than one."""


class Whole(int):
    """A number that is more than one."""


class Choice(enum.IntEnum):
    ONE = 1


class Odd:
    """Anything that a program may hand over by mistake."""

    def __repr__(self) -> str:
        return "an\nodd \x1b[31mthing" * 30


class Hostile:
    """What cannot even be looked at."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "__repr__"):
            return object.__getattribute__(self, name)
        raise RuntimeError("not this either")

    def __repr__(self) -> str:
        raise RuntimeError("no")


@cache
def _deep() -> Any:
    """An expression that goes deeper than Python calls; nothing changes it, so it is made once."""
    deep: Any = now
    for _ in range(5000):
        deep = deep + 1
    return deep


def rubbish() -> list[Any]:
    """One of each, made anew."""
    deep = _deep()
    return [
        *(None, True, False, 0, 1, -1, 7, 255, 4096, 1 << 63, 1 << 64, -(1 << 64), 10**30),
        *(0.0, -0.5, 1.5, float("nan"), float("inf"), -float("inf"), 1e300, 1j),
        *(
            "",
            " ",
            "x",
            "5",
            "now == 5",
            "i32",
            "\0",
            "\ud800",
            "0x",
            "é",
            "[",
            "a" * 5000,
            "(" * 500,
        ),
        *("9" * 5000, "0x10", "1.5", "-1", "a\nb", "~", "now", "%s", "{0}", "text[4]", "text[0]"),
        *("number", "struct a { int b; };", "/nowhere/at/all", "->", "0x1000->0"),
        *(b"", b"a", b"\xff\xfe", bytearray(b"a"), memoryview(b"abcd"), memoryview(b"abcd")[::2]),
        *([], [1], ["x"], [None], (), (1, 2), ("x", "y"), {}, {"a": 1}, {1}, frozenset(), range(3)),
        *(object, object(), Odd(), Odd, Hostile(), Ellipsis, NotImplemented, int, ValueError("no")),
        *(
            lambda: 0,
            len,
            iter([]),
            iter([1]),
            (letter for letter in "ab"),
            contextlib.nullcontext(),
        ),
        *(
            Text("5"),
            Text("i32"),
            Whole(5),
            Choice.ONE,
            Decimal("1.5"),
            Decimal("nan"),
            Fraction(1, 3),
        ),
        *(
            Path("/"),
            Path("/nowhere/at/all"),
            os.environ,
            i32,
            u8,
            construct.Struct(),
            construct.Computed(1),
        ),
        *(construct.Struct("a" / u8), construct.Struct("a" / u8, "b" / construct.GreedyBytes)),
        *(
            construct.Bytes(3),
            construct.GreedyRange(u8),
            construct.Bytes(lambda _: 3),
            now,
            now + 1,
        ),
        *(now == 5, prev > 5, scanner.unknown, deep, deep == 5, scanner.text, scanner.bytes_),
        *(Buffer(b"abcd", base=BASE), slice(None), slice("a", 1.5), slice(0, 1, 0)),
    ]


class Case(NamedTuple):
    """A call that goes well.

    Attributes:
        name: of what is called.
        call: that.
        arguments: good ones, by name.
        positional: how many of them have no name for it.
    """

    name: str
    call: Callable[..., Any]
    arguments: dict[str, Any]
    positional: int = 0

    def with_(self, bad: dict[str, Any]) -> Any:
        """Call it with some arguments in place of good ones."""
        given = self.arguments | bad
        names = list(self.arguments)
        first = [given.pop(name) for name in names[: self.positional]]
        return self.call(*first, **given)


def _player() -> construct.Construct:
    return construct.Struct("hp" / i32, "name" / scanner.sized(scanner.text, 4))


def _assembler_cases() -> Iterator[Case]:
    s = scanner
    yield Case(
        "assemble",
        s.assemble,
        {"text": "mov eax,1", "address": 0, "bits": 64, "resolve": {"a": 1}.__getitem__},
    )
    code = {
        "name": "a",
        "where": "game+1",
        "kind": "patch",
        "before": "90",
        "code": "91",
        "original": "after",
        "signature": "90 ??",
        "group": "",
        "note": "",
    }
    yield Case("CodeEntry", s.CodeEntry, code)
    yield Case("Script", s.Script, {"name": "a", "text": "nop", "group": "", "note": ""})


@cache
def _core() -> str:
    """A core file, which goes with this process."""
    folder = tempfile.mkdtemp(prefix="farfetch-rubbish-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    name = os.path.join(folder, "game.core")  # noqa: PTH118
    attach(Buffer(bytes(64), base=BASE)).save_memory(name)
    return name


def functions() -> Iterator[Case]:
    """The functions of the package, and what it makes objects of."""
    s = scanner
    region = s.Region(BASE, BASE + 4096, "rw-p", 0, "00:00", 0, "", False)
    yield from _assembler_cases()
    yield Case("anycase", s.anycase, {"text": "gold"})
    yield Case("at", s.at, {"name": "lunch"})
    yield Case("attach", s.attach, {"what": os.getpid(), "memory": "auto", "bits": 64})
    yield Case("c_struct", s.c_struct, {"text": "struct p { int hp; };", "name": "p"})
    yield Case("c_structs", s.c_structs, {"text": "struct p { int hp; };"})
    yield Case("construct_struct", s.construct_struct, {"text": 'Struct("hp" / Int32ul)'})
    yield Case("decode", s.decode, {"value_type": i32, "raw": b"abcd", "bits": 64})
    yield Case("encode", s.encode, {"value_type": i32, "value": 5, "bits": 64})
    yield Case(
        "encode text", s.encode, {"value_type": s.sized(s.text, 4), "value": "a", "bits": 64}
    )
    yield Case("encode float", s.encode, {"value_type": s.f32, "value": 1.0, "bits": 64})
    yield Case(
        "encode struct",
        s.encode,
        {"value_type": _player(), "value": {"hp": 1, "name": "a"}, "bits": 64},
    )
    yield Case("field", s.field, {"name": "hp"})
    yield Case("find_process", s.find_process, {"wanted": os.getpid()})
    yield Case("format_address", s.format_address, {"address": BASE})
    yield Case(
        "did_you_mean",
        s.did_you_mean,
        {"word": "lst", "known": ["list"], "count": 2, "cutoff": 0.7, "before": ": "},
    )
    yield Case("field_names", s.field_names, {"value_type": _player(), "bits": 64})
    yield Case("format_value", s.format_value, {"value_type": i32, "value": 5})
    yield Case("format_value float", s.format_value, {"value_type": s.f32, "value": 5.5})
    yield Case("format_value pointer", s.format_value, {"value_type": s.pointer, "value": 5})
    yield Case(
        "holds",
        s.holds,
        {
            "predicate": now < prev,
            "value_type": i32,
            "value": 93,
            "prev": 100,
            "first": 5,
            "bits": 64,
        },
    )
    yield Case("layout_of", s.layout_of, {"value_type": s.pointer, "bits": 64})
    yield Case("member", s.member, {"value_type": _player(), "path": "hp", "bits": 64})
    yield Case("members", s.members, {"value_type": _player(), "bits": 64})
    yield Case(
        "parse_address", s.parse_address, {"text": "0x10", "modules": (), "regions": [region]}
    )
    yield Case("parse_expression", s.parse_expression, {"text": "now + 1"})
    yield Case("parse_integer", s.parse_integer, {"word": "0x10"})
    yield Case("parse_path", s.parse_path, {"text": "0x10 -> 8 | 0x20"})
    yield Case("parse_predicate", s.parse_predicate, {"text": "hp == 5", "fields": ["hp"]})
    yield Case("parse_scan", s.parse_scan, {"text": "> 5", "fields": ["hp"], "rounded": True})
    yield Case("parse_value", s.parse_value, {"value_type": i32, "word": "5", "bits": 64})
    yield Case("text_in", s.text_in, {"encoding": "shift-jis"})
    yield Case("bit_field", s.bit_field, {"value_type": s.u8, "first": 3, "last": 4})
    yield Case("pattern", s.pattern, {"text": "48 ??"})
    yield Case("process", s.process, {"pid": os.getpid()})
    yield Case("processes", s.processes, {"include_kernel_threads": False})
    yield Case("quote", s.quote, {"value": "a b"})
    yield Case("regex", s.regex, {"text": "HP"})
    yield Case("scan_layout", s.scan_layout, {"value_type": _player(), "bits": 64})
    yield Case("size_of", s.size_of, {"value_type": _player(), "bits": 64})
    yield Case("sized", s.sized, {"value_type": s.text, "length": 4})
    yield Case("struct_of", s.struct_of, {"value_type": _player(), "bits": 64})
    yield Case("type_name", s.type_name, {"wanted": i32})
    yield Case("type_named", s.type_named, {"name": "i32"})
    yield Case("value_type", s.value_type, {"wanted": "i32"})
    yield Case("AnyCase", s.AnyCase, {"text": "gold"})
    yield Case("Budget", s.Budget, {"memory": 1 << 30, "disk": 1 << 30, "values": 1 << 20})
    yield Case("Buffer", s.Buffer, {"contents": b"abcd", "base": BASE})
    yield Case(
        "Declaration", s.Declaration, {"name": "p", "language": "c", "text": "struct p { int a; };"}
    )
    yield Case(
        "Entry",
        s.Entry,
        {
            "name": "hp",
            "where": "0x10",
            "type": "i32",
            "group": "",
            "note": "",
            "frozen": "5",
            "allow": None,
            "structure": None,
        },
    )
    yield Case("Pattern", s.Pattern, {"value": b"a", "mask": b"\xff"})
    yield Case("Regex", s.Regex, {"text": "HP"})
    yield Case(
        "CoreFile",
        s.CoreFile,
        {"file": _core(), "directory": None, "budget": None, "progress": None},
    )
    yield Case("Calculation.parse", s.Calculation.parse, {"text": "=[0x10]*8"})
    yield Case("PathGroup.parse", s.PathGroup.parse, {"text": "0x10->8 | 0x20"})
    yield Case("PointerPath.parse", s.PointerPath.parse, {"text": "0x10->8"})
    yield Case("Where.parse", s.Where.parse, {"text": "all"})
    yield Case("Where.select", s.Where.parse("all").select, {"regions": [region], "modules": []})


def _waiting_cases(target: scanner.Target, scan: scanner.Scan) -> Iterator[Case]:
    """None takes long: what does not come is not waited for."""
    yield Case(
        "Target.wait_for",
        partial(target.wait_for, timeout=0.001),
        {"address": BASE, "type": "u8", "predicate": "unknown", "interval": 0.001},
    )
    until = partial(scan.until, timeout=0.001)
    yield Case("Scan.until", until, {"predicate": "unknown", "interval": 0.001})
    yield Case("Target.read_many", target.read_many, {"addresses": [BASE], "type": "u8"})
    yield Case(
        "Target.write_many",
        target.write_many,
        {"addresses": [BASE], "type": "u8", "values": [1], "force": False},
    )


def _pointer_cases(target: scanner.Target, folder: Path) -> Iterator[Case]:
    def made(**given: Any) -> None:
        target.pointer_map(**given).close()

    yield Case(
        "Target.pointer_map",
        made,
        {
            "where": "all",
            "align": 4,
            "order": "big",
            "threads": 1,
            "directory": None,
            "budget": scanner.Budget(),
            "chunk": 1 << 16,
            "progress": None,
        },
    )
    pointers = target.pointer_map()
    paths = pointers.scan(BASE)
    plain = pointers.scan(BASE, bases=scanner.Range(BASE, BASE + 8))
    yield Case("PointerMap.save", pointers.save, {"file": folder / "one.ffmap", "force": False})
    yield Case(
        "PointerMap.load",
        scanner.PointerMap.load,
        {
            "file": folder / "one.ffmap",
            "threads": 1,
            "directory": None,
            "budget": scanner.Budget(),
        },
    )
    yield Case(
        "PointerMap.scan",
        pointers.scan,
        {
            "address": BASE,
            "depth": 2,
            "max_offset": 64,
            "min_offset": -8,
            "bases": scanner.Range(BASE, BASE + 8),
            "within": "all",
            "not_through": None,
            "ends_with": (8,),
            "through_bases": True,
            "compare": [(pointers, BASE)],
            "threads": 1,
            "progress": None,
        },
    )
    yield Case("PointerPaths[]", lambda index: paths[index], {"index": slice(0, 5)})
    yield Case("PointerPaths.of", lambda module: plain.of(module), {"module": ""})
    yield Case("PointerPaths.text", paths.text, {"count": 5})
    yield Case("PointerPaths.json", paths.json, {"count": 5})
    yield Case(
        "PointerPaths.check",
        lambda **given: list(paths.check(**given)),
        {"target": target, "address": BASE, "type": i32, "value": 5},
    )


def refused(call: Callable[..., Any]) -> Callable[..., Any]:
    """What a buffer does not do, however well it is asked."""

    def tried(**given: Any) -> None:
        try:
            call(**given)
        except (scanner.MemoryUnavailable, scanner.CodeError):
            pass
        except scanner.ArgumentError as error:
            if error.expected != "what allocate() gave":
                raise

    return tried


def _code_cases(target: scanner.Target) -> Iterator[Case]:
    yield Case("Target.disassemble", target.disassemble, {"address": BASE, "count": 3})
    yield Case(
        "Target.script",
        target.script,
        {"text": "1000:\n nop", "name": "a", "folder": None, "lua": False},
    )
    yield Case("Target.symbol", target.symbol, {"address": BASE})
    yield Case("Target.nop", lambda address: target.nop(address).undo(), {"address": BASE + 64})
    yield Case("Target.functions", target.functions, {"text": "a!b", "count": 5})
    entry = scanner.CodeEntry("it", f"{BASE + 512:#x}", "nop", "00 00")
    yield Case("CodeEntry.find", entry.find, {"target": target})
    yield Case("Target.assemble", target.assemble, {"address": BASE, "text": "nop"})
    asked: dict[str, Any] = {"size": 16, "near": BASE, "access": "rw"}
    yield Case("Target.allocate", refused(target.allocate), asked)
    yield Case("Target.free", refused(target.free), {"address": BASE})
    hook: dict[str, Any] = {"address": BASE, "code": "nop", "original": "after"}
    yield Case("Target.hook", refused(target.hook), hook)
    yield Case("Memory.allocate", refused(target.memory.allocate), asked)
    yield Case("Memory.gap", refused(target.memory.gap), {"size": 16, "near": BASE})
    yield Case(
        "Memory.protect", target.memory.protect, {"address": BASE, "size": 16, "access": "rw"}
    )
    yield Case("Memory.release", target.memory.release, {"address": BASE, "size": 16})
    yield Case("Memory.change", target.memory.change, {"changes": []})
    operand = scanner.MemoryOperand("", "rbx", "", 1, 8, 4, 64)
    yield Case("MemoryOperand.address", operand.address, {"registers": {"rbx": 5}})
    value = ctypes.c_int()
    own = attach(os.getpid())

    def watch(**given: Any) -> None:
        own.watchpoint(**given).close()

    good = {"address": ctypes.addressof(value), "size": 4, "on": "write", "loss": 0.5, "stack": 64}
    good["by"] = "perf"
    yield Case("Target.watchpoint", watch, good)
    code = own_code.reaching(own)
    yield Case(
        "Target.accesses_of",
        lambda **given: own.accesses_of(**given).close(),
        {"instruction": code.address, "loss": 0.5, "by": "perf"},
    )
    accesses = own.accesses_of(code)
    accesses.close()
    yield Case("Accesses.wait", accesses.wait, {"seconds": 1.0, "hits": 0})
    getpid = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
    yield Case("Target.signature", own.signature, {"address": getpid})
    hits = own.watchpoint(ctypes.addressof(value))
    hits.close()
    yield Case("Watchpoint.wait", hits.wait, {"seconds": 1.0, "hits": 0})
    own.close()


def objects(folder: Path) -> Iterator[Case]:
    """The methods of objects, in a target that is a buffer."""
    s = scanner
    target = attach(Buffer(bytearray(4096), base=BASE))
    scan = target.scan(i32, where="all")
    scan.first("now == 0")
    scan.snapshot("lunch")
    scan.next("now == 0")
    table = Table()
    table.put(Entry("hp", "0x1010", "i32"))
    declared = s.Declarations()
    declared.add(s.Declaration("p", "c", "struct p { int a; };"))
    structured = target.scan(_player(), where="all")
    structured.first("hp == 0")

    yield Case(
        "Target.scan",
        target.scan,
        {
            "type": i32,
            "align": 4,
            "where": "all",
            "threads": 1,
            "directory": None,
            "budget": s.Budget(),
            "soft_dirty": True,
            "chunk": 1 << 16,
        },
    )
    yield Case("Target.bits", lambda bits: setattr(target, "bits", bits), {"bits": 64})
    yield Case("Target.read_bytes", target.read_bytes, {"address": BASE, "size": 4})
    yield Case(
        "Target.write_bytes",
        target.write_bytes,
        {"address": BASE, "raw": b"a", "force": True},
    )
    yield Case("Target.read", target.read, {"address": BASE, "type": i32})
    yield Case(
        "Target.write",
        target.write,
        {"address": BASE, "type": i32, "value": 5, "force": True},
    )
    yield Case("Target.watch", target.watch, {"places": [(BASE, i32)]})
    yield Case(
        "Target.patch",
        lambda address, raw: target.patch(address, raw).undo(),
        {"address": BASE, "raw": b"a"},
    )
    yield Case(
        "Target.patch.undo",
        lambda force: target.patch(BASE, b"b").undo(force=force),
        {"force": True},
    )
    yield from _pointer_cases(target, folder)
    yield from _code_cases(target)
    yield Case(
        "Target.save_memory",
        target.save_memory,
        {"file": "game.core", "force": False, "progress": None},
    )
    yield from _waiting_cases(target, scan)
    yield Case("Target.locate", target.locate, {"address": BASE})
    yield Case("Target.address", target.address, {"text": "0x10"})
    yield Case("Target.modules", target.modules, {"regions": target.regions()})

    def freeze(**given: Any) -> None:
        with target.freeze(**given):
            pass

    yield Case(
        "Target.freeze",
        freeze,
        {
            "address": BASE,
            "type": i32,
            "value": 5,
            "allow": "increase",
            "interval": 1.0,
            "force": True,
        },
    )
    yield Case(
        "Target.freeze of a path",
        lambda base, offsets, value: freeze(
            address=s.PointerPath(base, offsets), type=i32, value=value
        ),
        {"base": hex(BASE), "offsets": (BASE + 8,), "value": 5},
    )
    yield Case(
        "Target.patience", lambda seconds: setattr(target, "patience", seconds), {"seconds": 1.0}
    )

    def first(**given: Any) -> None:
        with target.scan(i32, where="all") as scan:
            scan.first(**given)

    yield Case("Scan.first", first, {"predicate": "now == 0", "progress": None})
    yield Case("Scan.next", scan.next, {"predicate": "now == 0", "progress": None})
    yield Case("Scan.next of structures", structured.next, {"predicate": "hp == 0"})
    yield Case("Scan.snapshot", scan.snapshot, {"name": "lunch", "progress": None})

    def drop(name: str) -> None:
        scan.snapshot("dinner")
        scan.drop(name)

    yield Case("Scan.drop", drop, {"name": "dinner"})
    yield Case("Scan.delete", scan.delete, {"which": (), "where": "all"})
    yield Case("Scan.undo", scan.undo, {"steps": 0})
    yield Case("Scan.redo", scan.redo, {"steps": 0})
    yield Case("Scan.go_to", scan.go_to, {"number": 1})
    yield Case(
        "Scan.write_all",
        scan.write_all,
        {"value": 0, "field": None, "force": True, "progress": None},
    )
    yield Case(
        "Scan.compute", scan.compute, {"expression": now, "field": None, "start": 0, "count": 1}
    )
    yield Case("Scan[]", lambda index: scan[index], {"index": 0})
    yield Case("Matches.addresses", scan.matches.addresses, {"start": 0, "count": 1})
    yield Case("Matches.bisect", scan.matches.bisect, {"address": BASE})
    yield Case("Matches.column", scan.matches.column, {"what": "now", "start": 0, "count": 1})
    yield Case("Scan.decode", scan.decode, {"raw": b"abcd"})
    yield Case("Memory.read", target.memory.read, {"address": BASE, "size": 4})
    yield Case(
        "Memory.read_into", target.memory.read_into, {"address": BASE, "buffer": bytearray(4)}
    )
    yield Case("Memory.write", target.memory.write, {"address": BASE, "raw": b"a", "force": True})
    yield Case("Memory.blocks", target.memory.blocks, {"address": BASE, "size": 4})
    yield Case(
        "PointerPath",
        lambda base, offsets: s.PointerPath(base, offsets).follow(target),
        {"base": "0x1000", "offsets": (8,)},
    )
    yield Case(
        "PointerPath.follow",
        s.PointerPath("0x1000").follow,
        {"target": target, "base": BASE, "order": "big"},
    )
    yield Case(
        "PointerPath.resolve",
        s.PointerPath("0x1000").resolve,
        {"target": target, "base": BASE, "order": "big"},
    )
    sum_ = s.Calculation.parse("=0x1000+16")
    yield Case("Calculation.follow", sum_.follow, {"target": target})
    yield Case("Calculation.resolve", sum_.resolve, {"target": target})
    yield Case("Calculation.plus", sum_.plus, {"offset": 8})
    yield Case("Calculation", lambda text: s.Calculation(text).resolve(target), {"text": sum_.text})
    group = s.PathGroup.parse("0x1000 | 4096")
    yield Case("PathGroup.each", group.each, {"target": target})
    yield Case("PathGroup.follow", group.follow, {"target": target})
    yield Case("PathGroup.resolve", group.resolve, {"target": target})
    yield Case("PathGroup.plus", group.plus, {"offset": 8})
    yield Case("PathGroup.agreed", group.agreed, {"found": (8, 8)})
    yield Case(
        "PathGroup", lambda paths: s.PathGroup(paths).resolve(target), {"paths": group.paths}
    )
    yield Case(
        "check_paths",
        lambda **given: list(s.check_paths(**given)),
        {
            "paths": group.paths,
            "target": target,
            "address": BASE,
            "type": i32,
            "value": 0,
            "order": "little",
        },
    )
    s.export_paths(group.paths, folder / "it.PTR", force=True)
    yield Case(
        "export_paths",
        s.export_paths,
        {"paths": group.paths, "file": "game.PTR", "force": True},
    )
    yield Case("import_paths", lambda file: list(s.import_paths(file)), {"file": folder / "it.PTR"})
    yield Case("PointerPath.plus", s.PointerPath("0x1000").plus, {"offset": 8})
    yield Case("Table.put", Table().put, {"entry": Entry("hp", "0x10", "i32")})
    yield Case("Table.change", table.change, {"name": "hp", "note": "x"}, 1)

    def remove(name: str) -> None:
        table = Table()
        table.put(Entry("hp", "0x10", "i32"))
        table.remove(name)

    yield Case("Table.remove", remove, {"name": "hp"})

    def rename(name: str, new: str) -> None:
        table = Table()
        table.put(Entry("hp", "0x10", "i32"))
        table.rename(name, new)

    yield Case("Table.rename", rename, {"name": "hp", "new": "health"})
    script = s.Script("hook", "[ENABLE]\n[DISABLE]")

    def remove_script(name: str) -> None:
        table = Table()
        table.put_script(script)
        table.remove_script(name)

    table.put_script(script)
    yield Case("Table.put_script", Table().put_script, {"script": script})
    yield Case("Table.script", table.script, {"name": "hook"})
    yield Case("Table.merge", lambda other: Table().merge(other), {"other": Table()})
    yield Case("Table.remove_script", remove_script, {"name": "hook"})
    yield Case("Entry.name_of", table["hp"].name_of, {"text": "1"})
    symbols = s.NamedAddresses()
    yield Case(
        "NamedAddresses.register", symbols.register, {"name": "a", "address": 1, "owner": ""}
    )
    yield Case("NamedAddresses.unregister", symbols.unregister, {"name": "a"})
    yield Case("Table[]", lambda name: table[name], {"name": "hp"})
    yield Case(
        "Table.redeclare",
        table.redeclare,
        {"declaration": s.Declaration("p", "c", "struct p { int a; };")},
    )
    yield Case("Table.save", table.save, {"path": folder / "one.json", "force": True})
    yield Case(
        "export_table",
        s.export_table,
        {"table": table, "path": folder / "one.CT", "force": True},
    )
    s.export_table(table, folder / "two.CT")
    yield Case("import_table", s.import_table, {"path": folder / "two.CT"})
    yield Case("read_table", s.read_table, {"path": folder / "two.CT"})
    yield Case("check_table", s.check_table, {"path": folder / "two.CT", "lua": False})
    yield Case("Table.load", Table.load, {"path": folder / "one.json"})
    yield Case(
        "Declarations.add",
        declared.add,
        {"declaration": s.Declaration("q", "c", "struct q { int a; };")},
        1,
    )
    yield Case("Declarations.type_named", declared.type_named, {"name": "p"})
    yield Case("Declarations.get", declared.get, {"name": "p"})
    yield Case("Regex.found", s.regex("HP").found, {"raw": b"HP"})
    yield Case("Pattern.fits", s.pattern("48").fits, {"raw": b"a"})
    yield Case("AnyCase.choices", s.anycase("a").choices, {"codec": "utf-8"})
    yield Case("Region in", lambda address: address in target.regions()[0], {"address": BASE})
    yield Case("Value.field", now.field, {"name": "hp"})
    yield Case("Expr.between", now.between, {"low": 1, "high": 2})
    yield Case("Expr.near", now.near, {"number": "1.5", "tolerance": None, "truncated": False})
    yield Case("Expr.same_as", now.same_as, {"other": now})
    for sign in ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"):
        yield Case(f"now {sign}", eval(f"lambda other: now {sign} other"), {"other": 5})
    for sign in ("==", "!=", "<", "<=", ">", ">="):
        yield Case(f"now {sign}", eval(f"lambda other: now {sign} other"), {"other": 5})
    layout = s.layout_of(i32)
    yield Case("Layout.pack", layout.pack, {"value": 5})
    yield Case("Layout.unpack", layout.unpack, {"raw": b"abcd"})
    yield Case("Layout.with_size", s.layout_of(s.text).with_size, {"size": 4})
