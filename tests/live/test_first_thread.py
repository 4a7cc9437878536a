"""Targets whose first thread ends while others run on: before attaching, after it, ever again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from farfetch.scanner import (
    Progress,
    TargetGone,
    TargetNotFound,
    attach,
    find_process,
    i32,
    now,
    process,
    processes,
)
from farfetch.scanner.process.processes import has_exited

from support.readers import every_reader_and_auto
from support.targets import Spawn, TargetProcess
from support.waiting import wait_for

VALUE = 20260415  # what relay plants


def hand_on(relay: TargetProcess, times: int = 1) -> int:
    """Let threads take turns until the first has ended; return the one that runs now."""
    thread = relay.command(f"hand {times - 1}").number("thread")
    stat = Path(f"/proc/{relay.pid}/stat")
    wait_for(lambda: stat.read_bytes().rpartition(b")")[2].split()[0] == b"Z")
    return thread


@pytest.mark.parametrize("attached_first", [True, False])
@every_reader_and_auto
def test_everything_goes_on(reader: str, attached_first: bool, spawn: Spawn) -> None:
    relay = spawn("relay")
    address, size = relay.greeting.number("addr"), relay.greeting.number("size")
    if not attached_first:
        hand_on(relay)
    with attach(relay.pid, memory=reader) as target:
        if attached_first:
            hand_on(relay)
        scan = target.scan(i32, where=f"{address:#x}..{address + size:#x}")
        assert scan.first(now == VALUE).matches == 1
        hand_on(relay)
        assert target.alive
        assert scan.next(now == VALUE).matches == 1
        assert scan[0].value == VALUE
        target.write(address, i32, 77)
        assert relay.command()["value"] == "77"
        assert target.read(address, i32) == 77
        assert scan.next("changed").matches == 1
        with target.freeze(address, i32, 5, interval=0.001) as frozen:
            hand_on(relay, 20)
            assert frozen.active
            with attach(relay.pid, memory=reader) as other:  # what it writes is not told here
                other.write(address, i32, 6)
            wait_for(lambda: target.read(address, i32) == 5)
        assert "relay" in [module.name for module in target.modules()]
        assert address in [region.start for region in target.regions() if address in region]
        assert any(
            footprint.resident for footprint in target.footprints() if address in footprint.region
        )
        assert str(target.locate(target.modules()[0].base)).startswith("relay+0x")
        assert target.scan("u8", where="all").first("now == 1").unreadable == 0


def test_what_it_is_is_known(spawn: Spawn) -> None:
    relay = spawn("relay", "an argument")
    before = process(relay.pid)
    hand_on(relay)
    assert not has_exited(relay.pid)
    assert process(relay.pid) == before
    assert before.exe is not None
    assert before.bits == 64
    assert before.cmdline[1:] == ("an argument",)
    assert before in processes()
    assert find_process(str(relay.pid)) == before


def test_it_is_found_by_name(spawn: Spawn, tmp_path: Path) -> None:
    # its first argument, which is in its memory
    relay = spawn("relay", prefix=("bash", "-c", f'exec -a {tmp_path.name}-relay "$0" "$@"'))
    hand_on(relay)
    assert find_process(f"{tmp_path.name}-relay").pid == relay.pid
    with attach(f"{tmp_path.name}-relay") as target:
        assert target.read(relay.greeting.number("addr"), i32) == VALUE


def test_a_thread_means_its_process(spawn: Spawn) -> None:
    relay = spawn("relay")
    thread = hand_on(relay)
    assert thread != relay.pid
    assert process(thread) == process(relay.pid)
    with attach(thread) as target:
        assert target.pid == relay.pid
        hand_on(relay)
        assert not Path(f"/proc/{relay.pid}/task/{thread}").exists()
        assert target.read(relay.greeting.number("addr"), i32) == VALUE
        assert target.alive


def exits(relay: TargetProcess) -> None:
    relay.send("exit")
    relay.wait()


def ends_its_last_thread(relay: TargetProcess) -> None:
    relay.send("end")
    relay.wait()


def is_killed(relay: TargetProcess) -> None:
    os.kill(relay.pid, 9)
    relay.wait()


def is_a_zombie(relay: TargetProcess) -> None:
    os.kill(relay.pid, 9)
    os.waitid(os.P_PID, relay.pid, os.WEXITED | os.WNOWAIT)


def execs(relay: TargetProcess) -> None:
    relay.command("exec")


@pytest.mark.parametrize(
    ("end", "how"),
    [
        (exits, "exited"),
        (ends_its_last_thread, "exited"),
        (is_killed, "exited"),
        (is_a_zombie, "exited"),
        (execs, "replaced"),
    ],
)
@every_reader_and_auto
def test_its_end_is_told(
    reader: str, end: Callable[[TargetProcess], None], how: str, spawn: Spawn
) -> None:
    relay = spawn("relay")
    address = relay.greeting.number("addr")
    hand_on(relay)
    with attach(relay.pid, memory=reader) as target:
        scan = target.scan(i32)
        scan.first(now == VALUE)
        end(relay)
        assert not target.alive
        steps: list[Callable[[], object]] = [
            *(lambda: target.read(address, i32), lambda: target.write(address, i32, 1)),
            *(target.regions, target.footprints, lambda: scan.next("unchanged"), scan.first),
        ]
        for step in steps:
            with pytest.raises(TargetGone) as raised:
                step()
            assert raised.value.how == how
    if how == "exited":
        assert has_exited(relay.pid)
        assert relay.pid not in [listed.pid for listed in processes()]
        with pytest.raises(TargetNotFound):
            attach(relay.pid)
    else:
        with attach(relay.pid, memory=reader) as target:
            assert target.alive


@every_reader_and_auto
def test_while_threads_come_and_go(reader: str, spawn: Spawn) -> None:
    """No thread lives long, and each look must find one."""
    relay = spawn("relay", timeout=120.0)
    address = relay.greeting.number("addr")
    hand_on(relay)
    seen = threading.Event()

    def hand_until_seen() -> None:
        while not seen.is_set():
            relay.command("hand 200")

    handing = threading.Thread(target=hand_until_seen)
    handing.start()
    try:
        for _ in range(10):
            with attach(relay.pid, memory=reader) as target:
                for _ in range(10):
                    assert target.read(address, i32) == VALUE
                    assert any(address in region for region in target.regions())
                    assert target.alive
                target.write(address, i32, VALUE)
            assert not has_exited(relay.pid)
    finally:
        seen.set()
        handing.join()


@every_reader_and_auto
def test_the_first_thread_ends_in_mid_scan(reader: str, spawn: Spawn) -> None:
    relay = spawn("relay", "32768")
    start, size = relay.greeting.number("addr"), relay.greeting.number("size")
    turns: list[int] = []

    def hand(_: Progress) -> None:
        if len(turns) < 3:
            turns.append(hand_on(relay))

    with attach(relay.pid, memory=reader) as target:
        scan = target.scan(i32, align=1, threads=2, where=f"{start:#x}..{start + size:#x}")
        rare = f"now * 3 % 1000003 == {VALUE * 3 % 1000003}"
        result = scan.first(rare, progress=hand)
        assert turns
        assert result.unreadable == 0
        assert scan.matches.addresses() == list(range(start, start + size, 4096))
