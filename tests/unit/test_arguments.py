"""Whatever is handed over, what is said is ours, in one line; and values go to other processes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import construct
import pytest
from farfetch import scanner
from farfetch.scanner import (
    AlignError,
    ArgumentError,
    Buffer,
    CopyError,
    FarfetchError,
    Regex,
    attach,
    i32,
    now,
    regex,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from support import rubbish
from support.rubbish import Case

FUNCTIONS = [case.name for case in rubbish.functions()]


def takes(case: Case, bad: dict[str, Any]) -> None:
    """Call it; whatever it does not take it says so in one line."""
    if callable(bad.get("progress")):
        return  # on a busy machine it is called, and what it raises is its own affair
    try:
        let_go(case.with_(bad))
    except FarfetchError as error:
        said = str(error)
        assert said.isprintable()
        assert 0 < len(said) <= 1000


def let_go(made: object) -> None:
    """Close what a call has made, if it has to be."""
    if isinstance(made, scanner.Target | scanner.Scan):
        made.close()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_of_every_function(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (case,) = [function for function in rubbish.functions() if function.name == name]
    let_go(case.with_({}))
    for argument in case.arguments:
        for bad in rubbish.rubbish():
            takes(case, {argument: bad})


def test_every_argument_of_every_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for case in rubbish.objects(tmp_path):
        let_go(case.with_({}))
        for argument in case.arguments:
            for bad in rubbish.rubbish():
                takes(case, {argument: bad})


def test_a_file_that_nothing_can_be_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where what is there is not to be written over, which is looked at first."""
    monkeypatch.chdir(tmp_path)
    found = set()
    for case in [*rubbish.functions(), *rubbish.objects(tmp_path)]:
        careful = {"force": False} if "force" in case.arguments else {}
        for argument in {"file", "path"} & {*case.arguments}:
            if "/" not in str(case.arguments[argument]):
                continue  # pointer paths, paths of fields
            found.add(case.name)
            with pytest.raises(ArgumentError, match="takes the name of a file"):
                let_go(case.with_({argument: "", **careful}))
            with pytest.raises((FarfetchError, OSError)) as raised:
                let_go(case.with_({argument: "a" * 5000, **careful}))
            assert not isinstance(raised.value, OSError) or case.name == "Declarations.load"
    assert len(found) > 5


def test_several_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cases = [*rubbish.functions(), *rubbish.objects(tmp_path)]
    values = rubbish.rubbish()

    @settings(deadline=None, max_examples=500)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        case = cases[data.draw(st.integers(0, len(cases) - 1))]
        chosen = data.draw(st.sets(st.sampled_from(sorted(case.arguments)), min_size=1))
        which = st.integers(0, len(values) - 1)
        takes(case, {name: values[data.draw(which)] for name in sorted(chosen)})

    check()


def test_every_public_name_has_its_case() -> None:
    """What is called with arguments is tried; plain records only hold what they are given."""
    tried = {name.partition(" ")[0].partition(".")[0] for name in FUNCTIONS} | {"Table", "Target"}
    tried |= {"import_table", "export_table", "read_table", "check_table", "PointerMap"}
    tried |= {"Scan", "Matches", "Declarations", "PointerPath", "Memory", "Expr", "Layout"}
    tried |= {
        "PathGroup",
        "Calculation",
        "check_paths",
        "export_paths",
        "import_paths",
        "write_csv",
    }
    records = {
        *("FaultSet", "Footprint", "Location", "Match", "Member", "Module", "PointerStep"),
        *("ProcessInfo", "Progress", "Range", "Region", "ScanResult", "Seen", "Snapshot", "Step"),
        *("WriteResult", "Predicate", "History", "Taken", "CheckedPath", "PointerMapInfo"),
        *("Checked", "TableCheck", "TableGroup", "NamedAddress", "NamedAddresses"),
        *("CoreThread", "Stack", "Columns"),
        # made and kept by what is tried
        *("LiveScript", "ScriptChange"),
        *("Freeze", "Freezer", "Hook", "Patch", "Patches", "PointerPaths", "Watch", "Watchpoint"),
        "Accesses",
        "ValueType",
        *("Access", "Hit", "Instruction", "MemoryOperand", "Symbol", "WatchState"),
        # that take nothing
        *("default_threads", "isa", "isas", "memory_names"),
        "attach_async",  # takes what attach does
    }
    public = {
        name
        for name in scanner.__all__
        if callable(getattr(scanner, name))
        and not (
            isinstance(getattr(scanner, name), type)
            and issubclass(getattr(scanner, name), Exception)
        )
        and not isinstance(getattr(scanner, name), scanner.Expr | scanner.Predicate)
        and name not in scanner.TYPES
        and name not in ("any_", "bytes_", "number")
    }
    assert public <= tried | records


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: attach(None), "a process takes a pid or a name, not None"),  # type: ignore[arg-type]
        (lambda: attach(True), "a process takes a pid or a name, not True"),
        (lambda: regex(b"a"), "text takes a text, not b'a'"),  # type: ignore[arg-type]
        (
            lambda: attach(Buffer(b"a")).scan(i32, threads=-1),
            "threads takes a whole number from 1 to 1024, not -1",
        ),
        (
            lambda: attach(Buffer(b"a")).scan(i32, threads=0),
            "threads takes a whole number from 1 to 1024, not 0",
        ),
        (
            lambda: attach(Buffer(b"a")).scan(i32, chunk=1),
            "chunk takes a whole number from 64 to 1073741824, not 1",
        ),
        (
            lambda: attach(Buffer(b"a")).scan(i32, budget=5),  # type: ignore[call-overload]
            "budget takes a Budget, or None, not 5",
        ),
        (
            lambda: attach(Buffer(b"a")).read_bytes(-1, 4),
            "address takes an address from 0 to 0xffffffffffffffff, not -1",
        ),
        (
            lambda: attach(Buffer(b"a")).write_bytes(0, "ab"),  # type: ignore[arg-type]
            "raw takes bytes, not 'ab'",
        ),
    ],
)
def test_what_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        call()
    assert str(raised.value) == said
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, TypeError)


def test_an_alignment() -> None:
    for wrong in (0, True, 1.0, "4", 4097, None, -4):
        if wrong is not None:
            with pytest.raises(AlignError, match=r"^align takes 1 to 4096, not "):
                attach(Buffer(b"a")).scan(i32, align=wrong)  # type: ignore[arg-type]


def test_numbers_of_other_libraries_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    with attach(Buffer(bytearray(64), base=0x1000)) as target:
        assert target.read_bytes(numpy.uint64(0x1004), numpy.int16(4)) == bytes(4)
        target.write(numpy.int64(0x1004), i32, numpy.int32(7))
        assert target.read(0x1004, i32) == 7
        scan = target.scan(i32, align=numpy.int64(4), threads=numpy.int8(1), where="all")
        assert scan.first(now == numpy.int32(7)).matches == 1
        assert scan[numpy.int64(0)].address == 0x1004


VALUES = [
    regex(r"HP:\d+"),
    scanner.pattern("48 ??"),
    scanner.anycase("gold"),
    now,
    now.field("hp"),
    scanner.at("lunch"),
    (now + 1) * 2,
    abs(-now),
    (now == regex("a+")) & ~scanner.changed | now.near("1.50"),
    now.between(1, scanner.prev),
    scanner.unknown,
    scanner.Where.parse("heap,data"),
    scanner.Range(1, 2),
    scanner.Region(1, 2, "rw-p", 0, "00:00", 0, "/a", True),
    scanner.Module("a", "/a", 1, 2, ()),
    scanner.PointerPath.parse("game+8 -> 4"),
    scanner.Budget(1, None),
    scanner.Budget(1, None, 0),
    scanner.ScanResult(1, 2, 3, 0.5, scanner.FaultSet((scanner.Range(1, 2),))),
    scanner.Entry("hp", "0x10", "i32", frozen="5"),
    scanner.Declaration("p", "c", "struct p { int hp; long gold; };"),
    scanner.Declaration("p", "construct", 'Struct("hp" / Int32ul)'),
    scanner.Entry(
        "hp", "0x10", "p", structure=scanner.Declaration("p", "c", "struct p { int a; };")
    ),
    scanner.layout_of(i32),
    scanner.process(scanner.process(1).pid),
    scanner.Location(1, None, None, 1, ""),
    scanner.PointerStep(1, 2, 3, 5),
    scanner.WriteResult(1, 2),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_pickled_and_copied(value: Any) -> None:
    again = [pickle.loads(pickle.dumps(value, level)) for level in range(2, 6)]
    for copied in (*again, copy.copy(value), copy.deepcopy(value)):
        assert type(copied) is type(value)
        if isinstance(value, scanner.Expr):
            assert copied.same_as(value)
        else:
            assert copied == value
        assert str(copied) == str(value)


def test_a_regular_expression_that_was_pickled_is_found() -> None:
    before = regex("HP:[0-9]+")
    again = pickle.loads(pickle.dumps(before))
    assert again.found(b"HP:100 of") == b"HP:100"
    scan = attach(Buffer(b"..HP:100..", base=0x1000)).scan("bytes", where="all")
    assert scan.first(now == again).matches == 1
    assert again == Regex("HP:[0-9]+") == before


def test_declared_structures_are_themselves_after_it() -> None:
    made = scanner.Declaration("p", "c", "struct p { char a; long gold; };")
    again = pickle.loads(pickle.dumps(made))
    assert scanner.members(again.type, bits=32) == scanner.members(again.type, bits=32)
    assert again.type.sizeof(bits=32) == made.type.sizeof(bits=32) == 8


def test_value_types_are_themselves_after_it() -> None:
    for name, known in {**scanner.TYPES, **scanner.SCAN_TYPES}.items():
        ways = (pickle.loads(pickle.dumps(known)), copy.copy(known), copy.deepcopy(known))
        assert all(again is known for again in ways), name
    for made in ("u8[3..4]", "text[4]", "bytes[4]", "text:shift-jis"):
        kind = scanner.type_named(made)
        for again in (pickle.loads(pickle.dumps(kind)), copy.copy(kind), copy.deepcopy(kind)):
            assert scanner.layout_of(again) == scanner.layout_of(kind)
    node = construct.Struct("next" / scanner.pointer, "rest" / scanner.bytes_)
    for again in (pickle.loads(pickle.dumps(node)), copy.deepcopy(node)):
        assert again.parse(bytes(range(8)), bits=32).rest == bytes(range(4, 8))


def test_a_match_can_be_copied_and_pickled() -> None:
    """Its location is then as it was."""
    with attach(Buffer(bytearray(b"\5\0\0\0" * 4), base=0x1000)) as target:
        for kind in ("i32", "any", "pointer", "text[2]"):
            with target.scan(kind, where="all") as scan:
                scan.first("?")
                match = scan[0]
                for again in (pickle.loads(pickle.dumps(match)), copy.copy(match)):
                    assert repr(again) == repr(match)
                    assert again == match or kind == "text[2]"  # which is made anew each time
                    assert str(again.location) == "0x1000"
                kept = scan[0]
    assert pickle.loads(pickle.dumps(kept)).location.region is None  # nobody knows it any more


def test_what_is_shown_of_objects_says_something() -> None:
    memory = Buffer(bytearray(16), base=0x1000)
    with attach(memory) as target:
        scan = target.scan(i32)
        scan.first("now == 0")
        assert repr(memory) == "<Buffer of 16 bytes at 0x1000>"
        assert repr(scan) == f"<Scan of i32 in {target!r}, matches: 4, steps: 1>"
        assert repr(scan.matches) == f"<Matches of {scan!r}>"
        assert repr(scan.history) == "<History, steps: 1, now: 1>"
        assert repr(scan[0]) == (
            "Match(index=0, address=0x1000, value=0, previous=0, first=0, types=('i32',))"
        )
        frozen = target.freeze(0x1004, i32, 7)
        assert repr(frozen) == "<Freeze of i32 at 0x1004: 7, held>"
        frozen.stop()
        assert repr(frozen) == "<Freeze of i32 at 0x1004: 7, stopped>"
        assert repr(target.watch([(0x1000, i32)])) == f"<Watch of {target!r}, places: 1>"
        scan.close()
        assert repr(scan) == f"<Scan of i32 in {target!r}, closed>"
    assert repr(scanner.Table()) == "<Table, entries: 0>"
    assert repr(scanner.Declarations()) == "<Declarations: none>"


def test_what_belongs_to_this_process_stays_here() -> None:
    with attach(Buffer(bytearray(8), base=0x1000)) as target:
        scan = target.scan(i32, where="all")
        scan.first("now == 0")
        held: list[Any] = [target, scan, scan.matches, target.memory, target.watch([(0x1000, i32)])]
        held += [scan.history, scan.steps[0], target.freeze(0x1000, i32, 5)]
        held += [target.patch(0x1004, b"a")]
        for one in held:
            for way in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(CopyError, match="belongs to this process") as raised:
                    way(one)
                assert "\n" not in str(raised.value)


def test_what_is_to_be_called_is_looked_at_before_anything_is_done() -> None:
    scan = attach(Buffer(bytes(8), base=0x1000)).scan(i32, where="all")
    said = "progress takes a function, or None"
    with pytest.raises(ArgumentError, match=said):
        scan.first(progress=5)  # type: ignore[arg-type]
    scan.first()
    with pytest.raises(ArgumentError, match=said):
        scan.next("now == 0", progress=now)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=said):
        scan.snapshot("lunch", progress=5)  # type: ignore[arg-type]
    assert (len(scan.steps), len(scan.snapshots)) == (1, 0)


@pytest.mark.parametrize("folder", ["\ud800", "a\0b"])
def test_no_folder_is_called_so(folder: str) -> None:
    target = attach(Buffer(bytes(8), base=0x1000))
    with pytest.raises(ArgumentError, match="directory takes the name of a folder"):
        target.scan(i32, directory=folder)
    with pytest.raises(ArgumentError, match="directory takes the name of a folder"):
        target.pointer_map(directory=folder)
