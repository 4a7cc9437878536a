"""Pointer maps of running programs: the way that lasts from one start to the next."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from farfetch.scanner import (
    ForkedError,
    PointerMap,
    PointersCancelled,
    Progress,
    Range,
    Target,
    TargetGone,
    attach,
    i32,
)

from support.puppet import PAGE, READ_WRITE, Puppet
from support.readers import every_reader
from support.targets import Spawn, TargetProcess, every_build


@contextmanager
def game(spawn: Spawn, respawns: int = 0) -> Iterator[tuple[Target, int]]:
    """A game that was started anew, and where its player's health is: elsewhere each time."""
    process = spawn("game")
    with attach(process.pid) as target:
        for _ in range(respawns):
            process.command("respawn")
        yield target, process.command("addresses").number("health_addr")


@every_build
def test_the_best_path_of_two_runs_lasts(spawn: Spawn, tmp_path: Path) -> None:
    with game(spawn, 1) as (target, first):
        saved = tmp_path / "first.ffmap"
        with target.pointer_map() as pointers:
            pointers.save(saved)
    with game(spawn, 2) as (target, second):
        pointers = target.pointer_map()
        alone = pointers.scan(second, max_offset=512)
        with PointerMap.load(saved) as before:
            paths = pointers.scan(second, max_offset=512, compare=[(before, first)])
        assert 0 < paths.total <= min(alone.total, 49)
        assert paths.changed == ()
        best = paths[0]
        assert (len(best.offsets), best.offsets[-1]) == (3, 4)
        assert best.base.startswith("game+")
        assert best.resolve(target) == second
        assert [one.path for one in paths.check(target, second)] == list(paths)
    for respawns in range(3):
        with game(spawn, respawns) as (target, health):
            assert best.resolve(target) == health
            assert target.read(best.resolve(target), i32) == 100
            good = [one.path for one in paths.check(target, type=i32, value=100)]
            assert best in good


@every_reader
def test_every_way_to_read_makes_the_same_map(reader: str, spawn: Spawn) -> None:
    web = spawn("web", "4").greeting
    with attach(web.number("pid"), memory=reader) as target:
        paths = target.pointer_map(where="data,anon").scan(web.number("goal"), depth=4)
        assert paths.total > 0
        for path in paths:
            assert path.resolve(target) == web.number("goal")


def test_a_web_is_the_same_wherever_it_lies(spawn: Spawn) -> None:
    found = []
    for _ in range(2):
        web = spawn("web", "16").greeting
        with attach(web.number("pid")) as target:
            found.append((target.pointer_map(), web.number("goal")))
    (first, goal), (second, other) = found
    alone = second.scan(other, depth=5, bases="web")
    compared = second.scan(other, depth=5, bases="web", compare=[(first, goal)])
    assert goal != other
    assert alone.total > 1000
    assert compared.by_steps == alone.by_steps
    assert compared[:500] == alone[:500]


def test_a_changed_program_is_named(spawn: Spawn) -> None:
    with game(spawn) as (target, first):
        before = target.pointer_map()
    process = spawn("game", build="static")
    with attach(process.pid) as target:
        second = process.command("addresses").number("health_addr")
        paths = target.pointer_map().scan(second, compare=[(before, first)])
        assert paths.changed == ("game",)


def test_a_python_process() -> None:
    script = (
        "import ctypes, sys\n"
        "class Player:\n"
        "    def __init__(self): self.raw = ctypes.c_int(20260415)\n"
        "player = Player()\n"
        "print(ctypes.addressof(player.raw), flush=True)\n"
        "sys.stdin.read()\n"
    )
    maps = []
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            address = int(child.stdout.readline())
            with attach(child.pid) as target:
                maps.append((target.pointer_map(), address))
                if len(maps) == 2:
                    (first, old), (second, new) = maps
                    paths = second.scan(new, depth=5, max_offset=1024, compare=[(first, old)])
                    assert paths.total > 0
                    assert paths[0].resolve(target) == address
            child.stdin.close()  # type: ignore[union-attr]


def test_many_mappings(spawn: Spawn) -> None:
    most = int(Path("/proc/sys/vm/max_map_count").read_text())
    crowded = spawn("crowded", str(min(60_000, most - 1000)), timeout=60).greeting
    with attach(crowded.number("pid")) as target, target.pointer_map() as pointers:
        assert len(target.regions()) > min(60_000, most - 1000)
        assert len(pointers) > 0
        assert pointers.scan(crowded.number("start"), depth=3).total >= 0


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with Puppet("puppet") as puppet, attach(puppet.pid) as target:
        base = 0x2000_0000
        file = tmp_path / "short"
        file.write_bytes((base + 3 * PAGE).to_bytes(8, "little"))
        puppet.map(base, 4, READ_WRITE, str(file))
        pointers = target.pointer_map(where=f"0x{base:x}..0x{base + 4 * PAGE:x}")
        assert (len(pointers), pointers.info.unreadable) == (1, 3 * PAGE)
        assert pointers.faults.ranges == (Range(base + PAGE, base + 4 * PAGE),)


def ends(process: TargetProcess) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def becomes_another(process: TargetProcess) -> None:
    process.send("exec")
    process.answer()


@pytest.mark.parametrize("end", [ends, becomes_another])
def test_a_target_that_ends_costs_one_line(
    end: Callable[[TargetProcess], None], spawn: Spawn
) -> None:
    process = spawn("mutate")
    process.command("grow 16384", timeout=60)  # so much that a map is not made before it is told
    with attach(process.pid) as target:
        pointers = target.pointer_map()
        ended: list[Progress] = []

        def report(progress: Progress) -> None:
            if not ended:
                end(process)
            ended.append(progress)

        with pytest.raises(TargetGone) as caught:
            target.pointer_map(chunk=64, threads=1, align=1, where="all", progress=report)
        assert re.fullmatch(r"[^\n]+", str(caught.value))
        paths = pointers.scan(process.greeting.number("addr"))
        with pytest.raises(TargetGone):
            list(paths.check(target))


def test_ctrl_c_stops_it_and_nothing_is_left(spawn: Spawn) -> None:
    web = spawn("web", "64", timeout=60).greeting
    with attach(web.number("pid")) as target:

        def interrupt(_: Progress) -> None:
            signal.raise_signal(signal.SIGINT)

        with pytest.raises(PointersCancelled, match="nothing was kept"):
            target.pointer_map(chunk=64, threads=1, progress=interrupt)
        assert target.pointer_map().scan(web.number("goal"), depth=4).total > 0


def test_a_child_has_its_parents_map(spawn: Spawn) -> None:
    with game(spawn) as (target, health):
        pointers = target.pointer_map()
        paths = pointers.scan(health)
        walk = iter(paths)
        next(walk)
        uses: list[Callable[[], object]] = [
            *(lambda: len(pointers), lambda: pointers.scan(health), lambda: paths.total),
            *(lambda: next(walk), lambda: paths[0], lambda: list(paths.check(target))),
        ]
        child = os.fork()
        if not child:
            said = 0
            for use in uses:
                try:
                    use()
                except ForkedError:
                    said += 1
            pointers.close()
            paths.close()
            os._exit(said)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == len(uses)
        assert paths[0].resolve(target) == health
