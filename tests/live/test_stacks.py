"""Stacks of threads as bases: of what only a local variable leads to."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from pathlib import Path

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    CheckedPath,
    Entry,
    ExpressionError,
    PointerMap,
    PointerPath,
    Stack,
    Table,
    attach,
    export_paths,
    i32,
    import_paths,
    parse_address,
    parse_path,
)

from support.targets import Spawn, every_build

THREADS = 3


@pytest.mark.usefixtures("build")
@every_build
def test_a_path_from_a_stack_lasts(spawn: Spawn, tmp_path: Path) -> None:
    saved = tmp_path / "first.ffmap"
    purses = spawn("purses")
    with attach(purses.pid) as target, target.pointer_map() as pointers:
        pointers.save(saved)
        before = [purses.greeting.number(f"coins{number}") for number in range(THREADS)]
    purses.close()
    purses = spawn("purses")
    now = [purses.greeting.number(f"coins{number}") for number in range(THREADS)]
    best = []
    with attach(purses.pid) as target, target.pointer_map() as pointers:
        for number in range(THREADS):
            with PointerMap.load(saved) as first:
                paths = pointers.scan(
                    now[number],
                    2,
                    max_offset=256,
                    bases=["modules", "stacks"],
                    ends_with=(0x10, 0x20),
                    compare=[(first, before[number])],
                )
                assert 0 < paths.total < 50
                [label] = paths.by_module
                assert label == f"stack[{number}]"
                assert paths.of(label).total == paths.total
            best.append(paths[0])
            assert str(paths[0]).startswith(f"stack[{number}]-0x")
            assert paths[0].resolve(target) == now[number]
            assert list(paths.check(target, now[number])) == [
                CheckedPath(path, now[number], None) for path in paths
            ]
    for _ in range(3):
        purses = spawn("purses")
        with attach(purses.pid) as target:
            for number in range(THREADS):
                at = purses.greeting.number(f"coins{number}")
                assert best[number].resolve(target) == at
                assert target.read(at, i32) == 1000 + number


def test_what_names_a_stack(spawn: Spawn, tmp_path: Path) -> None:
    purses = spawn("purses")
    with attach(purses.pid) as target:
        stacks = target.memory.stacks()
        assert [stack.number for stack in stacks] == [*range(THREADS)]
        for stack in stacks:
            name = f"stack[{stack.number}]"
            assert target.address(name) == stack.top
            assert target.address(f"{name}-0x10") == stack.top - 16
            assert target.address(f"THREADSTACK{stack.number}-0x10") == stack.top - 16
            assert target.address(f'"THREADSTACK{stack.number}"-0x10') == stack.top - 16
            assert stack.top - 16 in target.regions()[0] or stack.range.start < stack.top
        with pytest.raises(ExpressionError, match=r"no stack of a thread 3 is known"):
            target.address("stack[3]-8")
        with target.pointer_map() as pointers:
            goal = purses.greeting.number("coins1")
            one = pointers.scan(goal, 2, bases="stack[1]")
            assert one.total
            others = pointers.scan(goal, 2, bases=("stack[0]", "stack[2]"))
            assert set(others.by_module) <= {"stack[0]", "stack[2]"}  # by what a thread left there
            with pytest.raises(ArgumentError, match="one of the map's 3 known stacks"):
                pointers.scan(goal, bases="stack[7]")
        table = Table()
        table.put(Entry("coins", str(one[0]), "i32"))
        table.save(tmp_path / "it.json")
        [entry] = Table.load(tmp_path / "it.json")
        assert parse_path(entry.where).resolve(target) == goal


def test_threads_come_in_the_order_in_which_they_were_started() -> None:
    ready, end = threading.Barrier(5), threading.Event()

    def wait() -> None:
        ready.wait(60)
        end.wait(60)

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    ready.wait(60)
    try:
        with attach(os.getpid()) as target:
            stacks = target.memory.stacks()
            regions = target.regions()
        assert stacks[0].number == 0
        first = next(one for one in regions if one.path == "[stack]")
        assert stacks[0].range.start >= first.start
        assert stacks[0].top in first
        assert len(stacks) > 4
        assert [stack.number for stack in stacks] == sorted({stack.number for stack in stacks})
        assert len({stack.top for stack in stacks}) == len(stacks)
    finally:
        end.set()
        for thread in threads:
            thread.join()


def test_files_of_cheat_engine_have_stacks(spawn: Spawn, tmp_path: Path) -> None:
    paths = [PointerPath.parse("stack[0]-0x168 -> 0x10"), PointerPath.parse("stack[12]+8 -> 0")]
    assert export_paths(paths, tmp_path / "it.PTR") == 2
    assert b"THREADSTACK12" in (tmp_path / "it.PTR").read_bytes()
    assert [str(path) for path in import_paths(tmp_path / "it.PTR")] == [
        "stack[0]-0x168 -> 0x10",
        "stack[12]+0x8 -> 0x0",
    ]
    purses = spawn("purses")
    goal = purses.greeting.number("coins1")
    with attach(purses.pid) as target, target.pointer_map() as pointers:
        pointers.save(tmp_path / "it.scandata")
        whole = [*pointers.scan(goal, 2, bases="stacks")]
    with PointerMap.load(tmp_path / "it.scandata") as read:
        assert [*read.scan(goal, 2, bases="stacks")] == whole
        assert "THREADSTACK0" not in read.moment.labels
    raw = zlib.decompress((tmp_path / "it.scandata").read_bytes())
    assert raw.count(b"THREADSTACK") == THREADS
    assert struct.unpack_from("<2B", raw) == (0xCE, 1)


def test_what_has_no_stacks() -> None:
    memory = bytearray((0x1008).to_bytes(8, "little") * 4)
    pointers = attach(Buffer(memory, base=0x1000)).pointer_map()
    assert pointers.scan(0x100C, bases="stacks").total == 0
    with pytest.raises(ExpressionError, match="no stack of a thread 0"):
        parse_address("stack[0]-8")
    with pytest.raises(ArgumentError):
        parse_address("stack[0]", stacks=[7])  # type: ignore[list-item]
    assert parse_address("stack[0]-8", stacks=[Stack(0, 0x1008, pointers.moment.ranges[0])]) == 4096
