"""Frozen values of a game that goes on being played."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from typing import Any

import pytest
from farfetch.scanner import (
    Buffer,
    ExpressionError,
    Freeze,
    MemoryFault,
    PointerError,
    PointerPath,
    Target,
    TargetClosed,
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

from support.puppet import PAGE, Puppet
from support.readers import every_reader_and_auto
from support.targets import Spawn, TargetProcess, every_build
from support.waiting import wait_for

FAST = 0.001


@pytest.fixture
def game(spawn: Spawn) -> TargetProcess:
    return spawn("game")


@pytest.fixture
def target(game: TargetProcess) -> Iterator[Target]:
    with attach(game.pid) as attached:
        yield attached


def address(game: TargetProcess, key: str = "health") -> int:
    return game.command("addresses").number(f"{key}_addr")


def health(game: TargetProcess) -> int:
    return game.command("status").number("health")


def looked(target: Target, *, at: int) -> None:
    """Wait until the frozen values have all been looked at, by one that has to be put back."""
    assert target.pid is not None
    with target.freeze(at, i32, -1, interval=FAST) as probe, attach(target.pid) as other:
        for _ in range(2):
            writes = probe.writes
            other.write(at, i32, 0)
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
    key: str, type_: Any, value: Any, command: str, game: TargetProcess, target: Target
) -> None:
    with target.freeze(address(game, key), type_, value, interval=FAST) as frozen:
        shown = game.command("status")[key]
        assert type(value)(shown) == value
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
    wait_for(lambda: all(frozen.writes >= 2 for frozen in held.values()))
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


def test_closing_the_memory_alone_is_told_by_the_values() -> None:
    """Between two looks of theirs, too: the thread that keeps them up goes on to the next."""
    memory = Buffer(bytearray(PAGE), base=PAGE)
    with attach(memory) as target:
        held = target.freeze(PAGE, i32, 5, interval=0.5)
        other = target.freeze(PAGE + 8, i32, 5, interval=0.5)
        memory.close()
        other.stop()  # which has the thread look around, before the next look is due
        wait_for(lambda: held.error)
        assert isinstance(held.error, TargetClosed)
        assert held.active


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


@pytest.mark.parametrize(
    ("lost", "back"), [("protect none", "protect write"), ("protect read", "protect write")]
)
def test_what_goes_is_held_again_when_it_is_back(lost: str, back: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    at = mutate.greeting.number("addr")
    with attach(mutate.pid, memory="process_vm") as target:
        other = next(region for region in target.regions() if region.kind == "stack")
        held = target.freeze(at, i32, 5, interval=FAST)
        kept = target.freeze(other.start, i32, 6, interval=FAST)
        mutate.command(lost)
        if lost == "protect read":
            with attach(mutate.pid) as forced:  # what another puts there, this one may not undo
                forced.write(at, i32, 9, force=True)
        wait_for(lambda: not held.holding)
        error = held.error
        assert isinstance(error, MemoryFault)
        assert (error.address, error.writing) == (at, lost == "protect read")
        assert held.active
        # the other one goes on
        writes = kept.writes
        with attach(mutate.pid) as beside:
            beside.write(other.start, i32, 0)
        wait_for(lambda: kept.writes > writes)
        assert kept.holding
        mutate.command(back)
        wait_for(lambda: held.holding)
        assert held.error is None
        assert mutate.command()["value"] == "5"
        with attach(mutate.pid) as beside:
            beside.write(at, i32, 9)
        wait_for(lambda: mutate.command()["value"] == "5")


def test_what_is_unmapped_is_waited_for_until_something_is_there() -> None:
    with Puppet() as puppet, attach(puppet.pid) as target:
        at = puppet.reserve(1)
        puppet.map(at, 1)
        held = target.freeze(at, i32, 5, interval=FAST)
        puppet.unmap(at, 1)
        wait_for(lambda: not held.holding)
        puppet.map(at, 1)
        wait_for(lambda: held.holding)
        assert puppet.read(at, 4) == b"\5\0\0\0"
        held.stop()
        assert (held.active, held.holding) == (False, False)


def test_a_write_wins_over_the_looks(game: TargetProcess, target: Target) -> None:
    at = address(game, "gold")
    held = target.freeze(at, i64, 0, interval=1e-6)
    for value in range(2000):
        target.write(at, i64, value)
        assert target.read(at, i64) == value
    assert held.value == 1999
    with target.scan(i64, where=f"{at:#x}..{at + 8:#x}") as scan:
        scan.first(now == 1999)
        for value in range(500):
            assert scan.write_all(value) == (1, 0)
            assert target.read(at, i64) == value


def test_text_over_which_something_else_is_written_can_be_shown(
    game: TargetProcess, target: Target
) -> None:
    at = address(game, "name")
    with target.freeze(at, sized(text, 8), "Hagen", interval=FAST) as held:
        target.write(at, "bytes", b"\xc3\xff")
        assert isinstance(held.value, str)
        assert held.value.endswith("gen")


def test_the_core_puts_back_what_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    with Puppet() as puppet, attach(puppet.pid, memory="process_vm") as target:
        at = puppet.reserve(1)
        puppet.map(at, 1)
        held = [target.freeze(at + 64 * index, i32, 5, interval=FAST) for index in range(3)]
        wait_for(lambda: all(one._puts[1] for one in held))  # it has seen that there is no more
        by_python: list[int] = []
        with monkeypatch.context() as patched:
            for index, one in enumerate(held):

                def put_back(index: int = index, put: Any = one._put_back) -> Any:
                    by_python.append(index)
                    return put()

                patched.setattr(one, "_put_back", put_back)
            for times in range(2, 12):
                for one in held:
                    puppet.write(one.address, b"\7")
                wait_for(lambda times=times: [one.writes for one in held] == [times] * 3)  # type: ignore[misc]
                assert puppet.read(at, 4) == b"\5\0\0\0"
        # what was still said of the three has Python look some more times
        assert len(by_python) < 30
        assert [one.holding for one in held] == [True] * 3
        child = os.fork()
        if not child:
            os._exit(held[0].writes)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 11
        held[0].stop()
        puppet.write(at, b"\7")
        assert held[0].writes == 11
        target.write(held[1].address, i32, 6)
        puppet.write(held[1].address, b"\0")
        wait_for(lambda: puppet.read(held[1].address, 4) == b"\6\0\0\0")
        held[1].stop()
        looked(target, at=at + 512)
        assert (puppet.read(at, 4), held[0].writes) == (b"\7\0\0\0", 11)
        target.close()
        puppet.write(held[2].address, b"\7")
        assert puppet.read(held[2].address, 4) == b"\7\0\0\0"


def test_the_core_puts_nothing_back_once_the_memory_alone_is_closed() -> None:
    with Puppet() as puppet, attach(puppet.pid, memory="process_vm") as target:
        at = puppet.reserve(1)
        puppet.map(at, 1)
        held = target.freeze(at, i32, 5, interval=FAST)
        puppet.write(at, b"\7")
        wait_for(lambda: held.writes == 2)
        target.memory.close()
        puppet.write(at, b"\7")
        wait_for(lambda: isinstance(held.error, TargetClosed))
        assert puppet.read(at, 4) == b"\7\0\0\0"


@pytest.mark.parametrize("reader", ["process_vm", "proc_mem"])
def test_the_core_writes_nothing_that_the_target_may_not(reader: str) -> None:
    """What is only read there now may be written by force, which is not what was asked for."""
    with Puppet() as puppet, attach(puppet.pid, memory=reader) as target:
        at = puppet.reserve(2)
        puppet.map(at, 2)
        held = target.freeze(at, i32, 5, interval=FAST)
        puppet.write(at, b"\7")
        wait_for(lambda: held.writes == 2)
        with attach(puppet.pid) as other:
            puppet.protect(at, 1, mmap.PROT_READ)
            other.write(at, i32, 8, force=True)
        wait_for(lambda: isinstance(held.error, MemoryFault))
        assert puppet.read(at, 4) == b"\x08\0\0\0"
        puppet.protect(at, 1, mmap.PROT_READ | mmap.PROT_WRITE)
        wait_for(lambda: held.holding and puppet.read(at, 4) == b"\5\0\0\0")


# Frozen behind pointers


def pointers(puppet: Puppet, target: Target) -> tuple[PointerPath, int, int, int]:
    """A path of two pointers in a process: itself, where its first pointer is, and two objects."""
    at = puppet.reserve(4)
    puppet.map(at, 4)
    first, second, old, new = (at + PAGE * index for index in range(4))
    puppet.write(first, (second - 8).to_bytes(8, "little"))
    puppet.write(second, old.to_bytes(8, "little"))
    path = PointerPath(f"{first:#x}", (8, 0x10))
    assert path.resolve(target) == old + 0x10
    return path, second, old + 0x10, new + 0x10


def test_it_follows_the_object() -> None:
    with Puppet() as puppet, attach(puppet.pid) as target:
        path, pointer, old, new = pointers(puppet, target)
        held = target.freeze(path, i32, 77, interval=FAST)
        assert (held.path, held.address) == (path, old)
        assert puppet.read(old, 4) == b"\x4d\0\0\0"
        puppet.write(pointer, (new - 0x10).to_bytes(8, "little"))
        wait_for(lambda: puppet.read(new, 4) == b"\x4d\0\0\0")
        assert held.address == new
        puppet.write(old, b"freed")
        for _ in range(3):
            puppet.write(new, b"\1\0\0\0")
            wait_for(lambda: puppet.read(new, 4) == b"\x4d\0\0\0")
        assert puppet.read(old, 5) == b"freed"


def test_it_waits_while_the_path_leads_nowhere() -> None:
    with Puppet() as puppet, attach(puppet.pid) as target:
        path, pointer, old, new = pointers(puppet, target)
        held = target.freeze(path, i32, 77, interval=FAST)
        first = int(path.base, 0)
        for broken, kind in ((pointer, MemoryFault), (first, PointerError)):
            whole = puppet.read(broken, 8)
            puppet.write(broken, bytes(8))
            wait_for(lambda: not held.holding)
            assert type(held.error) is kind
            assert held.active
            puppet.write(old, b"else")
            puppet.write(pointer, (new - 0x10).to_bytes(8, "little"))
            puppet.write(first, whole) if broken == first else None
            wait_for(lambda: held.holding)
            assert puppet.read(new, 4) == b"\x4d\0\0\0"
            assert puppet.read(old, 4) == b"else"


def test_what_is_written_where_it_has_moved_is_held() -> None:
    with Puppet() as puppet, attach(puppet.pid) as target:
        path, pointer, _, new = pointers(puppet, target)
        held = target.freeze(path, i32, 77, interval=3600)  # so that no look comes in between
        puppet.write(pointer, (new - 0x10).to_bytes(8, "little"))
        target.write(new, i32, 5)
        assert (held.value, held.address) == (5, new)


def test_a_path_that_leads_nowhere_is_not_frozen() -> None:
    with Puppet() as puppet, attach(puppet.pid) as target:
        path, *_ = pointers(puppet, target)
        with pytest.raises(PointerError):
            target.freeze(path._replace(offsets=(0, 0, 0, 0)), i32, 77)
        with pytest.raises(ExpressionError):
            target.freeze(PointerPath("nowhere+0x10"), i32, 77)
        assert target.frozen == ()


def test_a_player_that_respawns(game: TargetProcess, target: Target) -> None:
    said = game.command("addresses")
    base = f"game+{said.number('static_addr') - target.address('game'):#x}"
    offsets = (said.number("level_offset"), said.number("player_offset"), 4)
    held = target.freeze(PointerPath(base, offsets), i32, 77, interval=FAST)
    for _ in range(3):
        game.command("respawn")
        game.command("hit 1")
        wait_for(lambda: health(game) == 77)
        wait_for(lambda: held.address == address(game))


def test_what_cannot_be_frozen_changes_nothing(game: TargetProcess, target: Target) -> None:
    at = address(game)

    def freeze(*arguments: Any, **options: Any) -> Freeze:
        return target.freeze(*arguments, **options)

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


def test_others_that_come_and_go_bring_no_look_forward(game: TargetProcess, target: Target) -> None:
    seldom = target.freeze(address(game), i32, 100, interval=3600)
    game.command("hit 5")
    for _ in range(50):
        target.freeze(address(game, "gold"), i32, 7, interval=3600).stop()
    assert (seldom.writes, health(game)) == (0, 95)


def test_others_that_come_and_go_put_no_look_off(game: TargetProcess, target: Target) -> None:
    held = target.freeze(address(game), i32, 100, interval=0.05)
    game.command("hit 5")

    def put_back() -> bool:
        target.freeze(address(game, "gold"), i32, 7, interval=0.05).stop()
        return held.writes > 0

    wait_for(put_back)
    assert health(game) == 100
