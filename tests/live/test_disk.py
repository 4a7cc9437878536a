"""The files of old values: full disks, folders that are not there, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import Budget, BudgetError, Progress, Scan, SnapshotError, attach, i32, now

from support import apart
from support.child import tell
from support.targets import Spawn, TargetProcess

MIB = 1 << 20


def private_mounts() -> Sequence[str]:
    """A command that gives the rest of its line mounts of its own, and the right to make some."""
    as_root = ("unshare", "--mount", "--propagation", "private")
    return as_root if os.geteuid() == 0 else (*as_root, "--user", "--map-root-user")


def mount(folder: str, size: int, *options: str) -> None:
    """Mount a disk, or with remount give it another size."""
    joined = ",".join([f"size={size}", *options])
    subprocess.run(["mount", "-t", "tmpfs", "-o", joined, "tmpfs", folder], check=True)


def used(folder: str) -> int:
    disk = os.statvfs(folder)
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize


def state(scan: Scan) -> Any:
    """All that a failed step must leave as it was."""
    shown = [
        (match.address, match.previous, match.first) for match in scan[:: len(scan) // 100 + 1]
    ]
    return (scan.matches.addresses(), len(scan.steps), shown)


def refused(scan: Scan, step: str, predicate: str | None, folder: str) -> None:
    """A step for which there is no room on the disk says so and changes nothing."""
    before, held = state(scan), used(folder)
    with pytest.raises(SnapshotError) as raised:
        getattr(scan, step)(*([] if predicate is None else [predicate]))
    assert raised.value.directory == folder
    assert folder in str(raised.value)
    assert "No space left on device" in str(raised.value)
    assert "FARFETCH_TMPDIR" in str(raised.value)
    assert state(scan) == before
    assert used(folder) == held  # what it had written is let go


def scan_on_a_small_disk(folder: str) -> str:
    mount(folder, 2 * MIB)
    with TargetProcess("big", "8") as big, attach(big.pid) as target:
        where = f"{big.greeting['start']}..{big.greeting['end']}"
        # more than there is: the disk itself has to say so
        with target.scan(i32, where=where, budget=Budget(disk=1 << 40, values=0)) as scan:
            assert scan.directory == folder
            needle = big.greeting.number("needle")
            scan.first(now == needle)
            assert len(scan) == big.greeting.number("needles") == 32
            refused(scan, "first", None, folder)
            assert scan.next("unchanged").matches == 32
            refused(scan, "first", None, folder)

            # room for the first scan, but not for a second one of changed pages
            mount(folder, 5 * MIB, "remount")
            assert scan.first().matches == 8 * MIB // 4
            assert used(folder) >= 3 * MIB
            assert big.command("dirty 100").number("pages") == 8 * MIB // 4096
            refused(scan, "next", "changed or unchanged", folder)
            assert scan.next("changed").matches == 8 * MIB // 4096
            scan.undo()
            scan.forget()
            refused(scan, "next", "changed or unchanged", folder)

            mount(folder, 64 * MIB, "remount")
            assert scan.next("changed or unchanged").matches == 8 * MIB // 4
            assert scan.next("unchanged").matches == 8 * MIB // 4
            scan.undo(3)
            assert scan.first(now == needle).matches == 32
            assert used(folder) < MIB
        assert used(folder) == 0
    return "done"


def test_a_full_disk(tmp_path: Path) -> None:
    assert (
        apart.run(
            *(scan_on_a_small_disk, str(tmp_path)),
            prefix=private_mounts(),
            env={"FARFETCH_TMPDIR": str(tmp_path)},
        )
        == "done"
    )


def scan_with_workers(folder: str, workers: int) -> int:
    mount(folder, 7 * MIB)
    with TargetProcess("big", "16") as big, attach(big.pid) as target:
        where = f"{big.greeting['start']}..{big.greeting['end']}"
        budget = Budget(disk=1 << 40, values=0)
        with target.scan(i32, where=where, threads=workers, budget=budget) as scan:
            return scan.first().matches


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_what_workers_allocate_ahead_is_no_reason_to_refuse(tmp_path: Path, workers: int) -> None:
    """Half of the target is zeros: the rest fits, if no worker keeps what another could use."""
    scanned = apart.run(
        *(scan_with_workers, str(tmp_path), workers),
        prefix=private_mounts(),
        env={"FARFETCH_TMPDIR": str(tmp_path)},
    )
    assert scanned == 16 * MIB // 4


def test_a_folder_that_is_not_there(
    tmp_path: Path, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "not" / "there"
    monkeypatch.setenv("FARFETCH_TMPDIR", str(folder))
    mutate = spawn("mutate")
    with attach(mutate.pid) as target:
        scan = target.scan(i32)
        with pytest.raises(SnapshotError, match="No such file or directory") as raised:
            scan.first(now == 20260415)
        assert str(folder) in str(raised.value)
        assert "FARFETCH_TMPDIR" in str(raised.value)
        assert len(scan) == 0
        folder.mkdir(parents=True)
        assert scan.first(now == 20260415).matches >= 16
        found = scan.matches.addresses()
        folder.rmdir()
        with pytest.raises(SnapshotError):
            scan.first(now == 20260415)
        # the history that there is goes on
        assert scan.matches.addresses() == found
        assert scan.next("unchanged").matches == len(found)


def test_a_file_where_a_folder_should_be(tmp_path: Path, spawn: Spawn) -> None:
    file = tmp_path / "file"
    file.touch()
    with attach(spawn("mutate").pid) as target:
        scan = target.scan(i32, directory=str(file))
        with pytest.raises(SnapshotError, match="Not a directory"):
            scan.first()


def test_the_folder_asked_for_comes_before_the_environment(
    tmp_path: Path, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARFETCH_TMPDIR", str(tmp_path / "nowhere"))
    with attach(spawn("mutate").pid) as target:
        assert target.scan(i32, directory=str(tmp_path)).first().matches


#: Bytes that the file system needs itself, for where its files lie.
OF_FILES = 64 * 1024


def old_values_on(pid: int, folder: str) -> int:
    """Bytes in files that a process holds open in a folder, and that have no name."""
    sizes = {}  # of each file once, which may be open twice: past the page cache, too
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile, as the listing was
            if str(link.readlink()).startswith(f"{folder}/"):
                held = link.stat()
                assert held.st_nlink == 0
                sizes[held.st_ino] = held.st_blocks * 512  # see stat(2)
    return sum(sizes.values())


def scan_until_killed(pid: int) -> None:
    def progress(_: Progress) -> None:
        tell("at work")
        apart.told()

    with attach(pid) as target, target.scan(i32, budget=Budget(values=0)) as scan:
        scan.first()
        tell("scanned")
        apart.told()
        # on every byte offset, so that it is still at work when its progress is first told
        scan.align = 1
        scan.first("now * 3 % 1000003 != 77", progress=progress)


def test_nothing_is_seen_in_the_folder_and_nothing_stays(tmp_path: Path, spawn: Spawn) -> None:
    big = spawn("big", "128")
    folder = str(tmp_path)
    with apart.Apart(scan_until_killed, big.pid, env={"FARFETCH_TMPDIR": folder}) as scanner:
        assert scanner.next() == "scanned"
        first = old_values_on(scanner.pid, folder)
        assert first >= 48 * MIB
        assert list(tmp_path.iterdir()) == []
        scanner.go_on()
        assert scanner.next() == "at work"
        assert old_values_on(scanner.pid, folder) > first
        assert list(tmp_path.iterdir()) == []
        scanner.kill()
        assert list(tmp_path.iterdir()) == []


def test_what_is_let_go_takes_no_disk(tmp_path: Path, spawn: Spawn) -> None:
    big = spawn("big", "32")
    folder, us = str(tmp_path), os.getpid()
    with attach(big.pid) as target:
        where = f"{big.greeting['start']}..{big.greeting['end']}"
        scan = target.scan(i32, where=where, directory=folder, budget=Budget(values=0))
        assert old_values_on(us, folder) == 0
        scan.first()
        once = scan.disk
        assert once >= 12 * MIB
        assert 0 <= old_values_on(us, folder) - once < OF_FILES
        scan.next("unchanged")  # the same bytes are not stored again
        assert scan.disk == once
        assert 0 <= old_values_on(us, folder) - once < OF_FILES
        big.command("dirty 100")
        scan.next("changed or unchanged")
        both = scan.disk
        assert both >= once + 12 * MIB
        scan.undo()
        assert scan.disk == both  # there is a way back to it
        assert 0 <= old_values_on(us, folder) - both < OF_FILES
        scan.redo()
        assert scan.forget() == 0
        scan.undo()
        assert scan.forget() == 1
        assert scan.disk == once
        assert 0 <= old_values_on(us, folder) - once < OF_FILES
        assert scan.next("changed").matches == 32 * MIB // 4096
        scan.close()
        assert old_values_on(us, folder) == 0


def over_budget(scan: Scan, of: str, step: str, predicate: str) -> None:
    """A step that would take more than the budget says so and changes nothing."""
    before, taken = state(scan), (scan.memory, scan.disk)
    with pytest.raises(BudgetError, match=f"budget of {of}") as raised:
        getattr(scan, step)(predicate)
    assert raised.value.of == of
    assert state(scan) == before
    assert (scan.memory, scan.disk) == taken


def test_a_budget_of_disk(tmp_path: Path, spawn: Spawn) -> None:
    big = spawn("big", "8")
    folder = str(tmp_path)
    with attach(big.pid) as target:
        where = f"{big.greeting['start']}..{big.greeting['end']}"
        # half of it is zero and takes no disk; a quarter is small and takes half of its size
        tight = target.scan(
            i32, where=where, directory=folder, budget=Budget(disk=2 * MIB, values=0)
        )
        over_budget(tight, "disk", "first", "unknown")
        assert tight.first(now == big.greeting.number("needle")).matches == 32
        over_budget(tight, "disk", "first", "unknown")
        tight.close()
        scan = target.scan(
            i32, where=where, directory=folder, budget=Budget(disk=5 * MIB, values=0)
        )
        scan.first()
        for _ in range(3):
            scan.next("unchanged")  # shares what there is
        big.command("dirty 100")
        over_budget(scan, "disk", "next", "changed or unchanged")
        assert scan.next("changed").matches == 8 * MIB // 4096
        scan.close()


def test_a_budget_of_memory(spawn: Spawn) -> None:
    big = spawn("big", "8")
    with attach(big.pid) as target:
        where = f"{big.greeting['start']}..{big.greeting['end']}"
        scan = target.scan(i32, where=where, align=1, budget=Budget(memory=MIB // 2))
        over_budget(scan, "memory", "first", "now < 0")  # scattered over the random quarter
        assert scan.first(now == big.greeting.number("needle")).matches >= 32
        assert 0 < scan.memory < MIB // 2
        over_budget(scan, "memory", "first", "now < 0")
        scan.close()
