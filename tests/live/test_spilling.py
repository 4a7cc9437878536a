"""Old values that go from memory to disk: when there is no more room, and when others want it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import Budget, Scan, SnapshotError, Target, attach, i32
from farfetch.scanner.engine import lib
from farfetch.scanner.scan.arena import Arena
from farfetch.shell.repl.target_watch import TargetWatch
from farfetch.shell.session.session import Session

from live.test_arena import PR_SET_THP_DISABLE, anonymous, old_of, where_of
from live.test_disk import mount, old_values_on, private_mounts
from support import apart
from support.child import tell
from support.machine import give_up
from support.targets import Spawn, TargetProcess
from support.waiting import wait_for

MIB = 1 << 20
CALM = "some avg10=0.00 avg60=9.00 avg300=9.00 total=9\nfull avg10=0.00 avg60=9.00 total=9\n"
NO_LIMIT = (1 << 63) - 1


def place(root: Path, files: dict[str, str]) -> None:
    """Files of a machine that there is not."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def group(of: str, limit: int | str, taken: int, droppable: int = 0) -> dict[str, str]:
    """A control group of version 2, with what it says of its memory."""
    folder = f"sys/fs/cgroup{of}"
    return {
        f"{folder}/memory.max": f"{limit}\n",
        f"{folder}/memory.current": f"{taken}\n",
        f"{folder}/memory.stat": f"anon 4096\ninactive_file {droppable}\nactive_file 7\n",
    }


def old_group(of: str, limit: int, taken: int, droppable: int = 0) -> dict[str, str]:
    """The same of version 1."""
    folder = f"sys/fs/cgroup/memory{of}"
    return {
        f"{folder}/memory.limit_in_bytes": f"{limit}\n",
        f"{folder}/memory.usage_in_bytes": f"{taken}\n",
        f"{folder}/memory.stat": f"cache 1\ninactive_file 5\ntotal_inactive_file {droppable}\n",
    }


OLD = "9:name=systemd:/\n4:cpu,memory:/a/b\n0::/elsewhere\n"


@pytest.mark.parametrize(
    ("told", "files", "room"),
    [
        ("0::/a/b\n", {}, NO_LIMIT),
        ("", {}, NO_LIMIT),
        ("nonsense\n0:\n::\n", {}, NO_LIMIT),
        ("0::/a/b\n", group("/a/b", 1000, 300), 600),
        ("0::/a/b\n", group("/a/b", 1000, 300, 200), 800),
        ("0::/a/b\n", group("/a/b", 1000, 300, 500), 900),
        ("0::/a/b\n", group("/a/b", 1000, 950), -50),
        ("0::/a/b\n", group("/a/b", "max", 300), NO_LIMIT),
        ("0::/a/b\n", group("/a/b", "max", 3) | {"sys/fs/cgroup/a/b/memory.high": "100\n"}, 87),
        ("0::/a/b\n", group("/a/b", "max", 300) | group("/a", 500, 400), 50),
        ("0::/a/b\n", group("/a/b", 1000, 300) | group("/a", 5000, 400), 600),
        # in a container the topmost that is seen is often its own
        ("0::/docker/c\n", group("", 1000, 300), 600),
        ("0::/\n", group("", 1000, 300), 600),
        (OLD, old_group("/a/b", 1000, 300, 100), 700),
        (OLD, old_group("/a/b", (1 << 63) - 4096, 300), NO_LIMIT),
        (OLD, old_group("/a", 1000, 300) | old_group("", (1 << 63) - 4096, 300), 600),
        (OLD, group("/elsewhere", 500, 300) | old_group("/a/b", 1000, 300), 150),
    ],
)
def test_what_control_groups_leave(
    told: str, files: dict[str, str], room: int, tmp_path: Path
) -> None:
    place(tmp_path, {"proc/self/cgroup": told, **files})
    assert lib.ff_group_room(os.fsencode(tmp_path)) == room


def test_where_groups_cannot_be_read_nothing_is_limited(tmp_path: Path) -> None:
    assert lib.ff_group_room(os.fsencode(tmp_path / "nowhere")) == NO_LIMIT
    place(tmp_path, {"proc/self/cgroup": f"0::/{'x' * 9000}\n"})
    assert lib.ff_group_room(os.fsencode(tmp_path)) == NO_LIMIT


@contextlib.contextmanager
def scanning(
    pid: int, root: Path, where: str, values: int, threads: int | None = None
) -> Iterator[tuple[Target, Scan]]:
    """A scan on a machine that says of itself what is below a folder."""
    with attach(pid) as target:
        target._arena = Arena(str(root))
        budget = Budget(values=values)
        options: dict[str, Any] = {"soft_dirty": False, "threads": threads}
        with target.scan(i32, where=where, budget=budget, **options) as scan:
            yield target, scan


def say(root: Path, some: float, full: float) -> None:
    """Have others wait for memory for such shares of the time."""
    text = f"some avg10={some:.2f} avg60=0.00 total=1\nfull avg10={full:.2f} avg60=0.00 total=1\n"
    place(root, {"proc/pressure/memory": text})
    time.sleep(0.15)  # the last look is older than the core takes as new


def test_under_pressure_no_more_is_taken(tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("values", "64", "random")
    place(tmp_path, {"proc/pressure/memory": CALM})
    with scanning(process.pid, tmp_path, where_of(process), 256 * MIB) as (target, scan):
        scan.first()
        assert (scan.values_memory, scan.disk) == (64 * MIB, 0)
        kept, held = old_of(scan), target._arena.bytes
        say(tmp_path, 40, 1)
        process.command("dirty 100")
        scan.next("changed or unchanged")
        assert target._arena.bytes <= held
        assert scan.values_memory + scan.disk == 128 * MIB
        assert scan.disk >= 48 * MIB
        assert [first for _, _, first in old_of(scan)] == [first for _, _, first in kept]
        say(tmp_path, 0, 0)
        before = scan.disk
        process.command("dirty 100")
        scan.next("changed or unchanged")
        assert scan.disk == before  # there is room again
        assert scan.values_memory + scan.disk == 192 * MIB


def test_who_waits_while_there_is_enough_waits_for_no_memory_of_ours(
    tmp_path: Path, spawn: Spawn
) -> None:
    """The kernel drops files to have room, and that takes time."""
    process = spawn("values", "32", "random")
    place(tmp_path, {"proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable:    1000001 kB\n"})
    say(tmp_path, 90, 60)
    with scanning(process.pid, tmp_path, where_of(process), 1 << 30) as (target, scan):
        scan.first()
        target._arena.relieve()
        assert (scan.values_memory, scan.disk) == (32 * MIB, 0)
        place(tmp_path, {"proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable:    999999 kB\n"})
        say(tmp_path, 90, 60)
        target._arena.relieve()
        assert scan.values_memory <= target._arena.bytes <= 4 * MIB
        assert scan.values_memory + scan.disk == 32 * MIB


def test_where_nobody_does_anything_else_the_oldest_go(tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("values", "128", "random")
    with scanning(process.pid, tmp_path, where_of(process), 1 << 30) as (target, scan):
        scan.first()
        kept = old_of(scan)
        assert scan.values_memory == 128 * MIB
        say(tmp_path, 40, 20)
        process.command("dirty 100")
        scan.next("changed or unchanged")
        assert target._arena.bytes <= 64 * MIB
        assert scan.values_memory + scan.disk == 256 * MIB
        assert [first for _, _, first in old_of(scan)] == [first for _, _, first in kept]


def test_the_prompt_sees_to_it_while_no_scan_runs(tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("values", "64", "random")
    say(tmp_path, 0, 0)
    with scanning(process.pid, tmp_path, where_of(process), 1 << 30) as (target, scan):
        scan.first()
        kept = old_of(scan)
        session = Session()
        session.target = target
        watch = TargetWatch(session)
        watch.spare_memory()
        assert (scan.values_memory, scan.disk) == (64 * MIB, 0)
        say(tmp_path, 90, 60)
        watch.spare_memory()
        # 64 MiB go at a time, of what is held; that may be a little more
        assert scan.values_memory <= target._arena.bytes <= 4 * MIB
        assert scan.values_memory + scan.disk == 64 * MIB
        assert old_of(scan) == kept
        target.close()
        watch.spare_memory()
        session.target = None
        watch.spare_memory()


def test_what_packs_stays_in_memory(tmp_path: Path, spawn: Spawn) -> None:
    """Numbers of 20 bits take 0.63 of their bytes: more of them than the budget has fit it."""
    process = spawn("values", "144", "small")
    where = where_of(process)
    place(tmp_path, {"proc/pressure/memory": CALM})
    # on one thread, so that it is known what is packed
    with scanning(process.pid, tmp_path, where, 128 * MIB, threads=1) as (target, scan):
        scan.first()
        assert scan.disk == 0
        assert 92 * MIB < scan.values_memory <= 128 * MIB
        assert target._arena.bytes <= 128 * MIB
        kept = old_of(scan)
        assert all(previous == first for _, previous, first in kept)
        assert [first for _, _, first in kept] == [
            int.from_bytes(target.read_bytes(address, 4), "little") for address, _, _ in kept
        ]
        assert scan.next("unchanged").matches == 36 * MIB
        process.command("dirty 1")
        assert scan.next("changed").matches == 144 * 256 // 100
        assert all(match.first ^ 1 == match.previous == match.value for match in scan)
        scan.undo()
        # what is packed is what goes to disk when others want the memory
        low = target.scan(i32, where=where, budget=Budget(values=2 * MIB))
        low.first("now < 40000")
        assert target._arena.bytes <= 2 * MIB
        assert 90 * MIB <= scan.values_memory + scan.disk < 120 * MIB
        assert old_of(scan) == kept
        assert scan.next("changed").matches == 144 * 256 // 100


def packed_without_huge_pages(root: str, pid: int, where: str) -> list[int]:
    assert ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0
    with scanning(pid, Path(root), where, 128 * MIB, threads=1) as (target, scan):
        scan.first()
        return [
            *(scan.next("unchanged").matches, scan.values_memory, scan.disk),
            *(target._arena.bytes, anonymous()),
        ]


def test_what_packs_stays_in_memory_without_huge_pages(tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("values", "144", "small")
    matches, values, disk, held, taken = apart.run(
        packed_without_huge_pages, str(tmp_path), process.pid, where_of(process)
    )
    assert (matches, disk) == (36 * MIB, 0)
    assert 92 * MIB < values <= held <= 128 * MIB
    assert taken <= held + 128 * MIB


def is_relieved(target: Target, most: int) -> bool:
    """Whether a target's old values take no more memory, once that is looked at again."""
    target._arena.relieve()
    return target._arena.bytes <= most


@pytest.mark.parametrize(
    ("make", "kind", "least"),
    [(group, "random", 127), (old_group, "random", 127), (group, "small", 80)],
)
def test_a_limit_that_is_lowered_amid_a_scan(
    make: Any, kind: str, least: int, tmp_path: Path, spawn: Spawn
) -> None:
    """Of small values the lowered one has some packed, and moves that, too."""
    process = spawn("values", "128", kind)
    told = "0::/a\n" if make is group else "4:memory:/a\n"
    place(tmp_path, {"proc/self/cgroup": told, **make("/a", 1 << 30, 100 * MIB)})
    lowered = []

    def lower(_: Any) -> None:
        lowered.append(target._arena.bytes)
        place(tmp_path, make("/a", 100 * MIB, 200 * MIB))

    with scanning(process.pid, tmp_path, where_of(process), 1 << 30) as (target, scan):
        # slow enough to be told of its progress
        matches = scan.first("now * 3 % 1000003 != 77", progress=lower).matches
        assert lowered
        assert least * MIB <= scan.values_memory + scan.disk <= 128 * MIB
        assert scan.next("unchanged").matches == matches
        process.command("dirty 100")
        scan.next("changed or unchanged")
        # 128 of it are 18 above the 110 that are too many, and a step may be done before the arena
        # looks again, which it does ten times a second
        wait_for(partial(is_relieved, target, 18 * MIB))
        found = scan[len(scan) // 2]
        assert found.previous == int.from_bytes(
            target.read_bytes(found.address, 4), "little", signed=True
        )


def test_a_lower_limit_moves_what_is_held(spawn: Spawn) -> None:
    process = spawn("values", "64", "random")
    with attach(process.pid) as target:
        where = where_of(process)
        scan = target.scan(i32, where=where, budget=Budget(values=256 * MIB))
        scan.first()
        kept = old_of(scan)
        low = target.scan(i32, where=where, budget=Budget(values=24 * MIB))
        low.first()
        assert target._arena.bytes <= 24 * MIB
        assert scan.values_memory + low.values_memory <= 24 * MIB
        assert scan.values_memory + scan.disk == low.values_memory + low.disk == 64 * MIB
        assert old_of(scan) == old_of(low) == kept


def spilling_onto_a_small_disk(folder: str) -> str:
    mount(folder, 36 * MIB)  # slabs of 16 MiB go there, whichever threads fill them
    with TargetProcess("values", "64", "random") as process, attach(process.pid) as target:
        budget = Budget(disk=1 << 40, values=48 * MIB)
        where = where_of(process)
        with target.scan(i32, where=where, budget=budget, soft_dirty=False) as scan:
            scan.first()
            kept = old_of(scan)
            process.command("dirty 100")
            with pytest.raises(SnapshotError, match="No space left on device") as raised:
                scan.next("changed or unchanged")
            assert raised.value.directory == folder
            assert old_of(scan) == kept
            assert len(scan.steps) == 1
            assert scan.values_memory + scan.disk == 64 * MIB
            mount(folder, 256 * MIB, "remount")
            assert scan.next("changed or unchanged").matches == 16 * MIB
            assert [first for _, _, first in old_of(scan)] == [first for _, _, first in kept]
            scan.undo()
            assert old_of(scan) == kept
        disk = os.statvfs(folder)
        assert disk.f_bfree == disk.f_blocks
    return "done"


def test_a_disk_that_is_full_leaves_all_as_it_was(tmp_path: Path) -> None:
    outcome = apart.run(
        *(spilling_onto_a_small_disk, str(tmp_path)),
        prefix=private_mounts(),
        env={"FARFETCH_TMPDIR": str(tmp_path)},
    )
    assert outcome == "done"


def spill_until_killed(pid: int, where: str) -> None:
    budget = Budget(values=24 * MIB)
    with attach(pid) as target, target.scan(i32, where=where, budget=budget) as scan:
        scan.first()
        tell([scan.values_memory, scan.disk, anonymous()])
        while True:
            scan.first()


def test_nothing_stays_of_who_is_killed_while_it_spills(tmp_path: Path, spawn: Spawn) -> None:
    process = spawn("values", "64", "random")
    folder = str(tmp_path)
    with apart.Apart(
        spill_until_killed, process.pid, where_of(process), env={"FARFETCH_TMPDIR": folder}
    ) as scanner:
        memory, disk, _ = scanner.next()
        assert memory + disk == 64 * MIB
        assert disk >= 40 * MIB
        assert old_values_on(scanner.pid, folder) >= 32 * MIB
        assert list(tmp_path.iterdir()) == []
        scanner.kill()
        assert scanner.pid
        assert list(tmp_path.iterdir()) == []


def scan_in_a_group(procs: str, pid: int, where: str) -> list[int]:
    Path(procs).write_text(str(os.getpid()))
    with attach(pid) as target, target.scan(i32, where=where, soft_dirty=False) as scan:
        matches = scan.first().matches
        again = scan.next("unchanged").matches
        scan.first()
        return [matches, again, scan.values_memory, scan.disk, anonymous()]


@contextlib.contextmanager
def real_group(limit: int) -> Iterator[Path]:
    """A control group of this machine's with a limit of memory, for a test alone."""
    told = Path("/proc/self/cgroup").read_text()
    old = re.search(r"^\d+:(?:.*,)?memory(?:,.*)?:(.*)$", told, re.MULTILINE)
    new = re.search(r"^0::(.*)$", told, re.MULTILINE)
    if old:
        parent, name = Path("/sys/fs/cgroup/memory" + old[1]), "memory.limit_in_bytes"
    else:
        parent, name = Path("/sys/fs/cgroup" + (new[1] if new else "/nowhere")), "memory.max"
    made = parent / f"farfetch-test-{os.getpid()}"
    try:
        made.mkdir()
    except OSError as error:
        give_up(f"a control group of its own: {error}")
    try:
        try:
            (made / name).write_text(str(limit))
        except OSError as error:
            give_up(f"a control group with a limit: {error}")
        yield made
    finally:
        made.rmdir()


@pytest.mark.parametrize(("kind", "least"), [("random", 512), ("small", 320)])
def test_a_control_group_is_not_outgrown(
    kind: str, least: int, tmp_path: Path, spawn: Spawn
) -> None:
    """It would be killed: nothing that it takes but files can be dropped."""
    process = spawn("values", "512", kind)
    with real_group(320 * MIB) as made:
        matches, again, memory, disk, _ = apart.run(
            scan_in_a_group,
            *(str(made / "cgroup.procs"), process.pid, where_of(process)),
            env={"FARFETCH_TMPDIR": str(tmp_path)},
        )
        assert matches == again == 128 * MIB
        assert least * MIB <= memory + disk <= 512 * MIB
        assert 16 * MIB <= memory <= 288 * MIB
