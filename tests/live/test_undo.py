"""Undo gives back exactly what there was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from farfetch.scanner import (
    ExpressionError,
    Scan,
    ScanOrderError,
    attach,
    changed,
    f32,
    i32,
    now,
    prev,
)

from support.targets import Spawn, TargetProcess
from support.waiting import at_rest


class Snapshot(NamedTuple):
    """All that a step of a history shows; not the value now, which nobody can undo."""

    addresses: list[int]
    previous: list[Any]
    first: list[Any]

    @classmethod
    def of(cls, scan: Scan) -> Snapshot:
        listed = list(scan)
        assert len(listed) == len(scan)
        return cls(
            scan.matches.addresses(),
            [match.previous for match in listed],
            [match.first for match in listed],
        )


def game_where(game: TargetProcess) -> str:
    """All that is on its heap."""
    start = game.command("addresses").number("session_addr") & ~4095
    return f"{start:#x}..{start + 8192:#x}"


def big_where(big: TargetProcess) -> str:
    """Zeros, then ints."""
    start = big.greeting.number("start")
    return f"{start + (48 << 10):#x}..{start + (96 << 10):#x}"


HISTORIES: list[tuple[Sequence[str], Callable[[TargetProcess], str], Any, int | None, Any]] = [
    (
        ("game",),
        game_where,
        i32,
        1,
        [
            ("", None),
            ("hit 7", "decreased or unchanged"),
            ("heal 3", "now in -1000..1000"),
            ("hit 5", changed | (now == prev)),
            ("hit 9", "now < first"),
            ("hit 2", now == prev - 2),
        ],
    ),
    (
        ("game",),
        game_where,
        f32,
        None,
        [
            ("", "now >= 0"),
            ("move 1 2", "now <= prev"),
            ("move 3 4", "now in 0..1000"),
            ("move 5 6", "unchanged or decreased"),
            ("move 7 8", "now == first - 5 or now == first"),
            ("move 9 9", "decreased"),
        ],
    ),
    (
        ("big", "1", "3"),
        big_where,
        i32,
        None,
        [
            ("", None),
            ("dirty 100", "now in 0..1023"),
            ("dirty 100", "changed or unchanged"),
            ("dirty 50", "now != 0"),
            ("dirty 100", "now in 0..511 and now >= prev"),
            ("dirty 100", "changed"),
        ],
    ),
]


def play(target: TargetProcess, scan: Scan, command: str, predicate: Any) -> Snapshot:
    if command:
        target.command(command)
    if scan.steps:
        scan.next(predicate)
    else:
        scan.first(predicate)
    return Snapshot.of(scan)


every_history = pytest.mark.parametrize(("program", "where", "type_", "align", "steps"), HISTORIES)


@every_history
def test_each_step_is_undone_exactly(
    program: Sequence[str], where: Any, type_: Any, align: int | None, steps: Any, spawn: Spawn
) -> None:
    running = spawn(*program)
    with attach(running.pid) as target:
        scan = target.scan(type_, align=align, where=where(running), chunk=32768)
        history = [play(running, scan, *step) for step in steps]
        sizes = [len(snapshot.addresses) for snapshot in history]
        assert sizes == sorted(sizes, reverse=True)
        assert 0 < sizes[-1] < sizes[0]
        for count in range(len(history), 0, -1):
            assert len(scan.steps) == count
            assert Snapshot.of(scan) == history[count - 1]
            scan.undo()
        assert len(scan) == len(scan.steps) == 0
        with pytest.raises(ScanOrderError):
            scan.next("unchanged")


@pytest.mark.parametrize("back", [1, 2, 5])
def test_after_undo_scans_go_on_as_though_nothing_had_been(back: int, spawn: Spawn) -> None:
    big = spawn("big", "1", "3")
    program, _, type_, _, steps = HISTORIES[-1]
    assert program[0] == big.name
    with attach(big.pid) as target:
        scan, twin = (target.scan(type_, where=big_where(big)) for _ in range(2))
        for command, predicate in steps[: len(steps) - back]:
            assert play(big, scan, command, predicate) == play(big, twin, "", predicate)
        for step in steps[len(steps) - back :]:
            play(big, scan, *step)
        scan.undo(back)
        assert Snapshot.of(scan) == Snapshot.of(twin)
        for command, predicate in [("dirty 70", "changed or now > first"), ("", "now >= prev")]:
            after = play(big, scan, command, predicate)
            assert after.addresses
            assert after == play(big, twin, "", predicate)


def test_undoing_too_far_changes_nothing(spawn: Spawn) -> None:
    big = at_rest(spawn("big", "1"))
    with attach(big.pid) as target, target.scan(i32) as scan:
        with pytest.raises(ScanOrderError, match="there is none"):
            scan.undo()
        scan.first(now == big.greeting.number("needle"))
        scan.next("unchanged")
        before = Snapshot.of(scan)
        with pytest.raises(ScanOrderError, match="there are 2"):
            scan.undo(3)
        assert Snapshot.of(scan) == before
        scan.undo(2)
        assert scan.matches.addresses() == []
        assert scan[:] == []
        with pytest.raises(ScanOrderError):
            scan.undo()


def test_a_new_first_scan_lets_the_history_go(spawn: Spawn) -> None:
    big = at_rest(spawn("big", "1"))
    with attach(big.pid) as target, target.scan(i32) as scan:
        needle = big.greeting.number("needle")
        scan.first(now == 7)
        scan.next("unchanged")
        scan.first(now == needle)
        assert len(scan.steps) == 1
        assert len(scan) == big.greeting.number("needles")
        with pytest.raises(ScanOrderError):
            scan.undo(2)


def test_history_is_a_tree(spawn: Spawn) -> None:
    big = spawn("big", "1")
    with attach(big.pid) as target, target.scan(i32, where=big_where(big)) as scan:
        at = {}

        def here() -> int:
            number = scan.steps[-1].number
            at[number] = Snapshot.of(scan)
            return number

        scan.first()
        root = here()
        big.command("dirty 50")
        scan.next("changed")
        left = here()
        scan.next("now > prev or now <= prev")
        leaf = here()
        scan.undo(2)
        assert Snapshot.of(scan) == at[root]
        big.command("dirty 100")
        scan.next("unchanged")
        right = here()
        parents = {step.number: step.parent for step in scan.history}
        assert parents == {root: None, left: root, leaf: left, right: root}
        for number in (leaf, right, left, root, right):
            scan.go_to(number)
            assert Snapshot.of(scan) == at[number]
            assert scan.steps[-1].number == number
        with pytest.raises(ScanOrderError, match=f"no step {right + 1}"):
            scan.go_to(right + 1)
        scan.undo(2)
        with pytest.raises(ScanOrderError, match="only 2 were undone"):
            scan.redo(3)
        assert scan.steps == ()
        scan.redo(2)  # to the newest branch
        assert Snapshot.of(scan) == at[right]
        with pytest.raises(ScanOrderError, match="none was undone"):
            scan.redo()
        memory = scan.memory
        assert scan.forget() == 2
        assert scan.memory < memory
        assert [step.number for step in scan.history] == [root, right]
        assert Snapshot.of(scan) == at[right]
        scan.next("now == prev")
        assert here() == right + 1


def test_snapshots_belong_to_the_branch_they_were_taken_on(spawn: Spawn) -> None:
    big = spawn("big", "1")
    with attach(big.pid) as target, target.scan(i32, where=big_where(big)) as scan:
        with pytest.raises(ScanOrderError, match="no scan to narrow"):
            scan.snapshot("early")
        scan.first("now != 0")
        scan.snapshot("root")
        big.command("dirty 100")
        scan.next("changed")
        assert scan.snapshot("leaf").matches == len(scan)
        assert scan.next("now == @leaf and now != @root").matches == len(
            scan.history.path[1:]
        ) * 0 + (scan.steps[1].result.matches)
        with pytest.raises(ScanOrderError, match='no snapshot "roof"; there are: root, leaf'):
            scan.next("now == @roof")
        scan.undo(2)
        assert [snapshot.name for snapshot in scan.snapshots] == ["root"]
        with pytest.raises(ScanOrderError, match='"leaf" is of step 2, which did not lead here'):
            scan.next("now == @leaf")
        assert scan.next("now != @root").matches
        scan.undo()
        big.command("dirty 100")
        scan.snapshot("root")  # in place of the earlier one
        assert scan.next("now != @root").matches == 0
        scan.undo()
        taken = scan.values_memory
        scan.forget()
        with pytest.raises(ScanOrderError, match='no snapshot "leaf"'):
            scan.drop("leaf")
        scan.drop("root")
        assert scan.values_memory < taken
        with pytest.raises(ValueError, match="letters, digits and underscores"):
            scan.snapshot("2 words")
        with pytest.raises(ExpressionError):
            scan.next("now == @2")
        names = [f"n{index}" for index in range(6)]
        for name in names:
            scan.snapshot(name)
        assert scan.next(" and ".join(f"now == @{name}" for name in names[1:])).matches
        with pytest.raises(ExpressionError, match="more than 5 snapshots at once"):
            scan.next(" and ".join(f"now == @{name}" for name in names))


@pytest.mark.parametrize("predicate", ["unknown", "now == 20260415"])
def test_what_a_snapshot_could_not_read_matches_nothing(predicate: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    start = mutate.greeting.number("addr")
    hidden = range(start, start + mutate.greeting.number("size"))
    with attach(mutate.pid, memory="process_vm") as target, target.scan(i32) as scan:
        scan.first(predicate)
        before = scan.matches.addresses()
        mutate.command("protect none")
        saved = scan.snapshot("while_hidden")
        mutate.command("protect write")
        assert saved.unreadable == len(hidden)
        scan.next("now == @while_hidden or now != @while_hidden")
        assert scan.matches.addresses() == [one for one in before if one not in hidden]
