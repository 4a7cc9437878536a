"""Core files of running programs: what is found in them is what is found in the program."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import (
    CoreFile,
    PointerMap,
    Progress,
    Target,
    TargetGone,
    attach,
    c_struct,
    i64,
)

from support.machine import give_up, needs
from support.puppet import PAGE, READ_WRITE, Puppet
from support.targets import Spawn, TargetProcess, every_build

PATTERN = Path("/proc/sys/kernel/core_pattern").read_text().strip()
PLAYER = c_struct(
    "struct player { unsigned id; int health, max_health; unsigned short ammo, magazine; };"
)


def saved(process: TargetProcess, folder: Path) -> Path:
    name = folder / "game.core"
    with attach(process.pid) as target:
        target.save_memory(name)
    return name


def gcore(process: TargetProcess, folder: Path) -> Path:
    if shutil.which("gcore") is None:
        give_up("gcore, which gdb brings")
    subprocess.run(
        ["gcore", "-o", folder / "core", str(process.pid)], check=True, capture_output=True
    )
    return folder / f"core.{process.pid}"


def kernel(process: TargetProcess, folder: Path) -> Path:
    """One that the kernel writes where the process works: it ends with that."""
    if PATTERN.startswith("|") or "/" in PATTERN:
        give_up(f"a kernel that writes core files itself, not by {PATTERN}")
    whole = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(process.pid, resource.RLIMIT_CORE, whole)
    working = Path(f"/proc/{process.pid}/cwd").readlink()
    before = set(working.iterdir())
    os.kill(process.pid, signal.SIGABRT)
    process.wait()
    (made,) = {one for one in working.iterdir() if one.name.startswith("core")} - before
    return Path(shutil.move(made, folder / "core"))


@pytest.mark.parametrize("make", [saved, gcore, kernel])
@every_build
def test_it_is_as_the_program_was(
    build: str, make: Callable[[TargetProcess, Path], Path], tmp_path: Path, spawn: Spawn
) -> None:
    process = spawn("game")
    at = process.command("addresses")
    gold, health = at.number("gold_addr"), at.number("health_addr")
    with attach(process.pid) as target:
        live = seen(target, gold, health)
        threads = sorted(int(one.name) for one in Path(f"/proc/{process.pid}/task").iterdir())
    core = CoreFile(make(process, tmp_path))
    assert (core.was, core.command, core.pid) == (process.pid, "game", None)
    assert sorted(thread.tid for thread in core.threads) == threads
    with attach(core) as target:
        assert target.bits == (32 if build == "m32" else 64)
        assert seen(target, gold, health) == live
        stacks = [thread.stack_pointer for thread in core.threads]
        assert any(
            stack and target.locate(stack).region.path == "[stack]"  # type: ignore[union-attr]
            for stack in stacks
        )


def seen(target: Target, gold: int, health: int) -> dict[str, Any]:
    scan = target.scan(i64, where="heap")
    scan.first("now == 1500")
    with target.pointer_map() as pointers:
        paths = pointers.scan(gold, depth=4, max_offset=512, bases="game")
        builds = dict(zip(pointers.moment.labels, pointers.moment.builds, strict=True))
        return {
            "modules": [(one.name, one.base) for one in target.modules() if "[" not in one.name],
            "gold": (target.read(gold, i64), str(target.locate(gold)), scan.matches.addresses()),
            "player": target.read(health - 4, PLAYER).max_health,
            "paths": list(paths),
            "build": builds["game"],
        }


@pytest.mark.parametrize("make", [saved, gcore, kernel])
@every_build
def test_threads_have_the_stacks_that_they_had(
    build: str, make: Callable[[TargetProcess, Path], Path], tmp_path: Path, spawn: Spawn
) -> None:
    process = spawn("purses")
    goal = process.greeting.number("coins2")
    with attach(process.pid) as target:
        live = [(stack.number, stack.top) for stack in target.memory.stacks()]
        pointers = target.pointer_map()
    assert [number for number, _ in live] == [0, 1, 2]
    core = CoreFile(make(process, tmp_path))
    assert [(stack.number, stack.top) for stack in core.stacks()] == live, build
    with attach(core) as target:
        assert target.address("stack[2]-0x10") == live[2][1] - 16
        question: dict[str, Any] = {"depth": 2, "max_offset": 256, "bases": "stack[2]"}
        paths = target.pointer_map().scan(goal, compare=[(pointers, goal)], **question)
        assert paths.total
        assert paths[0].resolve(target) == goal


def test_regions_are_called_as_the_kernel_calls_them(tmp_path: Path, spawn: Spawn) -> None:
    """Also of a program that has no heap: what it maps is none."""
    for name, arguments in (("web", ("4",)), ("game", ()), ("big", ("4",))):
        process = spawn(name, *arguments)
        file = tmp_path / f"{name}.core"
        with attach(process.pid) as target:
            target.save_memory(file)
            live = {(one.start, one.path) for one in target.regions() if one.writable}
        with attach(CoreFile(file)) as core:
            assert {(one.start, one.path) for one in core.regions() if one.writable} == live


def test_runs_are_compared_with_core_files(tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("game")
    process.command("respawn")
    first = process.command("addresses").number("gold_addr")
    before = attach(CoreFile(saved(process, tmp_path))).pointer_map(goal=first)
    before.save(tmp_path / "first.ffmap")
    process = spawn("game")
    gold = process.command("addresses").number("gold_addr")
    with attach(process.pid) as target, PointerMap.load(tmp_path / "first.ffmap") as loaded:
        paths = target.pointer_map().scan(gold, max_offset=512, compare=[(loaded, first)])
        assert 0 < paths.total < 50
        assert paths[0].resolve(target) == gold


@needs(shutil.which("gdb"), "gdb")
@every_build
def test_gdb_reads_what_is_saved(build: str, tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("game")
    gold = process.command("addresses")["gold_addr"]
    core = saved(process, tmp_path)
    program = Path(f"/proc/{process.pid}/exe").readlink()
    asked = (f"x/gd {gold}", "info threads", "print session->version")
    done = subprocess.run(
        ["gdb", "-nx", "-batch", *(part for one in asked for part in ("-ex", one)), program, core],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "DEBUGINFOD_URLS": ""},
    )
    assert f"{gold}:\t1500" in done.stdout
    assert f"LWP {process.pid}" in done.stdout
    assert "$1 = 7" in done.stdout
    assert "corrupt" not in done.stderr
    assert build in str(program)


def test_only_what_is_there_takes_disk(tmp_path: Path) -> None:
    with Puppet("puppet") as puppet:
        start, pages = 0x2000_0000, 64 << 10
        puppet.map(start, pages, READ_WRITE)
        with attach(puppet.pid) as target:
            target.write_bytes(start + 100 * PAGE, b"x" * (4 * PAGE))
            name = tmp_path / "core"
            seen: list[Progress] = []
            size = target.save_memory(name, progress=seen.append)
            assert size < 64 << 20 < pages * PAGE < name.stat().st_size
            assert name.stat().st_blocks * 512 < 64 << 20
            assert all(one.total >= one.done for one in seen)
        core = attach(CoreFile(name))
        assert core.read_bytes(start + 100 * PAGE, 4 * PAGE) == b"x" * (4 * PAGE)
        assert core.read_bytes(start + 1000 * PAGE, PAGE) == bytes(PAGE)


def test_pages_of_files_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "short"
    file.write_bytes(b"y" * PAGE)
    with Puppet("puppet") as puppet, attach(puppet.pid) as target:
        start = 0x2000_0000
        puppet.map(start, 4, READ_WRITE, str(file))
        assert target.read_bytes(start, PAGE) == b"y" * PAGE
        name = tmp_path / "core"
        target.save_memory(name)
        with attach(CoreFile(name)) as core:
            mapped = [one for one in core.regions() if one.path == str(file)]
            assert [(one.start, one.end) for one in mapped] == [
                (start, start + PAGE),
                (start + PAGE, start + 4 * PAGE),
            ]
            assert [one.readable for one in mapped] == [True, False]
            assert [one.offset for one in mapped] == [0, PAGE]
            assert core.read_bytes(start, PAGE) == b"y" * PAGE


def test_a_target_that_ends_meanwhile_leaves_no_file(tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("web", "256", timeout=60)
    with attach(process.pid) as target:

        def end(_: Progress) -> None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

        with pytest.raises(TargetGone):
            target.save_memory(tmp_path / "core", progress=end)
        with pytest.raises(TargetGone):
            target.save_memory(tmp_path / "core")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_no_file(tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("web", "256", timeout=60)
    with attach(process.greeting.number("pid")) as target:

        def interrupt(_: Progress) -> None:
            signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            target.save_memory(tmp_path / "core", progress=interrupt)
    assert list(tmp_path.iterdir()) == []
