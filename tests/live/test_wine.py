"""A Windows program that Wine runs: pointer paths that last, and who touches its values."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import CodeEntry, CoreFile, PointerMap, attach, i64, u64

from support.child import is_traced
from support.machine import needs
from support.targets import TargetProcess, make_targets

WINE = next(filter(None, map(shutil.which, ("/usr/lib/wine/wine64", "wine64", "wine"))), None)
SERVER = next(filter(None, map(shutil.which, ("/usr/lib/wine/wineserver64", "wineserver"))), None)
COMPILER = shutil.which("x86_64-w64-mingw32-gcc")

pytestmark = needs(WINE and SERVER and COMPILER, "wine64 and gcc-mingw-w64-x86-64")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Wine of our own, which ends with the tests; nobody else's is looked at."""
    assert SERVER
    prefix = tmp_path_factory.mktemp("wine")
    changed = {**os.environ, "WINEPREFIX": str(prefix), "WINEDEBUG": "-all"}
    changed |= {"WINEDLLOVERRIDES": "mscoree,mshtml=", "DISPLAY": ""}
    yield changed
    subprocess.run([SERVER, "-k"], env=changed, check=False, timeout=60)
    subprocess.run([SERVER, "-w"], env=changed, check=False, timeout=60)


@pytest.fixture(scope="module")
def program() -> Path:
    return make_targets("windows") / "windows" / "hoard.exe"


def hoard(program: Path, environment: dict[str, str], respawns: int) -> TargetProcess:
    assert WINE
    begun = TargetProcess("hoard", prefix=(WINE,), program=program, env=environment, timeout=120.0)
    for _ in range(respawns):
        begun.command("respawn")
    return begun


def test_the_best_path_of_two_runs_lasts(
    program: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    saved = tmp_path / "first.ffmap"
    with hoard(program, environment, 1) as process, attach(process.pid) as target:
        gold = process.command("").number("gold_addr")
        assert target.read(gold, i64) == 1500
        first = target.memory.stacks()[0]  # counted as Cheat Engine does
        assert str(target.locate(target.read(first.top, u64))).startswith("kernel32.dll+")
        assert target.address("THREADSTACK0-0x10") == first.top - 16
        target.pointer_map(goal=gold).save(saved)
        target.save_memory(tmp_path / "hoard.core")
    [same, *_] = CoreFile(tmp_path / "hoard.core").stacks()
    assert (same.number, same.top) == (first.number, first.top)
    with hoard(program, environment, 2) as process, attach(process.pid) as target:
        gold = process.command("").number("gold_addr")
        with target.pointer_map() as pointers, PointerMap.load(saved) as before:
            assert before.goal is not None
            (build,) = {
                build
                for module, build in zip(pointers.modules, pointers.moment.builds, strict=True)
                if module.name == "hoard.exe"
            }
            assert build.startswith("pe-")
            paths = pointers.scan(gold, max_offset=512, compare=[(before, before.goal)])
            assert 0 < paths.total < 50
            assert paths.changed == ()
            best = paths[0]
            assert best.base.startswith("hoard.exe+")
            assert (8, 8, 8) in [path.offsets for path in paths]
    for respawns in range(10):
        with hoard(program, environment, respawns % 3) as process, attach(process.pid) as target:
            assert best.resolve(target) == process.command("").number("gold_addr")


def test_who_takes_gold(program: Path, environment: dict[str, str]) -> None:
    """The program moves its player when it is told to, and is not stopped for that to be seen."""
    with hoard(program, environment, 0) as process, attach(process.pid) as target:
        pointer = process.command("").number("static_addr")
        session = target.read(pointer, "u64")
        place = target.read(session + 8, "u64") + 8  # of the pointer to the player
        with target.watchpoint(place, 8) as hits:
            for _ in range(5):
                process.command("respawn")
            assert not is_traced(process.pid)
        [hit] = hits
        assert hit.count == 5
        assert hit.location.startswith("hoard.exe+")
        assert hit.instruction is not None
        [operand] = hit.instruction.writes
        assert operand.address(hit.registers) == place
        with target.watchpoint(pointer, 8, "read") as reads:
            process.command("")
        assert {read.location.split("+")[0] for read in reads} == {"hoard.exe"}
        before = target.read(place, "u64")
        with target.nop(hit.address):
            process.command("respawn")
            assert target.read(place, "u64") == before


def test_who_takes_gold_by_ptrace(program: Path, environment: dict[str, str]) -> None:
    """Wine keeps the debug registers for Windows' own debuggers: it hears nothing of ours."""
    with hoard(program, environment, 0) as process, attach(process.pid) as target:
        pointer = process.command("").number("static_addr")
        place = target.read(target.read(pointer, "u64") + 8, "u64") + 8
        for _ in range(2):
            with target.watchpoint(place, 8, loss=1, by="ptrace") as hits:
                for _ in range(5):
                    process.command("respawn")
            [hit] = hits
            assert (hit.count, hit.location.split("+")[0]) == (5, "hoard.exe")
            with target.accesses_of(hit.address, loss=1, by="ptrace") as accesses:
                process.command("respawn")
            assert [(one.address, one.count) for one in accesses] == [(place, 1)]
        assert not is_traced(process.pid)
        assert process.command("respawn").number("gold_addr")


def test_a_function_of_windows_is_hooked(program: Path, environment: dict[str, str]) -> None:
    """What reads the commands goes by a counter, and is as before afterwards."""
    with hoard(program, environment, 0) as process, attach(process.pid) as target:
        at = target.address("ntdll!NtReadFile")
        before = target.read_bytes(at, 64)
        count = target.allocate(8, near=at)
        with target.hook(at, f"lock inc dword ptr [{count:x}]") as hook:
            assert not hook.in_cave
            for _ in range(20):
                process.command("")
            assert target.read(count, "u32") >= 20
        seen = target.read(count, "u32")
        for _ in range(20):
            process.command("")
        assert target.read(count, "u32") <= seen + 1  # one had begun
        assert target.read_bytes(at, 64) == before
        unused = target.address("ntdll!NtShutdownSystem")  # what is read next could go by the nop
        entry = CodeEntry.of(target, target.nop(unused), "no end")
        assert entry.signature
        target.patches[0].undo()
