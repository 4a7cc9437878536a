"""What an instruction reaches is seen, by address, in programs that run on."""

from __future__ import annotations

from typing import Literal

import pytest
from farfetch.scanner import (
    Access,
    Accesses,
    Buffer,
    CodeError,
    MemoryFault,
    TargetClosed,
    TargetGone,
    Watchpoint,
    WatchpointError,
    attach,
)

from support.child import is_traced
from support.machine import only_x86
from support.targets import Spawn, every_build

pytestmark = only_x86


@every_build
def test_health_and_its_structure(spawn: Spawn) -> None:
    game = spawn("game")
    at = game.command("addresses")
    health, player = at.number("health_addr"), at.number("player_addr")
    with attach(game.pid) as target:
        with target.watchpoint(health, 4) as hits:
            game.command("hit 3")
        [hit] = hits
        assert hit.instruction is not None
        with target.accesses_of(hit.instruction) as accesses:
            for _ in range(6):
                game.command("hit 1")
            assert not is_traced(game.pid)
        [access] = [one for one in accesses if one.address == health]
    assert (access.count, access.seen, access.size) == (6, 6, 4)
    assert access.on in ("write", "access")
    assert access.value == (91).to_bytes(4, "little")
    assert access.threads == (game.pid,)
    assert player - 4096 < access.base <= health
    assert access.first <= access.last < accesses.state.elapsed


def test_many_addresses_of_one_instruction(spawn: Spawn) -> None:
    """Each address of its own, with its own count; from all threads."""
    touch = spawn("touch")
    at, site = touch.greeting.number("addr"), touch.greeting.number("sweep_site")
    with attach(touch.pid) as target, target.accesses_of(site) as accesses:
        touch.command("sweep 3")
        again = target.accesses_of(site)
        touch.command("sweep 2")
        again.close()
    assert counts(accesses) == {at + 4 * i: 5 for i in range(16)}
    assert counts(again) == {at + 4 * i: 2 for i in range(16)}
    assert len(accesses) == 16
    assert {access.on for access in accesses} == {"access"}
    assert {access.base for access in accesses} == {at}


def counts(accesses: Accesses) -> dict[int, int]:
    """How often each address was reached."""
    return {access.address: access.count for access in accesses}


def test_ten_threads_of_which_five_start_later(spawn: Spawn) -> None:
    touch = spawn("touch")
    at, site = touch.greeting.number("addr"), touch.greeting.number("write_site")
    with attach(touch.pid) as target, target.accesses_of(site) as accesses:
        answer = touch.command("threads 100 1000000")
    [access] = accesses
    assert (access.address, access.on) == (at, "write")
    assert access.count + accesses.state.lost == answer.number("count")
    assert len(access.threads) == 10


def test_live_and_beside_a_watchpoint(spawn: Spawn) -> None:
    touch = spawn("touch")
    at, site = touch.greeting.number("addr"), touch.greeting.number("write_site")
    with attach(touch.pid) as target:
        hits, accesses = target.watchpoint(at), target.accesses_of(site)
        assert not accesses.wait(0.01)
        both: tuple[Watchpoint | Accesses, ...] = (hits, accesses)
        for number in range(1, 4):
            touch.command("write 1 0")
            for each in both:
                assert each.wait(60, hits=number - 1)
        [access], [hit] = list(accesses), list(hits)
        assert (access.address, hit.address) == (at, site)
        assert access.count == hit.count == 3
    assert accesses.state.ended == hits.state.ended == "closed"
    assert isinstance(access, Access)


def test_the_end_of_the_target(spawn: Spawn) -> None:
    touch = spawn("touch")
    site = touch.greeting.number("write_site")
    with attach(touch.pid) as target:
        accesses = target.accesses_of(site)
        touch.command("write 2 0")
        touch.quit()
        assert accesses.wait(60, hits=2)
        assert accesses.state.ended == "exited"
        [access] = accesses
        assert (access.count, access.value) == (2, None)
        with pytest.raises(TargetGone):
            target.accesses_of(site)
    with pytest.raises(TargetClosed):
        target.accesses_of(site)


def test_what_cannot_be_seen(spawn: Spawn) -> None:
    code = attach(Buffer(bytes.fromhex("64 8b 04 25 28 00 00 00 06 8d 43 04 8b 03"), base=0x1000))
    with pytest.raises(CodeError, match=r"mov eax, fs:\[0x28\] reaches begins in a thread's own"):
        code.accesses_of(0x1000)
    with pytest.raises(CodeError, match="db 0x06 is no instruction"):
        code.accesses_of(0x1008)
    with pytest.raises(CodeError, match="reaches no memory"):
        code.accesses_of(0x1009)
    with pytest.raises(WatchpointError, match="only processes can be watched"):
        code.accesses_of(0x100C)
    touch = spawn("touch")
    at, site = touch.greeting.number("addr"), touch.greeting.number("write_site")
    with attach(touch.pid) as target:
        with pytest.raises(MemoryFault):
            target.accesses_of(0x10)
        ways: tuple[Literal["perf", "ptrace"], ...] = ("perf", "ptrace")
        for by in ways:
            nothing = "nothing runs here: this memory is not executable; who touches data"
            with pytest.raises(CodeError, match=nothing):
                target.accesses_of(at, by=by)
            with pytest.raises(WatchpointError, match=nothing):
                target.watchpoint(at, 1, "execute", by=by)
        four = [target.accesses_of(site) for _ in range(4)]
        with pytest.raises(WatchpointError, match="debug registers are in use"):
            target.accesses_of(site)
        four.pop().close()
        target.accesses_of(site).close()
