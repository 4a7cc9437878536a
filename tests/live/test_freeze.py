"""Frozen values of a game that goes on being played."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from farfetch.scanner import (
    Freeze,
    MemoryFault,
    Target,
    TargetGone,
    ValueKindError,
    ValueRangeError,
    attach,
    f32,
    f64,
    i32,
    i64,
    now,
    prev,
    sized,
    text,
    u16,
)

from live.readers import every_reader_and_auto
from live.targets import Spawn, TargetProcess, every_build
from live.waiting import wait_for

FAST = 0.001


@pytest.fixture
def game(spawn: Spawn) -> TargetProcess:
    return spawn("game")


@pytest.fixture
def target(game: TargetProcess) -> Iterator[Target]:
    with attach(game.pid) as one:
        yield one


def address(game: TargetProcess, key: str = "health") -> int:
    return game.command("addresses").number(f"{key}_addr")


def health(game: TargetProcess) -> int:
    return game.command("status").number("health")


def looked(target: Target, *, at: int) -> None:
    """Wait until the frozen values have all been looked at, by one that has to be put back."""
    with target.freeze(at, i32, -1, interval=FAST) as probe:
        for _ in range(2):
            writes = probe.writes
            target.write(at, i32, 0)
            wait_for(lambda writes=writes: probe.writes > writes)  # type: ignore[misc]


@every_build
@every_reader_and_auto
def test_exactly(reader: str, game: TargetProcess) -> None:
    with attach(game.pid, memory=reader) as target, target.scan(i32) as scan:
        scan.first(now == health(game))
        game.command("hit 7")
        scan.next(now == prev - 7)
        with target.freeze(scan[0].address, i32, 77, interval=FAST) as frozen:
            assert health(game) == 77  # written before freeze() returned
            assert list(target.frozen) == [frozen]
            for command in ("hit 7", "heal 70", "hit 77"):
                writes = frozen.writes
                game.command(command)
                wait_for(lambda writes=writes: frozen.writes > writes)  # type: ignore[misc]
                assert health(game) == 77
            assert frozen.value == 77
            assert target.read(frozen.address, i32) == 77
        assert list(target.frozen) == []
        assert not frozen.active
        assert game.command("hit 7")["health"] == "70"


@pytest.mark.parametrize(
    ("key", "type_", "value", "command"),
    [
        *(("ammo", u16, 65535, "shoot 5"), ("stamina", f32, 0.125, "move 1 1")),
        *(("x", f64, 1e9, "move 3 4"), ("gold", i64, -(1 << 50), "earn 3")),
        ("name", sized(text, 32), "Hagen", "rename Volker"),
    ],
)
def test_every_type(
    key: str, type_: object, value: object, command: str, game: TargetProcess, target: Target
) -> None:
    with target.freeze(address(game, key), type_, value, interval=FAST) as frozen:
        shown = game.command("status")[key]
        assert type(value)(shown) == value  # type: ignore[call-arg]
        game.command(command)
        wait_for(lambda: frozen.writes > 1)
        assert game.command("status")[key] == shown


def test_what_is_there_now_when_no_value_is_given(game: TargetProcess, target: Target) -> None:
    game.command("hit 31")
    with target.freeze(address(game), i32, interval=FAST) as frozen:
        assert frozen.value == 69
        game.command("hit 9")
        wait_for(lambda: frozen.writes)
        assert health(game) == 69


def test_allowing_increase(game: TargetProcess, target: Target) -> None:
    with target.freeze(address(game), i32, 100, allow="increase", interval=FAST) as frozen:
        game.command("heal 20")
        wait_for(lambda: frozen.value == 120)
        assert health(game) == 120
        assert frozen.writes == 0
        game.command("hit 50")
        wait_for(lambda: frozen.writes == 1)
        assert health(game) == 120


def test_allowing_decrease(game: TargetProcess, target: Target) -> None:
    with target.freeze(address(game), i32, 100, allow="decrease", interval=FAST) as frozen:
        game.command("hit 30")
        wait_for(lambda: frozen.value == 70)
        assert health(game) == 70
        assert frozen.writes == 0
        game.command("heal 50")
        wait_for(lambda: frozen.writes == 1)
        assert health(game) == 70


def test_many_at_once_and_one_let_go(game: TargetProcess, target: Target) -> None:
    held = {
        key: target.freeze(address(game, key), type_, value, interval=FAST)
        for key, type_, value in [("health", i32, 55), ("gold", i64, 7), ("ammo", u16, 21)]
    }
    assert target.frozen == tuple(held.values())
    for command in ("hit 1", "earn 1", "shoot 1"):
        game.command(command)
    wait_for(lambda: all(one.writes >= 2 for one in held.values()))
    held["gold"].stop()
    held["gold"].stop()
    assert game.command("earn 100")["gold"] == "107"
    looked(target, at=address(game, "max_health"))
    shown = game.command("status")
    assert (shown["health"], shown["gold"], shown["ammo"]) == ("55", "107", "21")
    assert held["gold"].writes == 2
    assert target.frozen == (held["health"], held["ammo"])


def test_closing_the_target_thaws_all(game: TargetProcess) -> None:
    with attach(game.pid) as target:
        frozen = target.freeze(address(game), i32, 42, interval=FAST)
    assert not frozen.active
    assert game.command("hit 2")["health"] == "40"
    with attach(game.pid) as again:
        looked(again, at=address(game, "max_health"))
        assert health(game) == 40


@every_reader_and_auto
def test_the_target_exits(reader: str, game: TargetProcess) -> None:
    with attach(game.pid, memory=reader) as target:
        held = [target.freeze(address(game, key), i32, 5, interval=FAST) for key in ("health",)]
        held.append(target.freeze(address(game, "max_health"), i32, interval=FAST))
        game.quit()
        wait_for(lambda: not any(one.active for one in held))
        for one in held:
            assert isinstance(one.error, TargetGone)
            assert (one.error.pid, one.error.how) == (game.pid, "exited")
        with pytest.raises(TargetGone):
            target.freeze(held[0].address, i32, 5)
        assert target.frozen == tuple(held)  # until somebody has seen what became of them


@pytest.mark.parametrize("change", ["unmap", "protect read"])
def test_the_memory_goes(change: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    at = mutate.greeting.number("addr")
    with attach(mutate.pid, memory="process_vm") as target:
        other = next(one for one in target.regions() if one.kind == "stack")
        lost = target.freeze(at, i32, 5, interval=FAST)
        kept = target.freeze(other.start, i32, 6, interval=FAST)
        mutate.command(change)
        if change == "protect read":
            # another way in puts something else there, and this one may not undo it
            with attach(mutate.pid, memory="proc_mem") as forced:
                forced.write(at, i32, 9)
        wait_for(lambda: not lost.active)
        assert isinstance(lost.error, MemoryFault)
        assert lost.error.address == at
        assert lost.error.writing == (change == "protect read")
        # the other one goes on
        target.write(other.start, i32, 0)
        wait_for(lambda: kept.writes >= 2)
        assert kept.active
        assert target.read(other.start, i32) == 6


def test_what_cannot_be_frozen_changes_nothing(game: TargetProcess, target: Target) -> None:
    at = address(game)

    def freeze(*arguments: object, **options: object) -> Freeze:
        return target.freeze(*arguments, **options)  # type: ignore[arg-type]

    with pytest.raises(ValueRangeError):
        freeze(at, i32, 1 << 31)
    with pytest.raises(ValueKindError):
        freeze(at, i32, "much")
    with pytest.raises(MemoryFault):
        freeze(8, i32, 5)
    with pytest.raises(MemoryFault):
        freeze(8, i32)
    with pytest.raises(ValueError, match="allow takes"):
        freeze(at, i32, 5, allow="sideways")
    assert target.frozen == ()
    assert health(game) == 100
