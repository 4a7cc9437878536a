"""What a user's program may look like: every public class, and no type left open."""

from __future__ import annotations

from tempfile import TemporaryDirectory

# fmt: off
from farfetch.scanner import (
    Access,
    Accesses,
    AnyCase,
    Budget,
    Buffer,
    Calculation,
    Checked,
    CheckedPath,
    CodeEntry,
    Columns,
    CoreFile,
    CoreThread,
    Declaration,
    Declarations,
    Entry,
    Expr,
    FaultSet,
    Footprint,
    Freeze,
    Freezer,
    History,
    Hit,
    Hook,
    Instruction,
    Layout,
    LiveScript,
    Location,
    Match,
    Matches,
    Member,
    Memory,
    MemoryOperand,
    Module,
    NamedAddress,
    NamedAddresses,
    Patch,
    Patches,
    PathGroup,
    Pattern,
    PointerMap,
    PointerMapInfo,
    PointerPath,
    PointerPaths,
    PointerStep,
    Predicate,
    ProcessInfo,
    Progress,
    Range,
    Regex,
    Region,
    Scan,
    ScanResult,
    Script,
    ScriptChange,
    Seen,
    Snapshot,
    Stack,
    Step,
    Symbol,
    Table,
    TableCheck,
    TableGroup,
    Taken,
    Target,
    ValueType,
    Watch,
    Watchpoint,
    WatchState,
    Where,
    WriteResult,
    anycase,
    attach,
    bytes_,
    c_struct,
    check_paths,
    check_table,
    construct_struct,
    f64,
    i32,
    import_table,
    layout_of,
    members,
    now,
    pattern,
    pointer,
    process,
    regex,
    sized,
    text,
    u8,
    utf16,
)

# fmt: on
PLAYER = c_struct("struct player { int hp; float x; };")
OWN = construct_struct('Struct("hp" / Int32sl)')
NAME: ValueType[str] = sized(text, 8)


def show(progress: Progress) -> None:
    print(progress.done / progress.total)


def found(scan: Scan[int]) -> tuple[int | None, int, int, list[int]]:
    matches: Matches[int] = scan.matches
    match: Match[int] = matches[0]
    place: Location = match.location
    inside: tuple[Region | None, Module | None] = (place.region, place.module)
    assert inside[1] is None
    return match.value, match.previous, match.first, matches.addresses()


def search(target: Target) -> None:
    health: Expr = now * 2
    wanted: Predicate = now.between(1, 100) & (health > 3)
    scan: Scan[int] = target.scan(i32, where=Where("all", ()), threads=1, budget=Budget())
    result: ScanResult = scan.first(wanted, progress=show)
    faults: FaultSet = result.faults
    ranges: tuple[Range, ...] = faults.ranges
    kept: ScanResult = scan.snapshot("lunch")
    value, previous, first, addresses = found(scan)
    assert (value, previous, first, addresses, kept.matches) == (5, 5, 5, [0x1000], 1)
    history: History = scan.history
    step: Step = history.path[0]
    saved: Snapshot = scan.snapshots[0]
    written: WriteResult = scan.write_all("now + 1")
    assert (written.failed, step.number, saved.name, ranges) == (0, 1, "lunch", ())


def values(target: Target) -> tuple[int, float, str, bytes, int, list[int | None]]:
    target.write(0x1000, i32, 7)
    target.write(0x1008, PLAYER, {"hp": 5, "x": 1.5})
    assert all(target.write_many([0x1010, 0x1014], i32, [1, 2]))
    hp: int = target.read(0x1008, PLAYER).hp + target.read(0x1008, OWN).hp
    held: Freeze[int] = target.freeze(0x1000, i32, 9)
    again: Freeze[float] = Freezer(target).add(0x1020, f64, 0.5)
    again.stop()
    watch: Watch = target.watch([(0x1000, i32), (0x1008, "u16")])
    seen: list[Seen] = watch.look()
    patch: Patch = target.patch(0x1018, b"ab")
    patch.undo()
    undone: Patch = Patches(target).add(0x1018, b"cd")
    undone.undo()
    assert (held.value + 1, seen[1].changed, patch.after, again.value) == (10, False, b"ab", 0.5)
    texts = target.read(0x1020, NAME), target.read(0x1020, sized(utf16, 2))
    raw = target.read(0x1020, sized(bytes_, 2))
    many = target.read_many([0x1010, 0], i32)
    return hp, target.read(0x1020, f64), texts[0] + texts[1], raw, target.read(0x1010, u8), many


def texts() -> tuple[AnyCase, Pattern, Regex]:
    return anycase("gold"), pattern("48 8B ??"), regex("go+ld")


def paths(target: Target) -> list[PointerStep]:
    target.write(0x1030, pointer, 0x1000)
    chart: PointerMap = target.pointer_map(where="all")
    info: PointerMapInfo = chart.info
    listed: PointerPaths = chart.scan(0x1000, depth=1)
    table: Columns = listed.columns(10)
    names: tuple[str, ...] = table.names
    stacks: list[Stack] = target.memory.stacks()
    tops: list[int] = [stack.top for stack in stacks]
    checked: list[CheckedPath] = list(check_paths(listed, target, 0x1000, type=i32))
    group: PathGroup = PathGroup.parse("0x1030 -> 4 | 0x1030 -> 4")
    path: PointerPath = PointerPath.parse("0x1030 -> 4")
    place: Calculation = Calculation.parse("=[0x1030]+4")
    print(
        names,
        tops,
        info.pointers,
        [each.value for each in checked],
        hex(group.resolve(target)),
        place.resolve(target),
        place.names,
    )
    return list(path.follow(target))


def tables(file: str) -> int:
    table = Table()
    groups: dict[str, TableGroup] = table.groups
    print(len(groups))
    entry = Entry("hp", "0x1000", "i32")
    table.put(entry)
    declared = Declarations()
    declaration: Declaration | None = declared.get("player")
    taken: list[Taken] = import_table(file)[1] if file else []
    field: Member = members(PLAYER)[0]
    layout: Layout = layout_of(i32)
    assert (entry.name, declaration, taken, field.name) == ("hp", None, [], "hp")
    return layout.size or 0


def code(target: Target, file: str) -> list[Hit]:  # needs a process that may be traced
    instructions: list[Instruction] = target.disassemble(0x1000, 2)
    symbol: Symbol | None = target.symbol(0x1000)
    said: TableCheck = check_table(file)
    entries: tuple[Checked, ...] = said.entries
    script = Script("nop", "[ENABLE]\n[DISABLE]\n")
    with target.watchpoint(0x1000, 4, on="access") as watchpoint:
        kept: Watchpoint = watchpoint
        state: WatchState = watchpoint.state
    operand: MemoryOperand = instructions[0].writes[0]
    reached: int | None = operand.address({"rbx": 0x1000})
    with target.accesses_of(instructions[0]) as accesses:
        going: Accesses = accesses
    found: list[Access] = list(going)
    print(instructions[0].text, symbol, len(entries), script.name, state.hits + 1, reached)
    print([access.base + access.count for access in found])
    return list(kept)


def hooks(target: Target) -> tuple[CodeEntry, ...]:  # needs a process that may be traced
    near: int = target.allocate(64, near=0x1000)
    raw: bytes = target.assemble(0x1000, "nop")
    kept: list[CodeEntry] = []
    with target.hook(0x1000, "nop", original="before") as hook:
        made: Hook = hook
        kept.append(CodeEntry.of(target, hook, "it"))
    target.free(near)
    print(len(raw) + made.size, made.signature, kept[0].find(target))
    return tuple(kept)


def scripts(target: Target) -> list[ScriptChange]:
    names: NamedAddresses = target.symbols
    names.register("spare", 0x1018)
    spare: NamedAddress = names.entries()[0]
    script: LiveScript = target.script("[ENABLE]\nspare:\n db 01\n[DISABLE]\nspare:\n db 00")
    with script:
        assert (spare.name, script.enabled, names["spare"]) == ("spare", True, 0x1018)
        return list(script.changes)


def cores(target: Target, file: str) -> list[CoreThread]:
    saved: int = target.save_memory(file)
    core = CoreFile(file)
    with attach(core) as then:
        assert (then.read(0x1000, i32), saved) == (target.read(0x1000, i32), 4096)
    return list(core.threads)


def main() -> int:
    memory: Memory = Buffer(bytearray((5).to_bytes(4, "little").ljust(4096, b"\0")), base=0x1000)
    info: ProcessInfo = process(1)
    with attach(memory) as target:
        footprints: list[Footprint] = target.footprints()
        search(target)
        print(values(target), texts(), paths(target), tables(""), footprints, info.pid)
        with TemporaryDirectory() as folder:
            print(scripts(target), cores(target, f"{folder}/core"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
